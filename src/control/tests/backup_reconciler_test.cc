#include "control/backup_reconciler.h"

#include "control/tests/control_fixture.h"

namespace lc2::control::testing {
namespace {

class BackupReconciler : public ControlFixture {
 protected:
  // What its environment names is not what the request was accepted with.
  void ForbidBackup() {
    provider.overlap = Error{.kind = ErrorKind::kInvalid,
                             .code = "provider.overlap",
                             .message = "they lie in one another"};
  }
};

Error Broken(ErrorKind kind, std::string code) {
  return {.kind = kind, .code = std::move(code), .message = "it broke", .hint = "mend it"};
}

TEST_F(BackupReconciler, FirstLookAcceptsOpensAndLaunches) {
  Create(Backup());
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_FALSE(look->terminal);

  const api::BackupRequestStatus status = BackupStatus();
  EXPECT_EQ(status.state, api::BackupState::kInProgress);
  EXPECT_EQ(status.backup_id, kName);
  EXPECT_EQ(status.initiator, "alice@host");
  EXPECT_EQ(status.attempts, 1);
  EXPECT_EQ(status.start_time, clock.Now());
  EXPECT_EQ(status.expiration_time, clock.Now() + std::chrono::days(30));
  EXPECT_EQ(status.completion_time, std::nullopt);
  EXPECT_EQ(Text(status.conditions, "Accepted"), "True/Accepted");
  EXPECT_EQ(Text(status.conditions, "Reconciling"), "True/Running");
  EXPECT_EQ(Text(status.conditions, "Succeeded"), "Unknown/Running");

  ASSERT_EQ(platform.launched.size(), 1U);
  const auto& run = std::get<engine::BackupRun>(platform.launched[0]);
  EXPECT_EQ(run.backup_id.str(), kName);
  EXPECT_EQ(run.attempt.str(), "a1");
  EXPECT_EQ(run.database, api::BackupType::kNone);
  EXPECT_EQ(run.verify, api::VerifyLevel::kExists);
  EXPECT_EQ(run.base, std::nullopt);
  EXPECT_FALSE(run.safeguard);
}

TEST_F(BackupReconciler, ARunningAttemptShowsItsProgress) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  platform.End(platform.last(),
               {.phase = AttemptPhase::kRunning,
                .progress = Progress{.step = "library", .objects_done = 1, .objects_total = 4}});
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_FALSE(look->terminal);
  ASSERT_TRUE(BackupStatus().progress.has_value());
  EXPECT_EQ(BackupStatus().progress->step, "library");
  EXPECT_EQ(BackupStatus().progress->objects_done, 1);
  EXPECT_EQ(platform.launched.size(), 1U);
}

TEST_F(BackupReconciler, ASuccessfulAttemptIsCommittedAndShown) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  platform.End(platform.last(), Work(platform.launched[0]));
  clock.Advance(std::chrono::seconds(90));
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_FALSE(look->error.has_value());

