// Restores of the library alone, without a database to look at.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/restore.h"
#include "engine/tests/world.h"

namespace lc2::engine {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Files kFiles = {{"20097/20123/4301/1.0", "first version"},
                      {"20097/20123/4301/1.1", "second version"},
                      {"20097/20124/4302/1.0", "another file"},
                      {"20098/20125/4303/1.0", "of another company"}};

class LibraryRestore : public ::testing::Test, public MemoryWorld {
 protected:
  void SetUp() override {
    PutAll(kFiles);
    Settle();
    auto backup = site.BackUp(kFirstBackup);
    ASSERT_TRUE(IsOk(backup));
    backup_ = std::move(backup).value();
  }
  void Wipe() {
    for (const auto& [key, content] : Library()) Remove(key);
  }
  vault::OpenedBackup backup_;
};

TEST_F(LibraryRestore, FillsAnEmptyTarget) {
  Wipe();
  const auto plan = site.Plan(backup_, api::RestoreType::kStorageOnly);
  ASSERT_TRUE(IsOk(plan));
  EXPECT_THAT(plan->conflicts, IsEmpty());
  EXPECT_THAT(plan->warnings, Contains(HasSubstr("database")));  // nothing to check it against
  EXPECT_EQ(plan->database.action, "none");
  const auto report = site.Restore(backup_, api::RestoreType::kStorageOnly);
  ASSERT_TRUE(IsOk(report));
  EXPECT_EQ(Library(), kFiles);
  EXPECT_EQ(report->database, "");
}

TEST_F(LibraryRestore, KeepsOrRemovesExtraKeys) {
  Put("20097/20123/9999/1.0", "extra");
  Put("README.txt", "of the store");
  Put("20097/20123/4301/1.0", "damaged since");
  EXPECT_EQ(CodeOf(site.Restore(backup_, api::RestoreType::kStorageOnly)), "restore.conflict");
  site.overwrite = true;
  ASSERT_TRUE(IsOk(site.Restore(backup_, api::RestoreType::kStorageOnly)));
  Files expected = kFiles;
  expected["20097/20123/9999/1.0"] = "extra";
  expected["README.txt"] = "of the store";
  EXPECT_EQ(Library(), expected);
  site.restore_library.extra_keys = api::ExtraKeys::kRemove;
  ASSERT_TRUE(IsOk(site.Restore(backup_, api::RestoreType::kStorageOnly)));
  expected.erase("20097/20123/9999/1.0");
  EXPECT_EQ(Library(), expected);
}

TEST_F(LibraryRestore, TakesOnlyTheKeysThatAreAskedFor) {
  Wipe();
  site.restore_library.include = {"20097/**"};
  site.restore_library.exclude = {"20097/*/*/1.1"};
  const auto plan = site.Plan(backup_, api::RestoreType::kSelective);
  ASSERT_TRUE(IsOk(plan));
  EXPECT_EQ(plan->library.changes.write, 2);
  EXPECT_EQ(plan->library.changes.filtered_out, 2);
  ASSERT_TRUE(IsOk(site.Restore(backup_, api::RestoreType::kSelective)));
  EXPECT_EQ(Library(), (Files{{"20097/20123/4301/1.0", "first version"},
                              {"20097/20124/4302/1.0", "another file"}}));
  site.restore_library.include = {"/absolute"};
  EXPECT_EQ(CodeOf(site.Plan(backup_, api::RestoreType::kSelective)), "restore.bad_pattern");
}

TEST_F(LibraryRestore, RestoresTheRestBesideADamagedObjectAndFails) {
  Wipe();
  Flip(site.Entries(backup_.manifest)[1].path);
  const auto report = site.Restore(backup_, api::RestoreType::kStorageOnly);
  ASSERT_EQ(CodeOf(report), "restore.damaged");
  EXPECT_THAT(report.error().message, HasSubstr("20097/20123/4301/1.1"));
  Files expected = kFiles;
  expected.erase("20097/20123/4301/1.1");
  EXPECT_EQ(Library(), expected);
}

TEST_F(LibraryRestore, IsRefusedForAnotherBackupThanWasPlanned) {
  Wipe();
  RestoreRun run = site.MakeRestore(backup_, api::RestoreType::kStorageOnly);
  run.manifest_digest = "sha256:" + std::string(64, '0');
  EXPECT_EQ(CodeOf(RunRestore(ctx, provider, run)), "restore.other_backup");
  run.backup_id = BackupId(kSecondBackup);
  EXPECT_EQ(CodeOf(RunRestore(ctx, provider, run)), "backup.not_found");
  EXPECT_THAT(Library(), IsEmpty());
}

TEST_F(LibraryRestore, StopsWhenItIsCancelled) {
  Wipe();
  std::stop_source stop;
  stop.request_stop();
  const auto report = RunRestore(ctx.WithStop(stop.get_token()), provider,
                                 site.MakeRestore(backup_, api::RestoreType::kStorageOnly));
  EXPECT_EQ(report.error().kind, ErrorKind::kCancelled);
  EXPECT_THAT(Library(), IsEmpty());
}

// One fault at each operation in turn: the restore fails, or the target is whole; and a restore
// after it makes it so.
class OneRestoreFault : public ::testing::TestWithParam<std::pair<const char*, Fault::Effect>> {
 protected:
  bool Survives(bool in_vault, int position) {
    const auto& [operation, effect] = GetParam();
    MemoryWorld world;
    world.PutAll(kFiles);
    world.Settle();
    const auto backup = world.site.BackUp(kFirstBackup);
    EXPECT_TRUE(IsOk(backup));
    world.Put("20097/20123/4301/1.0", "other");
    world.Put("20097/20123/9999/1.0", "extra");
    world.Remove("20097/20124/4302/1.0");
    world.site.overwrite = true;
    world.site.restore_library.extra_keys = api::ExtraKeys::kRemove;
    MemoryStore& store = in_vault ? *world.vault : *world.library;
    const std::size_t before = store.history().size();
    store.Plan({.operation = operation, .skip = position, .effect = effect});
    const auto report = world.site.Restore(*backup, api::RestoreType::kStorageOnly);
    int matching = 0;
    const std::vector<std::string> history = store.history();
    for (std::size_t i = before; i < history.size(); ++i) {
      matching += history[i].starts_with(operation) ? 1 : 0;
    }
    if (matching <= position) {
      EXPECT_TRUE(IsOk(report));
      return false;
    }
    if (report.has_value()) {
      EXPECT_EQ(world.Library(), kFiles);
    } else {
      world.library->DropUnbarriered();
      EXPECT_TRUE(IsOk(world.site.Restore(*backup, api::RestoreType::kStorageOnly)));
      EXPECT_EQ(world.Library(), kFiles);
    }
    return true;
  }
};

TEST_P(OneRestoreFault, NeverPassesForARestore) {
  for (const bool in_vault : {true, false}) {
    int position = 0;
    while (position < 300 && Survives(in_vault, position)) {
      if (HasFailure()) FAIL() << "with the fault at operation " << position;
      ++position;
    }
    EXPECT_GT(position, 0);
    EXPECT_LT(position, 300);
  }
}

INSTANTIATE_TEST_SUITE_P(Everywhere, OneRestoreFault,
                         ::testing::Values(std::pair("", Fault::Effect::kFailBefore),
                                           std::pair("", Fault::Effect::kFailAfter),
                                           std::pair("get", Fault::Effect::kFlipBit),
                                           std::pair("get", Fault::Effect::kTruncate)));

}  // namespace
}  // namespace lc2::engine
