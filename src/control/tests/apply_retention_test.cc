#include "control/apply_retention.h"

#include "control/backup_actions.h"
#include "control/tests/control_fixture.h"

namespace lc2::control::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kFirst = "retail-prd-backup-20251109-143000";
const std::string kSecond = "retail-prd-backup-20251110-143000";
const std::string kThird = "retail-prd-backup-20251111-143000";

// Three backups on three days, each kept for 30 days; the location waits 30 days more.
class ApplyRetentionTest : public ControlFixture {
 protected:
  ApplyRetentionTest() {
    for (const std::string& name : {kFirst, kSecond, kThird}) {
      MakeBackup(name);
      clock.Advance(std::chrono::days(1));
    }
  }
  std::vector<std::string> PlanAt(Time now) {
    EnvironmentVault at = OpenVaultOf();
    const auto plan = PlanRetention(ctx, deps(), at, now);
    EXPECT_TRUE(IsOk(plan));
    std::vector<std::string> lines;
    for (const RetentionDecision& decision : plan.value_or(std::vector<RetentionDecision>{})) {
      lines.push_back(decision.id.str().substr(18, 8) + " " +
                      std::to_string(static_cast<int>(decision.action)));
    }
    return lines;
  }
  Result<RetentionReport> Apply() {
    EnvironmentVault at = OpenVaultOf();
    return ApplyRetention(ctx, deps(), at);
  }
  // What was requested, taken back, deleted and left alone.
  std::string Counts() {
    const auto report = Apply();
    if (!report.has_value()) return report.error().code;
    return std::to_string(report->requested) + " " + std::to_string(report->withdrawn) + " " +
           std::to_string(report->deleted) + " " + std::to_string(report->left);
  }
  void Hold(const std::string& id, bool on) {
    EnvironmentVault at = OpenVaultOf();
    ASSERT_TRUE(IsOk(HoldBackup(ctx, deps(), at, BackupId(id), on, "audit")));
  }
  std::optional<Time> Delete(const std::string& id) {
    EnvironmentVault at = OpenVaultOf();
    const auto due = DeleteBackup(ctx, deps(), at, BackupId(id), "test data");
    EXPECT_TRUE(IsOk(due));
    return due.value_or(std::nullopt);
  }
  api::VerifyLevel kFull = api::VerifyLevel::kFull;
  void Verify(const std::string& id) {
    EnvironmentVault at = OpenVaultOf();
    ASSERT_TRUE(IsOk(VerifyBackup(ctx, deps(), at, BackupId(id), kFull)));
  }
  bool Alive(const std::string& id) { return RunOf(id).alive(); }
};

TEST_F(ApplyRetentionTest, NothingIsDoneBeforeAnythingExpires) {
  EXPECT_EQ(Counts(), "0 0 0 0");
  clock.JumpTo("2025-12-09T14:29:59Z");
  EXPECT_EQ(Counts(), "0 0 0 0");
  EXPECT_EQ(RunOf(kFirst).delete_not_before, std::nullopt);
}

TEST_F(ApplyRetentionTest, WhatHasExpiredIsRequestedThenDeletedAndTheLastOneStays) {
  clock.JumpTo("2026-01-01T00:00:00Z");
  EXPECT_EQ(Counts(), "2 0 0 0");
  EXPECT_EQ(Counts(), "0 0 0 0");  // once
  EXPECT_EQ(FormatRfc3339(*RunOf(kFirst).delete_not_before), "2026-01-31T00:00:00Z");
  EXPECT_EQ(RunOf(kFirst).delete_requested_by, kRetentionWho);
  EXPECT_TRUE(InVault("retail/prd/20251109-143000/manifest.json"));
  clock.JumpTo("2026-01-30T23:59:59Z");
  EXPECT_EQ(Counts(), "0 0 0 0");
  clock.JumpTo("2026-01-31T00:00:00Z");
  EXPECT_EQ(Counts(), "0 0 2 0");
  EXPECT_FALSE(InVault("retail/prd/20251109-143000/manifest.json"));
  EXPECT_FALSE(InVault("retail/prd/20251110-143000/manifest.json"));
  EXPECT_TRUE(Alive(kThird));
  EXPECT_EQ(BackupStatus(kFirst).state, api::BackupState::kExpired);
  clock.JumpTo("2030-01-01T00:00:00Z");
  EXPECT_EQ(Counts(), "0 0 0 0");
  EXPECT_TRUE(Alive(kThird));
}

