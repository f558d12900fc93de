#include "engine/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/losses.h"
#include "engine/tests/world.h"

namespace lc2::engine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const Files kSome = {{"20097/0/301.png/1.0", "an image"},
                     {"20097/20123/4301/1.0", "first version"},
                     {"20097/20123/4301/1.1~8f1c", "second version"},
                     {"20097/20123/4302/1.0", "another file"}};

class Backup : public ::testing::Test, public MemoryWorld {};

TEST_F(Backup, WithoutDatabaseHoldsTheWholeLibrary) {
  PutAll(kSome);
  Settle();
  const auto backup = site.BackUp(kFirstBackup);
  ASSERT_TRUE(IsOk(backup));
  EXPECT_EQ(site.Held(backup->manifest), kSome);
  const vault::Manifest& manifest = backup->manifest;
  EXPECT_EQ(manifest.database.type, "none");
  EXPECT_FALSE(manifest.database.references.has_value());
  EXPECT_EQ(manifest.consistency.references, 0);
  EXPECT_EQ(manifest.consistency.orphans, 0);  // without rows nothing can be called an orphan
  EXPECT_EQ(manifest.consistency.level, vault::ConsistencyLevel::kOrdered);
  // The window: the store's clock before and after, two seconds wider on both sides.
  EXPECT_EQ(manifest.consistency.window, vault::MakeWindow(clock.Now() - std::chrono::seconds(2),
                                                           clock.Now() + std::chrono::seconds(2)));
  for (const api::VerifyLevel level :
       {api::VerifyLevel::kExists, api::VerifyLevel::kSample, api::VerifyLevel::kFull}) {
    const auto report = site.Verify(manifest, level);
    ASSERT_TRUE(IsOk(report));
    EXPECT_TRUE(report->passed());
  }
}

// A collection looks for what a lost attempt left where the attempt has records.
TEST_F(Backup, WritesARecordBeforeAnythingElse) {
  PutAll(kSome);
  const BackupRun run = site.NextAttempt(site.Open(kFirstBackup));
  const auto before = static_cast<std::ptrdiff_t>(vault->history().size());
  ASSERT_TRUE(IsOk(site.Attempt(run)));
  const std::vector<std::string> history = vault->history();
  const auto first = std::find_if(history.begin() + before, history.end(),
                                  [](const std::string& line) { return line.starts_with("put "); });
  ASSERT_NE(first, history.end());
  EXPECT_EQ(*first,
            "put " + vault::AttemptFolder(kRetail, run.run, run.attempt) + "steps/prepare.json");
}

TEST_F(Backup, OfAnEmptyLibraryIsABackup) {
  const auto backup = site.BackUp(kFirstBackup);
  ASSERT_TRUE(IsOk(backup));
  EXPECT_EQ(backup->manifest.document_library.object_count, 0);
}

TEST_F(Backup, IsRefusedWhereNoPastListingCanBeHad) {
  site.environment.spec.document_library.require_as_of = true;
  const BackupRun run = site.NextAttempt(site.Open(kFirstBackup));
  EXPECT_EQ(CodeOf(site.Attempt(run)), "consistency.as_of_unavailable");
}

TEST(BackupOfVersions, IsRefusedTooAsOnlyLevelOrderedIsTaken) {
  MemoryWorld world({.versions = true});
  world.site.environment.spec.document_library.require_as_of = true;
  const BackupRun run = world.site.NextAttempt(world.site.Open(kFirstBackup));
  EXPECT_EQ(CodeOf(world.site.Attempt(run)), "consistency.as_of_unavailable");
}

TEST_F(Backup, IsRefusedWhereVaultAndLibraryOverlap) {
  provider.apart_error = Error{.kind = ErrorKind::kInvalid, .code = "provider.overlap"};
  const BackupRun run = site.NextAttempt(site.Open(kFirstBackup));
  EXPECT_EQ(CodeOf(site.Attempt(run)), "provider.overlap");
  EXPECT_EQ(CodeOf(site.Check(run)), "candidate.absent");
}

TEST_F(Backup, FailsWithTheLibrarysError) {
  provider.library_error = Error{.kind = ErrorKind::kDenied, .code = "store.denied"};
  EXPECT_EQ(CodeOf(site.Attempt(site.NextAttempt(site.Open(kFirstBackup)))), "store.denied");
}

TEST_F(Backup, StopsWhenItIsCancelled) {
  PutAll(kSome);
  std::stop_source stop;
  stop.request_stop();
  const BackupRun run = site.NextAttempt(site.Open(kFirstBackup));
  EXPECT_EQ(RunBackup(ctx.WithStop(stop.get_token()), provider, run).error().kind,
            ErrorKind::kCancelled);
  EXPECT_EQ(CodeOf(site.Check(run)), "candidate.absent");
}

// --- what the database says ---

