#include "base/time_format.h"

#include <fmt/core.h>

#include <array>
#include <cctype>
#include <cstdint>

namespace lc2 {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

struct Civil {
  int year;
  unsigned month, day;
  int hour, minute, second, millis;
};

Civil ToCivil(Time time) {
  const auto day = floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(floor<milliseconds>(time - day));
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count()),
          static_cast<int>(clock.subseconds().count())};
}

// Reads exactly `count` digits at `at`; -1 if there are not as many.
int Digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

Error BadTime(std::string_view text, std::string_view form) {
  return Error{
      .kind = ErrorKind::kInvalid,
      .code = "time.invalid",
      .message = fmt::format("'{}' is not a time of the form {}", text.substr(0, 64), form)};
}

Result<Time> FromCivil(std::string_view text, std::string_view form, int year, int month, int day,
                       int hour, int minute, int second) {
  // Times are kept in nanoseconds since 1970, which end in the year 2262.
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (year < 1700 || year > 2260 || month < 0 || day < 0 || !date.ok() || hour < 0 || hour > 23 ||
      minute < 0 || minute > 59 || second < 0 || second > 60) {
    return BadTime(text, form);
  }
  return Time(std::chrono::sys_days(date)) + hours(hour) + minutes(minute) + seconds(second);
}

constexpr std::string_view kRfc3339 = "2025-11-09T14:30:00Z";
constexpr std::string_view kCompact = "20251109-143000";

}  // namespace

std::string FormatRfc3339(Time time) {
  const Civil c = ToCivil(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", c.year, c.month, c.day, c.hour,
                     c.minute, c.second);
}

std::string FormatRfc3339Millis(Time time) {
  const Civil c = ToCivil(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", c.year, c.month, c.day, c.hour,
                     c.minute, c.second, c.millis);
}

Result<Time> ParseRfc3339(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':') {
    return BadTime(text, kRfc3339);
  }
  LC2_ASSIGN_OR_RETURN(Time time, FromCivil(text, kRfc3339, Digits(text, 0, 4), Digits(text, 5, 2),
                                            Digits(text, 8, 2), Digits(text, 11, 2),
                                            Digits(text, 14, 2), Digits(text, 17, 2)));
  std::size_t at = 19;
  if (text[at] == '.') {
    std::int64_t scale = 100'000'000;
    const std::size_t first = ++at;
    for (; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])); ++at) {
      time += nanoseconds((text[at] - '0') * scale);
      scale /= 10;
    }
    if (at == first) return BadTime(text, kRfc3339);
  }
  const std::string_view zone = text.substr(at);
  if (zone == "Z" || zone == "z") return time;
  const int zone_hours = Digits(zone, 1, 2);
  const int zone_minutes = Digits(zone, 4, 2);
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || zone_hours < 0 ||
      zone_hours > 23 || zone_minutes < 0 || zone_minutes > 59) {
    return BadTime(text, kRfc3339);
  }
  const auto offset = hours(zone_hours) + minutes(zone_minutes);
  return zone[0] == '+' ? time - offset : time + offset;
}

std::string FormatCompactTime(Time time) {
  const Civil c = ToCivil(time);
  return fmt::format("{:04}{:02}{:02}-{:02}{:02}{:02}", c.year, c.month, c.day, c.hour, c.minute,
                     c.second);
}

Result<Time> ParseCompactTime(std::string_view text) {
  if (text.size() != 15 || text[8] != '-' || text.ends_with("60")) return BadTime(text, kCompact);
  return FromCivil(text, kCompact, Digits(text, 0, 4), Digits(text, 4, 2), Digits(text, 6, 2),
                   Digits(text, 9, 2), Digits(text, 11, 2), Digits(text, 13, 2));
}

std::string FormatDuration(milliseconds duration) {
  const std::int64_t ms = duration.count();
  if (ms < 1000) return fmt::format("{} ms", ms);
  // Cut, not rounded: 59.96 s are not yet a minute.
  if (ms < 60'000) return fmt::format("{}.{} s", ms / 1000, ms / 100 % 10);
  const std::int64_t s = ms / 1000;
  if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
  return fmt::format("{} h {} min", s / 3600, s / 60 % 60);
}

std::string FormatBytes(std::int64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024.0;
  std::size_t unit = 0;
  // What would be printed as 1024.0 is 1.0 of the next unit.
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024.0;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace lc2
