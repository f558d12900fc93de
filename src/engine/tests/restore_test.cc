#include "engine/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "database/dump_session.h"
#include "engine/facts.h"
#include "engine/tests/portal_database.h"
#include "engine/tests/world.h"

namespace lc2::engine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Files kFiles = {{"20097/0/301.png/1.0", "an image"},
                      {"20097/20123/4301/1.0", "first version"},
                      {"20097/20123/4302/1.0", "another file"}};

// --- with a database ---

class Restore : public ::testing::Test, public MemoryWorld {
 protected:
  void SetUp() override {
    LC2_NEEDS_POSTGRES();
    portal_ = std::make_unique<PortalDatabase>(*testing::PrivatePostgres::Shared());
    portal_->AddFile(20123, "4301", "1.0", 13);
    portal_->AddFile(20123, "4302", "1.0", 12);
    portal_->AddImage(301, "png", 8);
    PutAll(kFiles);
    Settle();
    provider.secret = portal_->Secret();
    site.environment.spec.database.name = portal_->name();
    site.environment.spec.database.connection_secret.name = "db";
    site.environment.spec.database.backup_type = api::BackupType::kDump;
    site.database = api::BackupType::kDump;
  }
  void Mark(const std::string& text) { portal_->Run("insert into marker values ('" + text + "')"); }
  std::string Marker() { return portal_->Run("select text from marker"); }
  std::string Versions() { return portal_->Run("select count(*) from dlfileversion"); }
  vault::OpenedBackup BackUpAll(const char* name = kFirstBackup) {
    auto backup = site.BackUp(name);
    EXPECT_TRUE(IsOk(backup));
    return std::move(backup).value();
  }
  // The target lost everything.
  void Wipe() {
    portal_->Drop();
    for (const auto& [key, content] : Library()) Remove(key);
  }
  // A restore that must be refused, with the target as it was.
  Error Refused(const vault::OpenedBackup& backup, api::RestoreType type) {
    const Files before = Library();
    const auto report = site.Restore(backup, type);
    EXPECT_EQ(Library(), before);
    EXPECT_EQ(portal_->LeftOvers(), "0");
    if (report.has_value()) return Error{.code = "it was restored"};
    return report.error();
  }
  std::string FirstConflict(const vault::OpenedBackup& backup, api::RestoreType type) {
    const auto plan = site.Plan(backup, type);
    EXPECT_TRUE(IsOk(plan));
    return plan->conflicts.empty() ? "none" : plan->conflicts.front().reason;
  }

  std::unique_ptr<PortalDatabase> portal_;
};

TEST_F(Restore, FullBringsBackDatabaseAndLibrary) {
  site.verify = api::VerifyLevel::kFull;
  Mark("before");
  const vault::OpenedBackup backup = BackUpAll();
  EXPECT_EQ(backup.manifest.consistency.references, 3);
  EXPECT_EQ(backup.manifest.database.engine, "postgres");
  Wipe();

  const auto plan = site.Plan(backup, api::RestoreType::kFull);
  ASSERT_TRUE(IsOk(plan));
  EXPECT_THAT(plan->conflicts, IsEmpty());
  EXPECT_FALSE(plan->target_filled);
  EXPECT_EQ(plan->database.action, "create");
  EXPECT_EQ(plan->library.action, "create");
  EXPECT_EQ(plan->library.changes.write, 3);
  EXPECT_EQ(plan->signature, "Trusted");
  EXPECT_FALSE(portal_->exists());  // a plan changes nothing
  EXPECT_THAT(Library(), IsEmpty());

  const auto report = site.Restore(backup, api::RestoreType::kFull);
  ASSERT_TRUE(IsOk(report));
  EXPECT_EQ(Library(), kFiles);
  EXPECT_EQ(Marker(), "before");
  EXPECT_EQ(Versions(), "2");
  EXPECT_EQ(report->database, portal_->name());
  EXPECT_EQ(report->objects_written, 3);
  EXPECT_EQ(report->bytes_written, 33);
  EXPECT_EQ(report->references, 3);
  EXPECT_TRUE(report->map_digest.has_value());
  EXPECT_EQ(portal_->LeftOvers(), "0");
}

