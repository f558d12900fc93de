#include "base/time_format.h"

#include <gtest/gtest.h>

#include <chrono>

namespace lc2 {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

Time At(std::int64_t unix_seconds, std::int64_t nanos = 0) {
  return Time(seconds(unix_seconds) + nanoseconds(nanos));
}

std::int64_t Nanos(std::string_view text) {
  return ParseRfc3339(text).value().time_since_epoch().count();
}

TEST(Rfc3339, FormatsInUtcAndCutsFractions) {
  EXPECT_EQ(FormatRfc3339(At(1762698600)), "2025-11-09T14:30:00Z");
  EXPECT_EQ(FormatRfc3339(At(1762698600, 999'999'999)), "2025-11-09T14:30:00Z");
  EXPECT_EQ(FormatRfc3339Millis(At(1762698600, 250'999'999)), "2025-11-09T14:30:00.250Z");
  EXPECT_EQ(FormatRfc3339Millis(At(-1, 999'000'000)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(FormatRfc3339(At(951782400)), "2000-02-29T00:00:00Z");
}

TEST(Rfc3339, ParsesTheExamplesOfTheRfc) {
  EXPECT_EQ(FormatRfc3339Millis(ParseRfc3339("1985-04-12T23:20:50.52Z").value()),
            "1985-04-12T23:20:50.520Z");
  EXPECT_EQ(FormatRfc3339(ParseRfc3339("1996-12-19T16:39:57-08:00").value()),
            "1996-12-20T00:39:57Z");
  // Leap seconds: section 5.8 gives the same moment twice.
  EXPECT_EQ(FormatRfc3339(ParseRfc3339("1990-12-31T23:59:60Z").value()), "1991-01-01T00:00:00Z");
  EXPECT_EQ(Nanos("1990-12-31T15:59:60-08:00"), Nanos("1990-12-31T23:59:60Z"));
  EXPECT_EQ(FormatRfc3339Millis(ParseRfc3339("1937-01-01T12:00:27.87+00:20").value()),
            "1937-01-01T11:40:27.870Z");
}

TEST(Rfc3339, ParsesFractionsOffsetsAndLowerCase) {
  EXPECT_EQ(Nanos("1970-01-01T00:00:00.000000001Z"), 1);
  EXPECT_EQ(Nanos("1970-01-01T00:00:00.1234567899999999999999Z"), 123456789);
  EXPECT_EQ(Nanos("1970-01-01t01:30:00+01:30"), 0);
  EXPECT_EQ(Nanos("1970-01-01t00:00:00z"), 0);
  EXPECT_EQ(Nanos("1970-01-01T00:00:00-00:00"), 0);
}

TEST(Rfc3339, RoundTripsAtTheEndsOfItsRange) {
  for (const char* text : {"1700-01-01T00:00:00Z", "2260-12-31T23:59:59Z"}) {
    EXPECT_EQ(FormatRfc3339(ParseRfc3339(text).value()), text);
  }
  EXPECT_TRUE(ParseRfc3339("2260-12-31T23:59:60.999999999-23:59").has_value());
  EXPECT_TRUE(ParseRfc3339("1700-01-01T00:00:00+23:59").has_value());
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const char* text : {"",
                           "2025-11-09",
                           "2025-11-09 14:30:00Z",
                           "2025-11-09T14:30:00",
                           "2025-11-09T14:30Z",
                           "2025-11-09T14:30:00.Z",
                           "2025-11-09T14:30:00,5Z",
                           "2025-11-09T24:00:00Z",
                           "2025-11-09T14:60:00Z",
                           "2025-11-09T14:30:61Z",
                           "2025-02-29T00:00:00Z",
                           "2025-13-01T00:00:00Z",
                           "2025-00-01T00:00:00Z",
                           "2025-01-00T00:00:00Z",
                           "2025-11-09T14:30:00+1:00",
                           "2025-11-09T14:30:00+01:60",
                           "2025-11-09T14:30:00+24:00",
                           "2025-11-09T14:30:00+0100",
                           "2025-11-09T14:30:00Zx",
                           "2025-11-09T14:30:00ZZ",
                           "+025-11-09T14:30:00Z",
                           "2025-1a-09T14:30:00Z",
                           "1699-12-31T23:59:59Z",
                           "2261-01-01T00:00:00Z",
                           "9999-12-31T23:59:59Z",
                           "0000-00-00T00:00:00Z",
                           "2025-11-09T14:30:00.5",
                           "2025-11-09T14:30:00*01:00"}) {
    const Result<Time> time = ParseRfc3339(text);
    ASSERT_FALSE(time.has_value()) << text;
    EXPECT_EQ(time.error().kind, ErrorKind::kInvalid);
    EXPECT_EQ(time.error().code, "time.invalid");
  }
  EXPECT_LT(ParseRfc3339(std::string(100'000, '1')).error().message.size(), 200U);
}

TEST(CompactTime, RoundTrips) {
  EXPECT_EQ(FormatCompactTime(At(1762698600)), "20251109-143000");
  EXPECT_EQ(ParseCompactTime("20251109-143000").value(), At(1762698600));
}

TEST(CompactTime, HasOneFormForEachMoment) {
  for (const char* text :
       {"", "20251109143000", "20251109-14300", "20251109-1430000", "20251109T143000",
        "20250229-000000", "20251109-240000", "2025110a-143000", "20251109-143060"}) {
    EXPECT_EQ(ParseCompactTime(text).error().code, "time.invalid") << text;
  }
}

TEST(FormatDuration, IsShort) {
  EXPECT_EQ(FormatDuration(milliseconds(0)), "0 ms");
  EXPECT_EQ(FormatDuration(milliseconds(999)), "999 ms");
  EXPECT_EQ(FormatDuration(milliseconds(1500)), "1.5 s");
  EXPECT_EQ(FormatDuration(milliseconds(59'999)), "59.9 s");
  EXPECT_EQ(FormatDuration(milliseconds(125'900)), "2 min 5 s");
  EXPECT_EQ(FormatDuration(milliseconds(11'520'000)), "3 h 12 min");
  EXPECT_EQ(FormatDuration(std::chrono::hours(49)), "49 h 0 min");
}

TEST(FormatBytes, UsesBinaryUnits) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1024), "1.0 KiB");
  EXPECT_EQ(FormatBytes(1'468'006), "1.4 MiB");
  EXPECT_EQ(FormatBytes(1'048'575), "1.0 MiB");
  EXPECT_EQ(FormatBytes(135'078'812'160), "125.8 GiB");
  EXPECT_EQ(FormatBytes(std::int64_t{1} << 62), "4096.0 PiB");
}

}  // namespace
}  // namespace lc2