TEST_F(Backup, TakesOverTheFinishedDumpWithItsOwnWindow) {
  PutAll(kSome);
  Settle();
  const auto backup = site.BackUpWithRows(kFirstBackup, RowsOf(kSome));
  ASSERT_TRUE(IsOk(backup));
  EXPECT_THAT(backup->manifest.database.dump->path, HasSubstr("/database/a1/"));
  EXPECT_EQ(backup->facts.committed->attempt.str(), "a2");
  EXPECT_THAT(backup->manifest.consistency.window,
              ElementsAre(ParseRfc3339("2025-11-09T14:29:00Z").value(),
                          ParseRfc3339("2025-11-09T14:29:09Z").value()));
  EXPECT_EQ(backup->manifest.consistency.references, 4);
}

TEST_F(Backup, DoesNotTakeOverARecordThatCannotBeRead) {
  site.environment.spec.database.connection_secret.name = "db";
  const vault::StartedRun started = site.Open(kFirstBackup);
  const BackupRun first = site.NextAttempt(started);
  const std::string key = vault::RecordKey(World::RecordOf(first, "steps/database.json"));
  ASSERT_TRUE(IsOk(vault->Put(ctx, {.key = key, .body = "{"})));
  BackupRun second = site.NextAttempt(started);
  second.database = api::BackupType::kDump;
  // It goes on to make a dump of its own; here there is no server to ask.
  EXPECT_EQ(CodeOf(site.Attempt(second)), "database.bad_secret");
}

TEST_F(Backup, CountsAndNamesWhatDoesNotFit) {
  Files files = kSome;
  PutAll(files);
  Put("20097/20123/9999/1.0", "nobody's");
  std::vector<Reference> rows = RowsOf(files);
  Remove("20097/20123/4302/1.0");
  Put("20097/20123/4301/1.0", "cut");
  Settle();
  const vault::StartedRun started = site.Open(kFirstBackup);
  site.FinishDatabase(site.NextAttempt(started), rows);
  BackupRun run = site.NextAttempt(started);
  run.database = api::BackupType::kDump;
  run.verify = api::VerifyLevel::kExists;
  const auto outcome = site.Attempt(run);
  ASSERT_EQ(CodeOf(outcome), "crosscheck.incomplete");
  EXPECT_EQ(outcome.error().kind, ErrorKind::kCorrupt);
  EXPECT_THAT(Describe(outcome.error()),
              AllOf(HasSubstr("'20097/20123/4301/1.0' (SizeMismatch)"),
                    HasSubstr("'20097/20123/4302/1.0' (LostAtSource)"), Not(HasSubstr("9999"))));
  EXPECT_EQ(CodeOf(site.Check(run)), "candidate.absent");
  // The verdict stays, with the names in a file that somebody may accept from.
  const codec::Json record = site.Record(run, kCrosscheckRecord);
  const auto facts = codec::Decode<vault::ConsistencyFacts>(record.at("consistency")).value();
  EXPECT_EQ(facts.references, 4);
  EXPECT_EQ(facts.missing, 1);
  EXPECT_EQ(facts.size_mismatches, 1);
  EXPECT_EQ(facts.orphans, 1);
  const auto losses = ReadLosses(ctx, *vault, *facts.findings);
  ASSERT_TRUE(IsOk(losses));
  EXPECT_THAT(*losses, ElementsAre(vault::KnownLoss{.key = "20097/20123/4301/1.0",
                                                    .kind = vault::LossKind::kSizeMismatch,
                                                    .size = 13},
                                   vault::KnownLoss{.key = "20097/20123/4302/1.0", .size = 12}));

  // Accepted, it passes; another loss fails again.
  ASSERT_TRUE(IsOk(vault::AcceptLosses(ctx, site.vault(), kRetail, BackupId(kFirstBackup), *losses,
                                       "alice", "lost in March")));
  const auto accepted = site.BackUpWithRows(kSecondBackup, rows);
  ASSERT_TRUE(IsOk(accepted));
  EXPECT_EQ(accepted->manifest.consistency.missing, 1);
  EXPECT_TRUE(site.Verify(accepted->manifest, api::VerifyLevel::kExists)->passed());
  Remove("20097/0/301.png/1.0");
  EXPECT_EQ(CodeOf(site.BackUpWithRows(kThirdBackup, rows)), "crosscheck.incomplete");
}

TEST_F(Backup, ToleratesAsManyLossesAsTheEnvironmentSays) {
  PutAll(kSome);
  const std::vector<Reference> rows = RowsOf(kSome);
  Remove("20097/20123/4302/1.0");
  site.environment.spec.document_library.missing_tolerance = 1;
  EXPECT_TRUE(IsOk(site.BackUpWithRows(kFirstBackup, rows)));
  Remove("20097/20123/4301/1.0");
  EXPECT_EQ(CodeOf(site.BackUpWithRows(kSecondBackup, rows)), "crosscheck.incomplete");
}

TEST_F(Backup, AsSafeguardKeepsWhatABrokenTargetHasLeft) {
  PutAll(kSome);
  const std::vector<Reference> rows = RowsOf(kSome);
  Remove("20097/20123/4302/1.0");
  Put("20097/20123/4301/1.0", "cut");
  site.safeguard = true;
  const auto backup = site.BackUpWithRows(kFirstBackup, rows);
  ASSERT_TRUE(IsOk(backup));
  EXPECT_EQ(backup->manifest.consistency.missing, 1);
  EXPECT_EQ(backup->manifest.consistency.size_mismatches, 1);
  EXPECT_EQ(site.Held(backup->manifest), Library());
}

