#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/time_zone.h"

namespace lc2::api {

// A schedule of five fields (minute, hour, day of month, month, day of week) or one of `@hourly`,
// `@daily`, `@weekly`, `@monthly`, `@yearly`, read as Kubernetes reads a CronJob's: names of months
// and days, lists, ranges, steps; 0 and 7 are Sunday; where both day fields are restricted, either
// is enough (an entry `*/2` restricts).
//
// Times are those of a wall clock. The rule for the days on which clocks change: a time that is
// skipped fires once, at the first instant after the gap; a time that comes twice fires the first
// time. An expression whose hour is `*` means every hour that passes: nothing of it is made up for
// a gap, and in the repeated hour it fires again.
class CronExpression {
 public:
  // Error: kInvalid "schedule.bad_cron": the field, what it may be, and the text at fault; also for
  // one that never fires (the 31st of February).
  static Result<CronExpression> Parse(std::string_view text);

  const std::string& text() const { return text_; }
  // The first firing after `after`. Nothing if there is none within the nine years that the rarest
  // one (29 February, around a century without leap day) may take.
  std::optional<Time> Next(Time after, const TimeZone& zone) const;
  // Every firing in (after, until], in order.
  std::vector<Time> Between(Time after, Time until, const TimeZone& zone) const;

 private:
  friend class CronParser;
  CronExpression() = default;

  bool FiresOn(std::chrono::local_days day) const;
  std::vector<Time> FiringsOf(std::chrono::local_days day, const TimeZone& zone) const;
  void AddFirings(LocalTime local, const TimeZone& zone, std::vector<Time>& firings) const;

  std::string text_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> month_days_;  // 1 to 31
  std::bitset<13> months_;      // 1 to 12
  std::bitset<7> week_days_;    // 0 is Sunday
  bool any_month_day_ = false;  // the field is `*`
  bool any_week_day_ = false;
};

}  // namespace lc2::api
