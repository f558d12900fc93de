#include "database/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "codec/gzip_stream.h"
#include "codec/zstd_stream.h"
#include "database/tests/archive_builder.h"
#include "database/tests/fake_tools.h"
#include "database/tests/portal_fixture.h"

namespace lc2::database {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPlainDump[] =
    "CREATE TABLE t ();\n--\n-- PostgreSQL database dump complete\n--\n\n";
constexpr char kTakesAll[] =
    "echo \"$*\" >\"$here/$(basename $0)-args\"; echo $$ >\"$here/pid\";"
    " cat >\"$here/input\" && touch \"$here/whole\"";

std::string Archive(std::size_t bytes) {
  return ArchiveBuilder()
      .Head({{.id = 2, .has_data = true}})
      .Data(2, {std::string(bytes, 'r')})
      .bytes;
}

// Loading with clients that do as they are told.
class LoadTest : public ::testing::Test {
 protected:
  DumpFacts Store(const std::string& format, const std::string& raw) const {
    StringSink stored;
    if (format == kFormatPlainGzip) {
      codec::GzipSink gzip(stored);
      EXPECT_TRUE(gzip.Write(raw).has_value());
      EXPECT_TRUE(gzip.Finish().has_value());
    } else {
      const auto frames = codec::ZstdFrameWriter::Make(stored, {.frame_bytes = 1 << 20});
      EXPECT_TRUE(frames->Write(raw).has_value());
      EXPECT_TRUE(frames->Finish().has_value());
    }
    EXPECT_TRUE(store_->Put(ctx_, {.key = "dump", .body = stored.text()}).has_value());
    return {.path = "dump",
            .format = format,
            .tool = "pg_dump 16.11",
            .size_bytes = static_cast<std::int64_t>(stored.text().size()),
            .raw_bytes = static_cast<std::int64_t>(raw.size()),
            .sha256 = Sha256Hex(stored.text())};
  }
  DumpFacts StoreArchive(std::size_t bytes = 100) const {
    return Store(kFormatCustomZstd, Archive(bytes));
  }
  // A plan with the programs that are in the folder now.
  LoadPlan Plan(const DumpFacts& dump, int server_major = 16) const {
    return PlanLoad(ctx_, tools_.Search(), dump, server_major).value();
  }
  Error Refused(const DumpFacts& dump, int server_major = 16) const {
    const auto loaded = Load(ctx_, into_, *store_, dump, Plan(dump, server_major));
    return loaded.has_value() ? Error{.code = "it was loaded"} : loaded.error();
  }

