#include "sql/sqlite.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "base/file.h"
#include "testing/fake_clock.h"

namespace lc2::sql {
namespace {

using testing::TestContext;

class Sqlite : public ::testing::Test {
 protected:
  Sqlite() : folder_(TemporaryFolder::Create("lc2-sqlite-test").value()) {}
  std::filesystem::path File() const { return folder_.path() / "test.db"; }
  std::unique_ptr<Connection> Open(const SqliteOptions& options = {}) const {
    return OpenSqlite(ctx_, File(), options).value();
  }

  TemporaryFolder folder_;
  const Context ctx_ = TestContext();
};

TEST_F(Sqlite, KeepsEveryKindOfValue) {
  const auto db = Open();
  ASSERT_TRUE(db->ExecuteScript(ctx_, "create table t (a, b, c, d, e)").has_value());
  const std::string bytes("x\0y", 3);
  ASSERT_EQ(db->Execute(ctx_, "insert into t values ($1, $2, $3, $4, $5)",
                        {INT64_MAX, 0.25, "it's; \xc3\xa9", Blob{bytes}, nullptr})
                .value(),
            1);
  const auto row = db->QueryOne(ctx_, "select a, b, c, d, e from t").value();
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->Int(0), INT64_MAX);
  EXPECT_EQ(row->Double(1), 0.25);
  EXPECT_EQ(row->Text(2), "it's; \xc3\xa9");
  EXPECT_EQ((*row)[3], Value(Blob{bytes}));
  EXPECT_TRUE(row->IsNull(4));
}

TEST_F(Sqlite, EmptyBytesAreNotNull) {
  const auto db = Open();
  const auto row = db->QueryOne(ctx_, "select $1, $2", {Blob{}, ""}).value();
  EXPECT_EQ((*row)[0], Value(Blob{}));
  EXPECT_EQ((*row)[1], Value(""));
}

TEST_F(Sqlite, ParametersGoByTheirNumber) {
  const auto db = Open();
  const auto row = db->QueryOne(ctx_, "select $2, $1, $2", {"one", "two"}).value();
  EXPECT_EQ(row->Text(0) + row->Text(1) + row->Text(2), "twoonetwo");
}

TEST_F(Sqlite, AMissingParameterIsAnError) {
  const auto db = Open();
  EXPECT_EQ(db->Execute(ctx_, "select $2", {"one"}).error().code, "sql.bad_statement");
  EXPECT_EQ(db->Execute(ctx_, "select ?", {"one"}).error().code, "sql.bad_statement");
}

TEST_F(Sqlite, OneStatementAtATime) {
  const auto db = Open();
  EXPECT_EQ(db->Execute(ctx_, "select 1; select 2").error().code, "sql.bad_statement");
  EXPECT_EQ(db->Execute(ctx_, "  ").error().code, "sql.bad_statement");
  EXPECT_EQ(db->Execute(ctx_, "selec").error().code, "sql.bad_statement");
  EXPECT_TRUE(db->Execute(ctx_, "select 1;\n").has_value());
}

TEST_F(Sqlite, CountsChangedAndReturnedRows) {
  const auto db = Open();
  ASSERT_TRUE(db->ExecuteScript(ctx_, "create table t (a integer primary key)").has_value());
  EXPECT_EQ(db->Execute(ctx_, "insert into t values (1), (2), (3)").value(), 3);
  EXPECT_EQ(db->Execute(ctx_, "update t set a = a + 10 where a < 3").value(), 2);
  EXPECT_EQ(db->Execute(ctx_, "delete from t where a = 99").value(), 0);
  EXPECT_EQ(db->Execute(ctx_, "insert into t values (50) returning a").value(), 1);
  EXPECT_EQ(db->Execute(ctx_, "create table u (a)").value(), 0);
}

TEST_F(Sqlite, AStatementIsUsedAgain) {
  const auto db = Open();
  ASSERT_TRUE(db->ExecuteScript(ctx_, "create table t (a)").has_value());
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(db->Execute(ctx_, "insert into t values ($1)", {i}).has_value());
    ASSERT_TRUE(db->Execute(ctx_, "select " + std::to_string(i)).has_value());
  }
  // The same statement twice at once.
  const auto first = db->Stream(ctx_, "select a from t order by a").value();
  const auto second = db->Stream(ctx_, "select a from t order by a").value();
  EXPECT_EQ(first->Next().value()->Int(0), 0);
  EXPECT_EQ(first->Next().value()->Int(0), 1);
  EXPECT_EQ(second->Next().value()->Int(0), 0);
}

TEST_F(Sqlite, QueryIsBounded) {
  const auto db = Open();
  EXPECT_EQ(db->Query(ctx_, "values (1), (2), (3)", {}, 3).value().size(), 3U);
  EXPECT_EQ(db->Query(ctx_, "values (1), (2), (3)", {}, 2).error().code, "sql.too_many_rows");
  EXPECT_EQ(db->QueryOne(ctx_, "select 1 where 0").value(), std::nullopt);
}

