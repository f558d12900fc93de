#include "control/schedule.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/hash.h"
#include "base/time_format.h"

namespace lc2::control {

namespace {

using std::chrono::seconds;

// Stretches to look for the latest firing in, short ones first: the rarest expression fires once in
// eight years or so, the commonest every minute.
constexpr std::chrono::hours kStretches[] = {std::chrono::hours(1), std::chrono::days(1),
                                             std::chrono::days(32), std::chrono::days(400),
                                             std::chrono::days(366) * 9};

// The same for one schedule wherever it is computed, spread evenly over those of many projects.
seconds JitterOf(const api::BackupSchedule& schedule) {
  const std::int64_t most = schedule.spec.jitter_seconds;
  if (most <= 0) return seconds(0);
  const std::string digest = Sha256Hex(schedule.metadata.namespace_ + "/" + schedule.metadata.name);
  return seconds(static_cast<std::int64_t>(std::stoull(digest.substr(0, 12), nullptr, 16)) %
                 (most + 1));
}

// What a decision holds for: with another timetable, or after a suspension, what has passed before
// that was seen counts for nothing.
std::string DecidedFor(const api::BackupScheduleSpec& spec) {
  return fmt::format("{} in {}{}", spec.schedule, spec.time_zone,
                     spec.suspend ? ", suspended" : "");
}

// From where firings are still to be decided.
Time OpenFrom(const api::BackupSchedule& schedule, const std::string& decided_for, Time now) {
  const api::BackupScheduleStatus& status = schedule.status;
  if (status.decided_for.empty()) {
    return std::min(schedule.metadata.creation_timestamp.value_or(now), now);
  }
  if (status.decided_for != decided_for) return now;
  return std::min(status.decided_until.value_or(now), now);
}

bool IsTooLate(const api::BackupScheduleSpec& spec, Time firing, Time now) {
  return spec.starting_deadline_seconds && now - firing > seconds(*spec.starting_deadline_seconds);
}

bool MustWait(const api::BackupScheduleSpec& spec, std::size_t unfinished) {
  switch (spec.concurrency_policy) {
    case api::ConcurrencyPolicy::kForbid:
      return unfinished > 0;
    case api::ConcurrencyPolicy::kQueue:
      return unfinished >= kMaxUnfinished;
    case api::ConcurrencyPolicy::kReplace:
      return false;
  }
  return true;
}

}  // namespace

Result<Timetable> Timetable::Of(const api::BackupSchedule& schedule) {
  LC2_ASSIGN_OR_RETURN(api::CronExpression cron,
                       api::CronExpression::Parse(schedule.spec.schedule));
  LC2_ASSIGN_OR_RETURN(TimeZone zone, TimeZone::Find(schedule.spec.time_zone));
  return Timetable{std::move(cron), std::move(zone), JitterOf(schedule)};
}

std::optional<Time> Timetable::NextStart(Time after) const {
  const std::optional<Time> firing = cron.Next(after - jitter, zone);
  if (!firing) return std::nullopt;
  return *firing + jitter;
}

std::optional<seconds> ExpectedInterval(const Timetable& timetable, Time now) {
  constexpr int kLookedAt = 10;
  std::optional<seconds> longest;
  std::optional<Time> before = timetable.NextStart(now);
  for (int i = 0; i < kLookedAt && before; ++i) {
    const std::optional<Time> next = timetable.NextStart(*before);
    if (!next) break;
    longest = std::max(longest.value_or(seconds(0)), std::chrono::floor<seconds>(*next - *before));
    before = next;
  }
  return longest;
}

std::optional<Time> LatestFiring(const api::CronExpression& cron, const TimeZone& zone, Time after,
                                 Time until) {
  for (const auto stretch : kStretches) {
    const Time from = std::max(after, until - stretch);
    if (from >= until) return std::nullopt;
    const std::vector<Time> firings = cron.Between(from, until, zone);
    if (!firings.empty()) return firings.back();
  }
  return std::nullopt;
}

std::string FiringName(std::string_view schedule, Time firing) {
  return fmt::format("{}-{}", schedule, FormatCompactTime(firing));
}

ScheduleDecision DecideSchedule(const api::BackupSchedule& schedule, const Timetable& timetable,
                                std::vector<std::string> unfinished, Time now) {
  const api::BackupScheduleSpec& spec = schedule.spec;
  // With everything moved by the jitter, a firing is due at its own time.
  const Time due = std::chrono::floor<seconds>(now - timetable.jitter);
  ScheduleDecision decision{.decided_for = DecidedFor(spec)};
  const Time from = OpenFrom(schedule, decision.decided_for, due);
  decision.decided_until = from;
  if (spec.suspend) return decision;
  const auto latest = LatestFiring(timetable.cron, timetable.zone, from, due);
  if (!latest) return decision;
  if (IsTooLate(spec, *latest, due)) {
    decision.missed = latest;
    decision.decided_until = *latest;
    return decision;
  }
  decision.missed = LatestFiring(timetable.cron, timetable.zone, from, *latest - seconds(1));
  decision.firing = latest;
  // Its own request is there already where whoever made it came no further: not in its own way.
  std::erase(unfinished, FiringName(schedule.metadata.name, *latest));
  if (MustWait(spec, unfinished.size())) {
    decision.action = ScheduleAction::kWait;
    // The earlier ones are over; this one is not.
    if (decision.missed) decision.decided_until = *decision.missed;
    return decision;
  }
  decision.action = ScheduleAction::kStart;
  decision.decided_until = *latest;
  if (spec.concurrency_policy == api::ConcurrencyPolicy::kReplace)
    decision.replace = std::move(unfinished);
  return decision;
}

}  // namespace lc2::control