TEST_F(ApplyRetentionTest, APlanForADayToComeWritesNothing) {
  const std::vector<std::string> before = KeysOf(*vault);
  EXPECT_THAT(PlanAt(ParseRfc3339("2026-01-01T00:00:00Z").value()),
              ElementsAre("20251111 0", "20251110 2", "20251109 2"));
  EXPECT_EQ(KeysOf(*vault), before);
}

TEST_F(ApplyRetentionTest, AHoldTakesTheDeletionBack) {
  clock.JumpTo("2026-01-01T00:00:00Z");
  EXPECT_EQ(Counts(), "2 0 0 0");
  Hold(kFirst, true);
  EXPECT_EQ(Counts(), "0 1 0 0");
  clock.JumpTo("2026-02-01T00:00:00Z");
  EXPECT_EQ(Counts(), "0 0 1 0");
  EXPECT_TRUE(Alive(kFirst));
  Hold(kFirst, false);
  EXPECT_EQ(Counts(), "1 0 0 0");
  EXPECT_TRUE(Alive(kFirst));  // waits anew
}

TEST_F(ApplyRetentionTest, AnExtensionTakesTheDeletionBack) {
  clock.JumpTo("2026-01-01T00:00:00Z");
  EXPECT_EQ(Counts(), "2 0 0 0");
  EnvironmentVault at = OpenVaultOf();
  const auto until = ExtendBackup(ctx, deps(), at, BackupId(kFirst), std::chrono::days(90), "law");
  ASSERT_TRUE(IsOk(until));
  EXPECT_EQ(FormatRfc3339(*until), "2026-02-07T14:30:00Z");
  EXPECT_EQ(BackupStatus(kFirst).expiration_time, *until);
  EXPECT_EQ(Counts(), "0 1 0 0");
  EXPECT_EQ(CodeOf(ExtendBackup(ctx, deps(), at, BackupId(kFirst), std::chrono::days(80), "")),
            "vault.retention_shortened");
}

// A jumped clock asks for deletions; nothing is lost when it is right again.
TEST_F(ApplyRetentionTest, AClockThatJumpsADecadeAheadLosesNothing) {
  clock.JumpTo("2035-01-01T00:00:00Z");
  EXPECT_EQ(Counts(), "2 0 0 0");
  clock.JumpTo("2025-11-12T15:00:00Z");
  EXPECT_EQ(Counts(), "0 2 0 0");
  EXPECT_TRUE(Alive(kFirst) && Alive(kSecond));
}

TEST_F(ApplyRetentionTest, DamageOfANewerBackupKeepsTheOlderOnes) {
  clock.JumpTo("2026-01-01T00:00:00Z");
  EXPECT_EQ(Counts(), "2 0 0 0");
  // All three share their objects: none is good any more.
  for (const std::string& path : KeysOf(*vault, "retail/prd/pool/")) Damage(path);
  Verify(kThird);
  EXPECT_EQ(Counts(), "0 2 0 0");
  clock.JumpTo("2027-01-01T00:00:00Z");
  EXPECT_EQ(Counts(), "0 0 0 0");
}

TEST_F(ApplyRetentionTest, APersonsDeletionIsCarriedOutAndNeverTakenBack) {
  const auto due = Delete(kThird);
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(Counts(), "0 0 0 0");
  clock.JumpTo(FormatRfc3339(*due));
  EXPECT_EQ(Counts().substr(4), "1 0");
  EXPECT_FALSE(Alive(kThird));
}

TEST_F(ApplyRetentionTest, APersonMakesRetentionsDeletionTheirOwn) {
  clock.JumpTo("2026-01-01T00:00:00Z");
  EXPECT_EQ(Counts(), "2 0 0 0");
  clock.JumpTo("2026-01-10T00:00:00Z");
  const auto due = Delete(kFirst);
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(FormatRfc3339(*due), "2026-01-31T00:00:00Z");  // as it was shown
  EXPECT_EQ(RunOf(kFirst).delete_requested_by, "alice@host");
  EnvironmentVault at = OpenVaultOf();
  ASSERT_TRUE(IsOk(ExtendBackup(ctx, deps(), at, BackupId(kFirst), std::chrono::days(365), "")));
  EXPECT_EQ(Counts(), "0 0 0 0");  // the person's wish stands
}

