// What the library step copies, carries and takes over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/backup.h"
#include "engine/tests/world.h"
#include "library/tests/hooked_store.h"

namespace lc2::engine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const Files kSome = {{"20097/0/301.png/1.0", "an image"},
                     {"20097/20123/4301/1.0", "first version"},
                     {"20097/20123/4301/1.1~8f1c", "second version"},
                     {"20097/20123/4302/1.0", "another file"}};

class LibraryStepTest : public ::testing::Test, public MemoryWorld {
 protected:
  std::map<std::string, std::string> PathsOf(const vault::OpenedBackup& backup) {
    std::map<std::string, std::string> paths;
    for (const Entry& entry : site.Entries(backup.manifest)) paths[entry.key] = entry.path;
    return paths;
  }
  static std::vector<std::string> CallsOn(const MemoryStore& store, std::string_view word) {
    std::vector<std::string> calls;
    for (const std::string& call : store.history()) {
      if (call.starts_with(word)) calls.push_back(call);
    }
    return calls;
  }
};

TEST_F(LibraryStepTest, CarriesWhatIsUnchangedAndCopiesTheRest) {
  PutAll(kSome);
  Settle();
  const auto first = site.BackUp(kFirstBackup);
  ASSERT_TRUE(IsOk(first));
  Put("20097/20123/4302/1.0", "another text");  // of the same size
  Put("20097/20123/4303/1.0", "new");
  Remove("20097/0/301.png/1.0");
  Settle();
  const auto before = PathsOf(*first);
  const auto second = site.BackUp(kSecondBackup, World::BaseOf(*first));
  ASSERT_TRUE(IsOk(second));
  EXPECT_EQ(site.Held(second->manifest), Library());
  EXPECT_EQ(second->manifest.base, first->manifest.backup_id);
  const auto after = PathsOf(*second);
  EXPECT_EQ(after.at("20097/20123/4301/1.0"), before.at("20097/20123/4301/1.0"));
  EXPECT_NE(after.at("20097/20123/4302/1.0"), before.at("20097/20123/4302/1.0"));
  EXPECT_THAT(after.at("20097/20123/4303/1.0"),
              HasSubstr("-" + vault::Run8(second->manifest.run_id)));
  EXPECT_EQ(site.Held(first->manifest), kSome);  // the older one stays what it was
}

TEST_F(LibraryStepTest, CopiesAgainWhatWasWrittenJustBeforeTheListing) {
  PutAll(kSome);
  const auto first = site.BackUp(kFirstBackup);  // no time has passed: nothing is certain
  ASSERT_TRUE(IsOk(first));
  const auto second = site.BackUp(kSecondBackup, World::BaseOf(*first));
  ASSERT_TRUE(IsOk(second));
  for (const auto& [key, path] : PathsOf(*second)) EXPECT_NE(path, PathsOf(*first).at(key));
  clock.Advance(std::chrono::seconds(3));
  const auto third = site.BackUp(kThirdBackup, World::BaseOf(*second));
  ASSERT_TRUE(IsOk(third));
  EXPECT_EQ(PathsOf(*third), PathsOf(*second));
}

TEST_F(LibraryStepTest, InLayoutFolderIsAPlainCopyAndCarriesNothing) {
  site.location.spec.layout = api::VaultLayout::kFolder;
  PutAll(kSome);
  Settle();
  const auto first = site.BackUp(kFirstBackup);
  ASSERT_TRUE(IsOk(first));
  const std::string folder = "retail/prd/20251109-143000/dl/a1/";
  Files plain;
  for (const auto& [key, content] : kSome) plain[folder + key] = content;
  EXPECT_EQ(FilesOf(*vault, ctx, folder), plain);
  const auto second = site.BackUp(kSecondBackup, World::BaseOf(*first));
  ASSERT_TRUE(IsOk(second));
  for (const auto& [key, path] : PathsOf(*second)) {
    EXPECT_EQ(path, "retail/prd/20251110-143000/dl/a1/" + key);
  }
}

TEST_F(LibraryStepTest, LeavesOutGeneratedFilesUnlessAsked) {
  Files files = kSome;
  PutAll(kSome);
  Put("README.txt", "of the store");
  Put("20097/0/adaptive/c/1/2/3/4/1.0", "a thumbnail");
  Put("20097/20123/4301/1.0.index", "extracted text");
  Settle();
  const auto without = site.BackUp(kFirstBackup);
  ASSERT_TRUE(IsOk(without));
  EXPECT_EQ(site.Held(without->manifest), kSome);
  const auto& excluded = without->manifest.document_library.excluded;
  ASSERT_TRUE(excluded.has_value());
  EXPECT_TRUE(excluded->generated_files);
  EXPECT_EQ(excluded->object_count, 2);
  EXPECT_EQ(excluded->total_size_bytes, 25);

  BackupRun run = site.NextAttempt(site.Open(kSecondBackup));
  run.exclude_generated = false;
  ASSERT_TRUE(IsOk(site.Attempt(run)));
  const auto with = site.Commit(run);
  ASSERT_TRUE(IsOk(with));
  files = Library();
  files.erase("README.txt");
  EXPECT_EQ(site.Held(with->manifest), files);
  EXPECT_FALSE(with->manifest.document_library.excluded.has_value());
}

