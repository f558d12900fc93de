#include "control/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "api/tests/samples.h"
#include "base/time_format.h"

namespace lc2::control {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Time At(std::string_view text) { return ParseRfc3339(text).value(); }
std::string Text(const std::optional<Time>& time) { return time ? FormatRfc3339(*time) : "-"; }

// A schedule of two o'clock each day that is decided up to the 8th of November 2025.
class Schedule : public ::testing::Test {
 protected:
  Schedule() {
    schedule = api::testing::SampleSchedule();
    schedule.metadata.creation_timestamp = At("2025-11-01T12:00:00Z");
    schedule.status.decided_until = At("2025-11-08T02:00:00Z");
    schedule.status.decided_for = "0 2 * * * in UTC";
  }
  ScheduleDecision Decide(std::string_view now) {
    return DecideSchedule(schedule, Timetable::Of(schedule).value(), unfinished, At(now));
  }
  // "Start 2025-11-09T02:00:00Z, missed -", and takes the decision for carried out.
  std::string Do(std::string_view now) {
    const ScheduleDecision decision = Decide(now);
    schedule.status.decided_until = decision.decided_until;
    schedule.status.decided_for = decision.decided_for;
    constexpr const char* kWords[] = {"Nothing", "Wait", "Start"};
    return std::string(kWords[static_cast<int>(decision.action)]) + " " + Text(decision.firing) +
           ", missed " + Text(decision.missed);
  }
  const std::string kNothing = "Nothing -, missed -";

