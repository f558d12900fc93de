#include "control/retention.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/time_format.h"

namespace lc2::control {

namespace {

using std::chrono::days;

std::string DayOf(Time time) { return FormatRfc3339(time).substr(0, 10); }
std::string HourOf(Time time) { return FormatRfc3339(time).substr(0, 13); }
std::string MonthOf(Time time) { return FormatRfc3339(time).substr(0, 7); }
std::string YearOf(Time time) { return FormatRfc3339(time).substr(0, 4); }

// A week belongs to the year that its Thursday is in (ISO 8601).
std::string WeekOf(Time time) {
  const auto day = std::chrono::floor<days>(time);
  const auto thursday = day - (std::chrono::weekday(day) - std::chrono::Monday) + days(3);
  const std::chrono::year year = std::chrono::year_month_day(thursday).year();
  const std::chrono::sys_days new_year(year / std::chrono::January / 1);
  return fmt::format("{:04}-W{:02}", static_cast<int>(year), (thursday - new_year).count() / 7 + 1);
}

// A rule that keeps the newest backup of each of the newest periods.
struct PeriodRule {
  std::string_view word;  // as in the schedule
  std::string_view period;
  std::int64_t KeepRules::*count;
  std::string (*name_of)(Time);  // the period that a time is in, in UTC
};
constexpr std::array kPeriodRules{
    PeriodRule{"hourly", "hour", &KeepRules::hourly, HourOf},
    PeriodRule{"daily", "day", &KeepRules::daily, DayOf},
    PeriodRule{"weekly", "week", &KeepRules::weekly, WeekOf},
    PeriodRule{"monthly", "month", &KeepRules::monthly, MonthOf},
    PeriodRule{"yearly", "year", &KeepRules::yearly, YearOf},
};

// A run with what was found out about it.
struct Candidate {
  const RunToRetain* run = nullptr;
  std::vector<std::string> rules;  // those of its schedule that keep it, in words
};

// The runs that are not deleted, newest first.
std::vector<Candidate> NewestFirst(const std::vector<RunToRetain>& runs) {
  std::vector<Candidate> candidates;
  for (const RunToRetain& run : runs) {
    if (!run.deleted) candidates.push_back({.run = &run, .rules = {}});
  }
  const auto place = [](const Candidate& c) {
    return std::tie(c.run->made_at, c.run->id, c.run->run);
  };
  std::sort(candidates.begin(), candidates.end(),
            [&](const Candidate& a, const Candidate& b) { return place(b) < place(a); });
  return candidates;
}

// Notes what one schedule's rules keep of its backups, which come newest first.
void ApplyRules(const KeepRules& rules, const std::vector<Candidate*>& backups) {
  std::int64_t kept = 0;
  for (Candidate* backup : backups) {
    if (kept >= rules.last) break;
    backup->rules.push_back(fmt::format("among the newest (last {} of {})", ++kept, rules.last));
  }
  for (const PeriodRule& rule : kPeriodRules) {
    const std::int64_t count = rules.*rule.count;
    kept = 0;
    std::string previous;  // no period has an empty name
    for (Candidate* backup : backups) {
      if (kept >= count) break;
      const std::string name = rule.name_of(backup->run->made_at);
      if (name == previous) continue;
      backup->rules.push_back(fmt::format("newest of {} {} ({} {} of {})", rule.period, name,
                                          rule.word, ++kept, count));
      previous = name;
    }
  }
}

class Planner {
 public:
  Planner(const std::vector<RunToRetain>& runs, const RetentionPolicy& policy, Time now)
      : policy_(policy), now_(now), candidates_(NewestFirst(runs)) {
    std::map<std::string, std::vector<Candidate*>> by_schedule;
    for (Candidate& candidate : candidates_) {
      const RunToRetain& run = *candidate.run;
      if (!Counts(run)) continue;
      if (last_good_ == nullptr) last_good_ = &run;
      if (run.schedule) by_schedule[*run.schedule].push_back(&candidate);
    }
    for (const auto& [schedule, backups] : by_schedule) {
      const auto rules = policy.schedules.find(schedule);
      if (rules != policy.schedules.end()) ApplyRules(rules->second, backups);
    }
  }

  std::vector<RetentionDecision> Decide() const {
    std::vector<RetentionDecision> decisions;
    for (const Candidate& candidate : candidates_) {
      RetentionDecision decision = DecideOne(candidate);
      decision.id = candidate.run->id;
      decision.run = candidate.run->run;
      if (candidate.run->outcome == RunOutcome::kDamaged) {
        decision.reasons.emplace_back("found damaged: no rule counts it");
      }
      decisions.push_back(std::move(decision));
    }
    return decisions;
  }

