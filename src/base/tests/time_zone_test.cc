#include "base/time_zone.h"

#include <gtest/gtest.h>

#include "base/time_format.h"

namespace lc2 {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Time At(std::string_view text) { return ParseRfc3339(text).value(); }

LocalTime Local(int year, unsigned month, unsigned day, int hour, int minute) {
  const std::chrono::local_days date{std::chrono::year(year) / std::chrono::month(month) /
                                     std::chrono::day(day)};
  return LocalTime(date) + hours(hour) + minutes(minute);
}

TimeZone Zone(std::string_view name) { return TimeZone::Find(name).value(); }

TEST(TimeZone, ShowsWhatAWallClockShows) {
  EXPECT_EQ(Zone("Europe/Berlin").ToLocal(At("2026-01-15T12:00:00Z")), Local(2026, 1, 15, 13, 0));
  EXPECT_EQ(Zone("Europe/Berlin").ToLocal(At("2026-07-15T12:00:00Z")), Local(2026, 7, 15, 14, 0));
  EXPECT_EQ(Zone("Asia/Kathmandu").ToLocal(At("2026-07-15T12:00:00Z")), Local(2026, 7, 15, 17, 45));
  EXPECT_EQ(Zone("UTC").ToLocal(At("1969-12-31T23:59:59Z")),
            Local(1969, 12, 31, 23, 59) + seconds(59));
}

TEST(TimeZone, KnowsTheTimeThatIsSkippedAndTheOneThatComesTwice) {
  const TimeZone berlin = Zone("Europe/Berlin");
  const LocalInstants usual = berlin.ToInstants(Local(2026, 3, 28, 2, 30));
  EXPECT_EQ(usual.first, At("2026-03-28T01:30:00Z"));
  EXPECT_FALSE(usual.second || usual.skipped_until);

  const LocalInstants skipped = berlin.ToInstants(Local(2026, 3, 29, 2, 30));
  EXPECT_FALSE(skipped.first || skipped.second);
  EXPECT_EQ(skipped.skipped_until, At("2026-03-29T01:00:00Z"));

  const LocalInstants twice = berlin.ToInstants(Local(2026, 10, 25, 2, 30));
  EXPECT_EQ(twice.first, At("2026-10-25T00:30:00Z"));
  EXPECT_EQ(twice.second, At("2026-10-25T01:30:00Z"));
  EXPECT_FALSE(twice.skipped_until);
}

TEST(TimeZone, HasOneOffsetOnADayWithoutChange) {
  const TimeZone berlin = Zone("Europe/Berlin");
  const auto day = [](unsigned month, unsigned on) {
    return std::chrono::local_days(std::chrono::year(2026) / std::chrono::month(month) /
                                   std::chrono::day(on));
  };
  EXPECT_EQ(berlin.UniformOffset(day(3, 28)), hours(1));
  EXPECT_EQ(berlin.UniformOffset(day(3, 29)), std::nullopt);
  EXPECT_EQ(berlin.UniformOffset(day(3, 30)), hours(2));
  EXPECT_EQ(berlin.UniformOffset(day(10, 25)), std::nullopt);
}

TEST(TimeZone, RefusesWhatIsNoZone) {
  for (const char* name : {"Europe/Atlantis", "", "Local", "../../etc/passwd", "europe/berlin"}) {
    const auto zone = TimeZone::Find(name);
    ASSERT_FALSE(zone.has_value()) << name;
    EXPECT_EQ(zone.error().kind, ErrorKind::kInvalid) << name;
    EXPECT_EQ(zone.error().code, "time_zone.unknown") << name;
  }
}

}  // namespace
}  // namespace lc2
