#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/backup_schedule.h"
#include "api/cron.h"
#include "base/clock.h"
#include "base/result.h"

// What a schedule has come to (docs/schedules.md). Pure: no store is read and no clock asked here.
namespace lc2::control {

// The parts of a schedule's spec that say when.
struct Timetable {
  api::CronExpression cron;
  TimeZone zone;
  std::chrono::seconds jitter{};  // of this schedule, the same at every time

  // Errors: those of CronExpression::Parse and TimeZone::Find. Admission refuses such a schedule;
  // one can still be there after a change of the system's zones.
  static Result<Timetable> Of(const api::BackupSchedule& schedule);

  // When the backup of the first time of the schedule after `after` is asked for, jitter included.
  std::optional<Time> NextStart(Time after) const;
};

// The longest time between two of the coming firings: how old a good backup may become while all is
// well, besides the time it takes. Nothing if there are not two.
std::optional<std::chrono::seconds> ExpectedInterval(const Timetable& timetable, Time now);

// The latest firing in (after, until]; nothing if there is none.
std::optional<Time> LatestFiring(const api::CronExpression& cron, const TimeZone& zone, Time after,
                                 Time until);

// The request that is made for a firing: the schedule's name and the time. Whoever decides on the
// firing, as often as they like, means the same request.
std::string FiringName(std::string_view schedule, Time firing);

enum class ScheduleAction {
  kNothing,  // no firing is due
  kWait,     // one is due, and an unfinished request is in its way
  kStart,    // ask for the backup of `firing`
};

struct ScheduleDecision {
  ScheduleAction action = ScheduleAction::kNothing;
  std::optional<Time> firing;        // kWait, kStart: the cron time, without jitter
  std::vector<std::string> replace;  // requests to cancel before `firing` is started
  std::optional<Time> missed;        // the latest firing that will never be started
  Time decided_until{};              // once this decision is carried out
  std::string decided_for;
};

// With `concurrencyPolicy: Queue` no more requests of one schedule than this wait at once.
inline constexpr std::size_t kMaxUnfinished = 10;

// Decides at `now`, given the schedule's unfinished requests by name. At most one firing is
// started, the latest that is due: earlier ones are missed. A time up to which was decided and that
// lies after `now` says that the clock was put back; what was started for it is found by its name.
ScheduleDecision DecideSchedule(const api::BackupSchedule& schedule, const Timetable& timetable,
                                std::vector<std::string> unfinished, Time now);

}  // namespace lc2::control
