#include "control/backup_actions.h"

#include "control/rebuild.h"
#include "control/tests/control_fixture.h"

namespace lc2::control::testing {
namespace {

const BackupId kId{kName};

class BackupActions : public ControlFixture {
 protected:
  catalog::BackupRecord Record(const std::string& id = kName) {
    return catalog->Get(ctx, kRetail, BackupId(id)).value();
  }
  std::string PoolObject() { return KeysOf(*vault, "retail/prd/pool/").front(); }
  Result<VerifyOutcome> Verify(api::VerifyLevel level) {
    EnvironmentVault at = OpenVaultOf();
    return VerifyBackup(ctx, deps(), at, kId, level);
  }
  Result<void> Hold(bool on, const std::string& reason) {
    EnvironmentVault at = OpenVaultOf();
    return HoldBackup(ctx, deps(), at, kId, on, reason);
  }
  Result<std::optional<Time>> Delete() {
    EnvironmentVault at = OpenVaultOf();
    return DeleteBackup(ctx, deps(), at, kId, "test");
  }
  Result<void> Keep() {
    EnvironmentVault at = OpenVaultOf();
    return KeepBackup(ctx, deps(), at, kId, "needed");
  }
  Result<std::int64_t> Accept(const std::string& id) {
    EnvironmentVault at = OpenVaultOf();
    return AcceptMissing(ctx, deps(), at, BackupId(id), "gone for good");
  }
};

TEST_F(BackupActions, AGoodBackupVerifies) {
  MakeBackup();
  for (const auto level : {api::VerifyLevel::kExists, api::VerifyLevel::kFull}) {
    const auto outcome = Verify(level);
    ASSERT_TRUE(IsOk(outcome));
    EXPECT_TRUE(outcome->report.passed());
    EXPECT_EQ(outcome->run_id, RunOf().run.str());
    EXPECT_EQ(Record().verified_level, codec::Word(level));
    EXPECT_EQ(Record().verified_result, "Passed");
  }
  EXPECT_EQ(Text(BackupStatus().conditions, "Verified"), "True/Passed");
}

TEST_F(BackupActions, DamageIsNamedAndShown) {
  MakeBackup();
  Damage(PoolObject());
  EXPECT_TRUE(Verify(api::VerifyLevel::kExists)->report.passed());
  const auto outcome = Verify(api::VerifyLevel::kFull);
  ASSERT_TRUE(IsOk(outcome));
  EXPECT_EQ(outcome->report.damaged, 1);
  const std::string damaged = outcome->report.damages.at(0).key;
  EXPECT_TRUE(kFiles.contains(damaged));
  EXPECT_EQ(Record().verified_result, "Damaged");
  EXPECT_EQ(Text(BackupStatus().conditions, "Verified"), "False/Damaged");
  EXPECT_THAT(MessageOf(BackupStatus().conditions, "Verified"), ::testing::HasSubstr(damaged));
  EXPECT_EQ(BackupStatus().state, api::BackupState::kSucceeded);
  // And the next backup copies everything anew.
  clock.Advance(std::chrono::hours(1));
  Create(Backup("later"));
  ASSERT_FALSE(Make("later").error.has_value());
  EXPECT_EQ(BackupStatus("later").document_library->copied_objects, 3);
}

TEST_F(BackupActions, ADamagedManifestIsAFindingToo) {
  MakeBackup();
  Damage("retail/prd/20251109-143000/manifest.json");
  const auto outcome = Verify(api::VerifyLevel::kFull);
  ASSERT_TRUE(IsOk(outcome));
  EXPECT_EQ(outcome->report.damaged, 1);
  EXPECT_EQ(outcome->report.damages.at(0).path, "retail/prd/20251109-143000/manifest.json");
  EXPECT_EQ(Record().verified_result, "Damaged");
  EXPECT_EQ(Text(BackupStatus().conditions, "Verified"), "False/Damaged");
}

TEST_F(BackupActions, AVaultThatCannotBeReadIsNoDamage) {
  MakeBackup();
  vault->Plan({.operation = "get", .key_part = "manifest.json", .times = 1});
  EXPECT_FALSE(IsOk(Verify(api::VerifyLevel::kFull)));
  EXPECT_FALSE(RunOf().verified.has_value());
}

TEST_F(BackupActions, WhatIsNotThereIsNotFound) {
  EXPECT_TRUE(IsOk(VaultSession::Open(
      ctx, deps(), GetAs<api::BackupLocation>(ctx, *resources, "", "disk").value(),
      provider::VaultAccess::kCreate)));
  EXPECT_EQ(Verify(api::VerifyLevel::kFull).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(Hold(true, "x").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(Delete().error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(Keep().error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(Accept(kName).error().kind, ErrorKind::kNotFound);
}

TEST_F(BackupActions, HoldAndRelease) {
  MakeBackup();
  ASSERT_TRUE(IsOk(Hold(true, "audit")));
  EXPECT_EQ(Record().hold_reason, "audit");
  EXPECT_EQ(CodeOf(Delete()), "vault.held");
  EXPECT_EQ(Record().state, catalog::BackupState::kSucceeded);
  ASSERT_TRUE(IsOk(Hold(true, "audit")));  // once more says nothing new
  ASSERT_TRUE(IsOk(Hold(false, "done")));
  EXPECT_EQ(Record().hold_reason, "");
  EXPECT_FALSE(IsOk(Hold(true, "")));
}

TEST_F(BackupActions, DeletionWaitsForItsDelay) {
  MakeBackup();
  const auto due = Delete();
  ASSERT_TRUE(IsOk(due));
  EXPECT_EQ(*due, clock.Now() + std::chrono::days(30));
  EXPECT_EQ(Record().state, catalog::BackupState::kDeleting);
  EXPECT_TRUE(InVault("retail/prd/20251109-143000/manifest.json"));
  clock.Advance(std::chrono::days(29));
  EXPECT_EQ(Delete().value(), *due);  // asked again: the same day
  EXPECT_TRUE(InVault("retail/prd/20251109-143000/manifest.json"));
  clock.Advance(std::chrono::days(1));
  EXPECT_EQ(Delete().value(), std::nullopt);
  EXPECT_FALSE(InVault("retail/prd/20251109-143000/manifest.json"));
  EXPECT_FALSE(InVault("backup-metadata/" + std::string(kName) + ".json"));
  EXPECT_EQ(Record().state, catalog::BackupState::kDeleted);
  EXPECT_EQ(BackupStatus().state, api::BackupState::kExpired);
  EXPECT_EQ(Delete().value(), std::nullopt);  // once more is no error
  EXPECT_FALSE(IsOk(Keep()));
}

TEST_F(BackupActions, WithoutDelayItGoesAtOnce) {
  ChangeLocation([](auto& location) { location.spec.soft_delete_days = 0; });
  MakeBackup();
  EXPECT_EQ(Delete().value(), std::nullopt);
  EXPECT_FALSE(InVault("retail/prd/20251109-143000/manifest.json"));
}

TEST_F(BackupActions, AHoldDuringTheDelayStopsTheDeletion) {
  MakeBackup();
  ASSERT_TRUE(IsOk(Delete()));
  ASSERT_TRUE(IsOk(Hold(true, "audit")));
  clock.Advance(std::chrono::days(31));
  EXPECT_EQ(CodeOf(Delete()), "vault.held");
  EXPECT_TRUE(InVault("retail/prd/20251109-143000/manifest.json"));
}

TEST_F(BackupActions, KeepWithdrawsTheDeletion) {
  MakeBackup();
  ASSERT_TRUE(IsOk(Delete()));
  ASSERT_TRUE(IsOk(Keep()));
  EXPECT_EQ(Record().state, catalog::BackupState::kSucceeded);
  clock.Advance(std::chrono::days(31));
  EXPECT_NE(Delete().value(), std::nullopt);  // the delay begins anew
}

TEST_F(BackupActions, AcceptedLossesPassAndOneMoreFails) {
  references.emplace();
  for (const auto& [path, content] : kFiles) {
    (*references)[path] = static_cast<std::int64_t>(content.size());
  }
  for (int i = 0; i < 6; ++i) (*references)["20097/20123/900" + std::to_string(i) + "/1.0"] = 5;
  (*references)["20097/20123/1001/1.0"] = 99;  // of another size
  EXPECT_EQ(MakeBackup().error->code, "crosscheck.incomplete");
  EXPECT_EQ(Accept(kName).value(), 7);
  EXPECT_EQ(Accept(kName).value(), 0);  // known by now

  clock.Advance(std::chrono::hours(1));
  Create(Backup("second"));
  EXPECT_FALSE(Make("second").error.has_value());
  EXPECT_EQ(Text(BackupStatus("second").conditions, "Complete"), "False/KnownLosses");
  EXPECT_EQ(BackupStatus("second").consistency->missing, 6);
  EXPECT_EQ(CodeOf(Accept(BackupStatus("second").backup_id)), "losses.run_not_failed");

  (*references)["20097/20123/9999/1.0"] = 5;
  clock.Advance(std::chrono::hours(1));
  Create(Backup("third"));
  EXPECT_EQ(Make("third").error->code, "crosscheck.incomplete");
}

TEST_F(BackupActions, ARunThatFailedForAnotherReasonHasNoLosses) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  platform.End(platform.last(), {.phase = AttemptPhase::kFailed,
                                 .error = Error{.kind = ErrorKind::kDenied, .code = "x"}});
  ASSERT_TRUE(IsOk(Look()));
  EXPECT_EQ(CodeOf(Accept(kName)), "losses.run_not_failed");
}

TEST_F(BackupActions, ADecisionStandsWhereItCannotBeShown) {
  MakeBackup();
  BreakCatalogue();
  ASSERT_TRUE(IsOk(resources->Delete(ctx, RefTo<api::BackupRequest>(kNamespace, kName), {})));
  EXPECT_TRUE(IsOk(Hold(true, "audit")));
  EXPECT_EQ(RunOf().hold, "audit");
}

TEST_F(BackupActions, RebuildFinishesWhatWasCutShort) {
  MakeBackup();
  const std::string manifest = Manifest();
  ASSERT_TRUE(IsOk(vault->Delete(ctx, "retail/prd/20251109-143000/manifest.json")));
  const catalog::BackupRecord before = Record();
  EnvironmentVault at = OpenVaultOf();
  auto report = RebuildCatalog(ctx, deps(), *at.session);
  ASSERT_TRUE(IsOk(report));
  EXPECT_TRUE(report->damaged.empty());
  EXPECT_EQ(Manifest(), manifest);
  EXPECT_EQ(Record(), before);

  ChangeLocation([](auto& location) { location.spec.soft_delete_days = 0; });
  ASSERT_TRUE(IsOk(Delete()));
  ASSERT_TRUE(
      IsOk(vault->Put(ctx, {.key = "retail/prd/20251109-143000/manifest.json", .body = manifest})));
  ASSERT_TRUE(IsOk(RebuildCatalog(ctx, deps(), *at.session)));
  EXPECT_FALSE(InVault("retail/prd/20251109-143000/manifest.json"));
}

TEST_F(BackupActions, RebuildShowsWhatItCannotFinish) {
  MakeBackup();
  const vault::RunFacts run = RunOf();
  ASSERT_TRUE(IsOk(vault->Delete(ctx, "retail/prd/20251109-143000/manifest.json")));
  ASSERT_TRUE(
      IsOk(vault->Delete(ctx, vault::CandidateKey(kRetail, run.run, run.committed->attempt))));
  EnvironmentVault at = OpenVaultOf();
  const auto report = RebuildCatalog(ctx, deps(), *at.session);
  ASSERT_TRUE(IsOk(report));
  EXPECT_EQ(report->damaged.size(), 1U);
  EXPECT_EQ(Record().state, catalog::BackupState::kSucceeded);
}

TEST_F(BackupActions, UnknownEnvironmentAndLocationAreNamed) {
  const EnvironmentId other{.project = ProjectId("bank"), .environment = EnvironmentName("prd")};
  EXPECT_EQ(CodeOf(OpenEnvironment(ctx, deps(), other, provider::VaultAccess::kRead)),
            "environment.not_found");
  ASSERT_TRUE(IsOk(resources->Delete(ctx, {"BackupLocation", "", "disk"}, {})));
  EXPECT_EQ(CodeOf(OpenEnvironment(ctx, deps(), kRetail, provider::VaultAccess::kRead)),
            "location.not_found");
}

}  // namespace
}  // namespace lc2::control::testing