  const api::BackupRequestStatus status = BackupStatus();
  EXPECT_EQ(status.state, api::BackupState::kSucceeded);
  EXPECT_EQ(status.completion_time, clock.Now());
  EXPECT_EQ(Text(status.conditions, "Reconciling"), "False/Done");
  EXPECT_EQ(Text(status.conditions, "Succeeded"), "True/Committed");
  EXPECT_EQ(Text(status.conditions, "Verified"), "True/ReadBack");
  EXPECT_EQ(Text(status.conditions, "Portable"), "True/DumpIncluded");
  EXPECT_EQ(Text(status.conditions, "Complete"), "True/NothingMissing");
  EXPECT_EQ(Text(status.conditions, "Signed"), "True/TrustedKey");
  EXPECT_EQ(Text(status.conditions, "Immutable"), "False/NoObjectLock");
  EXPECT_EQ(Text(status.conditions, "Expired"), "absent");
  EXPECT_FALSE(status.progress.has_value());
  ASSERT_TRUE(status.document_library.has_value());
  EXPECT_EQ(status.document_library->object_count, 3);
  EXPECT_EQ(status.document_library->total_size_bytes, 11);
  EXPECT_EQ(status.document_library->copied_objects, 3);
  EXPECT_EQ(status.document_library->manifest_path, "retail/prd/20251109-143000/manifest.json");
  ASSERT_TRUE(status.consistency.has_value());
  EXPECT_EQ(status.consistency->level, api::ConsistencyLevel::kOrdered);
  EXPECT_TRUE(InVault("retail/prd/20251109-143000/manifest.json"));
  EXPECT_TRUE(InVault("retail/prd/20251109-143000/manifest.sig"));
  EXPECT_TRUE(InVault("backup-metadata/" + std::string(kName) + ".json"));
  EXPECT_EQ(catalog->Get(ctx, kRetail, BackupId(kName)).value().state,
            catalog::BackupState::kSucceeded);
}

TEST_F(BackupReconciler, ANameThatIsNoBackupIdGetsOneFromTheTime) {
  Create(Backup("nightly"));
  ASSERT_TRUE(IsOk(Look("nightly")));
  EXPECT_EQ(BackupStatus("nightly").backup_id, kName);
}

TEST_F(BackupReconciler, ANameOfAnotherDayIsNotItsBackupId) {
  const std::string name = "retail-prd-backup-20251101-143000";
  Create(Backup(name));
  ASSERT_TRUE(IsOk(Look(name)));
  EXPECT_EQ(BackupStatus(name).backup_id, kName);
}

TEST_F(BackupReconciler, ATakenIdGetsASuffix) {
  MakeBackup();
  Create(Backup("nightly"));
  ASSERT_TRUE(IsOk(Look("nightly")));
  EXPECT_THAT(BackupStatus("nightly").backup_id,
              ::testing::MatchesRegex(std::string(kName) + "-[0-9a-f][0-9a-f][0-9a-f][0-9a-f]"));
}

TEST_F(BackupReconciler, TheSecondBackupIsIncremental) {
  MakeBackup();
  clock.Advance(std::chrono::hours(1));
  PutFile("20097/20123/1004/1.0", "four");
  Create(Backup("later"));
  ASSERT_FALSE(Make("later").error.has_value());
  const auto& run = std::get<engine::BackupRun>(platform.launched.back());
  ASSERT_TRUE(run.base.has_value());
  EXPECT_EQ(run.base->backup_id->str(), kName);
  EXPECT_EQ(BackupStatus("later").document_library->object_count, 4);
  EXPECT_EQ(BackupStatus("later").document_library->copied_objects, 1);
}

TEST_F(BackupReconciler, TheSameRequestAgainIsAdoptedAndNothingRuns) {
  MakeBackup();
  const api::BackupRequestStatus before = BackupStatus();
  const std::string manifest = Manifest();
  ASSERT_TRUE(IsOk(resources->Delete(ctx, RefTo<api::BackupRequest>(kNamespace, kName), {})));
  clock.Advance(std::chrono::hours(24 * 40));  // its name is of no day near now any more
  Create(Backup());
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_FALSE(look->error.has_value());
  EXPECT_EQ(platform.launched.size(), 1U);
  EXPECT_EQ(Manifest(), manifest);
  api::BackupRequestStatus after = BackupStatus();
  for (api::Condition& condition : after.conditions) {
    condition.last_transition_time =
        api::FindCondition(before.conditions, condition.type)->last_transition_time;
  }
  EXPECT_EQ(after, before);
}

TEST_F(BackupReconciler, WhatWasAcceptedStaysShownAfterTheEnvironmentChanged) {
  MakeBackup();
  ForbidBackup();
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_FALSE(look->error.has_value());
  EXPECT_EQ(BackupStatus().state, api::BackupState::kSucceeded);
  EXPECT_EQ(Text(BackupStatus().conditions, "Accepted"), "True/Accepted");
}

