#include "vault/run.h"

#include <fmt/format.h>

#include "vault/deletion.h"
#include "vault/reservation.h"
#include "vault/tests/vault_fixture.h"

namespace lc2::vault {
namespace {

using std::chrono::hours;

class RunTest : public ::testing::Test, protected VaultFixture {
 protected:
  void DeleteBackup(const RunId& run) {
    ASSERT_TRUE(IsOk(RequestDeletion(ctx, vault(), kRetail, run, clock.Now(), {.who = "bob"})));
    ASSERT_TRUE(IsOk(ExecuteDeletion(ctx, vault(), kRetail, run, {.who = "bob"})));
  }
  RunFacts Facts(const RunId& run) {
    return Fold(ReadControlLog(ctx, *store, kRetail, run).value());
  }
  const MakeOptions second_{.name = "retail-prd-backup-20251110-143000", .files = SomeFiles(3)};
};

TEST_F(RunTest, RequestsAreAcceptedOnce) {
  const RequestRef ref{.name_space = "proj-retail-prd", .name = "nightly"};
  const auto accept = [&](const RequestRef& request, const std::string& digest) {
    return AcceptRequest(ctx, vault(), kRetail, RunKind::kBackup, request, digest);
  };
  EXPECT_EQ(CodeOf(ReadRequestRecord(ctx, *store, kRetail, RunKind::kBackup, "nightly")),
            "vault.request_unknown");
  const AcceptedRequest first = accept(ref, kSpecDigest).value();
  EXPECT_EQ(first.acceptance, Acceptance::kNew);
  const AcceptedRequest again = accept(ref, kSpecDigest).value();
  EXPECT_EQ(again.acceptance, Acceptance::kSame);
  EXPECT_EQ(again.record.run_id, first.record.run_id);
  EXPECT_EQ(again.record.accepted_at, clock.Now());
  EXPECT_EQ(accept(ref, "sha256:" + std::string(64, 'b')).value().acceptance,
            Acceptance::kNameReused);
  EXPECT_EQ(accept({.name_space = "other", .name = "nightly"}, kSpecDigest).value().acceptance,
            Acceptance::kNameReused);
  EXPECT_EQ(CodeOf(accept({.name_space = "x", .name = "../x"}, kSpecDigest)), "vault.bad_name");
  // The same name for a restore is another request.
  EXPECT_EQ(
      AcceptRequest(ctx, vault(), kRetail, RunKind::kRestore, ref, kSpecDigest).value().acceptance,
      Acceptance::kNew);
}

TEST_F(RunTest, RacingAndLostAcceptancesAgree) {
  const RequestRef ref{.name_space = "proj-retail-prd", .name = "nightly"};
  store->Plan({.operation = "put", .key_part = "requests", .effect = Fault::Effect::kFailAfter});
  const auto accepted = AcceptRequest(ctx, vault(), kRetail, RunKind::kBackup, ref, kSpecDigest);
  EXPECT_EQ(accepted.value().acceptance, Acceptance::kNew);
  store->Plan({.operation = "put", .key_part = "requests/backup/other", .times = 99});
  EXPECT_EQ(CodeOf(AcceptRequest(ctx, vault(), kRetail, RunKind::kBackup,
                                 {.name_space = "p", .name = "other"}, kSpecDigest)),
            "vault.unknown_outcome");
}

TEST_F(RunTest, DamagedRequestRecordsAreNamed) {
  const std::string record = RequestRecordKey(kRetail, RunKind::kBackup, "n");
  for (
      const char* bytes :
      {"", "{}", R"({"format":2,"kind":"backup"})",
       R"({"format":1,"kind":"restore","request":{"name":"n"},"projectId":"retail","environment":"prd"})",
       R"({"format":1,"kind":"backup","request":{"name":"n"},"projectId":"retail","environment":"prd","runId":"x"})"}) {
    ASSERT_TRUE(IsOk(store->Put(ctx, {.key = record, .body = bytes})));
    EXPECT_EQ(CodeOf(ReadRequestRecord(ctx, *store, kRetail, RunKind::kBackup, "n")),
              "vault.request_record")
        << bytes;
  }
}

TEST_F(RunTest, BackupIdsAreReservedForOneRequest) {
  const BackupId id("retail-prd-backup-20251109-143000");
  const RunId one = NewRunId(random), two = NewRunId(random);
  EXPECT_EQ(ReserveBackupId(ctx, vault(), kRetail, id, one).value(), id);
  EXPECT_EQ(ReserveBackupId(ctx, vault(), kRetail, id, one).value(), id);
  const BackupId other = ReserveBackupId(ctx, vault(), kRetail, id, two).value();
  EXPECT_EQ(other.str().size(), id.str().size() + 5);
  EXPECT_TRUE(TimePartOf(kRetail, other).has_value());
  EXPECT_EQ(ReserveBackupId(ctx, vault(), kRetail, id, two).value(), other);
  EXPECT_EQ(ReadReservation(ctx, *store, kRetail, other).value(), two);
  EXPECT_EQ(CodeOf(ReadReservation(ctx, *store, kRetail, BackupId("no"))), "backup.not_found");
  for (const char* bytes : {"x", "{}", R"({"backupId":"b","runId":"x"})", R"({"backupId":7})"}) {
    ASSERT_TRUE(
        IsOk(store->Put(ctx, {.key = ReservationKey(kRetail, BackupId("b")), .body = bytes})));
    EXPECT_EQ(CodeOf(ReadReservation(ctx, *store, kRetail, BackupId("b"))), "vault.reservation");
  }
}

TEST_F(RunTest, AnIdWhoseNeighboursAreAllTakenIsRefused) {
  const BackupId id("retail-prd-backup-20251109-143000");
  const RunId one = NewRunId(random), two = NewRunId(random);
  ASSERT_TRUE(IsOk(ReserveBackupId(ctx, vault(), kRetail, id, one)));
  // Whatever the second run is given, the first one had it before.
  int given = 0;
  Result<BackupId> reserved = ReserveBackupId(ctx, vault(), kRetail, id, two);
  for (; reserved.has_value() && given < 100; ++given) {
    Overwrite(ReservationKey(kRetail, *reserved),
              fmt::format(R"({{"backupId":"{}","runId":"{}"}})", reserved->str(), one.str()));
    reserved = ReserveBackupId(ctx, vault(), kRetail, id, two);
  }
  EXPECT_EQ(CodeOf(reserved), "vault.id_exhausted");
  EXPECT_EQ(reserved.error().kind, ErrorKind::kAlreadyExists);
  EXPECT_NE(reserved.error().message.find(id.str()), std::string::npos);
  EXPECT_EQ(given, 19);
}

TEST_F(RunTest, OpensOnceAndIsTakenUpAgain) {
  const MakeOptions options;
  const StartedRun first = Start(options).value();
  EXPECT_TRUE(first.facts.open());
  EXPECT_EQ(first.facts.opened->initiator, "alice");
  const StartedRun again = Start(options).value();
  EXPECT_EQ(again.run, first.run);
  EXPECT_EQ(again.log.entries.size(), 1U);
}

TEST_F(RunTest, AttemptsAreCountedAndClosedRunsTakeNoMore) {
  const StartedRun run = Start({}).value();
  EXPECT_EQ(StartAttempt(ctx, vault(), kRetail, run.run, "c").value(), AttemptId("a1"));
  EXPECT_EQ(StartAttempt(ctx, vault(), kRetail, run.run, "c").value(), AttemptId("a2"));
  const auto abandon = [&](AbandonReason reason) {
    return AbandonRun(ctx, vault(), kRetail, run.run, {.reason = reason}, "c", "why");
  };
  EXPECT_EQ(abandon(AbandonReason::kFailed).value().abandoned->reason, AbandonReason::kFailed);
  EXPECT_EQ(abandon(AbandonReason::kLost).value().abandoned->reason, AbandonReason::kFailed);
  EXPECT_EQ(CodeOf(StartAttempt(ctx, vault(), kRetail, run.run, "c")), "vault.log_transition");
  EXPECT_TRUE(Start({}).value().facts.abandoned.has_value());
}

TEST_F(RunTest, TwoThatSawTheSameLogDoNotBothLaunch) {
  const StartedRun run = Start({}).value();
  EXPECT_EQ(StartAttempt(ctx, vault(), kRetail, run.run, "c", 0).value(), AttemptId("a1"));
  const auto raced = StartAttempt(ctx, vault(), kRetail, run.run, "d", 0);
  EXPECT_EQ(CodeOf(raced), "vault.attempt_taken");
  EXPECT_EQ(raced.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(StartAttempt(ctx, vault(), kRetail, run.run, "d", 1).value(), AttemptId("a2"));
}

TEST_F(RunTest, ABaseThatIsGoneBeforeOpeningMeansAFullBackup) {
  const OpenedBackup base = Make({.files = SomeFiles(3)}).value();
  DeleteBackup(base.facts.run);
  MakeOptions options = second_;
  options.base = base.manifest.backup_id;
  EXPECT_FALSE(Start(options).value().facts.opened->base.has_value());
}

// The base is deleted after the run was opened and before it looks: the run gives up, the next one
// takes over its backup id.
TEST_F(RunTest, ABaseThatGoesWhileOpeningSupersedesTheRun) {
  const OpenedBackup base = Make({.files = SomeFiles(3)}).value();
  const RunId first = NewRunId(random);
  int choices = 0;
  const auto started =
      StartRun(ctx, vault(), kRetail, RunRequest(first, second_.name),
               [&](const Context&) -> Result<RunChoice> {
                 if (++choices > 1) return RunChoice{};
                 return RunChoice{.base = Base{.backup_id = base.manifest.backup_id}};
               });
  ASSERT_TRUE(IsOk(started));
  EXPECT_EQ(choices, 1) << "the base is alive: one choice is enough";

  // Now the same with the deletion between `opened` and the look.
  const RunId other = NewRunId(random);
  MakeOptions third{.name = "retail-prd-backup-20251111-143000"};
  Opened opened = *started->facts.opened;
  opened.request.name = third.name;
  opened.backup_id = ReserveBackupId(ctx, vault(), kRetail, BackupId(third.name), other).value();
  ASSERT_TRUE(
      IsOk(AppendEvent(ctx, vault(), kRetail, other,
                       [&](const ControlLog&, const RunFacts&) -> Result<std::optional<Event>> {
                         return std::optional<Event>(Event{.body = opened});
                       })));
  DeleteBackup(base.facts.run);
  const auto next = StartRun(ctx, vault(), kRetail, RunRequest(other, third.name),
                             [](const Context&) -> Result<RunChoice> { return RunChoice{}; });
  ASSERT_TRUE(IsOk(next));
  EXPECT_EQ(next->run, NextRunId(other));
  EXPECT_EQ(Facts(other).abandoned->reason, AbandonReason::kSuperseded);
  EXPECT_EQ(next->facts.opened->backup_id, BackupId(third.name));
  EXPECT_EQ(FindRun(ctx, *store, kRetail, BackupId(third.name)).value().run, next->run);
  // Superseded runs are not listed.
  const RunList list = ListRuns(ctx, *store, kRetail).value();
  for (const RunFacts& run : list.runs) EXPECT_NE(run.run, other);
}

TEST_F(RunTest, ARunThatHasAnAttemptDoesNotLookAgain) {
  const OpenedBackup base = Make({.files = SomeFiles(3)}).value();
  MakeOptions options = second_;
  options.base = base.manifest.backup_id;
  const StartedRun run = Start(options).value();
  ASSERT_TRUE(IsOk(StartAttempt(ctx, vault(), kRetail, run.run, "c")));
  DeleteBackup(base.facts.run);
  const StartedRun again = Start(options).value();
  EXPECT_EQ(again.run, run.run);
  EXPECT_TRUE(again.facts.open());
}

TEST_F(RunTest, OneHeirWins) {
  const StartedRun stale = Start({}).value();
  MakeOptions options = second_;
  options.inherits = stale.run;
  const StartedRun heir = Start(options).value();
  EXPECT_EQ(heir.inherited, stale.run);
  EXPECT_EQ(Facts(stale.run).abandoned->heir, heir.run);
  MakeOptions late{.name = "retail-prd-backup-20251111-143000", .inherits = stale.run};
  EXPECT_FALSE(Start(late).value().inherited.has_value());
  EXPECT_EQ(Start(options).value().inherited, stale.run) << "also when it is taken up again";
}

TEST_F(RunTest, RunsThatWouldSharePoolNamesAreAvoided) {
  const StartedRun one = Start({}).value();
  const RunId alike(one.run.str().substr(0, 8) + std::string(24, '0'));
  const auto two = StartRun(ctx, vault(), kRetail, RunRequest(alike, second_.name),
                            [](const Context&) -> Result<RunChoice> { return RunChoice{}; });
  ASSERT_TRUE(IsOk(two));
  EXPECT_EQ(two->run, NextRunId(alike));
}

TEST_F(RunTest, ARunThatIsSupersededAgainAndAgainIsGivenUp) {
  const RunId first = NewRunId(random);
  std::vector<RunId> successors{first};
  for (int i = 0; i < 40; ++i) {
    const RunId alike(successors.back().str().substr(0, 8) + std::string(24, '0'));
    ASSERT_TRUE(IsOk(store->Put(ctx, {.key = ControlEntryKey(kRetail, alike, 0), .body = "{}"})));
    successors.push_back(NextRunId(successors.back()));
  }
  const auto start = [&] {
    return StartRun(ctx, vault(), kRetail, RunRequest(first, second_.name),
                    [](const Context&) -> Result<RunChoice> { return RunChoice{}; });
  };
  for (int i = 0; i < 2; ++i) {
    const auto started = start();
    ASSERT_EQ(CodeOf(started), "vault.superseded") << i;
    EXPECT_EQ(started.error().kind, ErrorKind::kConflict);
    EXPECT_NE(started.error().message.find(first.str()), std::string::npos);
  }
  EXPECT_EQ(Facts(successors[31]).abandoned->reason, AbandonReason::kSuperseded);
  EXPECT_FALSE(Facts(successors[32]).opened.has_value());
  EXPECT_EQ(CodeOf(CurrentRun(ctx, *store, kRetail, first)), "vault.superseded");
}

TEST_F(RunTest, ALogOfAnotherRequestIsNotTakenUp) {
  const StartedRun run = Start({}).value();
  EXPECT_EQ(CodeOf(StartRun(ctx, vault(), kRetail, RunRequest(run.run, "other"),
                            [](const Context&) -> Result<RunChoice> { return RunChoice{}; })),
            "vault.run_foreign");
}

TEST_F(RunTest, ARestoreProtectsWhatItReadsAndIsFinishedOnce) {
  const OpenedBackup backup = Make({.files = SomeFiles(3)}).value();
  const auto restore = [&](const std::string& name) {
    StartRunRequest request = RunRequest(NewRunId(random), name);
    request.kind = RunKind::kRestore;
    request.source = RestoreSource{.project_id = kRetail.project,
                                   .environment = kRetail.environment,
                                   .backup_id = backup.manifest.backup_id,
                                   .run_id = backup.facts.run};
    request.expires_at.reset();
    return StartRun(ctx, vault(), kRetail, request,
                    [](const Context&) -> Result<RunChoice> { return RunChoice{}; });
  };
  const auto run = restore("back");
  ASSERT_TRUE(IsOk(run));
  EXPECT_EQ(run->facts.opened->base->backup_id, backup.manifest.backup_id);
  const AttemptId attempt = StartAttempt(ctx, vault(), kRetail, run->run, "c").value();
  const Finished finished{.attempt = attempt, .map_digest = kSpecDigest};
  ASSERT_TRUE(IsOk(FinishRestore(ctx, vault(), kRetail, run->run, finished, "c")));
  EXPECT_TRUE(FinishRestore(ctx, vault(), kRetail, run->run, finished, "c").value().closed());
  EXPECT_EQ(CodeOf(AbandonRun(ctx, vault(), kRetail, run->run, {}, "c", "late")),
            "vault.log_transition");

  // Its map is a base as long as the restored backup lives.
  const auto next = StartRun(ctx, vault(), kRetail, RunRequest(NewRunId(random), second_.name),
                             [&](const Context&) -> Result<RunChoice> {
                               return RunChoice{.base = Base{.restore_run = run->run}};
                             });
  ASSERT_TRUE(IsOk(next));
  EXPECT_EQ(next->facts.opened->base->restore_run, run->run);
  const auto entries = OpenBaseEntries(ctx, *store, kRetail, *next->facts.opened->base);
  ASSERT_TRUE(IsOk(entries));
  EXPECT_EQ((*entries)->Read().value().size(), 3U);

  DeleteBackup(backup.facts.run);
  EXPECT_EQ(CodeOf(restore("again")), "backup.deleted");
}

TEST_F(RunTest, OneWhomOthersNeverLetWriteGivesUp) {
  const OpenedBackup backup = Make({.files = SomeFiles(1)}).value();
  const Event verified{.body = Verified{.level = "Exists", .result = "Passed"}};
  const auto append = [&](const Decide& decide) {
    return AppendEvent(ctx, vault(), kRetail, backup.facts.run, decide);
  };
  const std::int64_t before = Facts(backup.facts.run).entries;
  int rounds = 0;
  const auto slow = append([&](const ControlLog&, const RunFacts&) -> Result<std::optional<Event>> {
    ++rounds;
    EXPECT_TRUE(IsOk(append([&](const ControlLog&, const RunFacts&) {
      return Result<std::optional<Event>>(std::optional(verified));
    })));
    return std::optional(verified);
  });
  ASSERT_EQ(CodeOf(slow), "vault.log_busy");
  EXPECT_EQ(slow.error().kind, ErrorKind::kConflict);
  EXPECT_NE(slow.error().message.find(backup.facts.run.str()), std::string::npos);
  EXPECT_EQ(Facts(backup.facts.run).entries, before + rounds);
}

TEST_F(RunTest, ChoosersErrorsPassThroughAndNothingIsOpened) {
  const RunId first = NewRunId(random);
  EXPECT_EQ(CodeOf(StartRun(ctx, vault(), kRetail, RunRequest(first, second_.name),
                            [](const Context&) -> Result<RunChoice> {
                              return Error{.kind = ErrorKind::kDenied, .code = "x.y"};
                            })),
            "x.y");
  EXPECT_TRUE(CurrentRun(ctx, *store, kRetail, first).value().empty());
}

}  // namespace
}  // namespace lc2::vault
