#include "api/cron.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace lc2::api {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::minutes;

namespace {

constexpr days kLongestPause{9 * 366};
constexpr std::size_t kMaxText = 200;

struct FieldRule {
  std::string_view name;
  int least;
  int most;
  std::span<const std::string_view> words;  // of `least` and what follows
};

constexpr std::array<std::string_view, 12> kMonths = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                      "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kWeekDays = {"SUN", "MON", "TUE", "WED",
                                                       "THU", "FRI", "SAT"};
constexpr FieldRule kMinute{"minute", 0, 59, {}};
constexpr FieldRule kHour{"hour", 0, 23, {}};
constexpr FieldRule kMonthDay{"day of month", 1, 31, {}};
constexpr FieldRule kMonth{"month", 1, 12, kMonths};
constexpr FieldRule kWeekDay{"day of week", 0, 7, kWeekDays};

struct Shorthand {
  std::string_view word;
  std::string_view fields;
};
constexpr std::array<Shorthand, 7> kShorthands = {{{"@yearly", "0 0 1 1 *"},
                                                   {"@annually", "0 0 1 1 *"},
                                                   {"@monthly", "0 0 1 * *"},
                                                   {"@weekly", "0 0 * * 0"},
                                                   {"@daily", "0 0 * * *"},
                                                   {"@midnight", "0 0 * * *"},
                                                   {"@hourly", "0 * * * *"}}};

// In the longest year.
constexpr std::array<int, 13> kDaysOf = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

Error BadCron(std::string message, std::string hint = {}) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "schedule.bad_cron",
               .message = std::move(message),
               .hint = hint.empty()
                           ? "five fields: minute, hour, day of month, month, day of week; "
                             "'0 2 * * *' is two o'clock every day"
                           : std::move(hint)};
}

std::vector<std::string_view> SplitAt(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words = SplitAt(text, " \t");
  std::erase_if(words, [](std::string_view word) { return word.empty(); });
  return words;
}

bool EqualsWord(std::string_view text, std::string_view upper) {
  return std::ranges::equal(text, upper, [](char a, char b) {
    return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b;
  });
}

// Values from first to last in steps.
struct Range {
  int first = 0;
  int last = 0;
  int step = 1;
  bool star = false;  // a plain `*`
};

Result<int> ParseNumber(std::string_view text, const FieldRule& rule, std::string_view field) {
  int value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed == std::errc() && end == text.data() + text.size() && text.front() != '-') {
    return value;
  }
  for (std::size_t i = 0; i < rule.words.size(); ++i) {
    if (EqualsWord(text, rule.words[i])) return rule.least + static_cast<int>(i);
  }
  return BadCron(fmt::format("'{}' in the field '{}' is no {}", text, field, rule.name));
}

Result<int> ParseValue(std::string_view text, const FieldRule& rule, std::string_view field) {
  LC2_ASSIGN_OR_RETURN(const int value, ParseNumber(text, rule, field));
  if (value >= rule.least && value <= rule.most) return value;
  return BadCron(
      fmt::format("the {} '{}' is out of {} to {}", rule.name, text, rule.least, rule.most));
}

Result<Range> ParseSpan(std::string_view text, const FieldRule& rule, std::string_view field) {
  if (text == "*") return Range{.first = rule.least, .last = rule.most, .step = 1, .star = true};
  const std::vector<std::string_view> ends = SplitAt(text, "-");
  if (ends.size() > 2) {
    return BadCron(fmt::format("'{}' in the field '{}' is no range", text, field));
  }
  Range range;
  LC2_ASSIGN_OR_RETURN(range.first, ParseValue(ends.front(), rule, field));
  LC2_ASSIGN_OR_RETURN(range.last, ParseValue(ends.back(), rule, field));
  if (range.first <= range.last) return range;
  return BadCron(fmt::format("the range '{}' of the {} runs backwards", text, rule.name),
                 "write the two parts one by one, '22-23,0-2' for example");
}

Result<Range> ParseEntry(std::string_view text, const FieldRule& rule, std::string_view field) {
  const std::vector<std::string_view> parts = SplitAt(text, "/");
  if (parts.size() > 2) return BadCron(fmt::format("'{}' has more than one step", text));
  LC2_ASSIGN_OR_RETURN(Range range, ParseSpan(parts.front(), rule, field));
  if (parts.size() == 1) return range;
  int step = 0;
  const std::string_view digits = parts.back();
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
  if (failed != std::errc() || end != digits.data() + digits.size() || step < 1) {
    return BadCron(fmt::format("the step '{}' of the {} is no positive number", digits, rule.name));
  }
  // `5/15` is `5-59/15`, as Kubernetes takes it.
  if (!range.star && parts.front().find('-') == std::string_view::npos) range.last = rule.most;
  range.step = step;
  range.star = range.star && step == 1;
  return range;
}

}  // namespace