TEST_F(BackupReconciler, AnOpenRunThatIsNotAllowedAnyMoreIsStopped) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  ForbidBackup();
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_EQ(platform.cancelled.size(), 1U);
  ASSERT_TRUE(RunOf().abandoned.has_value());
  EXPECT_EQ(RunOf().abandoned->reason, vault::AbandonReason::kFailed);
  EXPECT_EQ(BackupStatus().state, api::BackupState::kFailed);
}

TEST_F(BackupReconciler, MutablePartsOfTheSpecDoNotMakeAnotherRequest) {
  MakeBackup();
  ASSERT_TRUE(IsOk(resources->Delete(ctx, RefTo<api::BackupRequest>(kNamespace, kName), {})));
  api::BackupRequest again = Backup();
  again.spec.retention_days = 60;
  again.spec.hold.reason = "audit";
  Create(again);
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_FALSE(look->error.has_value());
  EXPECT_EQ(RunOf().hold, "audit");
  EXPECT_EQ(BackupStatus().expiration_time, *BackupStatus().start_time + std::chrono::days(60));
  EXPECT_EQ(catalog->Get(ctx, kRetail, BackupId(kName)).value().hold_reason, "audit");
}

TEST_F(BackupReconciler, AHoldOfTheSpecGoesWithItsReason) {
  MakeBackup();
  ChangeBackup(kName, [](auto& request) { request.spec.hold.reason = "audit"; });
  ASSERT_TRUE(IsOk(Look()));
  EXPECT_EQ(RunOf().hold, "audit");
  ChangeBackup(kName, [](auto& request) { request.spec.hold.reason = "lawsuit"; });
  ASSERT_TRUE(IsOk(Look()));
  EXPECT_EQ(RunOf().hold, "lawsuit");
  ChangeBackup(kName, [](auto& request) { request.spec.hold.reason = ""; });
  ASSERT_TRUE(IsOk(Look()));
  EXPECT_EQ(RunOf().hold, std::nullopt);
}

TEST_F(BackupReconciler, AHoldThatAPersonSetIsNotReleasedByTheSpec) {
  MakeBackup();
  const vault::RunFacts run = RunOf();
  EnvironmentVault at = OpenVaultOf();
  ASSERT_TRUE(IsOk(vault::SetHold(ctx, at.session->vault(), kRetail, run.run,
                                  {.on = true, .reason = "court order"},
                                  {.who = "bob", .why = "court order"})));
  ASSERT_TRUE(IsOk(Look()));
  EXPECT_EQ(RunOf().hold, "court order");
}

TEST_F(BackupReconciler, TheSameNameWithAnotherSpecIsRefused) {
  MakeBackup();
  ASSERT_TRUE(IsOk(resources->Delete(ctx, RefTo<api::BackupRequest>(kNamespace, kName), {})));
  api::BackupRequest other = Backup();
  other.spec.verify = api::VerifyLevel::kFull;
  Create(other);
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_EQ(look->error->code, "request.name_reused");
  EXPECT_EQ(Text(BackupStatus().conditions, "Accepted"), "False/NameReused");
  EXPECT_EQ(BackupStatus().state, api::BackupState::kFailed);
  EXPECT_EQ(platform.launched.size(), 1U);
}