TEST_F(ApplyRetentionTest, AHeldBackupThatRetentionWantedGoneIsNotDeletedForAPerson) {
  clock.JumpTo("2026-01-01T00:00:00Z");
  EXPECT_EQ(Counts(), "2 0 0 0");
  Hold(kFirst, true);
  const std::int64_t entries = RunOf(kFirst).entries;
  EnvironmentVault at = OpenVaultOf();
  EXPECT_EQ(CodeOf(DeleteBackup(ctx, deps(), at, BackupId(kFirst), "")), "vault.held");
  EXPECT_EQ(RunOf(kFirst).entries, entries);
}

TEST_F(ApplyRetentionTest, AnUnreadableLogStopsEverything) {
  clock.JumpTo("2026-01-01T00:00:00Z");
  const std::string log = "retail/prd/control/runs/" + RunOf(kThird).run.str() + "/000001.json";
  ASSERT_TRUE(InVault(log));
  const std::string bytes = vault->Get(ctx, log).value();
  ASSERT_TRUE(IsOk(vault->Delete(ctx, log)));
  EnvironmentVault at = OpenVaultOf();
  const auto plan = PlanRetention(ctx, deps(), at, ctx.clock().Now());
  EXPECT_EQ(CodeOf(plan), "retention.unreadable_log");
  EXPECT_THAT(plan.error().message, HasSubstr("of 'retail-prd'"));
  EXPECT_EQ(Counts(), "retention.unreadable_log");
  ASSERT_TRUE(IsOk(vault->Put(ctx, {.key = log, .body = bytes})));
  EXPECT_EQ(Counts(), "2 0 0 0");
}

// Decisions made on a log that has grown since are not recorded.
TEST_F(ApplyRetentionTest, AStalePlanDecidesNothing) {
  clock.JumpTo("2026-01-01T00:00:00Z");
  EXPECT_EQ(Counts(), "2 0 0 0");
  clock.JumpTo("2026-02-01T00:00:00Z");
  EnvironmentVault at = OpenVaultOf();
  const vault::RunFacts seen = RunOf(kFirst);
  ASSERT_TRUE(IsOk(ExtendBackup(ctx, deps(), at, BackupId(kFirst), std::chrono::days(365), "")));
  const vault::By by{.who = kRetentionWho, .why = "old", .seen = seen.entries};
  const vault::Vault& decided = at.session->vault();
  EXPECT_EQ(CodeOf(vault::ExecuteDeletion(ctx, decided, kRetail, seen.run, by)), "vault.log_moved");
  EXPECT_EQ(CodeOf(vault::WithdrawDeletion(ctx, decided, kRetail, seen.run, by)),
            "vault.log_moved");
  EXPECT_TRUE(Alive(kFirst));
  EXPECT_EQ(RunOf(kFirst).entries, seen.entries + 1);
  EXPECT_EQ(Counts(), "0 1 1 0");  // the extended one is taken back, the other goes
}

TEST_F(ApplyRetentionTest, WhatSomebodyDecidesAtTheSameTimeStands) {
  clock.JumpTo("2026-01-01T00:00:00Z");
  bool held = false;
  gate.before_write = [&](int) {
    if (!std::exchange(held, true)) Hold(kSecond, true);
  };
  EXPECT_EQ(Counts(), "1 0 0 1");
  EXPECT_EQ(RunOf(kSecond).hold, "audit");
  EXPECT_EQ(RunOf(kSecond).delete_not_before, std::nullopt);
  EXPECT_TRUE(RunOf(kFirst).delete_not_before.has_value());
}

TEST_F(ApplyRetentionTest, ADeletionCutShortIsTakenUpAgain) {
  clock.JumpTo("2026-01-01T00:00:00Z");
  EXPECT_EQ(Counts(), "2 0 0 0");
  clock.JumpTo("2026-02-01T00:00:00Z");
  const Context stopped = [&] {
    std::stop_source stop;
    stop.request_stop();
    return ctx.WithStop(stop.get_token());
  }();
  EnvironmentVault at = OpenVaultOf();
  EXPECT_FALSE(IsOk(ApplyRetention(stopped, deps(), at)));
  EXPECT_TRUE(Alive(kFirst) && Alive(kSecond));
  EXPECT_EQ(Counts(), "0 0 2 0");
}

}  // namespace
}  // namespace lc2::control::testing
