#include "vault/collection.h"

#include <algorithm>
#include <set>

#include "vault/deletion.h"
#include "vault/run_log.h"
#include "vault/tests/vault_fixture.h"

namespace lc2::vault {
namespace {

using std::chrono::hours;

const By kBy{.who = "test", .why = "test"};

std::string Name(int number) {
  return "retail-prd-backup-2025111" + std::to_string(number) + "-000000";
}

class CollectionTest : public ::testing::Test, public VaultFixture {
 protected:
  // Backup `number`, incremental to the one before unless it is the first.
  OpenedBackup Back(int number, const Files& files, std::optional<int> base) {
    MakeOptions options{.name = Name(number), .files = files};
    if (base) options.base = BackupId(Name(*base));
    Result<OpenedBackup> made = Make(options);
    EXPECT_TRUE(IsOk(made));
    return std::move(made).value();
  }
  void Delete(const OpenedBackup& backup) {
    EXPECT_TRUE(IsOk(RequestDeletion(ctx, vault(), kRetail, backup.facts.run, clock.Now(), kBy)));
    EXPECT_TRUE(IsOk(ExecuteDeletion(ctx, vault(), kRetail, backup.facts.run, kBy)));
  }
  // A restore of `backup` that finished; with a map unless it left none.
  struct FinishedRun {
    RunId run;
    AttemptId attempt;
  };
  FinishedRun Restore(const OpenedBackup& backup, const std::optional<std::string>& map) {
    const RunId restore = NewRunId(random);
    StartRunRequest request = RunRequest(restore, "restore-1");
    request.kind = RunKind::kRestore;
    request.source = RestoreSource{.project_id = backup.manifest.project_id,
                                   .environment = backup.manifest.environment,
                                   .backup_id = backup.manifest.backup_id,
                                   .run_id = backup.facts.run};
    const auto nothing = [](const Context&) -> Result<RunChoice> { return RunChoice{}; };
    EXPECT_TRUE(IsOk(StartRun(ctx, vault(), kRetail, request, nothing)));
    const AttemptId attempt = StartAttempt(ctx, vault(), kRetail, restore, "c").value();
    Finished finished{.attempt = attempt};
    if (map.has_value()) {
      EXPECT_TRUE(
          IsOk(store->Put(ctx, {.key = RestoreMapKey(kRetail, restore, attempt), .body = *map})));
      finished.map_digest = Sha256Tagged(*map);
    }
    EXPECT_TRUE(IsOk(FinishRestore(ctx, vault(), kRetail, restore, finished, "c")));
    return {.run = restore, .attempt = attempt};
  }
  CollectionPlan Plan(const CollectionOptions& options = {}) {
    Result<CollectionPlan> plan = PlanCollection(ctx, *store, kRetail, options);
    EXPECT_TRUE(IsOk(plan));
    return plan.has_value() ? std::move(plan).value() : CollectionPlan{};
  }
  // Plans, lists, deletes; returns what was planned.
  CollectionPlan Collect(const CollectionOptions& options = {}) {
    CollectionPlan plan = Plan(options);
    if (plan.items.empty()) return plan;
    const Result<std::int64_t> number = WriteCollection(ctx, *store, kRetail, plan.items);
    EXPECT_TRUE(IsOk(number));
    EXPECT_TRUE(IsOk(CarryOutCollection(ctx, *store, kRetail, *number)));
    return plan;
  }
  std::set<std::string> Keys(const std::string& prefix) {
    std::set<std::string> keys;
    const auto listing = store->List(ctx, {.prefix = prefix}).value();
    while (true) {
      const std::vector<Entry> batch = listing->Read().value();
      if (batch.empty()) return keys;
      for (const Entry& entry : batch) keys.insert(entry.key);
    }
  }
  std::set<std::string> Pool() { return Keys(PoolPrefix(kRetail)); }
  // Whether a backup finds all of its objects.
  void ExpectWhole(const OpenedBackup& backup) {
    const Result<std::vector<Entry>> entries = ReadEntries(backup.manifest.document_library);
    ASSERT_TRUE(IsOk(entries));
    for (const Entry& entry : *entries) EXPECT_TRUE(Exists(entry.path)) << entry.key;
    EXPECT_TRUE(Exists(backup.manifest.database.dump->path));
    EXPECT_TRUE(Exists(backup.manifest.database.references->path));
  }
  static bool Has(const CollectionPlan& plan, const std::string& part) {
    return std::any_of(plan.verdicts.begin(), plan.verdicts.end(), [&](const auto& verdict) {
      return verdict.first.find(part) != std::string::npos;
    });
  }
};

TEST_F(CollectionTest, NothingIsGarbageWhileAllBackupsLive) {
  Back(1, SomeFiles(5), {});
  Back(2, SomeFiles(6), 1);
  EXPECT_TRUE(Plan().items.empty());
  const CollectionPlan full = Plan({.full = true});
  EXPECT_TRUE(full.items.empty());
  EXPECT_EQ(full.lost_objects, 0);
  EXPECT_TRUE(Has(full, "kept: backup " + Name(1) + " refers to it"));
}

TEST_F(CollectionTest, ADeletedBackupsOwnObjectsGoAndSharedOnesStay) {
  const OpenedBackup one = Back(1, SomeFiles(5), {});
  Files fewer = SomeFiles(3);
  fewer["new"] = "new";
  const OpenedBackup two = Back(2, fewer, 1);
  Delete(one);
  const CollectionPlan plan = Collect();
  EXPECT_TRUE(Has(plan, "garbage: only deleted backups refer to it, backup " + Name(1)));
  EXPECT_FALSE(plan.more);
  EXPECT_EQ(Pool().size(), 4U);
  ExpectWhole(two);
  // All that lay in its folders is gone, its log is not.
  EXPECT_TRUE(Keys(BackupFolder(kRetail, one.manifest.backup_id) + "/").empty());
  EXPECT_TRUE(Keys(RunFolder(kRetail, one.facts.run)).empty());
  EXPECT_FALSE(Keys(ControlLogPrefix(kRetail, one.facts.run)).empty());
  EXPECT_TRUE(Plan({.full = true}).items.empty());
}

TEST_F(CollectionTest, DeletedAncestorsAreSeenThroughByTheirDescendants) {
  const OpenedBackup one = Back(1, SomeFiles(5), {});
  const OpenedBackup two = Back(2, SomeFiles(5), 1);
  const OpenedBackup three = Back(3, SomeFiles(5), 2);
  Delete(one);
  Delete(two);
  Collect();
  EXPECT_EQ(Pool().size(), 5U);
  ExpectWhole(three);
  Delete(three);
  Collect();
  EXPECT_TRUE(Pool().empty());
  EXPECT_TRUE(Keys(RunFoldersPrefix(kRetail)).empty());
}

// Content has one name: after one of two equal files is gone, the other still needs it.
TEST_F(CollectionTest, AnObjectUnderSeveralKeysStaysForTheLast) {
  const OpenedBackup one = Back(1, {{"a", "same"}, {"b", "same"}}, {});
  const OpenedBackup two = Back(2, {{"b", "same"}}, 1);
  ASSERT_EQ(Pool().size(), 1U);
  Delete(one);
  const CollectionPlan plan = Collect();
  EXPECT_EQ(Pool().size(), 1U);
  EXPECT_TRUE(Has(plan, "kept: backup " + Name(2) + " refers to it"));
  ExpectWhole(two);
}

TEST_F(CollectionTest, SiblingsKeepWhatTheirDeletedBaseWrote) {
  const OpenedBackup one = Back(1, SomeFiles(4), {});
  const OpenedBackup two = Back(2, SomeFiles(1), 1);
  const OpenedBackup three = Back(3, SomeFiles(3), 1);
  Delete(one);
  Collect();
  EXPECT_EQ(Pool().size(), 3U);
  ExpectWhole(two);
  ExpectWhole(three);
}

TEST_F(CollectionTest, AnOpenRunKeepsWhatItWroteAndItsDeletedBase) {
  const OpenedBackup one = Back(1, SomeFiles(3), {});
  const MakeOptions options{.name = Name(2), .files = SomeFiles(4), .base = BackupId(Name(1))};
  const StartedRun run = Start(options).value();
  const AttemptId attempt = Work(run, options).value();
  Delete(one);
  for (const bool full : {false, true}) {
    const CollectionPlan plan = Plan({.full = full});
    EXPECT_TRUE(plan.items.empty());
    EXPECT_TRUE(Has(plan, "is base of open run " + run.run.str()));
  }
  const auto checked = CheckCandidate(ctx, *store, kRetail, run.run, attempt);
  ASSERT_TRUE(IsOk(checked));
  ASSERT_TRUE(IsOk(Commit(ctx, vault(), kRetail, run.run, *checked, "control")));
  Collect();
  ExpectWhole(Open(BackupId(Name(2))).value());
  EXPECT_EQ(Pool().size(), 4U);
}

TEST_F(CollectionTest, AnAbandonedRunsObjectsGoOnlyWhenItIsClosedForLongEnough) {
  const MakeOptions options{.name = Name(1), .files = SomeFiles(3)};
  const StartedRun run = Start(options).value();
  ASSERT_TRUE(IsOk(Work(run, options)));
  EXPECT_TRUE(Plan().items.empty());
  EXPECT_TRUE(Plan({.full = true}).items.empty());
  ASSERT_TRUE(IsOk(AbandonRun(ctx, vault(), kRetail, run.run, {.reason = AbandonReason::kLost},
                              "test", "lost")));
  const CollectionPlan early = Plan({.full = true, .abandoned_before = clock.Now() - hours(1)});
  EXPECT_TRUE(early.items.empty());
  EXPECT_TRUE(Has(early, "was abandoned a short while ago"));
  const CollectionPlan plan = Collect({.abandoned_before = clock.Now() + hours(1)});
  EXPECT_TRUE(Has(plan, "garbage: run " + run.run.str() + " was abandoned (Lost)"));
  EXPECT_TRUE(Pool().empty());
  EXPECT_TRUE(Keys(RunFoldersPrefix(kRetail)).empty());
  EXPECT_TRUE(Keys(BackupFolder(kRetail, BackupId(Name(1)))).empty());
}

TEST_F(CollectionTest, AnHeirKeepsWhatItAdopted) {
  const MakeOptions lost{.name = Name(1), .files = SomeFiles(3)};
  const StartedRun stale = Start(lost).value();
  ASSERT_TRUE(IsOk(Work(stale, lost)));
  const MakeOptions options{.name = Name(2), .files = SomeFiles(2), .inherits = stale.run};
  const StartedRun heir = Start(options).value();
  ASSERT_EQ(heir.inherited, stale.run);
  const CollectionPlan open = Plan({.full = true});
  EXPECT_TRUE(open.items.empty());
  EXPECT_TRUE(Has(open, "open run " + heir.run.str() + " inherited it"));
  const AttemptId attempt = Work(heir, options).value();
  const auto checked = CheckCandidate(ctx, *store, kRetail, heir.run, attempt);
  ASSERT_TRUE(IsOk(checked));
  ASSERT_TRUE(IsOk(Commit(ctx, vault(), kRetail, heir.run, *checked, "control")));
  const OpenedBackup two = Open(BackupId(Name(2))).value();
  Collect();
  EXPECT_EQ(Pool().size(), 2U);
  ExpectWhole(two);
  EXPECT_TRUE(Keys(RunFolder(kRetail, stale.run)).empty());
}

// What the committed attempt did not take over is found by the full merge alone.
TEST_F(CollectionTest, LosingAttemptsLeaveTheirFilesAndObjects) {
  const MakeOptions options{.name = Name(1), .files = SomeFiles(3)};
  const StartedRun run = Start(options).value();
  ASSERT_TRUE(IsOk(Work(run, {.name = Name(1), .files = SomeFiles(3, "older")})));
  const AttemptId second = Work(run, options).value();
  const auto checked = CheckCandidate(ctx, *store, kRetail, run.run, second);
  ASSERT_TRUE(IsOk(checked));
  ASSERT_TRUE(IsOk(Commit(ctx, vault(), kRetail, run.run, *checked, "control")));
  const OpenedBackup one = Open(BackupId(Name(1))).value();
  const CollectionPlan quick = Collect();
  EXPECT_TRUE(Has(quick, "garbage: a lost attempt of run " + run.run.str()));
  EXPECT_TRUE(Keys(AttemptFolder(kRetail, run.run, AttemptId("a1"))).empty());
  EXPECT_TRUE(Keys(DumpFolder(kRetail, BackupId(Name(1)), AttemptId("a1"))).empty());
  EXPECT_EQ(Pool().size(), 6U);
  const CollectionPlan full = Collect({.full = true});
  EXPECT_EQ(full.unforeseen_objects, 3);
  EXPECT_EQ(Pool().size(), 3U);
  ExpectWhole(one);
}

// An attempt whose dump was taken over may have gone further than its dump.
TEST_F(CollectionTest, OfADumpsFolderStaysWhatTheBackupNames) {
  const OpenedBackup one = Back(1, SomeFiles(2), {});
  const std::string beside =
      DumpFolder(kRetail, BackupId(Name(1)), AttemptId("a1")) + "findings.of-before.ndjson.zst";
  ASSERT_TRUE(IsOk(store->Put(ctx, {.key = beside, .body = "findings"})));
  const CollectionPlan plan = Collect();
  ASSERT_EQ(plan.items.size(), 1U);
  EXPECT_EQ(plan.items[0].key, beside);
  EXPECT_EQ(plan.items[0].reason, "garbage: a lost attempt of run " + one.facts.run.str());
  EXPECT_FALSE(Exists(beside));
  ExpectWhole(one);
}

TEST_F(CollectionTest, TheFullMergeTakesThePoolInTurnsAndNamesWhatIsLost) {
  const OpenedBackup one = Back(1, SomeFiles(40), {});
  const OpenedBackup two = Back(2, SomeFiles(20), 1);
  Delete(one);
  const CollectionPlan quick = Plan();
  const CollectionPlan full = Plan({.full = true, .pool_names = 3});
  EXPECT_EQ(quick.items, full.items);
  EXPECT_EQ(full.unforeseen_objects, 0);
  const std::string gone = ReadEntries(two.manifest.document_library)->front().path;
  ASSERT_TRUE(IsOk(store->Delete(ctx, gone)));
  const CollectionPlan damaged = Plan({.full = true, .pool_names = 3});
  EXPECT_EQ(damaged.lost_objects, 1);
  EXPECT_EQ(damaged.lost, std::vector<std::string>{gone});
}

TEST_F(CollectionTest, ABoundedShareComesToTheSameEnd) {
  const OpenedBackup one = Back(1, SomeFiles(3000), {});
  const OpenedBackup two = Back(2, SomeFiles(10), 1);
  Delete(one);
  int rounds = 0;
  while (true) {
    const CollectionPlan plan = Collect({.max_objects = 1000});
    ++rounds;
    EXPECT_LE(plan.items.size(), 2100U);
    if (!plan.more) break;
    // Until its objects are gone, the list of the deleted backup stays.
    EXPECT_TRUE(Exists(CandidateKey(kRetail, one.facts.run, one.facts.committed->attempt)));
    ASSERT_LT(rounds, 10);
  }
  EXPECT_GT(rounds, 1);
  EXPECT_EQ(Pool().size(), 10U);
  EXPECT_TRUE(Keys(RunFolder(kRetail, one.facts.run)).empty());
  ExpectWhole(two);
}

TEST_F(CollectionTest, ABoundedShareOfAnAbandonedRunToo) {
  const MakeOptions options{.name = Name(1), .files = SomeFiles(3000)};
  const StartedRun run = Start(options).value();
  ASSERT_TRUE(IsOk(Work(run, options)));
  ASSERT_TRUE(IsOk(AbandonRun(ctx, vault(), kRetail, run.run, {.reason = AbandonReason::kLost},
                              "test", "lost")));
  const OpenedBackup two = Back(2, SomeFiles(10, "other"), {});
  int rounds = 0;
  while (true) {
    const CollectionPlan plan =
        Collect({.max_objects = 1000, .abandoned_before = clock.Now() + hours(1)});
    ++rounds;
    if (!plan.more) break;
    // Until its objects are gone, so are not the records that name them.
    EXPECT_FALSE(Keys(RunFolder(kRetail, run.run)).empty());
    ASSERT_LT(rounds, 10);
  }
  EXPECT_GT(rounds, 1);
  EXPECT_EQ(Pool().size(), 10U);
  EXPECT_TRUE(Keys(RunFolder(kRetail, run.run)).empty());
  ExpectWhole(two);
}

// The heir of an abandoned run is deleted in its turn, and a descendant refers to what the first
// one wrote.
TEST_F(CollectionTest, WhatADeletedHeirHandedOnStays) {
  const MakeOptions lost{.name = Name(1), .files = SomeFiles(3)};
  const StartedRun stale = Start(lost).value();
  ASSERT_TRUE(IsOk(Work(stale, lost)));
  const MakeOptions options{.name = Name(2), .files = SomeFiles(3), .inherits = stale.run};
  const OpenedBackup two = Make(options).value();
  ASSERT_EQ(two.facts.opened->inherits, stale.run);
  const OpenedBackup three = Back(3, SomeFiles(2), 2);
  Delete(two);
  Collect({.abandoned_before = clock.Now() + hours(1)});
  EXPECT_EQ(Pool().size(), 2U);
  ExpectWhole(three);
  EXPECT_TRUE(Plan({.full = true}).items.empty());
}

TEST_F(CollectionTest, AnObjectThatCannotBeLookedAtStopsEverything) {
  const OpenedBackup one = Back(1, SomeFiles(5), {});
  Back(2, SomeFiles(2), 1);
  Delete(one);
  store->Plan({.operation = "head", .key_part = "/pool/", .kind = ErrorKind::kDenied});
  const auto plan = PlanCollection(ctx, *store, kRetail);
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().kind, ErrorKind::kDenied);
  EXPECT_FALSE(Plan().items.empty());
}

// A delete that names none would leave all of them where they are.
TEST(CollectionOfVersions, DeletesTheVersionThatIsThere) {
  VaultFixture versioned(1, {.versions = true});
  const std::string stray =
      PoolKey(kRetail, Sha256Hex("stray"), RunId("0123456789abcdef0123456789abcdef"));
  ASSERT_TRUE(IsOk(versioned.store->Put(versioned.ctx, {.key = stray, .body = "stray"})));
  const auto list = WriteCollection(versioned.ctx, *versioned.store, kRetail,
                                    {{.key = stray, .size = 5, .reason = "garbage: test"}});
  ASSERT_TRUE(IsOk(list));
  const auto done = CarryOutCollection(versioned.ctx, *versioned.store, kRetail, *list);
  ASSERT_TRUE(IsOk(done));
  EXPECT_EQ(done->objects, 1);
  EXPECT_FALSE(versioned.Exists(stray));
}

// More than one frame of the list.
TEST_F(CollectionTest, ALongListIsReadAsItWasWritten) {
  std::vector<CollectionItem> items;
  for (int i = 0; i < 10'000; ++i) {
    items.push_back({.key = PoolKey(kRetail, Sha256Hex(std::to_string(i)),
                                    RunId("0123456789abcdef0123456789abcdef")),
                     .size = i,
                     .reason = "garbage: " + std::string(80, 'r')});
  }
  std::ranges::sort(items, {}, &CollectionItem::key);
  const auto bytes = EncodeCollection(items);
  ASSERT_TRUE(IsOk(bytes));
  EXPECT_EQ(ParseCollection(*bytes, kRetail, "list").value(), items);
}

TEST_F(CollectionTest, ShardsAndPlainCopiesGoWithTheirBackup) {
  const OpenedBackup plain =
      Make({.name = Name(1), .files = SomeFiles(5), .layout = Layout::kFolder}).value();
  const OpenedBackup sharded =
      Make({.name = Name(2), .files = SomeFiles(5), .inline_limit = 1, .shard_entries = 2}).value();
  EXPECT_TRUE(Plan({.full = true}).items.empty());
  Delete(plain);
  Delete(sharded);
  Collect();
  for (const OpenedBackup* backup : {&plain, &sharded})
    EXPECT_TRUE(Keys(BackupFolder(kRetail, backup->manifest.backup_id) + "/").empty());
  EXPECT_TRUE(Pool().empty());
}

// A list that was written is carried out after a kill at any delete, by whoever comes.
TEST_F(CollectionTest, AListIsTakenUpAfterAKillAnywhere) {
  const OpenedBackup one = Back(1, SomeFiles(5), {});
  const OpenedBackup two = Back(2, SomeFiles(2), 1);
  Delete(one);
  const CollectionPlan plan = Plan();
  const std::int64_t number = WriteCollection(ctx, *store, kRetail, plan.items).value();
  const int deletes = static_cast<int>(plan.items.size());
  for (int skip = 0; skip < deletes; ++skip) {
    store->Plan({.operation = "delete", .skip = skip, .times = 1000});
    EXPECT_FALSE(CarryOutCollection(ctx, *store, kRetail, number).has_value()) << skip;
    ExpectWhole(two);
    EXPECT_EQ(UnfinishedCollections(ctx, *store, kRetail).value(),
              std::vector<std::int64_t>{number});
    store = [&] {  // a store without the fault
      auto fresh = MakeMemoryStore(clock, {});
      CopyAll(*this, *fresh);
      return fresh;
    }();
  }
  const CollectionDone done = CarryOutCollection(ctx, *store, kRetail, number).value();
  EXPECT_EQ(done.objects, plan.garbage_objects);
  EXPECT_TRUE(UnfinishedCollections(ctx, *store, kRetail)->empty());
  EXPECT_TRUE(IsOk(CarryOutCollection(ctx, *store, kRetail, number)));
  EXPECT_EQ(Pool().size(), 2U);
}

// The candidate says what a deleted backup leaves: it outlives what it names.
TEST_F(CollectionTest, TheCandidateGoesLast) {
  const OpenedBackup one = Back(1, SomeFiles(2), {});
  Delete(one);
  Collect();
  std::vector<std::string> deletes;
  for (const std::string& line : store->history()) {
    if (line.starts_with("delete ")) deletes.push_back(line.substr(7));
  }
  ASSERT_FALSE(deletes.empty());
  const std::string records = RunFolder(kRetail, one.facts.run);
  const auto first_record = std::find_if(
      deletes.begin(), deletes.end(), [&](const auto& name) { return name.starts_with(records); });
  ASSERT_NE(first_record, deletes.end());
  EXPECT_TRUE(std::all_of(first_record, deletes.end(),
                          [&](const auto& name) { return name.starts_with(records); }));
}

TEST_F(CollectionTest, WhatCannotBeReadStopsEverything) {
  const OpenedBackup one = Back(1, SomeFiles(3), {});
  const OpenedBackup two = Back(2, SomeFiles(2), 1);
  Delete(one);
  const std::string candidate = CandidateKey(kRetail, two.facts.run, two.facts.committed->attempt);
  const std::string bytes = store->Get(ctx, candidate).value();
  Overwrite(candidate, bytes + " ");
  EXPECT_EQ(CodeOf(PlanCollection(ctx, *store, kRetail)), "candidate.digest");
  EXPECT_EQ(CodeOf(PlanCollection(ctx, *store, kRetail, {.full = true})), "candidate.digest");
  Overwrite(candidate, bytes);
  EXPECT_TRUE(IsOk(PlanCollection(ctx, *store, kRetail)));
  Overwrite(ControlEntryKey(kRetail, two.facts.run, 0), "{}");
  EXPECT_EQ(CodeOf(PlanCollection(ctx, *store, kRetail)), "collection.unreadable_log");
}

TEST_F(CollectionTest, AnObjectOfAnUnknownRunStays) {
  Back(1, SomeFiles(1), {});
  const std::string stray =
      PoolKey(kRetail, Sha256Hex("stray"), RunId("0123456789abcdef0123456789abcdef"));
  ASSERT_TRUE(IsOk(store->Put(ctx, {.key = stray, .body = "stray"})));
  const CollectionPlan plan = Plan({.full = true});
  EXPECT_TRUE(plan.items.empty());
  EXPECT_TRUE(Has(plan, "kept: no log tells of the run that wrote it"));
}

TEST_F(CollectionTest, ARestoresMapKeepsTheBackupWhileItIsABase) {
  const OpenedBackup one = Back(1, SomeFiles(3), {});
  const FinishedRun restore = Restore(one, "map");
  const std::string map = RestoreMapKey(kRetail, restore.run, restore.attempt);
  EXPECT_TRUE(Plan({.full = true}).items.empty());

  // A backup begins on the map; then what was restored is deleted.
  const MakeOptions options{.name = Name(2), .files = SomeFiles(2)};
  const RunId first = NewRunId(random);
  const auto on_map = [&](const Context&) -> Result<RunChoice> {
    return RunChoice{.base = Base{.restore_run = restore.run}};
  };
  const StartedRun run =
      StartRun(ctx, vault(), kRetail, RunRequest(first, Name(2)), on_map).value();
  ASSERT_TRUE(run.facts.opened->base);
  Delete(one);
  EXPECT_TRUE(Plan({.full = true}).items.empty());
  const AttemptId work = Work(run, options).value();
  const auto checked = CheckCandidate(ctx, *store, kRetail, run.run, work);
  ASSERT_TRUE(IsOk(checked));
  ASSERT_TRUE(IsOk(Commit(ctx, vault(), kRetail, run.run, *checked, "control")));
  Collect();
  EXPECT_FALSE(Exists(map));
  EXPECT_EQ(Pool().size(), 2U);
  ExpectWhole(Open(BackupId(Name(2))).value());
  EXPECT_TRUE(Plan({.full = true}).items.empty());
}

// Restored was the database alone.
TEST_F(CollectionTest, WhatARestoreWithoutAMapLeftGoesWithItsBackup) {
  const OpenedBackup one = Back(1, SomeFiles(3), {});
  const FinishedRun restore = Restore(one, {});
  const std::string records = AttemptFolder(kRetail, restore.run, restore.attempt);
  ASSERT_TRUE(IsOk(store->Put(ctx, {.key = records + "log/000000.ndjson.zst", .body = "log"})));
  EXPECT_TRUE(Plan({.full = true}).items.empty());
  Delete(one);
  Collect();
  EXPECT_TRUE(Keys(RunFoldersPrefix(kRetail)).empty());
}

// Whether a backup of another environment lives is not known here.
TEST_F(CollectionTest, WhatARestoreFromElsewhereLeftStays) {
  Back(1, SomeFiles(1), {});
  OpenedBackup elsewhere;
  elsewhere.manifest.project_id = kRetail.project;
  elsewhere.manifest.environment = EnvironmentName("uat");
  elsewhere.manifest.backup_id = BackupId("retail-uat-backup-20251110-000000");
  elsewhere.facts.run = NewRunId(random);
  const FinishedRun restore = Restore(elsewhere, {});
  const std::string records = AttemptFolder(kRetail, restore.run, restore.attempt);
  ASSERT_TRUE(IsOk(store->Put(ctx, {.key = records + "log/000000.ndjson.zst", .body = "log"})));
  EXPECT_TRUE(Plan({.full = true}).items.empty());
}

TEST(CollectionList, NamesNothingButData) {
  const RunId run("0123456789abcdef0123456789abcdef");
  const std::string pool = PoolKey(kRetail, Sha256Hex("x"), run);
  for (const std::string& good :
       {pool, AttemptFolder(kRetail, run, AttemptId("a1")) + "steps/x.json",
        std::string("retail/prd/20251109-143000/database/a1/lportal.dump.zst"),
        std::string("retail/prd/20251109-143000/dl/a2/20097/1.0"),
        std::string("retail/prd/id-old/library/a1/index.json"),
        RunLogKey({.env = kRetail, .run = run, .attempt = AttemptId("a1")}, 0)})
    EXPECT_TRUE(IsCollectable(kRetail, good)) << good;
  for (const std::string& bad :
       {std::string("retail/prd/control/runs/") + run.str() + "/000000.json",
        std::string("retail/prd/control/database/a1/x"), std::string("vault.json"),
        std::string("retail/prd/20251109-143000/manifest.json"),
        std::string("retail/prd/20251109-143000/manifest.sig"),
        std::string("retail/uat/20251109-143000/database/a1/x"),
        std::string("retail/prd/20251109-143000/database/x"), pool + "0",
        std::string("retail/prd/runs/x/a1/y"), std::string("retail/prd/../uat/database/a1/x")})
    EXPECT_FALSE(IsCollectable(kRetail, bad)) << bad;
}

TEST(CollectionList, IsReadAsItWasWrittenAndNotOtherwise) {
  const RunId run("0123456789abcdef0123456789abcdef");
  const std::vector<CollectionItem> items = {
      {.key = PoolKey(kRetail, std::string(64, 'a'), run), .size = 7, .reason = "garbage: x"},
      {.key = PoolKey(kRetail, std::string(64, 'b'), run), .size = 8, .reason = "garbage: x"}};
  const std::string bytes = EncodeCollection(items).value();
  EXPECT_EQ(ParseCollection(bytes, kRetail, "list").value(), items);
  EXPECT_EQ(CodeOf(ParseCollection(EncodeCollection({items[1], items[0]}).value(), kRetail, "l")),
            "collection.bad_list");
  EXPECT_EQ(
      CodeOf(ParseCollection(EncodeCollection({{.key = "vault.json"}}).value(), kRetail, "l")),
      "collection.bad_list");
  EXPECT_EQ(CodeOf(ParseCollection(bytes.substr(0, bytes.size() - 3), kRetail, "l")),
            "collection.bad_list");
}

}  // namespace
}  // namespace lc2::vault