class CronParser {
 public:
  static Result<CronExpression> Parse(std::string_view text) {
    if (text.size() > kMaxText) return BadCron("a schedule longer than 200 characters is none");
    LC2_ASSIGN_OR_RETURN(const std::string_view fields, Expand(text));
    const std::vector<std::string_view> words = Words(fields);
    if (words.size() != 5) {
      return BadCron(
          fmt::format("the schedule '{}' has {} fields instead of 5", text, words.size()));
    }
    CronExpression made;
    made.text_ = text;
    bool ignored = false;
    LC2_RETURN_IF_ERROR(Fill(words[0], kMinute, made.minutes_, ignored));
    LC2_RETURN_IF_ERROR(Fill(words[1], kHour, made.hours_, ignored));
    LC2_RETURN_IF_ERROR(Fill(words[2], kMonthDay, made.month_days_, made.any_month_day_));
    LC2_RETURN_IF_ERROR(Fill(words[3], kMonth, made.months_, ignored));
    std::bitset<8> week_days;
    LC2_RETURN_IF_ERROR(Fill(words[4], kWeekDay, week_days, made.any_week_day_));
    for (std::size_t day = 0; day < 7; ++day) made.week_days_[day] = week_days[day];
    if (week_days[7]) made.week_days_[0] = true;
    if (!EverFires(made)) {
      return BadCron(
          fmt::format("the schedule '{}' never fires: no month of it has such a day", text),
          "for the last day of each month use '0 2 28-31 * *' or the 1st of the next");
    }
    return made;
  }

 private:
  static Result<std::string_view> Expand(std::string_view text) {
    const std::vector<std::string_view> words = Words(text);
    if (words.empty()) return BadCron("the schedule is empty");
    if (words.front().starts_with("TZ=") || words.front().starts_with("CRON_TZ=")) {
      return BadCron(fmt::format("the schedule '{}' names a time zone", text),
                     "put it into the field timeZone");
    }
    if (!words.front().starts_with("@")) return text;
    for (const Shorthand& known : kShorthands) {
      if (words.size() == 1 && words.front() == known.word) return known.fields;
    }
    return BadCron(fmt::format("'{}' is no schedule", text),
                   "known words: @yearly, @monthly, @weekly, @daily, @hourly");
  }

  template <std::size_t kSize>
  static Result<void> Fill(std::string_view field, const FieldRule& rule,
                           std::bitset<kSize>& values, bool& any) {
    for (const std::string_view entry : SplitAt(field, ",")) {
      if (entry.empty()) {
        return BadCron(fmt::format("the {} '{}' has an empty entry", rule.name, field));
      }
      LC2_ASSIGN_OR_RETURN(const Range range, ParseEntry(entry, rule, field));
      any = any || range.star;
      for (std::int64_t value = range.first; value <= range.last; value += range.step) {
        values[static_cast<std::size_t>(value)] = true;
      }
    }
    return {};
  }

  static bool EverFires(const CronExpression& made) {
    // A day of the week comes in every month.
    if (!made.any_week_day_ || made.any_month_day_) return true;
    for (std::size_t month = 1; month <= 12; ++month) {
      for (int day = 1; made.months_[month] && day <= kDaysOf.at(month); ++day) {
        if (made.month_days_[static_cast<std::size_t>(day)]) return true;
      }
    }
    return false;
  }
};

Result<CronExpression> CronExpression::Parse(std::string_view text) {
  return CronParser::Parse(text);
}

bool CronExpression::FiresOn(local_days day) const {
  const std::chrono::year_month_day date(day);
  if (!months_[static_cast<unsigned>(date.month())]) return false;
  const bool month_day = month_days_[static_cast<unsigned>(date.day())];
  const bool week_day = week_days_[std::chrono::weekday(day).c_encoding()];
  if (any_month_day_ || any_week_day_) return month_day && week_day;
  return month_day || week_day;
}

void CronExpression::AddFirings(LocalTime local, const TimeZone& zone,
                                std::vector<Time>& firings) const {
  const LocalInstants instants = zone.ToInstants(local);
  const bool every_hour = hours_.all();
  if (instants.first) firings.push_back(*instants.first);
  if (instants.second && every_hour) firings.push_back(*instants.second);
  if (instants.skipped_until && !every_hour) firings.push_back(*instants.skipped_until);
}

std::vector<Time> CronExpression::FiringsOf(local_days day, const TimeZone& zone) const {
  std::vector<Time> firings;
  if (!FiresOn(day)) return firings;
  const std::optional<std::chrono::seconds> offset = zone.UniformOffset(day);
  for (std::size_t hour = 0; hour < hours_.size(); ++hour) {
    for (std::size_t minute = 0; hours_[hour] && minute < minutes_.size(); ++minute) {
      if (!minutes_[minute]) continue;
      const LocalTime local = LocalTime(day) + hours(hour) + minutes(minute);
      if (offset) {
        firings.push_back(Time(local.time_since_epoch() - *offset));
      } else {
        AddFirings(local, zone, firings);
      }
    }
  }
  if (!offset) {
    std::ranges::sort(firings);
    firings.erase(std::unique(firings.begin(), firings.end()), firings.end());
  }
  return firings;
}

std::optional<Time> CronExpression::Next(Time after, const TimeZone& zone) const {
  // Around a change of the clocks, what belongs to yesterday by the wall clock may still come.
  const auto today = std::chrono::floor<days>(zone.ToLocal(after));
  for (local_days day = today - days(1); day <= today + kLongestPause; day += days(1)) {
    for (const Time firing : FiringsOf(day, zone)) {
      if (firing > after) return firing;
    }
  }
  return std::nullopt;
}

std::vector<Time> CronExpression::Between(Time after, Time until, const TimeZone& zone) const {
  std::vector<Time> all;
  const auto first = std::chrono::floor<days>(zone.ToLocal(after)) - days(1);
  const auto last = std::chrono::floor<days>(zone.ToLocal(until)) + days(1);
  for (local_days day = first; day <= last; day += days(1)) {
    for (const Time firing : FiringsOf(day, zone)) {
      if (firing > after && firing <= until) all.push_back(firing);
    }
  }
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace lc2::api