TEST_F(Sqlite, ATransactionThatIsNotCommittedLeavesNothing) {
  const auto db = Open();
  ASSERT_TRUE(db->ExecuteScript(ctx_, "create table t (a)").has_value());
  {
    const Transaction dropped = Transaction::Begin(ctx_, *db).value();
    ASSERT_TRUE(db->Execute(ctx_, "insert into t values (1)").has_value());
  }
  EXPECT_EQ(db->QueryOne(ctx_, "select count(*) from t").value()->Int(0), 0);
  Transaction kept = Transaction::Begin(ctx_, *db).value();
  ASSERT_TRUE(db->Execute(ctx_, "insert into t values (1)").has_value());
  ASSERT_TRUE(kept.Commit(ctx_).has_value());
  EXPECT_EQ(Open()->QueryOne(ctx_, "select count(*) from t").value()->Int(0), 1);
}

TEST_F(Sqlite, AReadTransactionSeesOneState) {
  const auto reader = Open();
  const auto writer = Open();
  ASSERT_TRUE(writer->ExecuteScript(ctx_, "create table t (a)").has_value());
  const Transaction reading = Transaction::Begin(ctx_, *reader, TransactionMode::kRead).value();
  EXPECT_EQ(reader->QueryOne(ctx_, "select count(*) from t").value()->Int(0), 0);
  ASSERT_TRUE(writer->Execute(ctx_, "insert into t values (1)").has_value());
  EXPECT_EQ(reader->QueryOne(ctx_, "select count(*) from t").value()->Int(0), 0);
  // It cannot turn into a writer any more: the state it read is no longer the newest.
  EXPECT_EQ(reader->Execute(ctx_, "insert into t values (2)").error().kind, ErrorKind::kConflict);
}

TEST_F(Sqlite, AWriterWaitsOnlySoLongForAnother) {
  const auto first = Open();
  const auto second = Open({.busy_timeout = std::chrono::milliseconds(0)});
  Transaction holding = Transaction::Begin(ctx_, *first).value();
  const auto refused = Transaction::Begin(ctx_, *second);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "sql.busy");
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
  ASSERT_TRUE(holding.Commit(ctx_).has_value());
  EXPECT_TRUE(Transaction::Begin(ctx_, *second).has_value());
}

TEST_F(Sqlite, AStoppedContextEndsTheWaitForAnotherWriter) {
  const auto first = Open();
  const auto second = Open({.busy_timeout = std::chrono::hours(1)});
  const Transaction holding = Transaction::Begin(ctx_, *first).value();
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  const auto refused = Transaction::Begin(ctx_.WithStop(stop.get_token()), *second);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kCancelled);
}

TEST_F(Sqlite, AStoppedContextEndsARunningStatement) {
  const auto db = Open();
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  const auto endless = db->Execute(ctx_.WithStop(stop.get_token()),
                                   "with recursive n(i) as (select 1 union all select i + 1 from n)"
                                   " select count(*) from n");
  ASSERT_FALSE(endless.has_value());
  EXPECT_EQ(endless.error().kind, ErrorKind::kCancelled);
  EXPECT_TRUE(db->Execute(ctx_, "select 1").has_value());
}

TEST_F(Sqlite, ConstraintsAreEnforced) {
  const auto db = Open();
  ASSERT_TRUE(db->ExecuteScript(ctx_,
                                "create table p (id integer primary key, name text unique);"
                                "create table c (p integer references p, n integer not null)")
                  .has_value());
  ASSERT_TRUE(db->Execute(ctx_, "insert into p values (1, 'a')").has_value());
  EXPECT_EQ(db->Execute(ctx_, "insert into p values (1, 'b')").error().code, "sql.duplicate");
  EXPECT_EQ(db->Execute(ctx_, "insert into p values (2, 'a')").error().code, "sql.duplicate");
  EXPECT_EQ(db->Execute(ctx_, "insert into c values (9, 1)").error().code, "sql.constraint");
  EXPECT_EQ(db->Execute(ctx_, "insert into c values (1, null)").error().code, "sql.constraint");
}

TEST_F(Sqlite, FilesAreReadableByTheirOwnerOnly) {
  const auto db = Open();
  ASSERT_TRUE(db->ExecuteScript(ctx_, "create table t (a)").has_value());
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    struct stat facts {};
    ASSERT_EQ(::stat(entry.path().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600U) << entry.path();
  }
}

TEST_F(Sqlite, AFileThatIsNoDatabaseIsCorrupt) {
  std::ofstream(File()) << std::string(8192, 'x');
  const auto opened = OpenSqlite(ctx_, File());
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(opened.error().code, "sql.corrupt");
  EXPECT_NE(opened.error().message.find("test.db"), std::string::npos);
}