TEST_F(LibraryStepTest, CountsGeneratedFilesAndStoreFilesAsNeitherOrphanNorLoss) {
  PutAll(kSome);
  Put("README.txt", "of the store");
  Put("20097/0/document_preview/1/2/1.0", "a preview");
  // A row that refers to a generated-looking key makes it content.
  Files wanted = kSome;
  wanted["20097/0/document_thumbnail/7/1.0"] = "kept";
  Put("20097/0/document_thumbnail/7/1.0", "kept");
  const auto backup = site.BackUpWithRows(kFirstBackup, RowsOf(wanted));
  ASSERT_TRUE(IsOk(backup));
  EXPECT_EQ(backup->manifest.consistency.orphans, 0);
  EXPECT_EQ(site.Held(backup->manifest), wanted);
}

TEST_F(LibraryStepTest, TakesAFileThatChangesDuringTheCopyInOneState) {
  PutAll(kSome);
  Settle();
  library::HookedStore hooked(*library);
  hooked.after_read = [&](const std::string& key, int number) {
    if (key == "20097/20123/4302/1.0" && number == 1) Put(key, "another text, longer");
  };
  provider.library = &hooked;
  const auto backup = site.BackUp(kFirstBackup);
  ASSERT_TRUE(IsOk(backup));
  EXPECT_EQ(site.Held(backup->manifest).at("20097/20123/4302/1.0"), "another text, longer");
  EXPECT_EQ(backup->manifest.consistency.findings->count, 1);  // Changed
}

TEST_F(LibraryStepTest, FailsForAReferencedFileThatVanishesOrNeverHoldsStill) {
  PutAll(kSome);
  Settle();
  library::HookedStore hooked(*library);
  int version = 0;
  hooked.before_open = [&](const std::string& key, int) -> Result<void> {
    if (key == "20097/20123/4302/1.0") Remove(key);
    return {};
  };
  hooked.after_read = [&](const std::string& key, int) {
    if (key == "20097/20123/4301/1.0") Put(key, "state " + std::to_string(++version));
  };
  provider.library = &hooked;
  const auto outcome = site.BackUpWithRows(kFirstBackup, RowsOf(kSome));
  ASSERT_EQ(CodeOf(outcome), "crosscheck.incomplete");
  EXPECT_THAT(Describe(outcome.error()), AllOf(HasSubstr("'20097/20123/4301/1.0' (Unstable)"),
                                               HasSubstr("'20097/20123/4302/1.0' (LostAtSource)")));
}

TEST_F(LibraryStepTest, FailsForAFileThatMayNotBeRead) {
  PutAll(kSome);
  library->Plan({.operation = "get", .key_part = "4302", .kind = ErrorKind::kDenied});
  EXPECT_EQ(CodeOf(site.BackUp(kFirstBackup)), "crosscheck.incomplete");
}

TEST_F(LibraryStepTest, GoesOnAfterTheFinishedBatchesOfEarlierAttempts) {
  PutAll(kSome);
  Settle();
  const vault::StartedRun started = site.Open(kFirstBackup);
  const BackupRun first = site.NextAttempt(started);
  // Everything is copied and on record; then the vault goes away.
  vault->Plan({.operation = "put", .key_part = "findings.ndjson.zst"});
  EXPECT_EQ(CodeOf(site.Attempt(first)), "store.planned_fault");
  EXPECT_EQ(CodeOf(site.Check(first)), "candidate.absent");
  const std::size_t reads = CallsOn(*library, "get").size();
  const std::size_t puts = CallsOn(*vault, "put retail/prd/pool/").size();
  EXPECT_EQ(puts, 4U);

  Put("20097/20123/4303/1.0", "came in between");
  Settle();
  const BackupRun second = site.NextAttempt(started);
  ASSERT_TRUE(IsOk(site.Attempt(second)));
  EXPECT_EQ(CallsOn(*library, "get").size(), reads + 1);
  EXPECT_EQ(CallsOn(*vault, "put retail/prd/pool/").size(), puts + 1);
  const auto backup = site.Commit(second);
  ASSERT_TRUE(IsOk(backup));
  EXPECT_EQ(site.Held(backup->manifest), Library());
}

TEST_F(LibraryStepTest, LaysLaterAttemptsOnEarlierOnes) {
  PutAll(kSome);
  Settle();
  const vault::StartedRun started = site.Open(kFirstBackup);
  vault->Plan({.operation = "put", .key_part = "findings.ndjson.zst", .times = 2});
  EXPECT_FALSE(site.Attempt(site.NextAttempt(started)).has_value());
  Put("20097/20123/4302/1.0", "changed");
  Settle();
  EXPECT_FALSE(site.Attempt(site.NextAttempt(started)).has_value());
  const std::size_t puts = CallsOn(*vault, "put retail/prd/pool/").size();
  const BackupRun third = site.NextAttempt(started);
  EXPECT_EQ(third.earlier.size(), 2U);
  ASSERT_TRUE(IsOk(site.Attempt(third)));
  EXPECT_EQ(CallsOn(*vault, "put retail/prd/pool/").size(), puts);
  EXPECT_EQ(site.Held(site.Commit(third)->manifest), Library());
}

}  // namespace
}  // namespace lc2::engine