TEST_F(Restore, OfAPlainDumpInLayoutFolderWorksAsWell) {
  site.location.spec.layout = api::VaultLayout::kFolder;
  site.verify = api::VerifyLevel::kFull;
  Mark("before");
  const vault::OpenedBackup backup = BackUpAll();
  EXPECT_THAT(backup.manifest.database.dump->path, HasSubstr(".sql.gz"));
  EXPECT_FALSE(backup.manifest.database.dump->index.has_value());
  Wipe();
  portal_->CreateEmpty();
  const auto plan = site.Plan(backup, api::RestoreType::kFull);
  EXPECT_THAT(plan->conflicts, IsEmpty());
  EXPECT_EQ(plan->database.action, "fill");
  ASSERT_TRUE(IsOk(site.Restore(backup, api::RestoreType::kFull)));
  EXPECT_EQ(Library(), kFiles);
  EXPECT_EQ(Marker(), "before");
}

TEST_F(Restore, OntoAFilledTargetNeedsOverwrite) {
  Mark("before");
  const vault::OpenedBackup backup = BackUpAll();
  portal_->Run("update marker set text = 'since'");
  Put("20097/20123/4302/1.0", "changed since");
  Put("20097/20123/9999/1.0", "extra");
  const Error refused = Refused(backup, api::RestoreType::kFull);
  EXPECT_EQ(refused.code, "restore.conflict");
  EXPECT_EQ(refused.kind, ErrorKind::kConflict);
  EXPECT_THAT(refused.message, HasSubstr("not empty"));
  EXPECT_EQ(FirstConflict(backup, api::RestoreType::kFull), "NotSupported");
  EXPECT_EQ(Marker(), "since");

  site.overwrite = true;
  const auto plan = site.Plan(backup, api::RestoreType::kFull);
  EXPECT_THAT(plan->conflicts, IsEmpty());
  EXPECT_TRUE(plan->target_filled);
  EXPECT_EQ(plan->database.action, "replace");
  EXPECT_EQ(plan->library.action, "merge");
  EXPECT_EQ(plan->library.changes.replace, 1);
  const auto report = site.Restore(backup, api::RestoreType::kFull);
  ASSERT_TRUE(IsOk(report));
  EXPECT_EQ(report->objects_written, 1);
  EXPECT_EQ(report->objects_left, 2);
  EXPECT_EQ(Marker(), "before");
  Files expected = kFiles;
  expected["20097/20123/9999/1.0"] = "extra";
  EXPECT_EQ(Library(), expected);
}

TEST_F(Restore, OfADamagedObjectLeavesTheDatabaseAsItWas) {
  const vault::OpenedBackup backup = BackUpAll();
  Flip(site.Entries(backup.manifest)[1].path);
  Mark("since");
  Put("20097/20123/4301/1.0", "other content, longer");
  site.overwrite = true;
  const auto report = site.Restore(backup, api::RestoreType::kFull);
  ASSERT_EQ(CodeOf(report), "restore.damaged");
  EXPECT_THAT(report.error().message, HasSubstr("20097/20123/4301/1.0"));
  EXPECT_EQ(Marker(), "since");
  EXPECT_EQ(portal_->LeftOvers(), "0");
  EXPECT_EQ(Library().at("20097/20123/4301/1.0"), "other content, longer");
}

TEST_F(Restore, OfADamagedDumpTouchesNothing) {
  const vault::OpenedBackup backup = BackUpAll();
  Flip(backup.manifest.database.dump->path);
  Mark("since");
  site.overwrite = true;
  EXPECT_EQ(Refused(backup, api::RestoreType::kFull).kind, ErrorKind::kCorrupt);
  EXPECT_EQ(Marker(), "since");
}

