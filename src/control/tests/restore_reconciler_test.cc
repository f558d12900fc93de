#include "control/restore_reconciler.h"

#include "control/safeguard.h"
#include "control/tests/control_fixture.h"

namespace lc2::control::testing {
namespace {

using ::testing::HasSubstr;

class RestoreReconcilerTest : public ControlFixture {
 protected:
  RestoreReconcilerTest() { MakeBackup(); }

  void EmptyLibrary() {
    for (const std::string& path : KeysOf(*library)) RemoveFile(path);
  }
  api::RestoreRequest Overwriting() {
    api::RestoreRequest request = Restore();
    request.spec.strategy = api::RestoreStrategy::kOverwrite;
    request.spec.confirm = "Overwrite";
    return request;
  }
  std::string ContentOf(const std::string& path) { return library->Get(ctx, path).value(); }
  // How many restore attempts were launched.
  int RestoreLaunches() const {
    int count = 0;
    for (const AttemptWork& work : platform.launched) {
      if (std::holds_alternative<engine::RestoreRun>(work)) ++count;
    }
    return count;
  }
  bool Accepted(const std::string& name = "back") {
    return vault::ReadRequestRecord(ctx, *vault, kRetail, vault::RunKind::kRestore, name)
        .has_value();
  }
  std::string SafeguardName() { return SafeguardOf(RestoreRunOf()).value().request; }
};

TEST_F(RestoreReconcilerTest, OntoAnEmptyTargetItIsDoneInPlace) {
  EmptyLibrary();
  Create(Restore());
  const auto look = LookAtRestore();
  ASSERT_TRUE(IsOk(look));
  // WorkOnLaunch of the fixture has run it; the next look takes it up.
  EXPECT_FALSE(look->terminal);
  EXPECT_EQ(RestoreStatus().state, api::RestoreState::kInProgress);
  EXPECT_EQ(Text(RestoreStatus().conditions, "Succeeded"), "Unknown/Running");
  EXPECT_THAT(RestoreStatus().plan_digest, HasSubstr("sha256:"));
  EXPECT_TRUE(LookAtRestore()->terminal);

  const api::RestoreRequestStatus status = RestoreStatus();
  EXPECT_EQ(status.state, api::RestoreState::kSucceeded);
  EXPECT_EQ(Text(status.conditions, "Accepted"), "True/Accepted");
  EXPECT_EQ(Text(status.conditions, "Reconciling"), "False/Done");
  EXPECT_EQ(Text(status.conditions, "Succeeded"), "True/Restored");
  EXPECT_EQ(Text(status.conditions, "ReindexNeeded"), "True/SearchIndexNotBackedUp");
  EXPECT_EQ(status.attempts, 1);
  EXPECT_EQ(status.initiator, "alice@host");
  EXPECT_FALSE(status.error.has_value());
  for (const auto& [path, content] : kFiles) EXPECT_EQ(ContentOf(path), content);
  EXPECT_FALSE(SafeguardOf(RestoreRunOf()).has_value());
}

TEST_F(RestoreReconcilerTest, WhoReadTheBackupIsAudited) {
  EmptyLibrary();
  Create(Restore());
  MakeRestore();
  std::string audit;
  for (const std::string& path : KeysOf(*vault, "audit/")) audit += vault->Get(ctx, path).value();
  EXPECT_THAT(audit, HasSubstr("restore.read"));
}

TEST_F(RestoreReconcilerTest, ItsMapIsTheBaseOfTheNextBackup) {
  EmptyLibrary();
  clock.Advance(std::chrono::minutes(5));
  Create(Restore());
  MakeRestore();
  clock.Advance(std::chrono::minutes(5));
  Create(Backup("later"));
  ASSERT_FALSE(Make("later").error.has_value());
  const auto& run = std::get<engine::BackupRun>(platform.launched.back());
  ASSERT_TRUE(run.base.has_value());
  EXPECT_EQ(run.base->restore_run, RestoreRunOf().run);
  EXPECT_EQ(BackupStatus("later").document_library->copied_objects, 0);
}

TEST_F(RestoreReconcilerTest, ADamagedMapIsNoBase) {
  EmptyLibrary();
  clock.Advance(std::chrono::minutes(5));
  Create(Restore());
  MakeRestore();
  Damage(vault::RestoreMapKey(kRetail, RestoreRunOf().run, AttemptId("a1")));
  clock.Advance(std::chrono::minutes(5));
  Create(Backup("later"));
  ASSERT_FALSE(Make("later").error.has_value());
  EXPECT_FALSE(std::get<engine::BackupRun>(platform.launched.back()).base.has_value());
}

TEST_F(RestoreReconcilerTest, PrepareAndSwapOntoAFilledTargetIsNotSupported) {
  Create(Restore());
  const auto look = LookAtRestore();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_EQ(look->error->code, "restore.conflict");
  const api::RestoreRequestStatus status = RestoreStatus();
  EXPECT_EQ(status.state, api::RestoreState::kFailed);
  EXPECT_EQ(Text(status.conditions, "Accepted"), "False/NotSupported");
  EXPECT_EQ(Text(status.conditions, "Reconciling"), "False/NotSupported");
  EXPECT_THAT(MessageOf(status.conditions, "Accepted"), HasSubstr("HINT:"));
  EXPECT_THAT(status.error->hint, HasSubstr("Overwrite"));
  EXPECT_THAT(codec::CompactJson(status.plan), HasSubstr("NotSupported"));
  EXPECT_FALSE(Accepted());
  EXPECT_EQ(RestoreLaunches(), 0);
}

TEST_F(RestoreReconcilerTest, OverwriteWithoutTheWordIsRefused) {
  api::RestoreRequest request = Overwriting();
  request.spec.confirm = "";
  Create(request);
  EXPECT_EQ(LookAtRestore()->error->code, "restore.conflict");
  EXPECT_FALSE(Accepted());
  EXPECT_EQ(RestoreLaunches(), 0);
}

TEST_F(RestoreReconcilerTest, ARefusalIsForgottenOnceItCanBeDone) {
  Create(Restore());
  ASSERT_TRUE(LookAtRestore()->error.has_value());
  EmptyLibrary();
  EXPECT_FALSE(MakeRestore().error.has_value());
  EXPECT_EQ(RestoreStatus().state, api::RestoreState::kSucceeded);
  EXPECT_FALSE(RestoreStatus().error.has_value());
}

TEST_F(RestoreReconcilerTest, ADryRunShowsThePlanAndChangesNothing) {
  EmptyLibrary();
  api::RestoreRequest request = Restore();
  request.spec.dry_run = true;
  Create(request);
  const auto look = LookAtRestore();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_FALSE(look->error.has_value());
  EXPECT_EQ(RestoreStatus().state, api::RestoreState::kPlanned);
  EXPECT_THAT(codec::CompactJson(RestoreStatus().plan), HasSubstr("\"objects\":3"));
  EXPECT_THAT(RestoreStatus().plan_digest, HasSubstr("sha256:"));
  EXPECT_TRUE(KeysOf(*library).empty());
  EXPECT_FALSE(Accepted());
}

TEST_F(RestoreReconcilerTest, ADryRunShowsWhatSpeaksAgainst) {
  api::RestoreRequest request = Restore();
  request.spec.dry_run = true;
  request.spec.restore_type = api::RestoreType::kFull;
  Create(request);
  EXPECT_TRUE(LookAtRestore()->error.has_value());
  EXPECT_EQ(Text(RestoreStatus().conditions, "Accepted"), "False/NoDump");
  const std::string plan = codec::CompactJson(RestoreStatus().plan);
  EXPECT_THAT(plan, HasSubstr("NoDump"));
  EXPECT_THAT(plan, HasSubstr("NotSupported"));
}

TEST_F(RestoreReconcilerTest, OverwriteMakesASafeguardFirst) {
  PutFile("20097/20123/1001/1.0", "newer");
  clock.Advance(std::chrono::minutes(10));
  Create(Overwriting());
  platform.on_launch = nullptr;
  ASSERT_TRUE(IsOk(LookAtRestore()));
  EXPECT_EQ(Text(RestoreStatus().conditions, "Reconciling"), "True/Safeguard");
  EXPECT_EQ(RestoreLaunches(), 0);
  const auto safeguard =
      GetAs<api::BackupRequest>(ctx, *resources, kNamespace, SafeguardName()).value();
  EXPECT_EQ(safeguard.metadata.annotations.at(kSafeguardAnnotation), "back");
  EXPECT_TRUE(std::get<engine::BackupRun>(platform.launched.back()).safeguard);
  EXPECT_EQ(ContentOf("20097/20123/1001/1.0"), "newer");

  platform.End(platform.last(), Work(platform.launched.back()));
  EXPECT_FALSE(MakeRestore().error.has_value());
  EXPECT_EQ(RestoreStatus().state, api::RestoreState::kSucceeded);
  EXPECT_EQ(RestoreLaunches(), 1);
  EXPECT_EQ(ContentOf("20097/20123/1001/1.0"), "one");
  EXPECT_EQ(BackupStatus(SafeguardName()).state, api::BackupState::kSucceeded);
}

TEST_F(RestoreReconcilerTest, WithoutSafeguardNoneIsMade) {
  api::RestoreRequest request = Overwriting();
  request.spec.safeguard = false;
  Create(request);
  EXPECT_FALSE(MakeRestore().error.has_value());
  EXPECT_EQ(platform.launched.size(), 2U);  // the fixture's backup, and the restore
}

TEST_F(RestoreReconcilerTest, ASafeguardOfABrokenTargetIsKeptAsIncomplete) {
  references = {{"20097/20123/1001/1.0", 3}, {"20097/20123/9999/1.0", 5}};
  clock.Advance(std::chrono::minutes(10));
  Create(Overwriting());
  EXPECT_FALSE(MakeRestore().error.has_value());
  const api::BackupRequestStatus status = BackupStatus(SafeguardName());
  EXPECT_EQ(status.state, api::BackupState::kSucceeded);
  EXPECT_EQ(Text(status.conditions, "Complete"), "False/KnownLosses");
  EXPECT_EQ(status.consistency->missing, 1);
}

TEST_F(RestoreReconcilerTest, ASafeguardThatFailsEndsTheRestore) {
  PutFile("20097/20123/1001/1.0", "newer");
  clock.Advance(std::chrono::minutes(10));
  Create(Overwriting());
  platform.on_launch = [this](const AttemptWork& work) {
    platform.End(
        NameOf(work),
        {.phase = AttemptPhase::kFailed,
         .error = Error{.kind = ErrorKind::kDenied, .code = "store.denied", .message = "no"}});
  };
  Result<Reconciled> look = LookAtRestore();
  while (look.has_value() && !look->terminal) look = LookAtRestore();
  ASSERT_TRUE(IsOk(look));
  EXPECT_EQ(look->error->code, "restore.safeguard_failed");
  EXPECT_THAT(RestoreStatus().error->hint, HasSubstr("--no-safeguard"));
  EXPECT_EQ(RestoreLaunches(), 0);
  EXPECT_EQ(ContentOf("20097/20123/1001/1.0"), "newer");
}

TEST_F(RestoreReconcilerTest, AnotherRequestInPlaceOfTheSafeguardEndsTheRestore) {
  Create(Overwriting());
  platform.on_launch = nullptr;
  ASSERT_TRUE(IsOk(LookAtRestore()));
  const std::string name = SafeguardName();
  ASSERT_TRUE(IsOk(resources->Delete(ctx, RefTo<api::BackupRequest>(kNamespace, name), {})));
  Create(Backup(name));
  const auto look = LookAtRestore();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_EQ(look->error->code, "restore.safeguard_foreign");
  EXPECT_EQ(RestoreLaunches(), 0);
}

TEST_F(RestoreReconcilerTest, AnAnnotationThatTheLogDoesNotAnswerIsNoSafeguard) {
  Create(Overwriting());
  platform.on_launch = nullptr;
  ASSERT_TRUE(IsOk(LookAtRestore()));
  const EnvironmentVault at = OpenVaultOf();
  api::ObjectMeta metadata{.name = SafeguardName()};
  EXPECT_FALSE(IsSafeguard(ctx, at, metadata).value());
  metadata.annotations[kSafeguardAnnotation] = "back";
  EXPECT_TRUE(IsSafeguard(ctx, at, metadata).value());
  metadata.name = "mine";
  EXPECT_FALSE(IsSafeguard(ctx, at, metadata).value());
  metadata.annotations[kSafeguardAnnotation] = "no-such-restore";
  EXPECT_FALSE(IsSafeguard(ctx, at, metadata).value());
  metadata.annotations[kSafeguardAnnotation] = "../../etc";
  EXPECT_FALSE(IsSafeguard(ctx, at, metadata).value());
  vault->Plan({.operation = "get", .key_part = "control/requests/restore", .times = 1});
  metadata.annotations[kSafeguardAnnotation] = "back";
  EXPECT_FALSE(IsSafeguard(ctx, at, metadata).has_value());
}

// Whoever dies at any write: nothing of the target is replaced before its safeguard is committed.
TEST_F(RestoreReconcilerTest, NoCrashLetsTheSafeguardBeForgotten) {
  int steps = 0;
  for (int stop_at = 1;; ++stop_at) {
    const std::string name = "back-" + std::to_string(stop_at);
    SCOPED_TRACE(name);
    PutFile("20097/20123/1001/1.0", "newer " + name);
    clock.Advance(std::chrono::minutes(10));
    api::RestoreRequest request = Overwriting();
    request.metadata.name = name;
    Create(request);
    const std::size_t before = platform.launched.size();
    gate = {.stop_at = stop_at, .takes_effect = true};
    WorkOnLaunch();
    Result<Reconciled> look = LookAtRestore(name);
    while (look.has_value() && !look->terminal) look = LookAtRestore(name);
    const bool stopped = gate.stopped;
    gate = {};
    const Reconciled ended = MakeRestore(name);
    EXPECT_TRUE(ended.terminal);
    for (std::size_t i = before; i < platform.launched.size(); ++i) {
      if (!std::holds_alternative<engine::RestoreRun>(platform.launched[i])) continue;
      ASSERT_GT(i, before);
      EXPECT_TRUE(std::get<engine::BackupRun>(platform.launched[i - 1]).safeguard);
    }
    // A restore attempt that was recorded, but never launched, cannot be told from one that died.
    EXPECT_FALSE(ended.error.has_value()) << Describe(*ended.error);
    if (!stopped) break;
    ++steps;
    if (stop_at > 60) FAIL() << "it never ends";
  }
  EXPECT_GT(steps, 12);
}

TEST_F(RestoreReconcilerTest, AnUnsignedOrUntrustedBackupIsRefusedWhereASignatureIsRequired) {
  EmptyLibrary();
  Create(Restore());
  Deps strange = deps();
  strange.trusted = {SigningKey::Generate().public_key()};
  const auto look = ReconcileRestore(ctx, strange, kNamespace, "back");
  ASSERT_TRUE(IsOk(look));
  EXPECT_EQ(look->error->code, "backup.untrusted");
  EXPECT_EQ(Text(RestoreStatus().conditions, "Accepted"), "False/Denied");

  ASSERT_TRUE(IsOk(vault->Delete(ctx, "retail/prd/20251109-143000/manifest.sig")));
  Deps keyless = deps();
  keyless.signing_key = nullptr;
  EXPECT_EQ(ReconcileRestore(ctx, keyless, kNamespace, "back")->error->code, "backup.untrusted");
  EXPECT_EQ(RestoreLaunches(), 0);

  ChangeEnvironment([](auto& environment) { environment.spec.restore.require_signature = false; });
  WorkOnLaunch();
  ASSERT_TRUE(IsOk(ReconcileRestore(ctx, keyless, kNamespace, "back")));
  EXPECT_EQ(RestoreLaunches(), 1);
}

TEST_F(RestoreReconcilerTest, ALostAttemptIsNotRepeatedWithoutConsent) {
  EmptyLibrary();
  Create(Restore());
  platform.on_launch = nullptr;
  ASSERT_TRUE(IsOk(LookAtRestore()));
  platform.LoseAll();
  const auto look = LookAtRestore();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_EQ(look->error->code, "attempt.lost");
  EXPECT_EQ(Text(RestoreStatus().conditions, "Succeeded"), "False/Lost");
  EXPECT_THAT(MessageOf(RestoreStatus().conditions, "Succeeded"), HasSubstr("--yes"));
  EXPECT_EQ(RestoreLaunches(), 1);
}

TEST_F(RestoreReconcilerTest, ALostAttemptOfAnOverwriteIsRepeatedUpToALimit) {
  api::RestoreRequest request = Overwriting();
  request.spec.safeguard = false;
  Create(request);
  platform.on_launch = nullptr;
  for (int attempt = 1; attempt <= 3; ++attempt) {
    ASSERT_TRUE(IsOk(LookAtRestore()));
    EXPECT_EQ(RestoreLaunches(), attempt);
    platform.LoseAll();
  }
  EXPECT_EQ(LookAtRestore()->error->code, "attempt.lost");
  EXPECT_EQ(RestoreLaunches(), 3);
}

TEST_F(RestoreReconcilerTest, AFailedAttemptFailsTheRestore) {
  EmptyLibrary();
  Create(Restore());
  platform.on_launch = nullptr;
  ASSERT_TRUE(IsOk(LookAtRestore()));
  platform.End(platform.last(), {.phase = AttemptPhase::kFailed,
                                 .error = Error{.kind = ErrorKind::kCorrupt,
                                                .code = "restore.damaged",
                                                .message = "it broke",
                                                .hint = "mend it"}});
  EXPECT_EQ(LookAtRestore()->error->code, "restore.damaged");
  EXPECT_EQ(Text(RestoreStatus().conditions, "Succeeded"), "False/Corrupt");
  EXPECT_EQ(RestoreStatus().error->hint, "mend it");
}

TEST_F(RestoreReconcilerTest, CancelBeforeDuringAndAfter) {
  EmptyLibrary();
  api::RestoreRequest before = Restore(kName, "before");
  before.spec.cancel = true;
  Create(before);
  EXPECT_EQ(LookAtRestore("before")->error->kind, ErrorKind::kCancelled);
  EXPECT_EQ(RestoreLaunches(), 0);
  EXPECT_EQ(RestoreStatus("before").state, api::RestoreState::kCancelled);

  Create(Restore(kName, "during"));
  platform.on_launch = nullptr;
  ASSERT_TRUE(IsOk(LookAtRestore("during")));
  ChangeRestore("during", [](auto& request) { request.spec.cancel = true; });
  EXPECT_EQ(LookAtRestore("during")->error->kind, ErrorKind::kCancelled);
  ASSERT_EQ(platform.cancelled.size(), 1U);
  EXPECT_EQ(RestoreStatus("during").state, api::RestoreState::kCancelled);

  Create(Restore(kName, "after"));
  EXPECT_FALSE(MakeRestore("after").error.has_value());
  ChangeRestore("after", [](auto& request) { request.spec.cancel = true; });
  EXPECT_FALSE(LookAtRestore("after")->error.has_value());
  EXPECT_EQ(RestoreStatus("after").state, api::RestoreState::kSucceeded);
}

TEST_F(RestoreReconcilerTest, TheSameRequestAgainIsAdopted) {
  EmptyLibrary();
  Create(Restore());
  MakeRestore();
  ASSERT_TRUE(IsOk(resources->Delete(ctx, RefTo<api::RestoreRequest>(kNamespace, "back"), {})));
  Create(Restore());
  const auto look = LookAtRestore();
  ASSERT_TRUE(IsOk(look));
  EXPECT_FALSE(look->error.has_value());
  EXPECT_EQ(RestoreStatus().state, api::RestoreState::kSucceeded);
  EXPECT_EQ(RestoreLaunches(), 1);
  // Also where the environment would not allow it any more.
  ChangeEnvironment([](auto& environment) { environment.spec.restore.required_approvals = 2; });
  EXPECT_FALSE(LookAtRestore()->error.has_value());
  EXPECT_EQ(RestoreStatus().state, api::RestoreState::kSucceeded);
}

TEST_F(RestoreReconcilerTest, TheSameNameWithAnotherSpecIsRefused) {
  EmptyLibrary();
  Create(Restore());
  MakeRestore();
  ASSERT_TRUE(IsOk(resources->Delete(ctx, RefTo<api::RestoreRequest>(kNamespace, "back"), {})));
  Create(Overwriting());
  EXPECT_EQ(LookAtRestore()->error->code, "request.name_reused");
  EXPECT_EQ(Text(RestoreStatus().conditions, "Accepted"), "False/NameReused");
  EXPECT_EQ(RestoreLaunches(), 1);
}

TEST_F(RestoreReconcilerTest, WhatThisReleaseDoesNotDoIsNotSupported) {
  EmptyLibrary();
  ChangeEnvironment([](auto& environment) { environment.spec.restore.accepts_from = {"uat"}; });
  const std::vector<std::pair<std::string, std::function<void(api::RestoreRequest&)>>> cases = {
      {"argo", [](auto& r) { r.spec.engine = api::RestoreEngine::kArgo; }},
      {"time",
       [this](auto& r) {
         r.spec.restore_type = api::RestoreType::kFull;
         r.spec.database.point_in_time = clock.Now();
       }},
      {"source", [](auto& r) { r.spec.source_environment = "uat"; }}};
  for (const auto& [name, change] : cases) {
    SCOPED_TRACE(name);
    api::RestoreRequest request = Restore(kName, name);
    change(request);
    Create(request);
    const auto look = LookAtRestore(name);
    ASSERT_TRUE(IsOk(look));
    EXPECT_TRUE(look->terminal);
    EXPECT_EQ(look->error->code, "restore.not_supported");
    EXPECT_NE(look->error->hint, "");
    EXPECT_EQ(Text(RestoreStatus(name).conditions, "Accepted"), "False/NotSupported");
    EXPECT_FALSE(Accepted(name));
  }
  ChangeEnvironment([](auto& environment) { environment.spec.restore.required_approvals = 1; });
  Create(Restore());
  EXPECT_EQ(LookAtRestore()->error->code, "restore.not_supported");
}

TEST_F(RestoreReconcilerTest, WhatTheEnvironmentDoesNotNameIsNotAllowed) {
  api::RestoreRequest request = Restore();
  request.spec.target_environment = "uat";
  Create(request);
  const auto look = LookAtRestore();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->error.has_value());
  EXPECT_EQ(Text(RestoreStatus().conditions, "Accepted"), "False/NotAllowed");
}

TEST_F(RestoreReconcilerTest, ABackupThatIsNotThereIsNamed) {
  Create(Restore("retail-prd-backup-20251101-000000"));
  const auto look = LookAtRestore();
  ASSERT_TRUE(IsOk(look));
  EXPECT_TRUE(look->terminal);
  EXPECT_EQ(look->error->kind, ErrorKind::kNotFound);
  EXPECT_EQ(Text(RestoreStatus().conditions, "Accepted"), "False/NotFound");
}

TEST_F(RestoreReconcilerTest, ABackupThatIsDamagedIsRefused) {
  EmptyLibrary();
  Damage("retail/prd/20251109-143000/manifest.json");
  Create(Restore());
  EXPECT_EQ(LookAtRestore()->error->kind, ErrorKind::kCorrupt);
  EXPECT_FALSE(Accepted());
}

TEST_F(RestoreReconcilerTest, ABackupThatBecomesUnreadableBeforeTheAttemptEndsTheRestore) {
  Create(Overwriting());
  platform.on_launch = nullptr;
  ASSERT_TRUE(IsOk(LookAtRestore()));  // waits for its safeguard
  platform.End(platform.last(), Work(platform.launched.back()));
  Damage("retail/prd/20251109-143000/manifest.json");
  Result<Reconciled> look = LookAtRestore();
  while (look.has_value() && !look->terminal) look = LookAtRestore();
  ASSERT_TRUE(IsOk(look));
  EXPECT_EQ(look->error->kind, ErrorKind::kCorrupt);
  EXPECT_EQ(RestoreLaunches(), 0);
  EXPECT_EQ(RestoreStatus().state, api::RestoreState::kFailed);
}

TEST_F(RestoreReconcilerTest, AVaultOrPlatformOutOfReachDecidesNothing) {
  EmptyLibrary();
  Create(Restore());
  platform.on_launch = nullptr;
  ASSERT_TRUE(IsOk(LookAtRestore()));
  const Error away{.kind = ErrorKind::kUnavailable, .code = "test.away", .message = "away"};
  provider.vault_error = away;
  EXPECT_EQ(CodeOf(LookAtRestore()), "test.away");
  provider.vault_error.reset();
  platform.unreachable = away;
  EXPECT_EQ(CodeOf(LookAtRestore()), "test.away");
  EXPECT_EQ(Text(RestoreStatus().conditions, "Succeeded"), "Unknown/Running");
  EXPECT_TRUE(RestoreRunOf().open());
}

TEST_F(RestoreReconcilerTest, ATargetOutOfReachDoesNotFailWhatWasAccepted) {
  EmptyLibrary();
  Create(Restore());
  vault->Plan({.operation = "put", .key_part = "audit/", .times = 10});
  EXPECT_FALSE(IsOk(LookAtRestore()));  // opened, and cut short before the attempt
  ASSERT_TRUE(RestoreRunOf().open());
  ASSERT_TRUE(RestoreRunOf().attempts.empty());
  provider.library_error =
      Error{.kind = ErrorKind::kUnavailable, .code = "test.away", .message = "away"};
  EXPECT_EQ(CodeOf(LookAtRestore()), "test.away");
  EXPECT_TRUE(RestoreRunOf().open());
  provider.library_error.reset();
  EXPECT_EQ(RestoreLaunches(), 0);
}

TEST_F(RestoreReconcilerTest, ALaunchThatIsRefusedFailsTheRestore) {
  EmptyLibrary();
  platform.refuses = Error{.kind = ErrorKind::kDenied, .code = "platform.denied", .message = "no"};
  Create(Restore());
  EXPECT_EQ(LookAtRestore()->error->code, "platform.denied");
  EXPECT_TRUE(RestoreRunOf().abandoned.has_value());
}

TEST_F(RestoreReconcilerTest, AnOpenRunThatIsNotAllowedAnyMoreIsStopped) {
  EmptyLibrary();
  Create(Restore());
  platform.on_launch = nullptr;
  ASSERT_TRUE(IsOk(LookAtRestore()));
  ChangeEnvironment([](auto& environment) { environment.spec.restore.required_approvals = 2; });
  EXPECT_EQ(LookAtRestore()->error->code, "restore.not_supported");
  EXPECT_EQ(platform.cancelled.size(), 1U);
  EXPECT_TRUE(RestoreRunOf().abandoned.has_value());
}

TEST_F(RestoreReconcilerTest, ADamagedLogStallsTheRequest) {
  EmptyLibrary();
  Create(Restore());
  platform.on_launch = nullptr;
  ASSERT_TRUE(IsOk(LookAtRestore()));
  const std::string entry = vault::ControlEntryKey(kRetail, RestoreRunOf().run, 1);
  ASSERT_TRUE(IsOk(vault->Delete(ctx, entry)));
  ASSERT_TRUE(IsOk(vault->Put(ctx, {.key = entry, .body = "{"})));
  EXPECT_EQ(CodeOf(LookAtRestore()), "vault.log_entry");
  EXPECT_EQ(Text(RestoreStatus().conditions, "Stalled"), "True/Corrupt");
}

TEST_F(RestoreReconcilerTest, ANamespaceWithoutEnvironmentIsRefused) {
  api::RestoreRequest request = Restore();
  request.metadata.namespace_ = "proj-nobody";
  Create(request);
  EXPECT_EQ(ReconcileRestore(ctx, deps(), "proj-nobody", "back")->error->code,
            "environment.not_found");
}

}  // namespace
}  // namespace lc2::control::testing
