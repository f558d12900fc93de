#include "engine/base_entries.h"

#include <gtest/gtest.h>

#include "engine/tests/world.h"

namespace lc2::engine {
namespace {

class BaseEntries : public ::testing::Test, public MemoryWorld {
 protected:
  std::vector<Entry> Read(const vault::Base& base) {
    const auto reader = OpenBase(ctx, *vault, kRetail, base).value();
    std::vector<Entry> entries = reader->Read().value();
    EXPECT_TRUE(reader->Read()->empty());
    return entries;
  }
};

TEST_F(BaseEntries, AreNoneWithoutBase) {
  EXPECT_EQ(OpenBase(ctx, *vault, kRetail, std::nullopt).value(), nullptr);
}

TEST_F(BaseEntries, AreThoseOfTheBackup) {
  Put("20097/20123/4301/1.0", "one");
  const auto backup = site.BackUp(kFirstBackup);
  ASSERT_TRUE(IsOk(backup));
  EXPECT_EQ(Read(World::BaseOf(*backup)), site.Entries(backup->manifest));
  EXPECT_EQ(
      CodeOf(OpenBase(ctx, *vault, kRetail, vault::Base{.backup_id = BackupId(kSecondBackup)})),
      "backup.not_found");
}

TEST_F(BaseEntries, AreTheMapOfARestoreWithTheTargetsFacts) {
  Put("20097/20123/4301/1.0", "one");
  const auto backup = site.BackUp(kFirstBackup);
  ASSERT_TRUE(IsOk(backup));
  Remove("20097/20123/4301/1.0");
  clock.Advance(std::chrono::hours(1));
  const auto base = site.RestoreAsRun(*backup, api::RestoreType::kStorageOnly);
  ASSERT_TRUE(IsOk(base));
  const std::vector<Entry> entries = Read(*base);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].path, site.Entries(backup->manifest)[0].path);
  EXPECT_EQ(entries[0].last_modified, clock.Now());
  // The next backup carries what was restored.
  Settle();
  const auto second = site.BackUp(kSecondBackup, *base);
  ASSERT_TRUE(IsOk(second));
  EXPECT_EQ(site.Entries(second->manifest)[0].path, entries[0].path);
}

TEST_F(BaseEntries, OfAMapThatWasChangedOrNeverLeftAreRefused) {
  Put("20097/20123/4301/1.0", "one");
  const auto backup = site.BackUp(kFirstBackup);
  ASSERT_TRUE(IsOk(backup));
  site.overwrite = true;
  const auto base = site.RestoreAsRun(*backup, api::RestoreType::kStorageOnly);
  ASSERT_TRUE(IsOk(base));
  Flip(vault::RestoreMapKey(kRetail, *base->restore_run, AttemptId("a1")));
  EXPECT_EQ(CodeOf(OpenBase(ctx, *vault, kRetail, *base)), "restore_map.mismatch");
  EXPECT_EQ(
      CodeOf(OpenBase(ctx, *vault, kRetail, vault::Base{.restore_run = backup->manifest.run_id})),
      "restore_map.absent");
}

TEST_F(BaseEntries, StoredDigestsAreComparedInBothForms) {
  ASSERT_TRUE(IsOk(vault->Put(ctx, {.key = "a", .body = "bytes"})));
  const std::string sha256 = Sha256Hex("bytes");
  EXPECT_TRUE(IsOk(CheckStoredDigest(ctx, *vault, "a", sha256, "test.code")));
  EXPECT_TRUE(IsOk(CheckStoredDigest(ctx, *vault, "a", "sha256:" + sha256, "test.code")));
  EXPECT_EQ(CodeOf(CheckStoredDigest(ctx, *vault, "a", Sha256Hex(""), "test.code")), "test.code");
  EXPECT_EQ(CheckStoredDigest(ctx, *vault, "b", sha256, "test.code").error().kind,
            ErrorKind::kNotFound);
}

}  // namespace
}  // namespace lc2::engine