TEST_F(Restore, ChecksThePairBeforeTheSwitch) {
  // Rows that the backup cannot satisfy: they came by behind its back.
  const vault::OpenedBackup backup = BackUpAll();
  const Files sound = Library();
  Remove("20097/20123/4302/1.0");
  Mark("since");
  site.overwrite = true;
  // Database alone: its rows against the library as it is.
  const Error refused = Refused(backup, api::RestoreType::kDatabaseOnly);
  EXPECT_EQ(refused.code, "crosscheck.incomplete");
  EXPECT_THAT(refused.message, HasSubstr("'20097/20123/4302/1.0' (LostAtSource)"));
  EXPECT_THAT(refused.hint, HasSubstr("full"));
  EXPECT_EQ(Marker(), "since");
  Put("20097/20123/4302/1.0", "another file");
  ASSERT_TRUE(IsOk(site.Restore(backup, api::RestoreType::kDatabaseOnly)));
  EXPECT_EQ(Marker(), "");
  EXPECT_EQ(Library(), sound);
}

TEST_F(Restore, AcceptedLossesStandForThemselvesOnly) {
  Remove("20097/20123/4302/1.0");
  site.environment.spec.document_library.missing_tolerance = 1;
  const vault::OpenedBackup backup = BackUpAll();
  EXPECT_EQ(backup.manifest.consistency.missing, 1);
  site.overwrite = true;
  EXPECT_TRUE(IsOk(site.Restore(backup, api::RestoreType::kFull)));
  EXPECT_TRUE(IsOk(site.Restore(backup, api::RestoreType::kDatabaseOnly)));
  // Another loss in place of the one that the backup records.
  Put("20097/20123/4302/1.0", "another file");
  Remove("20097/20123/4301/1.0");
  const Error refused = Refused(backup, api::RestoreType::kDatabaseOnly);
  EXPECT_EQ(refused.code, "crosscheck.incomplete");
  EXPECT_THAT(refused.message, HasSubstr("4301"));
}

TEST_F(Restore, AcceptedSizesStandForThemselvesOnly) {
  Put("20097/20123/4302/1.0", "cut");
  site.environment.spec.document_library.missing_tolerance = 1;
  const vault::OpenedBackup backup = BackUpAll();
  EXPECT_EQ(backup.manifest.consistency.size_mismatches, 1);
  site.overwrite = true;
  EXPECT_TRUE(IsOk(site.Restore(backup, api::RestoreType::kFull)));
  Put("20097/20123/4302/1.0", "another file");
  Put("20097/20123/4301/1.0", "cut");
  EXPECT_EQ(Refused(backup, api::RestoreType::kDatabaseOnly).code, "crosscheck.incomplete");
}

TEST_F(Restore, OfTheDatabaseAloneNeverTouchesTheLibrary) {
  const vault::OpenedBackup backup = BackUpAll();
  portal_->Drop();
  ASSERT_TRUE(IsOk(site.Restore(backup, api::RestoreType::kDatabaseOnly)));
  EXPECT_EQ(provider.library_access, provider::LibraryAccess::kRead);
  EXPECT_EQ(Versions(), "2");
  // A library that is not there holds nothing.
  portal_->Drop();
  provider.library_error = Error{.kind = ErrorKind::kNotFound, .code = "store.not_found"};
  EXPECT_EQ(CodeOf(site.Restore(backup, api::RestoreType::kDatabaseOnly)), "crosscheck.incomplete");
  EXPECT_FALSE(portal_->exists());
}

TEST_F(Restore, IntoADatabaseOfAnotherNameLeavesTheFirst) {
  const vault::OpenedBackup backup = BackUpAll();
  Mark("since");
  RestoreRun run = site.MakeRestore(backup, api::RestoreType::kDatabaseOnly);
  run.database.target_name = portal_->name() + "copy";
  const auto report = RunRestore(ctx, provider, run);
  ASSERT_TRUE(IsOk(report));
  EXPECT_EQ(report->database, portal_->name() + "copy");
  EXPECT_EQ(Marker(), "since");
}

