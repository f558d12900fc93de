#include "api/cron.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time_format.h"

namespace lc2::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Time At(std::string_view text) { return ParseRfc3339(text).value(); }

CronExpression Cron(std::string_view text) { return CronExpression::Parse(text).value(); }

std::string NextOf(std::string_view cron, std::string_view after, std::string_view zone = "UTC") {
  const auto next = Cron(cron).Next(At(after), TimeZone::Find(zone).value());
  return next ? FormatRfc3339(*next) : "never";
}

std::vector<std::string> Between(std::string_view cron, std::string_view after,
                                 std::string_view until, std::string_view zone = "UTC") {
  std::vector<std::string> all;
  for (const Time firing :
       Cron(cron).Between(At(after), At(until), TimeZone::Find(zone).value())) {
    all.push_back(FormatRfc3339(firing));
  }
  return all;
}

std::string Refusal(std::string_view text) {
  const auto parsed = CronExpression::Parse(text);
  if (parsed.has_value()) return "accepted";
  EXPECT_EQ(parsed.error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(parsed.error().code, "schedule.bad_cron");
  EXPECT_FALSE(parsed.error().hint.empty());
  return parsed.error().message;
}

TEST(Cron, FindsTheNextFiring) {
  EXPECT_EQ(NextOf("0 2 * * *", "2026-11-26T01:59:59Z"), "2026-11-26T02:00:00Z");
  EXPECT_EQ(NextOf("0 2 * * *", "2026-11-26T02:00:00Z"), "2026-11-27T02:00:00Z");
  EXPECT_EQ(NextOf("*/15 * * * *", "2026-12-31T23:46:00Z"), "2027-01-01T00:00:00Z");
  EXPECT_EQ(NextOf("5/20 3 * * *", "2026-11-26T03:06:00Z"), "2026-11-26T03:25:00Z");
  EXPECT_EQ(NextOf("30 4 1,15 * *", "2026-11-26T00:00:00Z"), "2026-12-01T04:30:00Z");
  EXPECT_EQ(NextOf("0 0 * jan-mar Mon", "2026-11-26T00:00:00Z"), "2027-01-04T00:00:00Z");
  EXPECT_EQ(NextOf(" 0\t0 * * 5-7 ", "2026-11-26T00:00:00Z"), "2026-11-27T00:00:00Z");
}

TEST(Cron, ReadsShorthands) {
  EXPECT_EQ(NextOf("@hourly", "2026-11-26T01:59:59Z"), "2026-11-26T02:00:00Z");
  EXPECT_EQ(NextOf("@daily", "2026-11-26T01:59:59Z"), "2026-11-27T00:00:00Z");
  EXPECT_EQ(NextOf("@midnight", "2026-11-26T01:59:59Z"), "2026-11-27T00:00:00Z");
  EXPECT_EQ(NextOf("@weekly", "2026-11-26T00:00:00Z"), "2026-11-29T00:00:00Z");
  EXPECT_EQ(NextOf("@monthly", "2026-11-26T00:00:00Z"), "2026-12-01T00:00:00Z");
  EXPECT_EQ(NextOf("@yearly", "2026-11-26T00:00:00Z"), "2027-01-01T00:00:00Z");
  EXPECT_EQ(NextOf("@annually", "2026-11-26T00:00:00Z"), "2027-01-01T00:00:00Z");
}

TEST(Cron, TakesEitherDayWhereBothAreRestricted) {
  EXPECT_THAT(Between("0 0 13 * 5", "2026-11-01T12:00:00Z", "2026-11-30T00:00:00Z"),
              ElementsAre("2026-11-06T00:00:00Z", "2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z",
                          "2026-11-27T00:00:00Z"));
  EXPECT_THAT(Between("0 0 14 * 5", "2026-11-08T12:00:00Z", "2026-11-16T00:00:00Z"),
              ElementsAre("2026-11-13T00:00:00Z", "2026-11-14T00:00:00Z"));
  // As in Kubernetes, a step makes a restriction of a star.
  EXPECT_THAT(Between("0 0 */20 * 5", "2026-11-18T12:00:00Z", "2026-11-22T00:00:00Z"),
              ElementsAre("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"));
}

TEST(Cron, WaitsForALeapDay) {
  EXPECT_EQ(NextOf("0 0 29 2 *", "2026-11-26T00:00:00Z"), "2028-02-29T00:00:00Z");
  EXPECT_EQ(NextOf("0 0 29 2 *", "2096-03-01T00:00:00Z"), "2104-02-29T00:00:00Z");
}

TEST(Cron, FiresOnceAfterAGap) {
  // In Berlin, 2:00 to 3:00 of 29 March 2026 does not exist.
  EXPECT_THAT(Between("30 2 * * *", "2026-03-27T12:00:00Z", "2026-03-30T12:00:00Z",
                      "Europe/Berlin"),
              ElementsAre("2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"));
  EXPECT_THAT(Between("*/20 2 * * *", "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z",
                      "Europe/Berlin"),
              ElementsAre("2026-03-29T01:00:00Z"));
  EXPECT_EQ(NextOf("30 2 * * *", "2026-03-29T00:59:59Z", "Europe/Berlin"), "2026-03-29T01:00:00Z");
  EXPECT_EQ(NextOf("30 2 * * *", "2026-03-29T01:00:00Z", "Europe/Berlin"), "2026-03-30T00:30:00Z");
}

TEST(Cron, FiresOnceWhereATimeComesTwice) {
  EXPECT_THAT(Between("30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z",
                      "Europe/Berlin"),
              ElementsAre("2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"));
  EXPECT_EQ(NextOf("30 2 * * *", "2026-10-25T00:30:00Z", "Europe/Berlin"), "2026-10-26T01:30:00Z");
}

TEST(Cron, TakesEveryHourAsItPasses) {
  EXPECT_THAT(Between("30 * * * *", "2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z",
                      "Europe/Berlin"),
              ElementsAre("2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"));
  EXPECT_THAT(Between("30 * * * *", "2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z",
                      "Europe/Berlin"),
              ElementsAre("2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z",
                          "2026-10-25T02:30:00Z"));
}

TEST(Cron, BridgesADayThatDoesNotExist) {
  // Samoa went from 29 to 31 December 2011.
  EXPECT_THAT(Between("0 5 * * *", "2011-12-29T12:00:00Z", "2012-01-01T00:00:00Z", "Pacific/Apia"),
              ElementsAre("2011-12-29T15:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T15:00:00Z",
                          "2011-12-31T15:00:00Z"));
}

TEST(Cron, NextAndBetweenAgree) {
  for (const char* text : {"0 2 * * *", "17 */7 * * 1-5", "0,30 0-3 * 3,10,11 *", "@hourly"}) {
    const TimeZone zone = TimeZone::Find("America/New_York").value();
    const Time until = At("2027-01-01T00:00:00Z");
    const std::vector<Time> all = Cron(text).Between(At("2026-01-01T00:00:00Z"), until, zone);
    ASSERT_FALSE(all.empty());
    Time last = At("2026-01-01T00:00:00Z");
    for (const Time firing : all) {
      ASSERT_EQ(Cron(text).Next(last, zone), firing) << text;
      last = firing;
    }
  }
}

TEST(Cron, RefusesWhatIsNoSchedule) {
  EXPECT_EQ(Refusal(""), "the schedule is empty");
  EXPECT_EQ(Refusal("0 2 * *"), "the schedule '0 2 * *' has 4 fields instead of 5");
  EXPECT_EQ(Refusal("0 0 2 * * *"), "the schedule '0 0 2 * * *' has 6 fields instead of 5");
  EXPECT_EQ(Refusal("61 2 * * *"), "the minute '61' is out of 0 to 59");
  EXPECT_EQ(Refusal("0 24 * * *"), "the hour '24' is out of 0 to 23");
  EXPECT_EQ(Refusal("0 2 0 * *"), "the day of month '0' is out of 1 to 31");
  EXPECT_EQ(Refusal("0 2 * 13 *"), "the month '13' is out of 1 to 12");
  EXPECT_EQ(Refusal("0 2 * * 8"), "the day of week '8' is out of 0 to 7");
  EXPECT_EQ(Refusal("0 2 * MAI *"), "'MAI' in the field 'MAI' is no month");
  EXPECT_EQ(Refusal("0 2 * * -1"), "'' in the field '-1' is no day of week");
  EXPECT_EQ(Refusal("0 22-2 * * *"), "the range '22-2' of the hour runs backwards");
  EXPECT_EQ(Refusal("0 1-2-3 * * *"), "'1-2-3' in the field '1-2-3' is no range");
  EXPECT_EQ(Refusal("*/0 2 * * *"), "the step '0' of the minute is no positive number");
  EXPECT_EQ(Refusal("*/ 2 * * *"), "the step '' of the minute is no positive number");
  EXPECT_EQ(Refusal("1/2/3 2 * * *"), "'1/2/3' has more than one step");
  EXPECT_EQ(Refusal("1,,2 2 * * *"), "the minute '1,,2' has an empty entry");
  EXPECT_EQ(Refusal("99999999999 2 * * *"), "'99999999999' in the field '99999999999' is no minute");
  EXPECT_EQ(Refusal("@every 1h"), "'@every 1h' is no schedule");
  EXPECT_THAT(Refusal("CRON_TZ=UTC 0 2 * * *"), HasSubstr("names a time zone"));
  EXPECT_THAT(Refusal(std::string(300, '0')), HasSubstr("longer than 200"));
  // The largest step that there is still ends.
  EXPECT_THAT(Between("*/2147483647 0 * * *", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
              ElementsAre("2026-01-02T00:00:00Z"));
}

TEST(Cron, RefusesWhatNeverFires) {
  EXPECT_THAT(Refusal("0 2 30 2 *"), HasSubstr("never fires"));
  EXPECT_THAT(Refusal("0 2 31 4,6,9,11 *"), HasSubstr("never fires"));
  EXPECT_EQ(Refusal("0 2 31 4,5 *"), "accepted");
  // The day of the week alone makes it fire.
  EXPECT_EQ(Refusal("0 2 30 2 1"), "accepted");
}

}  // namespace
}  // namespace lc2::api