TEST_F(Backup, ReportsWhatReadsBackDamaged) {
  PutAll(kSome);
  Settle();
  vault->Plan({.operation = "get", .key_part = "/pool/", .effect = Fault::Effect::kFlipBit});
  const BackupRun run = site.NextAttempt(site.Open(kFirstBackup));
  const auto outcome = site.Attempt(run);
  ASSERT_EQ(CodeOf(outcome), "verify.damaged");
  EXPECT_THAT(outcome.error().message, HasSubstr("retail/prd/pool/"));
  EXPECT_EQ(CodeOf(site.Check(run)), "candidate.absent");
}

// One fault at each operation of an attempt in turn. Whatever happens: the attempt fails and there
// is nothing that anybody takes for a backup, or its candidate is whole; and the next attempt makes
// a backup of everything.
struct Where {
  const char* name;
  bool in_vault;
  const char* operation;  // empty: any
  Fault::Effect effect;
  api::VaultLayout layout = api::VaultLayout::kPool;
};

class OneFault : public ::testing::TestWithParam<Where> {
 protected:
  static constexpr int kEnough = 500;

  // False once the fault lies behind the last operation.
  bool Survives(int position) {
    const Where& where = GetParam();
    MemoryWorld world;
    world.site.location.spec.layout = where.layout;
    world.PutAll(kSome);
    world.Settle();
    const auto base = world.site.BackUpWithRows(kFirstBackup, RowsOf(kSome));
    EXPECT_TRUE(IsOk(base));
    world.Put("20097/20123/4302/1.0", "changed since");
    world.Put("20097/20123/4303/1.0", "new");
    world.Settle();
    const vault::StartedRun started = world.site.Open(kSecondBackup, World::BaseOf(*base));
    world.site.FinishDatabase(world.site.NextAttempt(started), RowsOf(world.Library()));
    BackupRun run = world.site.NextAttempt(started);
    run.database = api::BackupType::kDump;
    run.verify = api::VerifyLevel::kExists;

    MemoryStore& store = where.in_vault ? *world.vault : *world.library;
    const std::size_t before = store.history().size();
    store.Plan({.operation = where.operation, .skip = position, .effect = where.effect});
    const auto outcome = world.site.Attempt(run);
    int matching = 0;
    const std::vector<std::string> history = store.history();
    for (std::size_t i = before; i < history.size(); ++i) {
      matching += history[i].starts_with(where.operation) ? 1 : 0;
    }
    if (matching <= position) {
      EXPECT_TRUE(IsOk(outcome));
      return false;
    }
    const auto checked = world.site.Check(run);
    EXPECT_TRUE(checked.has_value() || !outcome.has_value());
    if (!checked.has_value()) {
      EXPECT_EQ(CodeOf(checked), "candidate.absent") << Describe(checked.error());
      world.Settle();
      run = world.site.NextAttempt(started);
      run.database = api::BackupType::kDump;
      run.verify = api::VerifyLevel::kExists;
      EXPECT_TRUE(IsOk(world.site.Attempt(run)));
    }
    const auto backup = world.site.Commit(run);
    EXPECT_TRUE(IsOk(backup));
    if (!backup.has_value()) return true;
    EXPECT_EQ(world.site.Held(backup->manifest), world.Library());
    EXPECT_TRUE(world.site.Verify(backup->manifest, api::VerifyLevel::kExists)->passed());
    EXPECT_EQ(world.site.Held(base->manifest), kSome);  // the older backup stays restorable
    return true;
  }
};

TEST_P(OneFault, NeverMakesAHalfBackup) {
  int position = 0;
  while (position < kEnough && Survives(position)) {
    if (HasFailure()) FAIL() << "with the fault at operation " << position;
    ++position;
  }
  EXPECT_GT(position, 0);
  EXPECT_LT(position, kEnough);
}

INSTANTIATE_TEST_SUITE_P(
    Everywhere, OneFault,
    ::testing::Values(Where{"VaultFails", true, "", Fault::Effect::kFailBefore},
                      Where{"VaultLosesItsAnswer", true, "", Fault::Effect::kFailAfter},
                      Where{"VaultFlipsABit", true, "get", Fault::Effect::kFlipBit},
                      Where{"VaultEndsEarly", true, "get", Fault::Effect::kTruncate},
                      Where{"FolderLayoutFails", true, "", Fault::Effect::kFailBefore,
                            api::VaultLayout::kFolder},
                      Where{"FolderLayoutLosesItsAnswer", true, "", Fault::Effect::kFailAfter,
                            api::VaultLayout::kFolder},
                      Where{"LibraryFails", false, "", Fault::Effect::kFailBefore},
                      Where{"LibraryStopsHalfWay", false, "", Fault::Effect::kFailAfter},
                      Where{"LibraryEndsEarly", false, "get", Fault::Effect::kTruncate}),
    [](const auto& place) { return place.param.name; });

}  // namespace
}  // namespace lc2::engine