TEST_F(Restore, IsRefusedWhileOthersUseTheDatabase) {
  const vault::OpenedBackup backup = BackUpAll();
  site.overwrite = true;
  const auto target = ResolveDatabase(provider, site.environment).value();
  const auto session = database::Connect(ctx, target).value();
  EXPECT_EQ(FirstConflict(backup, api::RestoreType::kFull), "InUse");
  EXPECT_EQ(Refused(backup, api::RestoreType::kFull).code, "restore.conflict");
}

TEST_F(Restore, IsRefusedForARoleThatMayNot) {
  const vault::OpenedBackup backup = BackUpAll();
  site.overwrite = true;
  portal_->Run("drop role if exists stranger");
  portal_->Run("create role stranger login createdb password 'x'");
  portal_->Run("grant select on all tables in schema public to stranger");
  provider.secret = portal_->SecretOf("stranger", "x");
  EXPECT_EQ(FirstConflict(backup, api::RestoreType::kDatabaseOnly), "Denied");
  portal_->Run("alter role stranger nocreatedb");
  const auto plan = site.Plan(backup, api::RestoreType::kDatabaseOnly);
  EXPECT_THAT(plan->conflicts, SizeIs(2));
  EXPECT_EQ(Refused(backup, api::RestoreType::kDatabaseOnly).code, "restore.conflict");
}

TEST_F(Restore, IsRefusedWhereTheDumpDoesNotFit) {
  vault::OpenedBackup backup = BackUpAll();
  portal_->Drop();
  backup.manifest.database.engine_version = "99.1";
  EXPECT_EQ(FirstConflict(backup, api::RestoreType::kFull), "Invalid");
  backup.manifest.database.engine_version = "15.1";
  backup.manifest.database.engine = "mysql";
  EXPECT_EQ(FirstConflict(backup, api::RestoreType::kFull), "EngineMismatch");
  backup.manifest.database.engine = "postgres";
  backup.manifest.database.size_bytes = std::int64_t{1} << 60;
  EXPECT_EQ(FirstConflict(backup, api::RestoreType::kFull), "NoSpace");
}

TEST_F(Restore, OfABackupWithoutDumpIsRefusedWhereADatabaseIsWanted) {
  site.database = api::BackupType::kNone;
  const vault::OpenedBackup backup = BackUpAll();
  for (const api::RestoreType type : {api::RestoreType::kFull, api::RestoreType::kDatabaseOnly}) {
    EXPECT_EQ(FirstConflict(backup, type), "NoDump");
    EXPECT_EQ(Refused(backup, type).code, "restore.conflict");
  }
}

TEST_F(Restore, FailsForAServerThatCannotBeAsked) {
  const vault::OpenedBackup backup = BackUpAll();
  provider.secret = portal_->SecretOf("lc2", "wrong");
  EXPECT_EQ(site.Plan(backup, api::RestoreType::kFull).error().kind, ErrorKind::kDenied);
  EXPECT_EQ(site.Plan(backup, api::RestoreType::kStorageOnly).error().kind, ErrorKind::kDenied);
}

// --- the library alone, beside a live database ---

TEST_F(Restore, OfTheLibraryAloneMustNotTakeAwayWhatRowsReferTo) {
  const vault::OpenedBackup backup = BackUpAll();
  portal_->AddFile(20123, "4303", "1.0", 3);
  Put("20097/20123/4303/1.0", "new");
  site.overwrite = true;
  site.restore_library.extra_keys = api::ExtraKeys::kRemove;
  const Error refused = Refused(backup, api::RestoreType::kStorageOnly);
  EXPECT_EQ(refused.code, "restore.conflict");
  EXPECT_THAT(refused.message, HasSubstr("'20097/20123/4303/1.0'"));
  EXPECT_EQ(FirstConflict(backup, api::RestoreType::kStorageOnly), "WouldLose");
  // Kept, it may stay; without a row, it may go.
  site.restore_library.extra_keys = api::ExtraKeys::kKeep;
  EXPECT_TRUE(IsOk(site.Restore(backup, api::RestoreType::kStorageOnly)));
  EXPECT_EQ(Library().size(), 4U);
  portal_->Run("delete from dlfileversion where fileversionid = 3");
  site.restore_library.extra_keys = api::ExtraKeys::kRemove;
  const auto report = site.Restore(backup, api::RestoreType::kStorageOnly);
  ASSERT_TRUE(IsOk(report));
  EXPECT_EQ(report->objects_removed, 1);
  EXPECT_EQ(Library(), kFiles);
}

