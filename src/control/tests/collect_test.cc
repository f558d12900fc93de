#include "control/collect.h"

#include <algorithm>

#include "control/backup_actions.h"
#include "control/rebuild.h"
#include "control/tests/control_fixture.h"

namespace lc2::control::testing {
namespace {

class CollectTest : public ControlFixture {
 protected:
  Result<CollectionReport> Collect(const CollectOptions& options = {}) {
    return CollectEnvironment(ctx, deps(), kRetail, options);
  }
  std::size_t Objects() { return KeysOf(*vault, "retail/prd/pool/").size(); }
  // The log says `deleted`, and nothing else was done.
  void DecideDeletion(const std::string& backup) {
    EnvironmentVault at = OpenVaultOf();
    const RunId run = RunOf(backup).run;
    const vault::By by{.who = "test", .why = "test"};
    ASSERT_TRUE(
        IsOk(vault::RequestDeletion(ctx, at.session->vault(), kRetail, run, clock.Now(), by)));
    ASSERT_TRUE(IsOk(vault::AppendEvent(
        ctx, at.session->vault(), kRetail, run,
        [](const auto&, const auto&) -> Result<std::optional<vault::Event>> {
          return std::optional(vault::Event{.body = vault::Deleted{}, .who = "t", .why = "t"});
        })));
  }
  std::ptrdiff_t Audited(std::string_view action) {
    const std::vector<std::string> keys = KeysOf(*vault, "audit/");
    return std::count_if(keys.begin(), keys.end(), [&](const std::string& key) {
      return vault->Get(ctx, key).value().find("\"" + std::string(action) + "\"") !=
             std::string::npos;
    });
  }
  void Delete(const std::string& backup) {
    EnvironmentVault at = OpenVaultOf();
    const RunId run = RunOf(backup).run;
    const vault::By by{.who = "test", .why = "test"};
    ASSERT_TRUE(
        IsOk(vault::RequestDeletion(ctx, at.session->vault(), kRetail, run, clock.Now(), by)));
    ASSERT_TRUE(IsOk(vault::ExecuteDeletion(ctx, at.session->vault(), kRetail, run, by)));
  }
};

TEST_F(CollectTest, WhatADeletedBackupLeftGoesAndADryRunOnlySaysSo) {
  MakeBackup();
  ASSERT_EQ(Objects(), 3U);
  const auto nothing = Collect({.full = true});
  ASSERT_TRUE(IsOk(nothing));
  EXPECT_FALSE(nothing->list);
  Delete(kName);
  const auto dry = Collect({.dry_run = true});
  ASSERT_TRUE(IsOk(dry));
  EXPECT_GE(dry->plan.garbage_objects, 3);
  EXPECT_EQ(dry->removed_objects, 0);
  EXPECT_EQ(Objects(), 3U);
  EXPECT_TRUE(KeysOf(*vault, "retail/prd/control/collections/").empty());
  const auto done = Collect();
  ASSERT_TRUE(IsOk(done));
  EXPECT_EQ(done->removed_objects, dry->plan.garbage_objects);
  EXPECT_EQ(Objects(), 0U);
  EXPECT_EQ(KeysOf(*vault, "retail/prd/control/collections/").size(), 2U);
  EXPECT_TRUE(Collect({.full = true})->plan.items.empty());
}

TEST_F(CollectTest, AStaleRunIsClosedOnlyWhenItIsOldAndLost) {
  platform.on_launch = [&](const AttemptWork& work) { (void)Work(work); };  // and goes on running
  Create(Backup());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(IsOk(Look()));
  ASSERT_TRUE(RunOf().open());
  clock.Advance(std::chrono::hours(23));
  platform.LoseAll();
  EXPECT_TRUE(Collect()->closed_runs.empty());
  clock.Advance(std::chrono::hours(2));
  platform.unreachable = Error{.kind = ErrorKind::kUnavailable, .code = "test.away"};
  EXPECT_TRUE(Collect()->closed_runs.empty());
  platform.unreachable.reset();
  EXPECT_EQ(Collect({.dry_run = true})->closed_runs.size(), 1U);
  EXPECT_TRUE(RunOf().open());
  EXPECT_EQ(Collect()->closed_runs.size(), 1U);
  EXPECT_EQ(catalog->Get(ctx, kRetail, BackupId(kName))->state, catalog::BackupState::kFailed);
  ASSERT_TRUE(RunOf().abandoned);
  EXPECT_EQ(RunOf().abandoned->reason, vault::AbandonReason::kLost);
  // What it left stays for a week.
  EXPECT_EQ(Objects(), 3U);
  clock.Advance(std::chrono::hours(24 * 8));
  EXPECT_TRUE(IsOk(Collect()));
  EXPECT_EQ(Objects(), 0U);
}

// Also by a collection that finds the run closed, as the one that closed it was killed then.
TEST_F(CollectTest, ARunThatWasClosedIsShownAsFailed) {
  platform.on_launch = [&](const AttemptWork& work) { (void)Work(work); };
  Create(Backup());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(IsOk(Look()));
  clock.Advance(std::chrono::hours(25));
  platform.LoseAll();
  const auto state = [&] { return catalog->Get(ctx, kRetail, BackupId(kName))->state; };
  ASSERT_EQ(state(), catalog::BackupState::kInProgress);
  EXPECT_EQ(Collect({.dry_run = true})->closed_runs.size(), 1U);
  EXPECT_EQ(state(), catalog::BackupState::kInProgress);
  EnvironmentVault at = OpenVaultOf();
  ASSERT_TRUE(IsOk(vault::AbandonRun(ctx, at.session->vault(), kRetail, RunOf().run,
                                     {.reason = vault::AbandonReason::kLost}, "test", "test")));
  EXPECT_TRUE(Collect({.dry_run = true})->closed_runs.empty());
  EXPECT_EQ(state(), catalog::BackupState::kInProgress);
  EXPECT_TRUE(Collect()->closed_runs.empty());
  EXPECT_EQ(state(), catalog::BackupState::kFailed);
}

// Its process was killed right after the decision, and nobody gave the command again.
TEST_F(CollectTest, ADeletionThatWasCutShortIsCarriedOut) {
  MakeBackup();
  DecideDeletion(kName);
  ASSERT_FALSE(KeysOf(*vault, "backup-metadata/").empty());
  EXPECT_TRUE(IsOk(Collect({.dry_run = true})));
  EXPECT_FALSE(KeysOf(*vault, "backup-metadata/").empty());
  EXPECT_TRUE(IsOk(Collect()));
  EXPECT_TRUE(KeysOf(*vault, "backup-metadata/").empty());
  EXPECT_TRUE(KeysOf(*vault, "retail/prd/20251109-143000/").empty());
  EXPECT_EQ(catalog->Get(ctx, kRetail, BackupId(kName))->state, catalog::BackupState::kDeleted);
  EXPECT_EQ(Audited("backup.deleted"), 1);
}

// What could not be carried out is not shown as if it were: the next collection goes on with it.
TEST_F(CollectTest, ADeletionThatFailsIsTriedAgain) {
  MakeBackup();
  DecideDeletion(kName);
  vault->Plan({.operation = "delete", .key_part = "backup-metadata/", .times = 2});
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(IsOk(Collect()));
    ASSERT_FALSE(KeysOf(*vault, "backup-metadata/").empty());
    EXPECT_EQ(catalog->Get(ctx, kRetail, BackupId(kName))->state, catalog::BackupState::kSucceeded);
  }
  EXPECT_TRUE(IsOk(Collect()));
  EXPECT_TRUE(KeysOf(*vault, "backup-metadata/").empty());
  EXPECT_EQ(catalog->Get(ctx, kRetail, BackupId(kName))->state, catalog::BackupState::kDeleted);
}

TEST_F(CollectTest, ARebuiltCatalogueCarriesOutADeletionToo) {
  MakeBackup();
  DecideDeletion(kName);
  EnvironmentVault at = OpenVaultOf();
  ASSERT_TRUE(IsOk(RebuildCatalog(ctx, deps(), *at.session)));
  EXPECT_TRUE(KeysOf(*vault, "backup-metadata/").empty());
  EXPECT_EQ(Audited("backup.deleted"), 1);
}

TEST_F(CollectTest, AListThatWasLeftIsCarriedOutFirst) {
  MakeBackup();
  Delete(kName);
  const auto plan = vault::PlanCollection(ctx, *vault, kRetail);
  ASSERT_TRUE(IsOk(plan));
  ASSERT_TRUE(IsOk(vault::WriteCollection(ctx, *vault, kRetail, plan->items)));
  EXPECT_EQ(Collect({.dry_run = true})->resumed_lists, 1);
  EXPECT_EQ(Objects(), 3U);
  const auto report = Collect();
  ASSERT_TRUE(IsOk(report));
  EXPECT_EQ(report->resumed_lists, 1);
  EXPECT_FALSE(report->list);
  EXPECT_EQ(Objects(), 0U);
}

}  // namespace
}  // namespace lc2::control::testing