TEST_F(Sqlite, AnAbsentFileIsMadeOnlyIfAsked) {
  EXPECT_EQ(OpenSqlite(ctx_, File(), {.create = false}).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(OpenSqlite(ctx_, File(), {.read_only = true}).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(OpenSqlite(ctx_, folder_.path() / "no" / "x.db").error().kind, ErrorKind::kNotFound);
}

TEST_F(Sqlite, ReadOnlyRefusesToWrite) {
  ASSERT_TRUE(Open()->ExecuteScript(ctx_, "create table t (a)").has_value());
  const auto db = Open({.read_only = true});
  EXPECT_EQ(db->Execute(ctx_, "insert into t values (1)").error().kind, ErrorKind::kDenied);
  EXPECT_EQ(db->QueryOne(ctx_, "select count(*) from t").value()->Int(0), 0);
}

TEST_F(Sqlite, MigrationsRunOnceAndInOrder) {
  const std::vector<std::string_view> two = {"create table t (a); insert into t values (1)",
                                             "alter table t add column b; update t set b = 2"};
  const auto db = Open();
  ASSERT_TRUE(Migrate(ctx_, *db, {two[0]}).has_value());
  ASSERT_TRUE(Migrate(ctx_, *db, two).has_value());
  ASSERT_TRUE(Migrate(ctx_, *db, two).has_value());
  EXPECT_EQ(db->QueryOne(ctx_, "select sum(a + b) from t").value()->Int(0), 3);
}

TEST_F(Sqlite, AFailedMigrationLeavesTheOldSchema) {
  const auto db = Open();
  ASSERT_TRUE(Migrate(ctx_, *db, {"create table t (a)"}).has_value());
  EXPECT_FALSE(
      Migrate(ctx_, *db, {"create table t (a)", "create table u (a); nonsense"}).has_value());
  EXPECT_EQ(db->QueryOne(ctx_, "pragma user_version").value()->Int(0), 1);
  EXPECT_EQ(db->Execute(ctx_, "select * from u").error().code, "sql.bad_statement");
}

TEST_F(Sqlite, ASchemaFromTheFutureIsRefused) {
  const auto db = Open();
  ASSERT_TRUE(Migrate(ctx_, *db, {"create table t (a)", "create table u (a)"}).has_value());
  const auto refused = Migrate(ctx_, *db, {"create table t (a)"});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "sql.newer_schema");
}

TEST_F(Sqlite, WorksInMemory) {
  const auto db = OpenSqlite(ctx_, ":memory:").value();
  ASSERT_TRUE(Migrate(ctx_, *db, {"create table t (a)"}).has_value());
  EXPECT_EQ(db->Execute(ctx_, "insert into t values (1)").value(), 1);
}

TEST_F(Sqlite, AFullDiskIsSaid) {
  const auto db = Open();
  ASSERT_TRUE(db->ExecuteScript(ctx_, "create table t (a); pragma max_page_count = 1").has_value());
  const auto full = db->Execute(ctx_, "insert into t values ($1)", {std::string(1 << 20, 'x')});
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(full.error().code, "sql.no_space");
  EXPECT_EQ(full.error().provider->service, "sqlite");
}

TEST_F(Sqlite, AFolderThatIsNotThereIsSaid) {
  EXPECT_EQ(OpenSqlite(ctx_, folder_.path() / "no" / "test.db").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(OpenSqlite(ctx_, folder_.path(), {.create = false}).error().code, "sql.cannot_open");
}

TEST_F(Sqlite, BadStatementsAreOurOwnBugs) {
  const auto db = Open();
  for (const char* statement :
       {"", " ; ", "nonsense", "select 1; select 2", "select ?", "select :a"}) {
    const auto done = db->Execute(ctx_, statement, {1});
    ASSERT_FALSE(done.has_value()) << statement;
    EXPECT_EQ(done.error().code, "sql.bad_statement") << statement;
  }
  EXPECT_EQ(db->ExecuteScript(ctx_, "select 1; nonsense").error().code, "sql.bad_statement");
}

TEST_F(Sqlite, WhatFailsBetweenTwoRowsIsNoEnd) {
  const auto db = Open();
  ASSERT_TRUE(
      db->ExecuteScript(ctx_, "create table t (a); insert into t values (1), (2)").has_value());
  const auto rows = db->Stream(ctx_,
                               "select abs(case when a = 2 then -9223372036854775807 - 1"
                               " else a end) from t")
                        .value();
  EXPECT_TRUE(rows->Next().value().has_value());
  EXPECT_FALSE(rows->Next().has_value());
}

}  // namespace
}  // namespace lc2::sql
