#include "vault/backup.h"

#include "vault/deletion.h"
#include "vault/tests/vault_fixture.h"

namespace lc2::vault {
namespace {

using std::chrono::hours;

class BackupTest : public ::testing::Test, protected VaultFixture {
 protected:
  const By by_{.who = "bob", .why = "because"};
};

TEST_F(BackupTest, EveryFlippedByteOfManifestAndSignatureIsDetected) {
  const BackupId id = Make({.files = SomeFiles(3)}).value().manifest.backup_id;
  for (const std::string& path : {ManifestKey(kRetail, id), SignatureKey(kRetail, id)}) {
    const std::string good = store->Get(ctx, path).value();
    for (std::size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
      Overwrite(path, bad);
      const auto opened = Open(id);
      ASSERT_FALSE(opened.has_value()) << path << " byte " << i;
      ASSERT_EQ(opened.error().kind, ErrorKind::kCorrupt);
    }
    Overwrite(path, good.substr(1));
    EXPECT_FALSE(Open(id).has_value());
    Overwrite(path, good);
  }
  EXPECT_TRUE(IsOk(Open(id)));
}

// Bits that the store flips on the way, not at rest.
TEST_F(BackupTest, BadReadsAreDetected) {
  const BackupId id = Make({.files = SomeFiles(3)}).value().manifest.backup_id;
  for (const char* part : {"manifest.json", "manifest.sig"}) {
    for (const auto effect : {Fault::Effect::kFlipBit, Fault::Effect::kTruncate}) {
      store->Plan({.operation = "get", .key_part = part, .effect = effect});
      EXPECT_FALSE(Open(id).has_value()) << part;
      EXPECT_TRUE(IsOk(Open(id)));
    }
  }
}

TEST_F(BackupTest, SignaturesAreTrustedOnlyByTheKeysOfTheCaller) {
  const BackupId id = Make({.files = SomeFiles(3)}).value().manifest.backup_id;
  const auto open = [&](const OpenBackupOptions& options) {
    return OpenBackup(ctx, *store, kRetail, id, options);
  };
  EXPECT_EQ(open({}).value().signature, SignatureState::kUntrustedKey);
  EXPECT_EQ(open({}).value().key_id, key.public_key().id());
  EXPECT_EQ(CodeOf(open({.require_trusted = true})), "backup.untrusted");
  EXPECT_TRUE(IsOk(open({.trusted = {key.public_key()}, .require_trusted = true})));
  ASSERT_TRUE(IsOk(store->Delete(ctx, PublicKeyKey(key.public_key().id()))));
  Overwrite(PublicKeyKey("junk"), "no key");
  EXPECT_EQ(CodeOf(open({})), "backup.bad_signature") << "a signature by nobody known";
  ASSERT_TRUE(IsOk(store->Delete(ctx, SignatureKey(kRetail, id))));
  EXPECT_EQ(open({}).value().signature, SignatureState::kUnsigned);
  EXPECT_EQ(CodeOf(open({.trusted = {key.public_key()}, .require_trusted = true})),
            "backup.untrusted");
}

TEST_F(BackupTest, OnlyTheLogMakesABackup) {
  const BackupId id("retail-prd-backup-20251109-143000");
  EXPECT_EQ(CodeOf(Open(id)), "backup.not_found");
  EXPECT_EQ(CodeOf(Open(BackupId("../x"))), "vault.bad_name");
  const StartedRun run = Start({.files = SomeFiles(3)}).value();
  EXPECT_EQ(CodeOf(Open(id)), "backup.not_found") << "opened is not committed";
  // A manifest that somebody wrote there does not change that.
  Overwrite(ManifestKey(kRetail, id), "{}");
  EXPECT_EQ(CodeOf(Open(id)), "backup.not_found");
  ASSERT_TRUE(IsOk(AbandonRun(ctx, vault(), kRetail, run.run, {}, "c", "failed")));
  EXPECT_EQ(CodeOf(Open(id)), "backup.not_found");
}

TEST_F(BackupTest, AManifestThatLacksIsUnfinishedNotAbsent) {
  const OpenedBackup backup = Make({.files = SomeFiles(3)}).value();
  const BackupId id = backup.manifest.backup_id;
  ASSERT_TRUE(IsOk(store->Delete(ctx, ManifestKey(kRetail, id))));
  EXPECT_EQ(CodeOf(Open(id)), "backup.unfinished");
  ASSERT_TRUE(IsOk(FinishCommit(ctx, vault(), kRetail, backup.facts.run)));
  EXPECT_EQ(Open(id).value().manifest, backup.manifest);
}

TEST_F(BackupTest, ManifestsOfAnotherBackupAreRefused) {
  const OpenedBackup one = Make({.files = SomeFiles(3)}).value();
  const OpenedBackup two =
      Make({.name = "retail-prd-backup-20251110-143000", .files = SomeFiles(3)}).value();
  Overwrite(ManifestKey(kRetail, one.manifest.backup_id),
            store->Get(ctx, ManifestKey(kRetail, two.manifest.backup_id)).value());
  EXPECT_EQ(CodeOf(Open(one.manifest.backup_id)), "backup.digest");
}

TEST_F(BackupTest, ListsAreTheLogs) {
  const OpenedBackup first = Make({.files = SomeFiles(3)}).value();
  clock.Advance(hours(1));
  const StartedRun failed = Start({.name = "retail-prd-backup-20251109-153000"}).value();
  ASSERT_TRUE(IsOk(AbandonRun(ctx, vault(), kRetail, failed.run, {.reason = AbandonReason::kFailed},
                              "c", "failed")));
  clock.Advance(hours(1));
  const OpenedBackup last =
      Make({.name = "retail-prd-backup-20251109-163000", .files = SomeFiles(3)}).value();
  const RunList list = ListBackups(ctx, *store, kRetail).value();
  ASSERT_EQ(list.runs.size(), 3U);
  EXPECT_TRUE(list.damaged.empty());
  EXPECT_EQ(list.runs[0].run, last.facts.run);
  EXPECT_EQ(list.runs[1].run, failed.run);
  EXPECT_EQ(list.runs[1].abandoned->reason, AbandonReason::kFailed);
  EXPECT_EQ(list.runs[2].run, first.facts.run);

  // A damaged log hides no other; a store that does not answer hides nothing.
  Overwrite(ControlEntryKey(kRetail, failed.run, 0), "{}");
  const RunList rest = ListBackups(ctx, *store, kRetail).value();
  EXPECT_EQ(rest.runs.size(), 2U);
  ASSERT_EQ(rest.damaged.size(), 1U);
  EXPECT_EQ(rest.damaged[0].code, "vault.log_entry");
  store->Plan({.operation = "get", .key_part = first.facts.run.str(), .times = 6});
  const auto unanswered = ListBackups(ctx, *store, kRetail);
  ASSERT_FALSE(unanswered.has_value());
  EXPECT_EQ(unanswered.error().kind, ErrorKind::kUnavailable);
  Overwrite(RunsPrefix(kRetail) + "junk/000000.json", "{}");
  EXPECT_EQ(ListBackups(ctx, *store, kRetail).value().damaged.size(), 2U);
}

TEST_F(BackupTest, ManyLogsAreListedInBatches) {
  for (int i = 0; i < 1200; ++i) {
    const std::string name = "n" + std::to_string(i);
    ASSERT_TRUE(IsOk(StartRun(ctx, vault(), kRetail, RunRequest(NewRunId(random), name),
                              [](const Context&) -> Result<RunChoice> { return RunChoice{}; })));
  }
  EXPECT_EQ(ListRuns(ctx, *store, kRetail).value().runs.size(), 1200U);
}

TEST_F(BackupTest, EnvironmentsAreFound) {
  EXPECT_TRUE(ListEnvironments(ctx, *store).value().empty());
  ASSERT_TRUE(IsOk(Make({.files = SomeFiles(3)})));
  for (const char* path : {"a/b/control/x", "a/stray", "a/c/1", "re-tail/prd/x", "retail/prd2/x",
                           "Odd/name/x", "zz/zz/y", "audit/x/y"})
    Overwrite(path, "x");
  std::vector<std::string> found;
  const std::vector<EnvironmentId> listed = ListEnvironments(ctx, *store).value();
  for (const EnvironmentId& env : listed) found.push_back(EnvironmentPrefix(env));
  EXPECT_EQ(found, (std::vector<std::string>{"a/b/", "a/c/", "re-tail/prd/", "retail/prd/",
                                             "retail/prd2/", "zz/zz/"}));
}

class DeletionTest : public BackupTest {
 protected:
  void SetUp() override {
    const OpenedBackup backup = Make({.files = SomeFiles(3)}).value();
    id_ = backup.manifest.backup_id;
    run_ = backup.facts.run;
  }
  Result<RunFacts> Request(std::chrono::hours delay = hours(1)) {
    return RequestDeletion(ctx, vault(), kRetail, run_, clock.Now() + delay, by_);
  }
  Result<RunFacts> Execute() { return ExecuteDeletion(ctx, vault(), kRetail, run_, by_); }
  std::int64_t AuditCount() { return VerifyAudit(ctx, *store, file.vault_id).value().count; }
  bool AnyPublished() {
    return Exists(ManifestKey(kRetail, id_)) || Exists(SignatureKey(kRetail, id_)) ||
           Exists(TrackerKey(id_));
  }
  BackupId id_;
  RunId run_;
};

TEST_F(DeletionTest, WaitsThenRemovesWhatIsPublishedAndLeavesTheData) {
  EXPECT_EQ(CodeOf(Execute()), "vault.log_transition") << "nobody requested it";
  ASSERT_TRUE(IsOk(Request()));
  ASSERT_TRUE(IsOk(Request())) << "asked for again";
  EXPECT_EQ(CodeOf(Execute()), "vault.deletion_early");
  clock.Advance(hours(2));
  EXPECT_TRUE(Execute().value().deleted);
  EXPECT_FALSE(AnyPublished());
  EXPECT_TRUE(Execute().value().deleted) << "again";
  EXPECT_EQ(AuditCount(), 3) << "committed, requested, deleted";
  EXPECT_EQ(CodeOf(Open(id_)), "backup.deleted");
  const RunFacts facts = FindRun(ctx, *store, kRetail, id_).value();
  const Candidate candidate = ReadCommittedCandidate(ctx, *store, kRetail, facts).value();
  for (const Entry& entry : candidate.document_library.files) EXPECT_TRUE(Exists(entry.path));
}

TEST_F(DeletionTest, CanBeWithdrawnUntilItIsDone) {
  EXPECT_TRUE(IsOk(WithdrawDeletion(ctx, vault(), kRetail, run_, by_)));
  ASSERT_TRUE(IsOk(Request()));
  EXPECT_FALSE(WithdrawDeletion(ctx, vault(), kRetail, run_, by_).value().delete_not_before);
  clock.Advance(hours(2));
  EXPECT_EQ(CodeOf(Execute()), "vault.log_transition");
  EXPECT_TRUE(IsOk(Open(id_)));
}

TEST_F(DeletionTest, IsRefusedUnderHold) {
  ASSERT_TRUE(IsOk(Request()));
  ASSERT_TRUE(IsOk(SetHold(ctx, vault(), kRetail, run_, {.on = true, .reason = "audit"}, by_)));
  ASSERT_TRUE(IsOk(SetHold(ctx, vault(), kRetail, run_, {.on = true, .reason = "audit"}, by_)));
  clock.Advance(hours(2));
  EXPECT_EQ(CodeOf(Execute()), "vault.held");
  EXPECT_EQ(CodeOf(Request()), "vault.held");
  EXPECT_TRUE(AnyPublished());
  ASSERT_TRUE(IsOk(SetHold(ctx, vault(), kRetail, run_, {.on = false}, by_)));
  EXPECT_TRUE(IsOk(Execute()));
}

TEST_F(DeletionTest, CutShortItIsTakenUpAgain) {
  ASSERT_TRUE(IsOk(Request(hours(0))));
  store->Plan({.operation = "delete", .skip = 1, .times = 1});
  EXPECT_EQ(Execute().error().kind, ErrorKind::kUnavailable);
  EXPECT_FALSE(Exists(TrackerKey(id_)));
  EXPECT_TRUE(Exists(ManifestKey(kRetail, id_)));
  EXPECT_EQ(CodeOf(Open(id_)), "backup.deleted") << "the log decides";
  EXPECT_TRUE(IsOk(Execute()));
  EXPECT_FALSE(AnyPublished());
}

TEST_F(DeletionTest, AManifestThatCameBackIsRemovedAgain) {
  const std::string manifest = store->Get(ctx, ManifestKey(kRetail, id_)).value();
  ASSERT_TRUE(IsOk(Request(hours(0))));
  ASSERT_TRUE(IsOk(Execute()));
  Overwrite(ManifestKey(kRetail, id_), manifest);
  ASSERT_TRUE(IsOk(FinishCommit(ctx, vault(), kRetail, run_)));
  EXPECT_FALSE(AnyPublished());
}

TEST_F(DeletionTest, RetentionOnlyGrows) {
  const Time before = *FindRun(ctx, *store, kRetail, id_).value().expires_at;
  EXPECT_EQ(ExtendRetention(ctx, vault(), kRetail, run_, before + hours(1), by_).value().expires_at,
            before + hours(1));
  EXPECT_EQ(CodeOf(ExtendRetention(ctx, vault(), kRetail, run_, before, by_)),
            "vault.retention_shortened");
  EXPECT_TRUE(IsOk(ExtendRetention(ctx, vault(), kRetail, run_, before + hours(1), by_)));
  // The manifest keeps what was true at commit.
  EXPECT_EQ(Open(id_).value().manifest.retention.expires_at, before);
  EXPECT_EQ(Open(id_).value().facts.expires_at, before + hours(1));
}

TEST_F(DeletionTest, VerdictsAreRecorded) {
  Verified verified{.level = "Full", .result = "Damaged"};
  for (int i = 0; i < 150; ++i) verified.damaged.push_back("k" + std::to_string(i));
  const RunFacts facts = RecordVerified(ctx, vault(), kRetail, run_, verified, by_).value();
  EXPECT_EQ(facts.verified->damaged.size(), 100U);
  EXPECT_EQ(facts.verified_at, clock.Now());
  const RunId drill(std::string(32, 'd'));
  EXPECT_TRUE(IsOk(RecordProved(ctx, vault(), kRetail, run_, {.by = drill}, by_)));
  EXPECT_EQ(RecordProved(ctx, vault(), kRetail, run_, {.by = drill}, by_).value().proved->by,
            drill);
  EXPECT_EQ(CodeOf(RecordVerified(ctx, vault(), kRetail, run_, {.level = "x"}, by_)),
            "vault.log_event");
}

TEST_F(DeletionTest, VersionedStoresLoseThePublishedVersion) {
  VaultFixture versioned(3, {.versions = true});
  const OpenedBackup backup = versioned.Make({.files = SomeFiles(3)}).value();
  ASSERT_TRUE(IsOk(RequestDeletion(versioned.ctx, versioned.vault(), kRetail, backup.facts.run,
                                   versioned.clock.Now(), by_)));
  ASSERT_TRUE(
      IsOk(ExecuteDeletion(versioned.ctx, versioned.vault(), kRetail, backup.facts.run, by_)));
  EXPECT_FALSE(versioned.Exists(ManifestKey(kRetail, backup.manifest.backup_id)));
}

}  // namespace
}  // namespace lc2::vault