TEST_F(BackupReconciler, WhatTheEnvironmentDoesNotNameIsNotAllowed) {
  const std::vector<std::pair<std::string, std::function<void(api::BackupRequest&)>>> cases = {
      {"source", [](auto& r) { r.spec.document_library.source_bucket = "/srv/other"; }},
      {"destination", [](auto& r) { r.spec.document_library.destination_bucket = "/srv/mine"; }},
      {"instance", [](auto& r) { r.spec.database.instance_id = "other-db"; }},
      {"provider", [](auto& r) { r.spec.provider = api::Provider::kAws; }},
      {"environment", [](auto& r) { r.spec.environment = "uat"; }},
      {"project", [](auto& r) { r.spec.project_id = "bank"; }}};
  for (const auto& [name, change] : cases) {
    SCOPED_TRACE(name);
    api::BackupRequest request = Backup(name);
    change(request);
    Create(request);
    const auto look = Look(name);
    ASSERT_TRUE(IsOk(look));
    EXPECT_TRUE(look->terminal);
    ASSERT_TRUE(look->error.has_value());
    EXPECT_EQ(Text(BackupStatus(name).conditions, "Accepted"), "False/NotAllowed");
    EXPECT_EQ(BackupStatus(name).state, api::BackupState::kFailed);
    EXPECT_EQ(CodeOf(vault::ReadRequestRecord(ctx, *vault, kRetail, vault::RunKind::kBackup, name)),
              "vault.request_unknown");
  }
  EXPECT_TRUE(platform.launched.empty());
}

TEST_F(BackupReconciler, SnapshotsAreRefusedWhereThereAreNone) {
  api::BackupRequest request = Backup();
  request.spec.database.type = api::BackupType::kBoth;
  Create(request);
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->error.has_value());
  EXPECT_THAT(MessageOf(BackupStatus().conditions, "Accepted"),
              ::testing::HasSubstr("environment 'retail-prd' allows 'none'"));
}

TEST_F(BackupReconciler, AVaultInsideTheLibraryIsRefused) {
  provider.overlap = Broken(ErrorKind::kInvalid, "provider.overlap");
  Create(Backup());
  EXPECT_EQ(Look()->error->code, "provider.overlap");
  EXPECT_EQ(Text(BackupStatus().conditions, "Accepted"), "False/NotAllowed");
}

TEST_F(BackupReconciler, AnOverlapThatCannotBeJudgedYetRefusesNothing) {
  provider.overlap = Broken(ErrorKind::kUnavailable, "test.away");
  Create(Backup());
  EXPECT_EQ(CodeOf(Look()), "test.away");
  EXPECT_EQ(Text(BackupStatus().conditions, "Accepted"), "absent");
}

TEST_F(BackupReconciler, ANamespaceWithoutEnvironmentIsRefused) {
  api::BackupRequest request = Backup();
  request.metadata.namespace_ = "proj-nobody";
  Create(request);
  const auto look = ReconcileBackup(ctx, deps(), "proj-nobody", kName);
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_EQ(look->error->code, "environment.not_found");
}

TEST_F(BackupReconciler, ALocationThatDoesNotExistIsRefused) {
  ASSERT_TRUE(IsOk(resources->Delete(ctx, {"BackupLocation", "", "disk"}, {})));
  Create(Backup());
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_EQ(look->error->code, "location.not_found");
  EXPECT_EQ(Text(BackupStatus().conditions, "Accepted"), "False/NotFound");
}

TEST_F(BackupReconciler, ARequestThatIsNotThereIsNotFound) {
  EXPECT_EQ(CodeOf(Look("nobody")), "resource.not_found");
}

TEST_F(BackupReconciler, AVaultOutOfReachDecidesNothing) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  const api::BackupRequestStatus before = BackupStatus();
  provider.vault_error = Broken(ErrorKind::kUnavailable, "test.away");
  EXPECT_EQ(CodeOf(Look()), "test.away");
  EXPECT_EQ(BackupStatus(), before);
  EXPECT_EQ(Text(BackupStatus().conditions, "Succeeded"), "Unknown/Running");
}

TEST_F(BackupReconciler, AVaultThatRefusesUsIsNamed) {
  provider.vault_error = Broken(ErrorKind::kDenied, "test.denied");
  Create(Backup());
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_EQ(Text(BackupStatus().conditions, "Accepted"), "False/Denied");
}

