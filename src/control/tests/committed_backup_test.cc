// What becomes of a backup once its attempt has ended.
#include "control/backup_reconciler.h"
#include "control/safeguard.h"
#include "control/tests/control_fixture.h"

namespace lc2::control::testing {
namespace {

class CommittedBackup : public ControlFixture {};

TEST_F(CommittedBackup, MissingDocumentsFailTheRunWithTheVerdict) {
  references = {
      {"20097/20123/1001/1.0", 3}, {"20097/20123/1002/1.0", 3}, {"20097/20123/9999/1.0", 5}};
  const Reconciled made = MakeBackup();
  ASSERT_TRUE(made.error.has_value());
  EXPECT_EQ(made.error->code, "crosscheck.incomplete");
  ASSERT_TRUE(BackupStatus().consistency.has_value());
  EXPECT_EQ(BackupStatus().consistency->missing, 1);
  EXPECT_EQ(BackupStatus().consistency->orphans, 1);
  EXPECT_FALSE(InVault("retail/prd/20251109-143000/manifest.json"));
}

TEST_F(CommittedBackup, ACommitWithoutManifestIsFinishedByWhoeverSeesIt) {
  MakeBackup();
  const std::string manifest = Manifest();
  const std::string folder = "retail/prd/20251109-143000/";
  for (const std::string& path : {folder + "manifest.json", folder + "manifest.sig",
                                  "backup-metadata/" + std::string(kName) + ".json"}) {
    ASSERT_TRUE(IsOk(vault->Delete(ctx, path)));
  }
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_EQ(Manifest(), manifest);
  EXPECT_TRUE(InVault(folder + "manifest.sig"));
  EXPECT_TRUE(InVault("backup-metadata/" + std::string(kName) + ".json"));
}

TEST_F(CommittedBackup, TheNextBackupFinishesTheCommitOfItsBase) {
  MakeBackup();
  ASSERT_TRUE(IsOk(vault->Delete(ctx, "retail/prd/20251109-143000/manifest.json")));
  clock.Advance(std::chrono::hours(1));
  Create(Backup("later"));
  EXPECT_FALSE(Make("later").error.has_value());
  EXPECT_TRUE(InVault("retail/prd/20251109-143000/manifest.json"));
  EXPECT_EQ(std::get<engine::BackupRun>(platform.launched.back()).base->backup_id->str(), kName);
}

TEST_F(CommittedBackup, ADeletedBackupIsRemovedAgainAndShownExpired) {
  MakeBackup();
  const std::string path = "retail/prd/20251109-143000/manifest.json";
  const std::string manifest = Manifest();
  EnvironmentVault at = OpenVaultOf();
  const vault::By by{.who = "bob", .why = "test"};
  const RunId run = RunOf().run;
  ASSERT_TRUE(
      IsOk(vault::RequestDeletion(ctx, at.session->vault(), kRetail, run, clock.Now(), by)));
  ASSERT_TRUE(IsOk(vault::ExecuteDeletion(ctx, at.session->vault(), kRetail, run, by)));
  ASSERT_TRUE(IsOk(vault->Put(ctx, {.key = path, .body = manifest})));
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_FALSE(InVault(path));
  EXPECT_EQ(BackupStatus().state, api::BackupState::kExpired);
  EXPECT_EQ(Text(BackupStatus().conditions, "Expired"), "True/Deleted");
  EXPECT_EQ(catalog->Get(ctx, kRetail, BackupId(kName)).value().state,
            catalog::BackupState::kDeleted);
}

TEST_F(CommittedBackup, ADamagedManifestIsShownNotStumbledOver) {
  MakeBackup();
  Damage("retail/prd/20251109-143000/manifest.json");
  EnvironmentVault at = OpenVaultOf();
  ASSERT_TRUE(IsOk(
      vault::RecordVerified(ctx, at.session->vault(), kRetail, RunOf().run,
                            {.level = "Full", .result = "Damaged", .damaged = {"manifest.json"}},
                            {.who = "bob", .why = "verification"})));
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  ASSERT_TRUE(look->error.has_value());
  EXPECT_EQ(look->error->kind, ErrorKind::kCorrupt);
  EXPECT_EQ(Text(BackupStatus().conditions, "Verified"), "False/Damaged");
  EXPECT_EQ(Text(BackupStatus().conditions, "Succeeded"), "True/Committed");
}

TEST_F(CommittedBackup, ADamagedLogStallsTheRequestWithTheReason) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  const RunId run = RunOf().run;
  const std::string entry = vault::ControlEntryKey(kRetail, run, 1);
  ASSERT_TRUE(IsOk(vault->Delete(ctx, entry)));
  ASSERT_TRUE(IsOk(vault->Put(ctx, {.key = entry, .body = "{"})));
  EXPECT_EQ(CodeOf(Look()), "vault.log_entry");
  EXPECT_EQ(Text(BackupStatus().conditions, "Stalled"), "True/Corrupt");
  EXPECT_EQ(Text(BackupStatus().conditions, "Succeeded"), "Unknown/Running");
}

TEST_F(CommittedBackup, ACatalogueThatCannotBeWrittenStopsNoBackup) {
  Create(Backup());
  BreakCatalogue();
  EXPECT_FALSE(Make().error.has_value());
  EXPECT_EQ(BackupStatus().state, api::BackupState::kSucceeded);
}

TEST_F(CommittedBackup, WithoutAKeyTheBackupIsUnsigned) {
  Create(Backup());
  WorkOnLaunch();
  Deps unsigned_deps = deps();
  unsigned_deps.signing_key = nullptr;
  ASSERT_TRUE(IsOk(ReconcileBackup(ctx, unsigned_deps, kNamespace, kName)));
  ASSERT_TRUE(IsOk(ReconcileBackup(ctx, unsigned_deps, kNamespace, kName)));
  EXPECT_EQ(Text(BackupStatus().conditions, "Signed"), "False/Unsigned");
}

TEST_F(CommittedBackup, AnAnnotationAloneMakesNoSafeguard) {
  references = {{"20097/20123/1001/1.0", 3}, {"20097/20123/9999/1.0", 5}};
  MakeBackup("retail-prd-backup-20251109-142900");
  api::BackupRequest forged = Backup();
  forged.metadata.annotations[kSafeguardAnnotation] = "some-restore";
  Create(forged);
  Make();
  EXPECT_FALSE(std::get<engine::BackupRun>(platform.launched.back()).safeguard);
  EXPECT_EQ(BackupStatus().state, api::BackupState::kFailed);
}

}  // namespace
}  // namespace lc2::control::testing
