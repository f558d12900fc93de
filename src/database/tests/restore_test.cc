#include "database/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "database/tests/fake_tools.h"
#include "database/tests/restore_fixture.h"

namespace lc2::database {
namespace {

using ::testing::HasSubstr;

TEST_F(RestoreTest, IntoAnAbsentDatabase) {
  const std::string portal = NewPortal();
  for (const DumpFormat format : {DumpFormat::kCustom, DumpFormat::kPlain}) {
    const std::string target = Absent();
    const DumpFacts dump = Dump(portal, format);
    const RestoreFacts facts = Must(target, Options(dump));
    EXPECT_EQ(facts.database, target);
    EXPECT_EQ(facts.previous, "");
    EXPECT_EQ(facts.raw_bytes, dump.raw_bytes);
    EXPECT_THAT(facts.tool, HasSubstr(format == DumpFormat::kCustom ? "pg_restore" : "psql"));
    EXPECT_EQ(Contents(target), Contents(portal));
    EXPECT_EQ(Databases(target), target);
  }
}

TEST_F(RestoreTest, IntoAnEmptyDatabase) {
  const std::string portal = NewPortal();
  const std::string target = server_->NewDatabase();
  EXPECT_EQ(Must(target, Options(Dump(portal))).previous, "");
  EXPECT_EQ(Contents(target), Contents(portal));
  EXPECT_EQ(Databases(target), target);
}

TEST_F(RestoreTest, StatisticsAreThere) {
  const std::string target = Absent();
  Must(target, Options(Dump(NewPortal())));
  EXPECT_EQ(Psql(target, "select count(*) from pg_stats where tablename = 'image'"), "5");
}

TEST_F(RestoreTest, AFilledDatabaseIsReplacedOnlyIfAsked) {
  const DumpFacts dump = Dump(NewPortal());
  const std::string target = NewOther();
  const std::string before = Contents(target);
  const Error error = Refused(target, Options(dump));
  EXPECT_EQ(error.kind, ErrorKind::kConflict);
  EXPECT_EQ(error.code, "database.not_empty");
  EXPECT_THAT(error.message, HasSubstr("holds 5 tables and 1 large objects"));
  EXPECT_EQ(Contents(target), before);
  EXPECT_EQ(Databases(target), target);

  EXPECT_EQ(Must(target, Overwriting(dump)).previous, "");
  EXPECT_NE(Contents(target), before);
  EXPECT_EQ(Databases(target), target);
}

TEST_F(RestoreTest, LargeObjectsAloneFillADatabase) {
  const std::string target = server_->NewDatabase();
  Psql(target, "select lo_create(0)");
  EXPECT_EQ(Refused(target, Options(Dump(NewPortal()))).code, "database.not_empty");
}

TEST_F(RestoreTest, TheReplacedOneIsKeptIfAsked) {
  const std::string target = NewOther();
  const std::string before = Contents(target);
  RestoreOptions options = Overwriting(Dump(NewPortal()));
  options.keep_previous = true;
  const RestoreFacts facts = Must(target, options);
  EXPECT_EQ(facts.previous, target + "_old_0badcafe");
  EXPECT_EQ(Contents(facts.previous), before);

  // The same run again: what stood there before the first try stays the previous one.
  EXPECT_EQ(Must(target, options).previous, facts.previous);
  EXPECT_EQ(Contents(facts.previous), before);
  EXPECT_EQ(Databases(target), target + "\n" + facts.previous);

  // And again, after a try that died before it dropped what it had replaced.
  CreateNamed(target + "_drop_0badcafe");
  EXPECT_EQ(Must(target, options).previous, facts.previous);
  EXPECT_EQ(Contents(facts.previous), before);
  EXPECT_EQ(Databases(target), target + "\n" + facts.previous);

  // And without keeping, nothing is left over.
  options.keep_previous = false;
  EXPECT_EQ(Must(target, options).previous, "");
  EXPECT_EQ(Databases(target), target);
}

TEST_F(RestoreTest, AnotherNameLeavesTheTargetAlone) {
  const std::string target = NewOther();
  const std::string before = Contents(target);
  const auto session = Connect(ctx_, Target(target)).value();
  RestoreOptions options = Options(Dump(NewPortal()));
  options.into = target + "_drill";
  EXPECT_EQ(Must(target, options).database, target + "_drill");
  EXPECT_EQ(Contents(target), before);
  EXPECT_NE(Contents(target + "_drill"), before);
}

TEST_F(RestoreTest, WhatBelongsToTheReplacedNameStays) {
  const std::string target = NewOther();
  const std::string owner = NewRole("");
  Psql("postgres", fmt::format("alter database {0} set work_mem to '77MB';"
                               "grant connect on database {0} to {1};"
                               "alter database {0} owner to {1}",
                               target, owner));
  Must(target, Overwriting(Dump(NewPortal())));
  EXPECT_EQ(Psql(target, "show work_mem"), "77MB");
  EXPECT_EQ(Psql("postgres", "select pg_get_userbyid(datdba) from pg_database where datname = '" +
                                 target + "'"),
            owner);
  // The portal's role can go on working with its tables, though another one loaded them.
  const auto as_owner = Connect(ctx_, TargetAs(owner, target)).value();
  EXPECT_TRUE(as_owner->Execute(ctx_, "delete from public.image").has_value());
  EXPECT_EQ(as_owner->Execute(ctx_, "select lo_unlink(data_) from public.dlcontent").value(), 1);
}

TEST_F(RestoreTest, AnOwnersOddNameIsJustAName) {
  const DumpFacts custom = Dump(NewPortal());
  const DumpFacts plain = Dump(NewPortal(), DumpFormat::kPlain);
  Psql("postgres", "create role \"The Owner's \\\"");
  const std::string target = NewOther();
  Psql("postgres", "alter database " + target + " owner to \"The Owner's \\\"");
  for (const DumpFacts& dump : {custom, plain}) {
    Must(target, Overwriting(dump));
    EXPECT_EQ(Psql(target, "select tableowner from pg_tables where tablename = 'image'"),
              "The Owner's \\");
  }
}

TEST_F(RestoreTest, OddNamesAreJustNames) {
  const DumpFacts dump = Dump(NewPortal());
  const DumpFacts plain = Dump(NewPortal(), DumpFormat::kPlain);
  for (const char* name : {"Restored Prod-2", "it's \"restored\"", "dbname=postgres",
                           "postgresql://restored/x", "p\xc3\xb6rtal \\ restored"}) {
    EXPECT_EQ(Must(name, Options(dump)).database, name);
    EXPECT_EQ(Must(name, Overwriting(plain)).database, name);
    EXPECT_EQ(Psql(name, "select count(*) from image"), "1") << name;
  }
  EXPECT_EQ(Databases("_lc2_"), "");
}

TEST_F(RestoreTest, ALongNameIsCutWhereItMust) {
  const std::string name = Absent() + std::string(54, 'x');
  ASSERT_GE(name.size(), 60U);
  Must(name, Options(Dump(NewPortal())));
  RestoreOptions options = Overwriting(Dump(NewPortal()));
  options.keep_previous = true;
  const RestoreFacts facts = Must(name, options);
  EXPECT_EQ(facts.previous, PreviousName(name, "0badcafe"));
  EXPECT_EQ(facts.previous.size(), 63U);
  EXPECT_EQ(Psql(name, "select count(*) from image"), "1");
}

TEST(RestoreNames, AreCutToWhatPostgresTakesAtACharacter) {
  EXPECT_EQ(LoadingName("lportal", "0badcafe"), "lportal_lc2_0badcafe");
  EXPECT_EQ(PreviousName("lportal", "0badcafe"), "lportal_old_0badcafe");
  EXPECT_EQ(LoadingName(std::string(63, 'x'), "0badcafe"), std::string(50, 'x') + "_lc2_0badcafe");
  // 25 characters of two bytes would end in the middle of the 26th.
  std::string umlauts = "x";
  for (int i = 0; i < 30; ++i) umlauts += "\xc3\xb6";
  EXPECT_EQ(LoadingName(umlauts, "0badcafe"), umlauts.substr(0, 49) + "_lc2_0badcafe");
}

TEST_F(RestoreTest, ADumpOfANewerReaderGoesThroughAScript) {
  if (server_->major() >= 17) GTEST_SKIP() << "needs a server before 17";
  // A pg_restore that says it is of 18 and does what the real one does.
  const FakeTools tools;
  tools.Add("pg_restore", {18, 4},
            fmt::format("exec '{}' \"$@\"", (server_->bin() / "pg_restore").native()));
  DumpFacts dump = Dump(NewPortal());
  dump.tool = "pg_dump 18.4";
  RestoreOptions options = Options(dump);
  options.tools.folders.insert(options.tools.folders.begin(), tools.Search().folders.front());
  const std::string target = Absent();
  EXPECT_EQ(Must(target, options).tool, "pg_restore 18.4");
  EXPECT_EQ(Psql(target, "select count(*) from image"), "1");
}

TEST_F(RestoreTest, ARoleNeedsNoMoreThanCreatedb) {
  const std::string portal = NewPortal();
  const std::string role = NewRole("createdb");
  const std::string target = Absent();
  const auto restored = Restore(ctx_, TargetAs(role, target), *store_, Options(Dump(portal)));
  ASSERT_TRUE(restored.has_value()) << Describe(restored.error());
  EXPECT_EQ(Contents(target), Contents(portal));
  const auto again = Restore(ctx_, TargetAs(role, target), *store_, Overwriting(Dump(portal)));
  ASSERT_TRUE(again.has_value()) << Describe(again.error());
}

TEST_F(RestoreTest, LookingAtATargetChangesNothing) {
  const std::string absent = Absent();
  EXPECT_EQ(InspectTarget(ctx_, Target(absent))->state, TargetState::kAbsent);
  EXPECT_EQ(Databases(absent), "");
  const TargetFacts empty = InspectTarget(ctx_, Target(server_->NewDatabase())).value();
  EXPECT_EQ(empty.state, TargetState::kEmpty);
  EXPECT_GT(empty.size_bytes, 0);
  const std::string portal = NewPortal();
  const TargetFacts filled = InspectTarget(ctx_, Target(portal)).value();
  EXPECT_EQ(filled.state, TargetState::kFilled);
  EXPECT_EQ(filled.tables, 5);
  EXPECT_EQ(filled.large_objects, 1);
  EXPECT_EQ(filled.foreign_sessions, 0);
  // Nor does the look stand in the way of the next one.
  EXPECT_EQ(InspectTarget(ctx_, Target(portal))->foreign_sessions, 0);
  DatabaseTarget mysql = Target(portal);
  mysql.engine = Engine::kMysql;
  EXPECT_EQ(InspectTarget(ctx_, mysql).error().code, "database.unsupported_engine");
}

TEST(CheckRestoreFits, ServersOnlyGetDumpsOfTheirMajorVersionOrOlder) {
  const DumpFacts dump{.path = "d"};
  EXPECT_TRUE(CheckRestoreFits(dump, "16.11", "16.3").has_value());
  EXPECT_TRUE(CheckRestoreFits(dump, "15.1", "18.4").has_value());
  EXPECT_TRUE(CheckRestoreFits(dump, "", "13.1").has_value());
  const auto refused = CheckRestoreFits(dump, "16.11", "15.18");
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(refused.error().code, "database.target_too_old");
  EXPECT_EQ(refused.error().hint, "restore into PostgreSQL 16 or newer");
  EXPECT_EQ(CheckRestoreFits(dump, "?", "15.18").error().code, "database.bad_tool_version");
  EXPECT_EQ(CheckRestoreFits(dump, "15.18", "").error().code, "database.bad_tool_version");
}

}  // namespace
}  // namespace lc2::database
