#include "vault/commit.h"

#include "vault/deletion.h"
#include "vault/tests/vault_fixture.h"

namespace lc2::vault {
namespace {

class CommitTest : public ::testing::Test, protected VaultFixture {
 protected:
  struct Proposed {
    StartedRun run;
    AttemptId attempt;
    Candidate candidate;
  };
  // A candidate that was changed before it was written.
  template <class Change>
  Proposed Propose(const MakeOptions& options, const Change& change) {
    const StartedRun run = Start(options).value();
    const AttemptId attempt = StartAttempt(ctx, vault(), kRetail, run.run, "c").value();
    Candidate candidate =
        VaultFixture::Propose(run, *run.facts.opened->backup_id, attempt, options).value();
    change(candidate);
    EXPECT_TRUE(IsOk(store->Put(ctx, {.key = CandidateKey(kRetail, run.run, attempt),
                                      .body = EncodeCandidate(candidate)})));
    return {.run = run, .attempt = attempt, .candidate = candidate};
  }
  Proposed Propose(const MakeOptions& options) {
    return Propose(options, [](Candidate&) {});
  }
  Result<CheckedCandidate> Check(const Proposed& proposed, const CheckOptions& options = {}) {
    return CheckCandidate(ctx, *store, kRetail, proposed.run.run, proposed.attempt, options);
  }
  Result<CommitFacts> DoCommit(const Proposed& proposed) {
    LC2_ASSIGN_OR_RETURN(const CheckedCandidate checked, Check(proposed));
    return Commit(ctx, vault(), kRetail, proposed.run.run, checked, "control");
  }
  const MakeOptions options_{.files = SomeFiles(5)};
};

TEST_F(CommitTest, WritesManifestSignatureTrackerAndAudit) {
  const OpenedBackup backup = Make(options_).value();
  const BackupId id = backup.manifest.backup_id;
  EXPECT_EQ(backup.signature, SignatureState::kTrusted);
  EXPECT_EQ(backup.manifest.initiator, "alice");
  EXPECT_EQ(backup.manifest.document_library.object_count, 5);
  EXPECT_TRUE(Exists(ManifestKey(kRetail, id)));
  EXPECT_EQ(store->Get(ctx, SignatureKey(kRetail, id)).value().size(), 64U);
  EXPECT_TRUE(Exists(TrackerKey(id)));
  EXPECT_TRUE(Exists(PublicKeyKey(key.public_key().id())));
  EXPECT_EQ(VerifyAudit(ctx, *store, file.vault_id).value().count, 1);
  EXPECT_TRUE(IsOk(ReadEntries(backup.manifest.document_library)));
}

TEST_F(CommitTest, CandidatesSurviveARoundTrip) {
  Proposed proposed = Propose(options_);
  const std::string bytes = EncodeCandidate(proposed.candidate);
  EXPECT_EQ(ParseCandidate(bytes, kRetail, "c").value(), proposed.candidate);
  EXPECT_EQ(CodeOf(ParseCandidate(bytes.substr(1), kRetail, "c")), "candidate.invalid");
  EXPECT_EQ(CodeOf(ParseCandidate("7", kRetail, "c")), "candidate.invalid");
  EXPECT_EQ(CodeOf(ParseCandidate("{}", kRetail, "c")), "candidate.invalid");
  EXPECT_EQ(CodeOf(ParseCandidate("{\"format\":2}", kRetail, "c")), "candidate.invalid");
  proposed.candidate.environment = EnvironmentName("uat");
  EXPECT_EQ(CodeOf(ParseCandidate(EncodeCandidate(proposed.candidate), kRetail, "c")),
            "candidate.invalid");
  proposed.candidate.environment = kRetail.environment;
  proposed.candidate.database.dump->path = "retail/uat/dump";
  EXPECT_EQ(CodeOf(WriteCandidate(ctx, *store, proposed.candidate)), "manifest.escapes");
}

TEST_F(CommitTest, WorksForShardsLayoutFolderAndAnEmptyLibrary) {
  MakeOptions shards{.name = "retail-prd-backup-20251109-000001",
                     .files = SomeFiles(50),
                     .inline_limit = 10,
                     .shard_entries = 20};
  const OpenedBackup sharded = Make(shards).value();
  EXPECT_EQ(sharded.manifest.document_library.index->shards, 3);
  EXPECT_EQ(ReadEntries(sharded.manifest.document_library).value().size(), 50U);

  MakeOptions folder{.name = "retail-prd-backup-20251109-000002",
                     .files = SomeFiles(5),
                     .layout = Layout::kFolder};
  ASSERT_TRUE(IsOk(Make(folder)));
  MakeOptions empty{.name = "retail-prd-backup-20251109-000003"};
  ASSERT_TRUE(IsOk(Make(empty)));
}

TEST_F(CommitTest, CarriesFromItsBaseAndFromARestoreOfIt) {
  const OpenedBackup base = Make(options_).value();
  MakeOptions next{.name = "retail-prd-backup-20251110-143000",
                   .files = SomeFiles(8),
                   .base = base.manifest.backup_id};
  const OpenedBackup second = Make(next).value();
  EXPECT_EQ(second.manifest.base, base.manifest.backup_id);
  EXPECT_EQ(second.manifest.document_library.files[0].path,
            base.manifest.document_library.files[0].path);
  EXPECT_NE(ParsePoolKey(kRetail, second.manifest.document_library.files[7].path)->run8,
            ParsePoolKey(kRetail, second.manifest.document_library.files[0].path)->run8);
}

TEST_F(CommitTest, ABaseThatIsDeletedAfterTheLookStillProvesCarriedEntries) {
  const OpenedBackup base = Make(options_).value();
  MakeOptions next{.name = "retail-prd-backup-20251110-143000",
                   .files = SomeFiles(8),
                   .base = base.manifest.backup_id};
  const Proposed proposed = Propose(next);
  ASSERT_TRUE(IsOk(RequestDeletion(ctx, vault(), kRetail, base.facts.run, clock.Now(), {})));
  ASSERT_TRUE(IsOk(ExecuteDeletion(ctx, vault(), kRetail, base.facts.run, {})));
  EXPECT_TRUE(IsOk(DoCommit(proposed)));
}

TEST_F(CommitTest, AdoptsFromTheRunItInherited) {
  const Proposed lost = Propose(options_);
  MakeOptions next{
      .name = "retail-prd-backup-20251110-143000", .files = SomeFiles(6), .inherits = lost.run.run};
  const Proposed heir = Propose(next);
  EXPECT_EQ(ParsePoolKey(kRetail, heir.candidate.document_library.files[0].path)->run8,
            Run8(lost.run.run));
  ASSERT_TRUE(IsOk(DoCommit(heir)));
  EXPECT_EQ(CodeOf(DoCommit(lost)), "vault.log_transition") << "an inherited run is closed";
}

TEST_F(CommitTest, RefusesWhatDoesNotFitTheRun) {
  int number = 0;
  const auto refused = [&](void (*change)(Candidate&), const CheckOptions& options = {}) {
    MakeOptions make = options_;
    make.name = "retail-prd-backup-20251109-" + std::to_string(150000 + ++number);
    return CodeOf(Check(Propose(make, change), options));
  };
  EXPECT_EQ(refused([](Candidate&) {}), "ok");
  EXPECT_EQ(refused([](Candidate& c) { c.spec_digest = "sha256:" + std::string(64, 'b'); }),
            "candidate.mismatch");
  EXPECT_EQ(refused([](Candidate& c) { c.run_id = RunId(std::string(32, '0')); }),
            "candidate.mismatch");
  EXPECT_EQ(refused([](Candidate& c) { c.attempt = AttemptId("a7"); }), "candidate.mismatch");
  EXPECT_EQ(refused([](Candidate& c) { c.backup_id = BackupId("other"); }), "candidate.mismatch");
  EXPECT_EQ(refused([](Candidate&) {}, {.source_bucket = "another"}), "candidate.mismatch");
  EXPECT_EQ(refused([](Candidate&) {}, {.provider = "aws"}), "candidate.mismatch");
  EXPECT_EQ(refused([](Candidate&) {}, {.source_bucket = "/srv/library", .provider = "local"}),
            "ok");
  // Inside the environment, but of another backup.
  EXPECT_EQ(refused([](Candidate& c) {
              c.database.dump->path = "retail/prd/20200101-000000/database/a1/d";
            }),
            "candidate.mismatch");
  EXPECT_EQ(refused([](Candidate& c) { c.database.references->path = "retail/prd/x"; }),
            "candidate.mismatch");
  EXPECT_EQ(refused([](Candidate& c) { c.consistency.findings->path = "retail/prd/x"; }),
            "candidate.mismatch");
  EXPECT_EQ(refused([](Candidate& c) { c.database.references.reset(); }), "candidate.mismatch");
  EXPECT_EQ(refused([](Candidate& c) { c.database.dump->size_bytes += 1; }), "candidate.mismatch");
  EXPECT_EQ(refused([](Candidate& c) { c.database.dump->sha256 = std::string(64, '0'); }),
            "candidate.object_digest");
  EXPECT_EQ(refused([](Candidate& c) { c.database.dump->sha256 = std::string(64, '0'); },
                    {.dump_digest = false}),
            "ok");
  EXPECT_EQ(refused([](Candidate& c) { c.database.references->sha256 = std::string(64, '0'); }),
            "candidate.object_digest");
  EXPECT_EQ(refused([](Candidate& c) { c.consistency.findings->sha256 = std::string(64, '0'); }),
            "candidate.object_digest");
  EXPECT_EQ(refused([](Candidate& c) { c.consistency.findings->path += "x"; }),
            "candidate.object_lost");
  EXPECT_EQ(refused([](Candidate& c) { c.document_library.object_count = 1; }),
            "candidate.invalid");
  // Entries: one that the worker's lists do not hold, one of a run that is no base's.
  EXPECT_EQ(refused([](Candidate& c) {
              c.document_library.files.pop_back();
              c.document_library.object_count -= 1;
              c.document_library.total_size_bytes = 0;
              for (const Entry& e : c.document_library.files)
                c.document_library.total_size_bytes += e.size;
            }),
            "candidate.written_mismatch");
  EXPECT_EQ(refused([](Candidate& c) {
              std::string& path = c.document_library.files[0].path;
              path = path.substr(0, path.size() - 8) + "01234567";
            }),
            "candidate.carried_unknown");
}

TEST_F(CommitTest, RefusesLostAndCutObjects) {
  const Proposed proposed = Propose(options_);
  const std::string object = proposed.candidate.document_library.files[2].path;
  const std::string good = store->Get(ctx, object).value();
  Overwrite(object, good + "x");
  EXPECT_EQ(CodeOf(Check(proposed)), "candidate.object_size");
  ASSERT_TRUE(IsOk(store->Delete(ctx, object)));
  EXPECT_EQ(CodeOf(Check(proposed)), "candidate.object_lost");
  ASSERT_TRUE(IsOk(store->Put(ctx, {.key = object, .body = good})));
  const std::string dump = proposed.candidate.database.dump->path;
  ASSERT_TRUE(IsOk(store->Delete(ctx, dump)));
  EXPECT_EQ(CodeOf(Check(proposed)), "candidate.object_lost");
}

TEST_F(CommitTest, RefusesFolderCopiesThatAreNotComplete) {
  MakeOptions options = options_;
  options.layout = Layout::kFolder;
  const Proposed proposed = Propose(options);
  ASSERT_TRUE(IsOk(Check(proposed)));
  const std::string object = proposed.candidate.document_library.files[2].path;
  const std::string good = store->Get(ctx, object).value();
  Overwrite(object, good + "x");
  EXPECT_EQ(CodeOf(Check(proposed)), "candidate.object_size");
  ASSERT_TRUE(IsOk(store->Delete(ctx, object)));
  EXPECT_EQ(CodeOf(Check(proposed)), "candidate.object_lost");
  const Proposed other =
      Propose({.name = "retail-prd-backup-20251109-150000",
               .files = SomeFiles(2),
               .layout = Layout::kFolder},
              [](Candidate& c) {
                c.document_library.files[0].path =
                    "retail/prd/20251109-150000/dl/a9/" + c.document_library.files[0].key;
              });
  EXPECT_EQ(CodeOf(Check(other)), "candidate.mismatch");
}

TEST_F(CommitTest, RefusesCarriedEntriesThatTheBaseDoesNotHoldSo) {
  const OpenedBackup base = Make(options_).value();
  int number = 0;
  const auto refused = [&](void (*change)(Candidate&)) {
    MakeOptions next{.name = "retail-prd-backup-20251110-" + std::to_string(150000 + ++number),
                     .files = SomeFiles(5),
                     .base = base.manifest.backup_id};
    return CodeOf(Check(Propose(next, change)));
  };
  EXPECT_EQ(refused([](Candidate&) {}), "ok");
  EXPECT_EQ(refused([](Candidate& c) {
              c.document_library.files[0].size += 1;
              c.document_library.total_size_bytes += 1;
            }),
            "candidate.carried_mismatch");
  EXPECT_EQ(refused([](Candidate& c) {
              std::swap(c.document_library.files[0].path, c.document_library.files[1].path);
            }),
            "candidate.carried_mismatch");
  EXPECT_EQ(refused([](Candidate& c) { c.document_library.files[4].key += "x"; }),
            "candidate.carried_unknown");
}

TEST_F(CommitTest, OnlyLaunchedAttemptsOfOpenRunsAreChecked) {
  const Proposed proposed = Propose(options_);
  EXPECT_EQ(CodeOf(CheckCandidate(ctx, *store, kRetail, proposed.run.run, AttemptId("a2"))),
            "vault.log_transition");
  EXPECT_EQ(CodeOf(CheckCandidate(ctx, *store, kRetail, proposed.run.run, AttemptId("../a1"))),
            "vault.bad_name");
  const AttemptId second = StartAttempt(ctx, vault(), kRetail, proposed.run.run, "c").value();
  EXPECT_EQ(CodeOf(CheckCandidate(ctx, *store, kRetail, proposed.run.run, second)),
            "candidate.absent");
  const CheckedCandidate checked = Check(proposed).value();
  ASSERT_TRUE(IsOk(AbandonRun(ctx, vault(), kRetail, proposed.run.run,
                              {.reason = AbandonReason::kCancelled}, "c", "stop")));
  EXPECT_EQ(CodeOf(Check(proposed)), "vault.log_transition");
  EXPECT_EQ(CodeOf(Commit(ctx, vault(), kRetail, proposed.run.run, checked, "c")),
            "vault.log_transition");
  EXPECT_FALSE(Exists(ManifestKey(kRetail, proposed.candidate.backup_id)));
  EXPECT_EQ(CodeOf(FinishCommit(ctx, vault(), kRetail, proposed.run.run)), "vault.log_transition");
}

// The same commit, cut after each of its writes in turn: whoever finishes it writes the same bytes.
TEST_F(CommitTest, IsFinishedByWhoeverSeesIt) {
  std::string expected;
  for (int cut = 0; cut < 8; ++cut) {
    SCOPED_TRACE(cut);
    VaultFixture one(5);
    one.key = SigningKey::FromPem(key.ToPem()).value();
    const StartedRun run = one.Start(options_).value();
    const AttemptId attempt = one.Work(run, options_).value();
    const CheckedCandidate checked =
        CheckCandidate(one.ctx, *one.store, kRetail, run.run, attempt).value();
    one.store->Plan({.operation = "put", .skip = cut, .times = 1000});
    const auto committed = Commit(one.ctx, one.vault(), kRetail, run.run, checked, "c");
    const std::string signature = SignatureKey(kRetail, checked.candidate.backup_id);
    EXPECT_EQ(committed.has_value(), cut >= 6) << "log, audit, manifest, key, signature, tracker";
    if (committed.has_value()) {
      EXPECT_TRUE(one.Exists(signature));
    }
    // A restarted control plane, with a clock and randomness of its own.
    auto healed = MakeMemoryStore(one.clock);
    CopyAll(one, *healed);
    one.clock.Advance(std::chrono::hours(100));
    SeededRandom other_random(99);
    AuditLog other_audit(*healed, one.file.vault_id, other_random);
    const Vault other{.store = *healed,
                      .file = one.file,
                      .random = other_random,
                      .audit = &other_audit,
                      .signing_key = &one.key};
    const ControlLog log = ReadControlLog(one.ctx, *healed, kRetail, run.run).value();
    if (!Fold(log).committed) {
      EXPECT_TRUE(IsOk(Commit(one.ctx, other, kRetail, run.run, checked, "other")));
    } else {
      EXPECT_TRUE(IsOk(FinishCommit(one.ctx, other, kRetail, run.run)));
    }
    const std::string bytes =
        healed->Get(one.ctx, ManifestKey(kRetail, checked.candidate.backup_id)).value();
    if (expected.empty()) expected = bytes;
    EXPECT_EQ(bytes, expected);
    EXPECT_TRUE(healed->Head(one.ctx, TrackerKey(checked.candidate.backup_id)).has_value());
    EXPECT_TRUE(IsOk(OpenBackup(one.ctx, *healed, kRetail, checked.candidate.backup_id,
                                {.trusted = {key.public_key()}, .require_trusted = true})));
    EXPECT_GE(VerifyAudit(one.ctx, *healed, one.file.vault_id).value().count, 1);
    EXPECT_TRUE(IsOk(FinishCommit(one.ctx, other, kRetail, run.run))) << "again changes nothing";
  }
}

TEST_F(CommitTest, AForeignManifestOrADamagedCandidateStopsIt) {
  const Proposed proposed = Propose(options_);
  const CheckedCandidate checked = Check(proposed).value();
  const std::string manifest = ManifestKey(kRetail, proposed.candidate.backup_id);
  Overwrite(manifest, "{}");
  EXPECT_EQ(CodeOf(Commit(ctx, vault(), kRetail, proposed.run.run, checked, "c")),
            "manifest.foreign");
  ASSERT_TRUE(IsOk(store->Delete(ctx, manifest)));
  const std::string candidate = CandidateKey(kRetail, proposed.run.run, proposed.attempt);
  const std::string good = store->Get(ctx, candidate).value();
  Overwrite(candidate, good + " ");
  EXPECT_EQ(CodeOf(FinishCommit(ctx, vault(), kRetail, proposed.run.run)), "candidate.digest");
  ASSERT_TRUE(IsOk(store->Delete(ctx, candidate)));
  EXPECT_EQ(CodeOf(FinishCommit(ctx, vault(), kRetail, proposed.run.run)), "candidate.lost");
  Overwrite(candidate, good);
  EXPECT_TRUE(IsOk(FinishCommit(ctx, vault(), kRetail, proposed.run.run)));
}

TEST_F(CommitTest, WithoutKeyTrackerAndAuditItIsStillABackup) {
  const Proposed proposed = Propose(options_);
  const CheckedCandidate checked = Check(proposed).value();
  const Vault plain{.store = *store, .file = file, .random = random, .lcp_trackers = false};
  ASSERT_TRUE(IsOk(Commit(ctx, plain, kRetail, proposed.run.run, checked, "c")));
  const BackupId id = proposed.candidate.backup_id;
  EXPECT_FALSE(Exists(SignatureKey(kRetail, id)));
  EXPECT_FALSE(Exists(TrackerKey(id)));
  EXPECT_EQ(Open(id).value().signature, SignatureState::kUnsigned);
}

}  // namespace
}  // namespace lc2::vault