TEST_F(Restore, OfTheLibraryAloneMustNotReplaceWhatRowsWantInAnotherSize) {
  const vault::OpenedBackup backup = BackUpAll();
  portal_->Run("update dlfileversion set size_ = 20 where fileversionid = 2");
  Put("20097/20123/4302/1.0", "twenty bytes of text");
  site.overwrite = true;
  const Error refused = Refused(backup, api::RestoreType::kStorageOnly);
  EXPECT_EQ(refused.code, "restore.conflict");
  EXPECT_THAT(refused.message, HasSubstr("'20097/20123/4302/1.0'"));
  // What is lost already is not lost newly.
  Remove("20097/20123/4302/1.0");
  EXPECT_TRUE(IsOk(site.Restore(backup, api::RestoreType::kStorageOnly)));
  EXPECT_EQ(Library(), kFiles);
}

TEST_F(Restore, OfAFewKeysDoesNotAskForTheOthers) {
  const vault::OpenedBackup backup = BackUpAll();
  portal_->AddFile(20124, "4303", "1.0", 3);
  Put("20097/20124/4303/1.0", "new");
  Put("20097/20123/9999/1.0", "nobody's");
  Remove("20097/20123/4302/1.0");
  site.overwrite = true;
  site.restore_library.include = {"20097/20123/"};
  site.restore_library.extra_keys = api::ExtraKeys::kRemove;
  ASSERT_TRUE(IsOk(site.Restore(backup, api::RestoreType::kSelective)));
  Files expected = kFiles;
  expected["20097/20124/4303/1.0"] = "new";
  EXPECT_EQ(Library(), expected);
}

TEST_F(Restore, OfTheLibraryAloneNeedsNoRowsToExist) {
  const vault::OpenedBackup backup = BackUpAll();
  portal_->Run("drop table image");  // no portal's database any more: it refers to nothing
  Remove("20097/20123/4302/1.0");
  site.overwrite = true;
  ASSERT_TRUE(IsOk(site.Restore(backup, api::RestoreType::kStorageOnly)));
  EXPECT_EQ(Library(), kFiles);
  site.overwrite = false;
  Wipe();
  ASSERT_TRUE(IsOk(site.Restore(backup, api::RestoreType::kStorageOnly)));
  EXPECT_EQ(Library(), kFiles);
  EXPECT_FALSE(portal_->exists());
}

TEST_F(Restore, LeavesAMapThatTheNextBackupIsIncrementalTo) {
  const vault::OpenedBackup first = BackUpAll();
  Wipe();
  const auto base = site.RestoreAsRun(first, api::RestoreType::kFull);
  ASSERT_TRUE(IsOk(base));
  Put("20097/20123/4302/1.0", "changed file");
  Settle();
  const auto second = site.BackUp(kSecondBackup, *base);
  ASSERT_TRUE(IsOk(second));
  EXPECT_EQ(site.Held(second->manifest), Library());
  const auto before = site.Entries(first.manifest);
  const auto after = site.Entries(second->manifest);
  EXPECT_EQ(after[0].path, before[0].path);
  EXPECT_EQ(after[1].path, before[1].path);
  EXPECT_NE(after[2].path, before[2].path);
}

TEST_F(Restore, RefusesAMapThatIsNotTheOneOfTheLog) {
  const vault::OpenedBackup first = BackUpAll();
  Wipe();
  const auto base = site.RestoreAsRun(first, api::RestoreType::kFull);
  ASSERT_TRUE(IsOk(base));
  Flip(vault::RestoreMapKey(kRetail, *base->restore_run, AttemptId("a1")));
  EXPECT_EQ(CodeOf(site.BackUp(kSecondBackup, *base)), "restore_map.mismatch");
}

}  // namespace
}  // namespace lc2::engine