  api::BackupSchedule schedule;
  std::vector<std::string> unfinished;
};

TEST_F(Schedule, StartsEachTimeOnceWhenItHasCome) {
  EXPECT_EQ(Do("2025-11-09T01:59:59Z"), kNothing);
  EXPECT_EQ(Do("2025-11-09T02:00:00Z"), "Start 2025-11-09T02:00:00Z, missed -");
  EXPECT_EQ(Do("2025-11-09T02:00:00Z"), kNothing);
  EXPECT_EQ(Do("2025-11-09T02:00:05Z"), kNothing);
  EXPECT_EQ(Do("2025-11-10T02:00:04Z"), "Start 2025-11-10T02:00:00Z, missed -");
}

TEST_F(Schedule, ANewOneBeginsWhenItWasMade) {
  schedule.status = {};
  schedule.metadata.creation_timestamp = At("2025-11-09T02:00:00Z");
  EXPECT_EQ(Do("2025-11-09T02:00:01Z"), kNothing);
  // However late it is seen for the first time.
  schedule.status = {};
  EXPECT_EQ(Do("2025-11-10T12:00:00Z"), "Start 2025-11-10T02:00:00Z, missed -");
}

TEST_F(Schedule, MakesUpForOneTimeAndNoMore) {
  EXPECT_EQ(Do("2025-11-12T23:00:00Z"), "Start 2025-11-12T02:00:00Z, missed 2025-11-11T02:00:00Z");
  EXPECT_EQ(Do("2025-11-12T23:00:05Z"), kNothing);
}

TEST_F(Schedule, TooLateIsMissed) {
  schedule.spec.starting_deadline_seconds = 3600;
  EXPECT_EQ(Do("2025-11-09T03:00:01Z"), "Nothing -, missed 2025-11-09T02:00:00Z");
  EXPECT_EQ(Do("2025-11-09T03:00:02Z"), kNothing) << "said once";
  EXPECT_EQ(Do("2025-11-10T03:00:00Z"), "Start 2025-11-10T02:00:00Z, missed -");
}

TEST_F(Schedule, WhatFallsIntoASuspensionIsNotMadeUpFor) {
  schedule.spec.suspend = true;
  EXPECT_EQ(Do("2025-11-09T01:00:00Z"), kNothing);
  EXPECT_EQ(Do("2025-11-11T03:00:00Z"), kNothing);
  schedule.spec.suspend = false;
  EXPECT_EQ(Do("2025-11-11T04:00:00Z"), kNothing);
  EXPECT_EQ(Do("2025-11-12T02:00:00Z"), "Start 2025-11-12T02:00:00Z, missed -");
}

TEST_F(Schedule, AnotherTimetableBeginsWhenItIsSeen) {
  schedule.spec.schedule = "0 9 * * *";
  EXPECT_EQ(Do("2025-11-09T10:00:00Z"), kNothing) << "nobody has asked for it at nine";
  EXPECT_EQ(Do("2025-11-10T09:00:00Z"), "Start 2025-11-10T09:00:00Z, missed -");
  schedule.spec.time_zone = "America/New_York";
  EXPECT_EQ(Do("2025-11-10T15:00:00Z"), kNothing);
  EXPECT_EQ(Do("2025-11-11T14:00:00Z"), "Start 2025-11-11T14:00:00Z, missed -");
}

TEST_F(Schedule, AnotherTemplateChangesNothingOfTheTimes) {
  schedule.spec.template_.spec.retention_days = 60;
  schedule.spec.jitter_seconds = 1;
  schedule.spec.concurrency_policy = api::ConcurrencyPolicy::kQueue;
  EXPECT_EQ(Do("2025-11-09T03:00:00Z"), "Start 2025-11-09T02:00:00Z, missed -");
}

TEST_F(Schedule, ForbidWaitsForTheOneBefore) {
  unfinished = {"nightly-20251108-020000"};
  EXPECT_EQ(Do("2025-11-09T02:00:00Z"), "Wait 2025-11-09T02:00:00Z, missed -");
  // The next time comes: the one before is over.
  EXPECT_EQ(Do("2025-11-10T02:00:00Z"), "Wait 2025-11-10T02:00:00Z, missed 2025-11-09T02:00:00Z");
  EXPECT_EQ(Do("2025-11-10T02:00:05Z"), "Wait 2025-11-10T02:00:00Z, missed -");
  unfinished.clear();
  EXPECT_EQ(Do("2025-11-10T05:00:00Z"), "Start 2025-11-10T02:00:00Z, missed -");
}

TEST_F(Schedule, AWaitEndsWithTheDeadline) {
  schedule.spec.starting_deadline_seconds = 600;
  unfinished = {"nightly-20251108-020000"};
  EXPECT_EQ(Do("2025-11-09T02:10:00Z"), "Wait 2025-11-09T02:00:00Z, missed -");
  EXPECT_EQ(Do("2025-11-09T02:10:01Z"), "Nothing -, missed 2025-11-09T02:00:00Z");
}

TEST_F(Schedule, QueueAsksForMoreUntilThereAreMany) {
  schedule.spec.concurrency_policy = api::ConcurrencyPolicy::kQueue;
  unfinished.assign(kMaxUnfinished - 1, "one");
  EXPECT_EQ(Decide("2025-11-09T02:00:00Z").action, ScheduleAction::kStart);
  EXPECT_THAT(Decide("2025-11-09T02:00:00Z").replace, IsEmpty());
  unfinished.emplace_back("one more");
  EXPECT_EQ(Decide("2025-11-09T02:00:00Z").action, ScheduleAction::kWait);
}

TEST_F(Schedule, ReplaceNamesWhatIsInTheWay) {
  schedule.spec.concurrency_policy = api::ConcurrencyPolicy::kReplace;
  unfinished = {"a", "b"};
  const ScheduleDecision decision = Decide("2025-11-09T02:00:00Z");
  EXPECT_EQ(decision.action, ScheduleAction::kStart);
  EXPECT_THAT(decision.replace, ElementsAre("a", "b"));
}

TEST_F(Schedule, AClockThatJumpsAheadAndBackLosesNoLaterTime) {
  EXPECT_EQ(Do("2025-11-10T02:30:00Z"), "Start 2025-11-10T02:00:00Z, missed 2025-11-09T02:00:00Z");
  // Back: what was decided for the future is decided again when its time comes, under one name.
  EXPECT_EQ(Do("2025-11-09T01:00:00Z"), kNothing);
  EXPECT_EQ(Do("2025-11-09T02:00:00Z"), "Start 2025-11-09T02:00:00Z, missed -");
  EXPECT_EQ(Do("2025-11-10T02:00:00Z"), "Start 2025-11-10T02:00:00Z, missed -");
  EXPECT_EQ(Do("2025-11-11T02:00:00Z"), "Start 2025-11-11T02:00:00Z, missed -");
}

TEST_F(Schedule, AClockThatJumpsBackMeansTheSameRequests) {
  EXPECT_EQ(Do("2025-11-09T02:00:00Z"), "Start 2025-11-09T02:00:00Z, missed -");
  EXPECT_EQ(Do("2025-11-08T02:30:00Z"), kNothing);
  EXPECT_EQ(Do("2025-11-09T02:00:01Z"), "Start 2025-11-09T02:00:00Z, missed -");
  EXPECT_EQ(FiringName("nightly", At("2025-11-09T02:00:00Z")), "nightly-20251109-020000");
}

TEST_F(Schedule, FiresOnceOnDaysOnWhichClocksChange) {
  schedule.spec.schedule = "30 2 * * *";
  schedule.spec.time_zone = "Europe/Berlin";
  schedule.status.decided_for = "30 2 * * * in Europe/Berlin";
  schedule.status.decided_until = At("2026-03-28T01:30:00Z");
  EXPECT_EQ(Do("2026-03-29T00:59:59Z"), kNothing);
  EXPECT_EQ(Do("2026-03-29T01:00:00Z"), "Start 2026-03-29T01:00:00Z, missed -") << "the gap's end";
  EXPECT_EQ(Do("2026-03-29T01:30:00Z"), kNothing);
  schedule.status.decided_until = At("2026-10-24T00:30:00Z");
  EXPECT_EQ(Do("2026-10-25T00:30:00Z"), "Start 2026-10-25T00:30:00Z, missed -");
  EXPECT_EQ(Do("2026-10-25T01:30:00Z"), kNothing) << "half past two comes twice";
}

TEST_F(Schedule, JitterIsItsOwnAndMovesTheStartNotTheName) {
  schedule.spec.jitter_seconds = 900;
  const Timetable timetable = Timetable::Of(schedule).value();
  ASSERT_GT(timetable.jitter, std::chrono::seconds(0));
  const Time start = At("2025-11-09T02:00:00Z") + timetable.jitter;
  EXPECT_EQ(timetable.NextStart(At("2025-11-09T02:00:00Z")), start);
  EXPECT_EQ(timetable.NextStart(start), start + std::chrono::days(1));
  EXPECT_EQ(Decide(FormatRfc3339(start - std::chrono::seconds(1))).action,
            ScheduleAction::kNothing);
  EXPECT_EQ(Do(FormatRfc3339(start)), "Start 2025-11-09T02:00:00Z, missed -");
}

TEST_F(Schedule, JitterSpreadsSchedulesEvenly) {
  schedule.spec.jitter_seconds = 899;
  std::map<std::int64_t, int> by_minute;
  for (int i = 0; i < 3000; ++i) {
    schedule.metadata.namespace_ = "proj-" + std::to_string(i);
    const auto jitter = Timetable::Of(schedule)->jitter;
    ASSERT_EQ(jitter, Timetable::Of(schedule)->jitter);
    ASSERT_TRUE(jitter >= std::chrono::seconds(0) && jitter <= std::chrono::seconds(899));
    ++by_minute[jitter / std::chrono::minutes(1)];
  }
  ASSERT_EQ(by_minute.size(), 15U);
  for (const auto& [minute, count] : by_minute) EXPECT_GT(count, 120) << minute;
}

TEST_F(Schedule, FindsTheLatestTimeOfRareAndOfFrequentOnes) {
  const TimeZone utc = TimeZone::Find("UTC").value();
  const auto latest = [&](std::string_view cron, std::string_view after, std::string_view until) {
    return Text(LatestFiring(api::CronExpression::Parse(cron).value(), utc, At(after), At(until)));
  };
  EXPECT_EQ(latest("* * * * *", "2000-01-01T00:00:00Z", "2025-11-09T02:00:30Z"),
            "2025-11-09T02:00:00Z");
  EXPECT_EQ(latest("0 0 29 2 *", "2096-03-01T00:00:00Z", "2110-01-01T00:00:00Z"),
            "2108-02-29T00:00:00Z");
  EXPECT_EQ(latest("0 0 29 2 *", "1999-01-01T00:00:00Z", "2008-02-28T23:59:59Z"),
            "2004-02-29T00:00:00Z");
  EXPECT_EQ(latest("0 0 29 2 *", "2004-02-29T00:00:00Z", "2008-02-28T23:59:59Z"), "-");
  EXPECT_EQ(latest("0 2 * * *", "2025-11-09T02:00:00Z", "2025-11-09T02:00:00Z"), "-");
  EXPECT_EQ(latest("0 2 * * *", "2025-11-10T02:00:00Z", "2025-11-09T02:00:00Z"), "-");
}

TEST_F(Schedule, TheExpectedIntervalIsTheLongestOneToCome) {
  const auto hours = [&](std::string_view cron) -> std::int64_t {
    schedule.spec.schedule = cron;
    const auto interval =
        ExpectedInterval(Timetable::Of(schedule).value(), At("2025-11-10T12:00:00Z"));
    return interval ? *interval / std::chrono::hours(1) : -1;
  };
  EXPECT_EQ(hours("0 2 * * *"), 24);
  EXPECT_EQ(hours("0 2 * * mon-fri"), 72);
  EXPECT_EQ(hours("0 8,20 * * *"), 12);
  EXPECT_EQ(hours("@yearly"), 366 * 24);
}

TEST_F(Schedule, OneThatCannotBeReadIsAnError) {
  schedule.spec.schedule = "0 0 31 2 *";
  EXPECT_EQ(Timetable::Of(schedule).error().code, "schedule.bad_cron");
  schedule = api::testing::SampleSchedule();
  schedule.spec.time_zone = "Europe/Atlantis";
  EXPECT_EQ(Timetable::Of(schedule).error().code, "time_zone.unknown");
}

}  // namespace
}  // namespace lc2::control