  const FakeTools tools_;
  DatabaseTarget into_{
      .host = "db.example", .name = "it's", .user = "liferay", .password = Secret("hunter2")};
  const SystemClock clock_;
  const Context ctx_ = testing::TestContext();
  const std::unique_ptr<MemoryStore> store_ = MakeMemoryStore(clock_);
};

TEST_F(LoadTest, AReaderIsAtLeastAsNewAsTheWriter) {
  DumpFacts dump{.path = "d", .format = kFormatCustomZstd, .tool = "pg_dump 16.11"};
  const auto plan = [&](int server) { return PlanLoad(ctx_, tools_.Search(), dump, server); };
  EXPECT_EQ(plan(16).error().code, "database.tool_missing");
  tools_.Add("pg_restore", {15, 3}, "");
  EXPECT_EQ(plan(16).error().code, "database.tool_too_old");
  tools_.Add("pg_restore", {16, 3}, "");
  EXPECT_EQ(plan(16)->str(), "pg_restore 16.3");
  EXPECT_FALSE(plan(16)->script_runner.has_value());
  dump.tool = "";
  EXPECT_EQ(plan(16)->str(), "pg_restore 16.3");
  dump.tool = "something";
  EXPECT_EQ(plan(16).error().code, "database.bad_tool_version");
}

TEST_F(LoadTest, ANewReaderNeedsPsqlForAnOldServer) {
  const DumpFacts dump{.path = "d", .format = kFormatCustomZstd, .tool = "pg_dump 18.1"};
  tools_.Add("pg_restore", {18, 4}, "");
  EXPECT_FALSE(PlanLoad(ctx_, tools_.Search(), dump, 18)->script_runner.has_value());
  EXPECT_EQ(PlanLoad(ctx_, tools_.Search(), dump, 16).error().code, "database.tool_missing");
  tools_.Add("psql", {18, 4}, "");
  EXPECT_EQ(PlanLoad(ctx_, tools_.Search(), dump, 16)->script_runner->str(), "psql 18.4");
}

TEST_F(LoadTest, APlainDumpNeedsPsqlAlone) {
  const DumpFacts dump{.path = "d", .format = kFormatPlainGzip};
  EXPECT_EQ(PlanLoad(ctx_, tools_.Search(), dump, 16).error().code, "database.tool_missing");
  tools_.Add("psql", {16, 4}, "");
  EXPECT_EQ(PlanLoad(ctx_, tools_.Search(), dump, 16)->str(), "psql 16.4");
  EXPECT_EQ(PlanLoad(ctx_, tools_.Search(), {.path = "d", .format = "tar"}, 16).error().code,
            "database.unknown_format");
}

TEST_F(LoadTest, TheReaderGetsEveryByteAndNoPassword) {
  tools_.Add("pg_restore", {16, 4},
             std::string("cat /proc/$$/environ /proc/$$/cmdline >\"$here/shown\";"
                         " cat \"$PGPASSFILE\" >\"$here/passfile\";") +
                 kTakesAll);
  const DumpFacts dump = StoreArchive(3'000'000);
  EXPECT_EQ(Load(ctx_, into_, *store_, dump, Plan(dump)).value(), dump.raw_bytes);
  EXPECT_EQ(tools_.File("input"), Archive(3'000'000));
  EXPECT_EQ(tools_.File("passfile"), "*:*:*:*:hunter2\n");
  EXPECT_THAT(tools_.File("shown"), Not(HasSubstr("hunter2")));
  for (const char* option : {"--exit-on-error", "--no-owner", "--no-acl", "--no-tablespaces",
                             "--dbname=dbname='it\\'s'"}) {
    EXPECT_THAT(tools_.File("pg_restore-args"), HasSubstr(option));
  }
}

TEST_F(LoadTest, APlainDumpGoesThroughPsqlAndStopsAtTheFirstError) {
  tools_.Add("psql", {16, 4}, kTakesAll);
  const DumpFacts dump = Store(kFormatPlainGzip, kPlainDump);
  ASSERT_TRUE(Load(ctx_, into_, *store_, dump, Plan(dump)).has_value());
  EXPECT_EQ(tools_.File("input"), kPlainDump);
  EXPECT_THAT(tools_.File("psql-args"), HasSubstr("ON_ERROR_STOP=1"));
  EXPECT_THAT(tools_.File("psql-args"), HasSubstr("--no-psqlrc"));
}

TEST_F(LoadTest, APsqlThatKnowsItIsRestricted) {
  tools_.Add("psql", {16, 10}, kTakesAll);
  const DumpFacts dump = Store(kFormatPlainGzip, kPlainDump);
  ASSERT_TRUE(Load(ctx_, into_, *store_, dump, Plan(dump)).has_value());
  EXPECT_EQ(tools_.File("input").rfind("\\restrict ", 0), 0U);
}

TEST_F(LoadTest, AClientThatFailsIsTheReason) {
  tools_.Add("pg_restore", {16, 4},
             "cat >/dev/null; echo 'pg_restore: error: could not execute query: ERROR:  type \"x\""
             " does not exist' >&2; exit 1");
  const Error error = Refused(StoreArchive());
  EXPECT_EQ(error.kind, ErrorKind::kInvalid);
  EXPECT_EQ(error.code, "database.restore_failed");
  EXPECT_EQ(error.message,
            "cannot load the dump into database 'it's' on 'db.example:5432': pg_restore 16.4 ended "
            "with exit code 1: pg_restore: error: could not execute query: ERROR:  type \"x\" does "
            "not exist");
}

TEST_F(LoadTest, AClientThatStopsReadingSaysWhy) {
  tools_.Add("pg_restore", {16, 4},
             "head -c 10 >/dev/null; echo 'pg_restore: error: could not write to file: No space"
             " left on device' >&2; exit 1");
  const Error error = Refused(StoreArchive(3'000'000));
  EXPECT_EQ(error.kind, ErrorKind::kUnavailable);
  EXPECT_EQ(error.code, "database.no_space");
}

TEST_F(LoadTest, AClientThatDoesNotReadOnHasLoadedNothing) {
  tools_.Add("pg_restore", {16, 4}, "head -c 10 >/dev/null; exit 0");
  EXPECT_EQ(Refused(StoreArchive(3'000'000)).code, "file.reader_gone");
}

TEST_F(LoadTest, AKilledClientIsNoRefusal) {
  tools_.Add("pg_restore", {16, 4}, "head -c 10 >/dev/null; kill -9 $$");
  const Error error = Refused(StoreArchive(3'000'000));
  EXPECT_EQ(error.kind, ErrorKind::kUnavailable);
  EXPECT_EQ(error.code, "database.restore_failed");
}

// A client that saw the end of its input would take what it has for all there is.
TEST_F(LoadTest, ADamagedDumpNeverEndsForTheClient) {
  tools_.Add("pg_restore", {16, 4}, kTakesAll);
  const DumpFacts dump = StoreArchive(9'000'000);
  for (const Fault::Effect effect : {Fault::Effect::kFlipBit, Fault::Effect::kTruncate}) {
    store_->Plan({.operation = "get", .effect = effect});
    const Error error = Refused(dump);
    EXPECT_EQ(error.kind, ErrorKind::kCorrupt);
    EXPECT_EQ(error.code, "database.dump_damaged");
    EXPECT_FALSE(tools_.Has("whole"));
    EXPECT_TRUE(tools_.HasEnded("pid"));
  }
}

TEST_F(LoadTest, AStopEndsTheClient) {
  tools_.Add("pg_restore", {16, 4}, kTakesAll);
  const DumpFacts dump = StoreArchive(9'000'000);
  std::stop_source stop;
  OnFirstReport sink([&] { stop.request_stop(); });
  const auto loaded =
      Load(ctx_.WithProgress(sink).WithStop(stop.get_token()), into_, *store_, dump, Plan(dump));
  EXPECT_EQ(loaded.error().kind, ErrorKind::kCancelled);
  EXPECT_FALSE(tools_.Has("whole"));
}

// dump -> pg_restore 18 -> psql -> a server of 16.
class LoadThroughScript : public LoadTest {
 protected:
  void Add(const std::string& pg_restore, const std::string& psql) const {
    tools_.Add("pg_restore", {18, 4}, pg_restore);
    tools_.Add("psql", {16, 4}, psql);
  }
};

TEST_F(LoadThroughScript, ThePsqlGetsWhatPgRestoreWrites) {
  Add("cat >/dev/null; echo 'SET transaction_timeout = 0;'; echo 'SELECT 1;'", kTakesAll);
  const DumpFacts dump = StoreArchive();
  ASSERT_TRUE(Load(ctx_, into_, *store_, dump, Plan(dump)).has_value());
  EXPECT_EQ(tools_.File("input"), "SELECT 1;\n");
}

TEST_F(LoadThroughScript, APgRestoreThatFailsIsAFailureThoughPsqlIsContent) {
  Add("cat >/dev/null; echo 'SELECT 1;'; echo 'pg_restore: error: bad' >&2; exit 1", kTakesAll);
  const Error error = Refused(StoreArchive());
  EXPECT_EQ(error.code, "database.restore_failed");
  EXPECT_THAT(error.message, HasSubstr("pg_restore 18.4 ended with exit code 1"));
}

TEST_F(LoadThroughScript, APsqlThatFailsEndsPgRestore) {
  Add("echo $$ >\"$here/pid\"; cat >/dev/null; while :; do echo 'SELECT 1;'; done",
      "head -c 10 >/dev/null; echo 'psql:<stdin>:1: ERROR:  no' >&2; exit 3");
  const Error error = Refused(StoreArchive());
  EXPECT_EQ(error.code, "database.restore_failed");
  EXPECT_THAT(error.message, HasSubstr("psql 16.4 ended with exit code 3"));
  EXPECT_TRUE(tools_.HasEnded("pid"));
}

TEST_F(LoadThroughScript, ADamagedDumpIsTheReasonWhateverTheClientsSay) {
  Add("cat >/dev/null; echo 'pg_restore: error: cut' >&2; exit 1",
      "cat >/dev/null; echo 'psql: error: cut' >&2; exit 2");
  const DumpFacts dump = StoreArchive(9'000'000);
  store_->Plan({.operation = "get", .effect = Fault::Effect::kTruncate});
  EXPECT_EQ(Refused(dump).code, "database.dump_damaged");
}

TEST_F(LoadThroughScript, AProgramThatCannotBeStartedIsAnError) {
  Add(kTakesAll, kTakesAll);
  const DumpFacts dump = StoreArchive();
  LoadPlan plan = Plan(dump);
  plan.script_runner->path = "/nowhere/psql";
  EXPECT_EQ(Load(ctx_, into_, *store_, dump, plan).error().kind, ErrorKind::kNotFound);
  plan.reader.path = "/nowhere/pg_restore";
  EXPECT_EQ(Load(ctx_, into_, *store_, dump, plan).error().kind, ErrorKind::kNotFound);
}

}  // namespace
}  // namespace lc2::database