TEST_F(BackupReconciler, AFailedAttemptFailsTheRun) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  platform.End(platform.last(), {.phase = AttemptPhase::kFailed,
                                 .error = Broken(ErrorKind::kDenied, "store.denied")});
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_EQ(look->error->code, "store.denied");
  EXPECT_EQ(look->error->kind, ErrorKind::kDenied);
  EXPECT_EQ(look->error->hint, "mend it");
  EXPECT_EQ(BackupStatus().state, api::BackupState::kFailed);
  EXPECT_EQ(Text(BackupStatus().conditions, "Succeeded"), "False/Denied");
  EXPECT_EQ(MessageOf(BackupStatus().conditions, "Succeeded"), "it broke. HINT: mend it");
  EXPECT_EQ(platform.launched.size(), 1U);
  EXPECT_FALSE(InVault("retail/prd/20251109-143000/manifest.json"));
  EXPECT_EQ(catalog->Get(ctx, kRetail, BackupId(kName)).value().error_code, "store.denied");
  // And it stays so.
  ASSERT_TRUE(IsOk(Look()));
  EXPECT_EQ(Look()->error->code, "store.denied");
}

TEST_F(BackupReconciler, AnErrorThatIsNoTextStillClosesTheRun) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  platform.End(platform.last(), {.phase = AttemptPhase::kFailed,
                                 .error = Error{.kind = ErrorKind::kInvalid,
                                                .code = "store.bad_key",
                                                .message = "caf\xe9 is no UTF-8",
                                                .hint = std::string("na\xefve")}});
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_EQ(look->error->code, "store.bad_key");
}

TEST_F(BackupReconciler, AnErrorOfAnyLengthStillClosesTheRun) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  platform.End(platform.last(), {.phase = AttemptPhase::kFailed,
                                 .error = Error{.kind = ErrorKind::kInvalid,
                                                .code = "tool.failed",
                                                .message = std::string(3 << 20, 'x')}});
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_LT(MessageOf(BackupStatus().conditions, "Succeeded").size(), 40'000U);
}

TEST_F(BackupReconciler, ALostAttemptIsMadeAgainUpToALimit) {
  Create(Backup());
  for (int attempt = 1; attempt <= 3; ++attempt) {
    ASSERT_TRUE(IsOk(Look()));
    ASSERT_EQ(platform.launched.size(), static_cast<std::size_t>(attempt));
    const auto& run = std::get<engine::BackupRun>(platform.launched.back());
    EXPECT_EQ(run.attempt.str(), "a" + std::to_string(attempt));
    EXPECT_EQ(run.earlier.size(), static_cast<std::size_t>(attempt - 1));
    platform.LoseAll();
  }
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_EQ(look->error->code, "attempt.lost");
  EXPECT_EQ(platform.launched.size(), 3U);
  EXPECT_EQ(Text(BackupStatus().conditions, "Succeeded"), "False/Lost");
}

TEST_F(BackupReconciler, ALostAttemptThatLeftItsCandidateIsCommitted) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  ASSERT_EQ(Work(platform.launched[0]).phase, AttemptPhase::kSucceeded);
  platform.LoseAll();
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_EQ(BackupStatus().state, api::BackupState::kSucceeded);
  EXPECT_EQ(platform.launched.size(), 1U);
}

TEST_F(BackupReconciler, ASuccessWithoutCandidateIsNone) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  platform.End(platform.last(), {.phase = AttemptPhase::kSucceeded});
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_EQ(look->error->code, "candidate.absent");
  EXPECT_EQ(BackupStatus().state, api::BackupState::kFailed);
}

TEST_F(BackupReconciler, ACandidateThatDoesNotHoldIsNotCommitted) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  platform.End(platform.last(), Work(platform.launched[0]));
  for (const std::string& path : KeysOf(*vault, "retail/prd/pool/")) {
    ASSERT_TRUE(IsOk(vault->Delete(ctx, path)));
  }
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_EQ(look->error->kind, ErrorKind::kCorrupt);
  EXPECT_FALSE(InVault("retail/prd/20251109-143000/manifest.json"));
}

