#include "control/retention.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "control/tests/retention_world.h"

namespace lc2::control {
namespace {

using std::chrono::days;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using World = RetentionWorld;

TEST(DecideRetention, NothingComesOfNothing) { EXPECT_THAT(World("2026-11-26").Plan(), IsEmpty()); }

TEST(DecideRetention, ExpiryAloneDecidesWhereThereAreNoRules) {
  World world("2026-11-26");
  world.Backup("2026-11-25");
  world.Backup("2026-11-20");
  world.Backup("2026-11-19");                            // expires this very moment
  world.Backup("2026-11-01").schedule = std::nullopt;    // a person's
  world.Backup("2026-10-31").schedule = "given up";      // a schedule that has gone
  world.Backup("2026-10-30").expires_at = std::nullopt;  // imported
  EXPECT_THAT(world.Plan(),
              ElementsAre("20261125-020000 keep: the last good backup; expires 2026-12-02",
                          "20261120-020000 keep: expires 2026-11-27",
                          "20261119-020000 request: expired 2026-11-26; no rule keeps it; "
                          "to be deleted from 2026-12-26T02:00:00Z",
                          "20261101-020000 request: expired 2026-11-08; no rule keeps it; "
                          "to be deleted from 2026-12-26T02:00:00Z",
                          "20261031-020000 request: expired 2026-11-07; no rule keeps it; "
                          "to be deleted from 2026-12-26T02:00:00Z",
                          "20261030-020000 keep: never expires"));
}

TEST(DecideRetention, ADeletionIsRequestedThenWaitsThenIsDone) {
  World world("2026-11-26T02:00:00.5Z");
  world.Backup("2026-11-25");
  RunToRetain& old = world.Backup("2026-11-01");
  const RetentionDecision request = world.Decide().at(1);
  ASSERT_EQ(request.action, RetentionAction::kRequestDeletion);
  EXPECT_EQ(request.not_before, At("2026-12-26T02:00:01Z"));  // whole seconds, never earlier

  old.deletion = {.not_before = *request.not_before, .requested_by = kRetentionWho};
  world.SetNow("2026-12-26T02:00:00.9Z");
  EXPECT_EQ(world.Of(old),
            "wait: expired 2026-11-08; no rule keeps it; "
            "retention requested its deletion, due 2026-12-26T02:00:01Z");
  world.SetNow("2026-12-26T02:00:01Z");
  EXPECT_THAT(world.Of(old), HasSubstr("delete: expired 2026-11-08"));
  EXPECT_EQ(world.Decide().at(1).not_before, request.not_before);
  old.deleted = true;
  EXPECT_EQ(world.Of(old), "not in the plan");
}

TEST(DecideRetention, WithoutADelayADeletionIsStillRequestedFirst) {
  World world("2026-11-26");
  world.policy().soft_delete = days(0);
  world.Backup("2026-11-25");
  RunToRetain& old = world.Backup("2026-11-01");
  EXPECT_THAT(world.Of(old), HasSubstr("to be deleted from 2026-11-26T02:00:00Z"));
  world.policy().soft_delete = days(-5);
  EXPECT_THAT(world.Of(old), HasSubstr("to be deleted from 2026-11-26T02:00:00Z"));
  old.deletion = By(kRetentionWho, "2026-11-26");
  EXPECT_THAT(world.Of(old), HasSubstr("delete: "));
}

TEST(DecideRetention, NeverTheLastGoodBackup) {
  World world("2026-11-26");
  world.Backup("2026-05-02").outcome = RunOutcome::kDamaged;
  RunToRetain& good = world.Backup("2026-05-01");
  world.Backup("2026-04-30");
  world.Backup("2026-05-04").deleted = true;
  EXPECT_EQ(world.Of(good), "keep: the last good backup");
  EXPECT_THAT(world.Kept(), ElementsAre("0501"));
  EXPECT_EQ(world.Of(world.runs().at(0)),
            "request: expired 2026-05-09; no rule keeps it; "
            "to be deleted from 2026-12-26T02:00:00Z; found damaged: no rule counts it");
}

TEST(DecideRetention, WithoutAGoodBackupNothingGoes) {
  World world("2026-11-26");
  for (const char* made : {"2026-05-02", "2026-05-01"}) {
    world.Backup(made).outcome = RunOutcome::kDamaged;
  }
  world.runs().at(1).deletion = By(kRetentionWho, "2026-10-01");
  EXPECT_THAT(
      world.Plan(),
      ElementsAre("20260502-020000 keep: no good backup to fall back on: nothing is deleted until "
                  "there is one; found damaged: no rule counts it",
                  "20260501-020000 withdraw: no good backup to fall back on: nothing is deleted "
                  "until there is one; retention takes back its deletion, due "
                  "2026-10-01T02:00:00Z; found damaged: no rule counts it"));
}

TEST(DecideRetention, HoldsAlwaysWin) {
  World world("2026-11-26");
  world.Backup("2026-11-25");
  RunToRetain& held = world.Backup("2026-01-01");
  held.hold = "legal case 7";
  EXPECT_EQ(world.Of(held), "keep: held: legal case 7");
  held.deletion = By(kRetentionWho, "2026-03-01");
  EXPECT_EQ(world.Of(held),
            "withdraw: held: legal case 7; retention takes back its deletion, due "
            "2026-03-01T02:00:00Z");
  held.deletion = By("alice", "2026-03-01");
  EXPECT_EQ(world.Of(held),
            "keep: held: legal case 7; 'alice' wants it deleted, due 2026-03-01T02:00:00Z; not "
            "while that keeps it");
  held.hold = std::nullopt;
  EXPECT_THAT(world.Of(held), HasSubstr("delete: "));
}

TEST(DecideRetention, AnExtensionTakesBackADeletionOfRetention) {
  World world("2026-11-26");
  world.Backup("2026-11-25");
  RunToRetain& old = world.Backup("2026-11-01");
  old.deletion = By(kRetentionWho, "2026-12-20");
  old.expires_at = At("2027-01-01");
  EXPECT_EQ(world.Of(old),
            "withdraw: expires 2027-01-01; retention takes back its deletion, due "
            "2026-12-20T02:00:00Z");
}

TEST(DecideRetention, APersonsDeletionIsCarriedOutWhenDue) {
  World world("2026-11-26");
  world.Backup("2026-11-24");
  RunToRetain& unwanted = world.Backup("2026-11-25");
  unwanted.deletion = By("alice", "2026-11-27");
  world.rules().last = 1;
  EXPECT_EQ(world.Of(unwanted),
            "wait: 'alice' wants it deleted, due 2026-11-27T02:00:00Z; "
            "that is before it expires 2026-12-02");
  world.SetNow("2026-11-27");
  EXPECT_THAT(world.Of(unwanted), HasSubstr("delete: 'alice' wants it deleted"));
}

TEST(DecideRetention, WhatAPersonIsRidOfTakesNothingElseWithIt) {
  World world("2026-11-26");
  world.rules() = {.last = 1, .daily = 1};
  RunToRetain& unwanted = world.Backup("2026-05-02T03:00:00Z");
  RunToRetain& other = world.Backup("2026-05-02T02:00:00Z");
  EXPECT_THAT(world.Of(other), HasSubstr("request: "));
  unwanted.deletion = By("alice", "2026-12-01");
  EXPECT_EQ(world.Of(other),
            "keep: the last good backup; among the newest (last 1 of 1); "
            "newest of day 2026-05-02 (daily 1 of 1)");
}

TEST(DecideRetention, APersonMayDeleteTheLastGoodBackup) {
  World world("2026-11-26");
  RunToRetain& last = world.Backup("2026-05-02");
  RunToRetain& damaged = world.Backup("2026-05-01");
  damaged.outcome = RunOutcome::kDamaged;
  last.deletion = By("alice", "2026-12-01");
  EXPECT_EQ(
      world.Of(last),
      "wait: 'alice' wants it deleted, due 2026-12-01T02:00:00Z; no good backup will be left");
  EXPECT_THAT(world.Of(damaged), HasSubstr("keep: no good backup to fall back on"));
  damaged.deletion = By("alice", "2026-12-01");
  EXPECT_EQ(world.Of(damaged),
            "wait: 'alice' wants it deleted, due 2026-12-01T02:00:00Z; "
            "found damaged: no rule counts it");
}

TEST(DecideRetention, EachPeriodKeepsItsNewest) {
  World world("2027-11-26");
  for (const char* made : {"2026-11-20T02:00:00Z", "2026-11-20T02:59:59Z", "2026-11-20T03:00:00Z",
                           "2026-11-18T23:59:59Z", "2026-11-15T12:00:00Z", "2026-10-31T12:00:00Z",
                           "2025-12-31T12:00:00Z"}) {
    world.Backup(made);
  }
  world.rules() = {.hourly = 2, .daily = 2, .weekly = 2, .monthly = 2, .yearly = 2};
  EXPECT_THAT(
      world.Plan(),
      ElementsAre(
          "20261120-030000 keep: the last good backup; newest of hour 2026-11-20T03 (hourly 1 of "
          "2); newest of day 2026-11-20 (daily 1 of 2); newest of week 2026-W47 (weekly 1 of 2); "
          "newest of month 2026-11 (monthly 1 of 2); newest of year 2026 (yearly 1 of 2)",
          "20261120-025959 keep: newest of hour 2026-11-20T02 (hourly 2 of 2)",
          HasSubstr("20261120-020000 request: "),
          // A day without a backup uses up nothing.
          "20261118-235959 keep: newest of day 2026-11-18 (daily 2 of 2)",
          "20261115-120000 keep: newest of week 2026-W46 (weekly 2 of 2)",
          "20261031-120000 keep: newest of month 2026-10 (monthly 2 of 2)",
          "20251231-120000 keep: newest of year 2025 (yearly 2 of 2)"));
}

TEST(DecideRetention, WeeksAreThoseOfIso8601) {
  World world("2027-11-26");
  for (const char* made : {"2020-12-27", "2020-12-28", "2021-01-03", "2021-01-04", "2024-12-29",
                           "2024-12-30", "2025-01-05", "2026-12-31", "2027-01-01", "2027-01-03"}) {
    world.Backup(made);
  }
  world.rules().weekly = 100;
  std::vector<std::string> weeks;
  for (const std::string& line : world.Plan()) {
    const std::size_t at = line.find("-W");
    if (at != std::string::npos) weeks.push_back(line.substr(4, 4) + " " + line.substr(at - 4, 8));
  }
  EXPECT_THAT(weeks, ElementsAre("0103 2026-W53", "0105 2025-W01", "1229 2024-W52", "0104 2021-W01",
                                 "0103 2020-W53", "1227 2020-W52"));
}

TEST(DecideRetention, ALeapDayIsADayOfItsOwn) {
  World world("2029-01-01");
  for (const char* made : {"2028-02-28", "2028-02-29", "2028-03-01"}) world.Backup(made);
  world.rules() = {.daily = 2, .monthly = 2};
  EXPECT_EQ(world.Of(world.runs().at(1)),
            "keep: newest of day 2028-02-29 (daily 2 of 2); "
            "newest of month 2028-02 (monthly 2 of 2)");
  EXPECT_THAT(world.Kept(), ElementsAre("0229", "0301"));
}

TEST(DecideRetention, DamagedAndDeletedOnesTakeNoPeriod) {
  World world("2026-11-26");
  world.rules().daily = 2;
  world.Backup("2026-05-02T03:00:00Z").outcome = RunOutcome::kDamaged;
  world.Backup("2026-05-02T02:00:00Z");
  world.Backup("2026-05-01T03:00:00Z").deleted = true;
  world.Backup("2026-05-01T02:00:00Z");
  EXPECT_THAT(world.Kept(), ElementsAre("0501", "0502"));
}

TEST(DecideRetention, SchedulesDoNotCountEachOthersBackups) {
  World world("2026-11-26");
  world.rules().last = 1;
  world.policy().schedules["hourly"].last = 1;
  world.Backup("2026-05-04").schedule = std::nullopt;
  world.Backup("2026-05-03").schedule = "hourly";
  world.Backup("2026-05-02").schedule = "hourly";
  world.Backup("2026-05-01");
  EXPECT_THAT(world.Kept(), ElementsAre("0501", "0503", "0504"));
}

TEST(DecideRetention, EqualTimesAreOrderedById) {
  World world("2026-11-26");
  world.rules().last = 1;
  world.Backup("2026-05-01", "-0a");
  world.Backup("2026-05-01", "-0b");
  world.Backup("2026-05-01");
  const auto plan = world.Plan();
  EXPECT_THAT(plan.at(0), HasSubstr("20260501-020000-0b keep: the last good backup; among the"));
  EXPECT_THAT(plan.at(1), HasSubstr("-0a request"));
  std::sort(world.runs().begin(), world.runs().end(),
            [](const auto& a, const auto& b) { return a.run < b.run; });
  do {
    EXPECT_EQ(world.Plan(), plan);
  } while (std::next_permutation(world.runs().begin(), world.runs().end(),
                                 [](const auto& a, const auto& b) { return a.run < b.run; }));
}

TEST(DecideRetention, AClockADayBehindDeletesNothingMore) {
  World world("2026-11-25T02:00:00Z");  // truly the 26th
  world.rules().daily = 2;
  world.Backup("2026-11-26").expires_at = At("2026-11-20");
  world.Backup("2026-11-24").expires_at = At("2026-11-20");
  world.Backup("2026-11-23").expires_at = At("2026-11-20");
  world.Backup("2026-11-26", "-unwanted").deletion = By("alice", "2026-11-24");
  EXPECT_THAT(
      world.Plan(),
      ElementsAre("20261126-020000-unwanted keep: made 2026-11-26T02:00:00Z, which is still to "
                  "come: has a clock jumped?; 'alice' wants it deleted, due 2026-11-24T02:00:00Z; "
                  "not while that keeps it",
                  "20261126-020000 keep: made 2026-11-26T02:00:00Z, which is still to come: has a "
                  "clock jumped?",
                  "20261124-020000 keep: the last good backup; newest of day 2026-11-24 (daily 1 "
                  "of 2)",
                  "20261123-020000 keep: newest of day 2026-11-23 (daily 2 of 2)"));
}

TEST(DecideRetention, AClockThatJumpsForthAndBackHasOnlyAskedForDeletions) {
  World world("2027-11-26");  // a year ahead
  world.Backup("2026-11-25");
  RunToRetain& older = world.Backup("2026-11-24");
  ASSERT_THAT(world.Of(older), HasSubstr("request: "));
  older.deletion = By(kRetentionWho, "2027-12-26");
  world.SetNow("2026-11-26");
  EXPECT_THAT(world.Of(older), HasSubstr("withdraw: expires 2026-12-01"));
}

TEST(DecideRetention, ARunningOneIsNeverTouched) {
  World world("2026-11-26");
  world.Backup("2026-11-22");
  world.Backup("2026-11-26").outcome = RunOutcome::kOpen;
  EXPECT_THAT(world.Plan(),
              ElementsAre("20261126-020000 keep: still running",
                          "20261122-020000 keep: the last good backup; expires 2026-11-29"));
}

}  // namespace
}  // namespace lc2::control
