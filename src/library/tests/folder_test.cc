// The whole way on real folders: back up, carry, change, restore.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "library/copy.h"
#include "library/restore_copy.h"
#include "library/tests/hooked_store.h"
#include "library/tests/streams.h"
#include "storage/stores.h"
#include "testing/fake_clock.h"

namespace lc2::library {
namespace {

using ::testing::ElementsAre;
using testing::TestContext;

class FolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    source_ = OpenFolderStore(root_.path() / "library", {.create = true}).value();
    vault_ = OpenFolderStore(root_.path() / "vault", {.create = true}).value();
    target_ = OpenFolderStore(root_.path() / "target", {.create = true}).value();
  }
  void Write(const std::string& key, const std::string& body) {
    const std::filesystem::path path = root_.path() / "library" / key;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << body;
  }
  // A backup; `certain_before` stands for the start of the listing less the settling time.
  CopySummary BackUp(Time certain_before, const std::vector<Entry>& base = {}) {
    SkippedNames skipped;
    const auto listing = source_->List(ctx_, {.on_skipped = skipped.Callback()}).value();
    VectorReader<Entry> base_reader(base);
    LibraryJoin join(nullptr, listing.get(), &base_reader, {.certain_before = certain_before});
    CollectedEntries entries;
    CopyRoute route{.source = source_.get(),
                    .destination = vault_.get(),
                    .pool_path = [](const CopyIdentity& identity) {
                      return "pool/" + identity.hash.substr(0, 2) + "/" + identity.hash + "-run";
                    }};
    const Result<CopySummary> summary =
        CopyLibrary(ctx_, join, route, {.entries = &entries}, {.skipped = &skipped});
    EXPECT_TRUE(summary.has_value()) << Describe(summary.error());
    entries_ = std::move(entries.items);
    return *summary;
  }

  TemporaryFolder root_ = TemporaryFolder::Create("lc2-library-test").value();
  Context ctx_ = TestContext();
  std::unique_ptr<ObjectStore> source_, vault_, target_;
  std::vector<Entry> entries_;
};

TEST_F(FolderTest, CarriesUnchangedFilesOnceTheyHaveSettled) {
  Write("1/2/3/1.0", "one");
  Write("1/2/4/1.0", "two");
  EXPECT_EQ(BackUp(Time::max()).copied.objects, 2);
  ASSERT_EQ(entries_.size(), 2U);
  EXPECT_TRUE(entries_[0].folder.has_value());
  EXPECT_EQ(BackUp(Time::max(), entries_).carried.objects, 2);

  Write("1/2/4/1.0", "TWO");  // the same size
  const CopySummary changed = BackUp(Time::max(), entries_);
  EXPECT_EQ(changed.carried.objects, 1);
  EXPECT_EQ(changed.copied.objects, 1);
  EXPECT_EQ(vault_->Get(ctx_, entries_[1].path).value(), "TWO");
}

TEST_F(FolderTest, FilesThatHaveNotSettledAreCopiedAgainNextTime) {
  Write("1/2/3/1.0", "one");
  BackUp(Time{});  // everything changed after that
  ASSERT_EQ(entries_.size(), 1U);
  EXPECT_FALSE(entries_[0].folder.has_value());
  EXPECT_EQ(BackUp(Time::max(), entries_).copied.objects, 1);
  EXPECT_EQ(BackUp(Time::max(), entries_).carried.objects, 1);
}

TEST_F(FolderTest, LinksAreNamedAndNotFollowed) {
  Write("1/2/3/1.0", "one");
  ASSERT_EQ(symlink("/etc/hostname", (root_.path() / "library/1/2/3/2.0").c_str()), 0);
  const CopySummary summary = BackUp(Time::max());
  EXPECT_EQ(summary.kept.objects, 1);
  EXPECT_EQ(summary.verdict.skipped_names, 1);
}

TEST_F(FolderTest, ARestoredLibraryEqualsItsBackupAndIsABaseForTheNext) {
  Write("1/2/3/1.0", "one");
  Write("1/2/4/1.0", std::string(100'000, 'x'));
  Write("0/0/5.png/1.0", "");
  BackUp(Time::max());
  VectorReader<Entry> backup(entries_);
  RestoreJoin join(backup, nullptr, {});
  CollectedEntries map;
  const Result<RestoreSummary> restored =
      RestoreLibrary(ctx_, join, *vault_, *target_, {.map = &map}, {.whole_limit = 1'000});
  ASSERT_TRUE(restored.has_value()) << Describe(restored.error());
  EXPECT_EQ(restored->written.objects, 3);
  EXPECT_EQ(target_->Get(ctx_, "1/2/4/1.0").value(), std::string(100'000, 'x'));
  EXPECT_EQ(target_->Get(ctx_, "0/0/5.png/1.0").value(), "");

  const auto listing = target_->List(ctx_, {}).value();
  VectorReader<Entry> base(map.items);
  LibraryJoin next(nullptr, listing.get(), &base, {.certain_before = Time::max()});
  while (JoinedKey* const key = next.Next().value()) {
    EXPECT_EQ(key->decision.action, CopyAction::kCarry) << next.key();
  }
}

TEST_F(FolderTest, AFileThatSomebodyElseReplacesIsNotTakenForOurs) {
  Write("1/2/3/1.0", "one");
  Write("1/2/4/1.0", "two");
  BackUp(Time::max());
  VectorReader<Entry> backup(entries_);
  RestoreJoin join(backup, nullptr, {});
  HookedStore target(*target_);
  target.after_barrier = [&] {
    Write("foreign", "ONE");  // the same size
    std::filesystem::last_write_time(root_.path() / "library/foreign", {});
    std::filesystem::rename(root_.path() / "library/foreign", root_.path() / "target/1/2/3/1.0");
  };
  CollectedEntries map;
  ASSERT_TRUE(RestoreLibrary(ctx_, join, *vault_, target, {.map = &map}).has_value());
  ASSERT_EQ(map.items.size(), 2U);
  EXPECT_FALSE(map.items[0].folder.has_value()) << "the next backup must copy it";
  EXPECT_TRUE(map.items[1].folder.has_value());
}

}  // namespace
}  // namespace lc2::library