 private:
  bool IsAhead(const RunToRetain& run) const { return run.made_at > now_; }
  static bool PersonWantsGone(const RunToRetain& run) {
    return run.deletion && run.deletion->requested_by != kRetentionWho;
  }
  // May be the last good backup, and the newest of a period. What a person has asked to be rid of
  // is as good as gone: another backup must not go because of it.
  bool Counts(const RunToRetain& run) const {
    return run.outcome == RunOutcome::kGood && !IsAhead(run) && !PersonWantsGone(run);
  }

  // What keeps any run, against anybody's wish.
  std::vector<std::string> Bars(const RunToRetain& run) const {
    std::vector<std::string> bars;
    if (run.hold) bars.push_back("held: " + *run.hold);
    if (run.outcome == RunOutcome::kOpen) bars.emplace_back("still running");
    if (IsAhead(run)) {
      bars.push_back(fmt::format("made {}, which is still to come: has a clock jumped?",
                                 FormatRfc3339(run.made_at)));
    }
    return bars;
  }

  // What keeps a committed backup from retention.
  std::vector<std::string> Reasons(const Candidate& candidate) const {
    const RunToRetain& run = *candidate.run;
    std::vector<std::string> reasons = Bars(run);
    if (last_good_ == &run) reasons.emplace_back("the last good backup");
    if (last_good_ == nullptr) {
      reasons.emplace_back("no good backup to fall back on: nothing is deleted until there is one");
    }
    if (!run.expires_at) reasons.emplace_back("never expires");
    if (run.expires_at > now_) reasons.push_back("expires " + DayOf(*run.expires_at));
    reasons.insert(reasons.end(), candidate.rules.begin(), candidate.rules.end());
    return reasons;
  }

  RetentionDecision DecideOne(const Candidate& candidate) const {
    const RunToRetain& run = *candidate.run;
    if (run.outcome == RunOutcome::kOpen) return {.reasons = Bars(run)};
    if (PersonWantsGone(run)) return DecidePersonsDeletion(run);
    std::vector<std::string> reasons = Reasons(candidate);
    if (reasons.empty()) return DecideExpired(run);
    if (!run.deletion) return {.reasons = std::move(reasons)};
    reasons.push_back(fmt::format("retention takes back its deletion, due {}",
                                  FormatRfc3339(run.deletion->not_before)));
    return {.action = RetentionAction::kWithdrawDeletion, .reasons = std::move(reasons)};
  }

  RetentionDecision DecidePersonsDeletion(const RunToRetain& run) const {
    const Time due = run.deletion->not_before;
    std::string request = fmt::format("'{}' wants it deleted, due {}", run.deletion->requested_by,
                                      FormatRfc3339(due));
    std::vector<std::string> reasons = Bars(run);
    if (!reasons.empty()) {
      reasons.push_back(std::move(request) + "; not while that keeps it");
      return {.not_before = due, .reasons = std::move(reasons)};
    }
    reasons.push_back(std::move(request));
    if (run.outcome == RunOutcome::kGood && last_good_ == nullptr) {
      reasons.emplace_back("no good backup will be left");
    }
    if (run.expires_at > due) {
      reasons.push_back("that is before it expires " + DayOf(*run.expires_at));
    }
    return {.action = now_ < due ? RetentionAction::kWait : RetentionAction::kDelete,
            .not_before = due,
            .reasons = std::move(reasons)};
  }

  // Of a backup that nothing keeps.
  RetentionDecision DecideExpired(const RunToRetain& run) const {
    std::vector<std::string> reasons{
        fmt::format("expired {}; no rule keeps it", DayOf(*run.expires_at))};
    if (!run.deletion) {
      // Logs keep whole seconds; a deletion is never earlier than it was shown.
      const Time due =
          std::chrono::ceil<std::chrono::seconds>(now_) + std::max(policy_.soft_delete, days(0));
      reasons.push_back(fmt::format("to be deleted from {}", FormatRfc3339(due)));
      return {.action = RetentionAction::kRequestDeletion,
              .not_before = due,
              .reasons = std::move(reasons)};
    }
    const Time due = run.deletion->not_before;
    reasons.push_back(fmt::format("retention requested its deletion, due {}", FormatRfc3339(due)));
    return {.action = now_ < due ? RetentionAction::kWait : RetentionAction::kDelete,
            .not_before = due,
            .reasons = std::move(reasons)};
  }

  const RetentionPolicy& policy_;
  Time now_;
  std::vector<Candidate> candidates_;
  const RunToRetain* last_good_ = nullptr;  // nothing: there is none to fall back on
};

}  // namespace

std::vector<RetentionDecision> DecideRetention(const std::vector<RunToRetain>& runs,
                                               const RetentionPolicy& policy, Time now) {
  return Planner(runs, policy, now).Decide();
}

}  // namespace lc2::control