TEST_F(BackupReconciler, AVaultThatFailsDuringTheCheckDecidesNothing) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  platform.End(platform.last(), Work(platform.launched[0]));
  vault->Plan({.operation = "get", .key_part = "candidate.json", .times = 1});
  EXPECT_FALSE(IsOk(Look()));
  EXPECT_TRUE(RunOf().open());
  EXPECT_TRUE(Look()->terminal);
  EXPECT_EQ(BackupStatus().state, api::BackupState::kSucceeded);
}

TEST_F(BackupReconciler, APlatformOutOfReachIsUnknownAndNeverFailed) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  platform.unreachable = Broken(ErrorKind::kUnavailable, "platform.away");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(CodeOf(Look()), "platform.away");
  EXPECT_EQ(Text(BackupStatus().conditions, "Succeeded"), "Unknown/Running");
  EXPECT_EQ(BackupStatus().state, api::BackupState::kInProgress);
  platform.unreachable.reset();
  platform.End(platform.last(), Work(platform.launched[0]));
  EXPECT_TRUE(Look()->terminal);
  EXPECT_EQ(BackupStatus().state, api::BackupState::kSucceeded);
}

TEST_F(BackupReconciler, ALaunchThatIsRefusedFailsTheRun) {
  platform.refuses = Broken(ErrorKind::kDenied, "platform.denied");
  Create(Backup());
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_EQ(look->error->code, "platform.denied");
  EXPECT_TRUE(RunOf().abandoned.has_value());
}

TEST_F(BackupReconciler, CancelledBeforeItBeganNothingRuns) {
  api::BackupRequest request = Backup();
  request.spec.cancel = true;
  Create(request);
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_EQ(look->error->kind, ErrorKind::kCancelled);
  EXPECT_TRUE(platform.launched.empty());
  EXPECT_EQ(BackupStatus().state, api::BackupState::kCancelled);
  EXPECT_EQ(Text(BackupStatus().conditions, "Succeeded"), "False/Cancelled");
}

TEST_F(BackupReconciler, CancelEndsTheAttemptAndTheRun) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  ChangeBackup(kName, [](auto& request) { request.spec.cancel = true; });
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  ASSERT_EQ(platform.cancelled.size(), 1U);
  EXPECT_EQ(platform.cancelled[0], platform.last());
  EXPECT_EQ(BackupStatus().state, api::BackupState::kCancelled);
  EXPECT_EQ(RunOf().abandoned->reason, vault::AbandonReason::kCancelled);
  EXPECT_EQ(catalog->Get(ctx, kRetail, BackupId(kName)).value().state,
            catalog::BackupState::kCancelled);
}

TEST_F(BackupReconciler, CancelAfterTheCommitChangesNothing) {
  MakeBackup();
  ChangeBackup(kName, [](auto& request) { request.spec.cancel = true; });
  const auto look = Look();
  ASSERT_TRUE(IsOk(look));
  EXPECT_FALSE(look->error.has_value());
  EXPECT_EQ(BackupStatus().state, api::BackupState::kSucceeded);
  EXPECT_TRUE(platform.cancelled.empty());
}

TEST_F(BackupReconciler, ACancelThatThePlatformDoesNotHearIsRepeated) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  ChangeBackup(kName, [](auto& request) { request.spec.cancel = true; });
  platform.unreachable = Broken(ErrorKind::kUnavailable, "platform.away");
  EXPECT_EQ(CodeOf(Look()), "platform.away");
  EXPECT_TRUE(RunOf().open());
  platform.unreachable.reset();
  EXPECT_TRUE(Look()->terminal);
  EXPECT_EQ(BackupStatus().state, api::BackupState::kCancelled);
}

}  // namespace
}  // namespace lc2::control::testing
