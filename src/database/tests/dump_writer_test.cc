#include "database/dump_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "codec/gzip_stream.h"
#include "codec/json.h"
#include "database/tests/archive_builder.h"
#include "database/tests/fake_tools.h"
#include "database/tests/portal_fixture.h"

namespace lc2::database {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPlainDump[] =
    "--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE t ();\n\n"
    "--\n-- PostgreSQL database dump complete\n--\n\n";
constexpr char kForever[] = "while :; do cat /dev/zero; done";

std::string WholeArchive() {
  return ArchiveBuilder()
      .Head({{.id = 1}, {.id = 2, .has_data = true}, {.id = 3, .has_data = true}})
      .Data(2, {"one row\n", "another\n"})
      .LargeObjects(3, {{.oid = 16'400, .chunks = {"bytes"}}})
      .bytes;
}

// An archive whose only data never ends: what a running pg_dump has written so far.
std::string EndlessArchive() {
  return ArchiveBuilder().Head({{.id = 2, .has_data = true}}).Byte(1).Int(2).Int(INT32_MAX).bytes;
}

// A pg_dump and a pg_restore that do as they are told.
class DumpWriter : public ::testing::Test {
 protected:
  DumpWriter() {
    tools_.AddFile("archive", WholeArchive());
    tools_.AddFile("endless", EndlessArchive());
    tools_.AddFile("plain", kPlainDump);
    list_tool_ = tools_.Add("pg_restore", {16, 11}, "cat >\"$here/head\"");
  }
  Result<DumpFacts> Write(const std::string& script, DumpFormat format = DumpFormat::kCustom) {
    return Write(ctx_, script, format);
  }
  Result<DumpFacts> Write(const Context& ctx, const std::string& script,
                          DumpFormat format = DumpFormat::kCustom) {
    return WritePostgresDump(ctx, target_,
                             {.dump_tool = tools_.Add("pg_dump", {16, 11}, script),
                              .list_tool = list_tool_,
                              .snapshot = "00000003-1",
                              .expected_bytes = 1000},
                             *store_, {.key = "a/dump", .format = format});
  }
  Error Refused(const std::string& script, DumpFormat format = DumpFormat::kCustom) {
    const auto dump = Write(script, format);
    EXPECT_TRUE(NothingIsStored()) << script;
    return dump.has_value() ? Error{.code = "it was accepted"} : dump.error();
  }
  bool NothingIsStored() const { return store_->List(ctx_, {}).value()->Read().value().empty(); }

  const FakeTools tools_;
  ClientTool list_tool_;
  DatabaseTarget target_{.host = "db.example",
                         .port = 6432,
                         .name = "lportal",
                         .user = "liferay",
                         .password = Secret("hunter2:\\")};
  const Context ctx_ = testing::TestContext();
  const SystemClock clock_;
  const std::unique_ptr<MemoryStore> store_ = MakeMemoryStore(clock_);
};

TEST_F(DumpWriter, AWholeArchiveBecomesAnObjectAndItsIndex) {
  const DumpFacts dump = Write("cat \"$here/archive\"").value();
  EXPECT_EQ(dump.path, "a/dump");
  EXPECT_EQ(dump.tool, "pg_dump 16.11");
  EXPECT_EQ(dump.raw_bytes, static_cast<std::int64_t>(WholeArchive().size()));
  const std::string stored = store_->Get(ctx_, "a/dump").value();
  const std::string text = store_->Get(ctx_, "a/dump.index.json").value();
  EXPECT_EQ(dump.index_sha256, Sha256Hex(text));
  const codec::Json index = codec::ParseJson(text).value();
  EXPECT_EQ(index.at("path").as_string(), "a/dump");
  EXPECT_EQ(index.at("sha256").as_string(), Sha256Hex(stored));
  EXPECT_EQ(index.at("archive").at("dataEntries").as_int64(), 2);
  EXPECT_EQ(index.at("archive").at("largeObjects").as_int64(), 1);
  // pg_restore has heard the table of contents and nothing of the data.
  EXPECT_EQ(tools_.File("head"),
            ArchiveBuilder()
                .Head({{.id = 1}, {.id = 2, .has_data = true}, {.id = 3, .has_data = true}})
                .bytes);
}

TEST_F(DumpWriter, EveryFrameOfTheIndexIsAFrameOfTheObject) {
  const std::string chunk(5 << 20, 'x');
  tools_.AddFile("archive", ArchiveBuilder()
                                .Head({{.id = 2, .has_data = true}})
                                .Data(2, {chunk, chunk, chunk, chunk})
                                .bytes);
  ASSERT_TRUE(Write("cat \"$here/archive\"").has_value());
  const std::string stored = store_->Get(ctx_, "a/dump").value();
  const codec::Json index =
      codec::ParseJson(store_->Get(ctx_, "a/dump.index.json").value()).value();
  std::int64_t offset = 0;
  std::int64_t raw = 0;
  ASSERT_EQ(index.at("frames").as_array().size(), 3U);
  for (const codec::Json& frame : index.at("frames").as_array()) {
    EXPECT_EQ(frame.at("offset").as_int64(), offset);
    const std::int64_t size = frame.at("size").as_int64();
    EXPECT_EQ(frame.at("sha256").as_string(),
              Sha256Hex(std::string_view(stored).substr(static_cast<std::size_t>(offset),
                                                        static_cast<std::size_t>(size))));
    offset += size;
    raw += frame.at("rawSize").as_int64();
  }
  EXPECT_EQ(offset, static_cast<std::int64_t>(stored.size()));
  EXPECT_EQ(raw, index.at("rawBytes").as_int64());
}

TEST_F(DumpWriter, AWholePlainDumpHasNoIndex) {
  const DumpFacts dump = Write("cat \"$here/plain\"", DumpFormat::kPlain).value();
  EXPECT_EQ(dump.format, "plain+gzip");
  EXPECT_EQ(dump.index_path, "");
  const std::string stored = store_->Get(ctx_, "a/dump").value();
  StringSource bytes(stored);
  codec::GzipSource text(bytes);
  EXPECT_EQ(ReadAll(text, 1 << 20).value(), kPlainDump);
}

TEST_F(DumpWriter, AFailureAfterAWholeDumpIsStillAFailure) {
  const std::string script =
      "cat \"$here/archive\" 2>/dev/null; echo 'pg_dump: error: it did not work' >&2; exit 1";
  Error error = Refused(script);
  EXPECT_EQ(error.kind, ErrorKind::kUnavailable);
  EXPECT_EQ(error.code, "database.dump_failed");
  EXPECT_EQ(error.message,
            "cannot dump database 'lportal' on 'db.example:6432': pg_dump 16.11 ended with exit "
            "code 1: pg_dump: error: it did not work");
  EXPECT_EQ(Refused("cat \"$here/plain\"; exit 1", DumpFormat::kPlain).code,
            "database.dump_failed");
}

TEST_F(DumpWriter, AKilledToolIsNoEndOfTheData) {
  for (const char* before : {"", "cat \"$here/endless\"; ", "cat \"$here/archive\"; "}) {
    const Error error = Refused(std::string(before) + "kill -9 $$");
    EXPECT_EQ(error.kind, ErrorKind::kUnavailable);
    EXPECT_EQ(error.code, "database.dump_failed");
    EXPECT_THAT(error.message, HasSubstr("signal 9"));
  }
}

TEST_F(DumpWriter, ATruncatedArchiveIsRefusedWhateverTheExitCode) {
  const std::string whole = WholeArchive();
  for (std::size_t size = 0; size < whole.size(); size += 29) {
    tools_.AddFile("cut", whole.substr(0, size));
    EXPECT_EQ(Refused("cat \"$here/cut\"").code, "database.dump_incomplete") << size;
  }
  tools_.AddFile("cut", whole.substr(0, whole.size() - 1));
  EXPECT_EQ(Refused("cat \"$here/cut\"").code, "database.dump_incomplete");
}

TEST_F(DumpWriter, WhatFollowsAWholeDumpIsRefused) {
  EXPECT_EQ(Refused("cat \"$here/archive\"; echo more").code, "database.bad_archive");
  EXPECT_EQ(Refused("cat \"$here/archive\" \"$here/archive\"").code, "database.bad_archive");
  EXPECT_EQ(Refused("cat \"$here/plain\"; echo more", DumpFormat::kPlain).code,
            "database.dump_incomplete");
}

TEST_F(DumpWriter, APlainDumpWithoutItsEndIsRefused) {
  EXPECT_EQ(Refused("head -c 60 \"$here/plain\"", DumpFormat::kPlain).code,
            "database.dump_incomplete");
  EXPECT_EQ(Refused(":", DumpFormat::kPlain).code, "database.dump_incomplete");
}

TEST_F(DumpWriter, GarbageEndsTheToolAtOnce) {
  const Error error = Refused(std::string("echo $$ >\"$here/pid\"; ") + kForever);
  EXPECT_EQ(error.kind, ErrorKind::kCorrupt);
  EXPECT_EQ(error.code, "database.bad_archive");
  EXPECT_TRUE(tools_.HasEnded("pid"));
}

TEST_F(DumpWriter, AHeadThatPgRestoreRefusesIsRefused) {
  list_tool_ = tools_.Add("pg_restore", {16, 11},
                          "cat >/dev/null; echo 'pg_restore: error: strange entry' >&2; exit 1");
  Error error = Refused("cat \"$here/archive\"");
  EXPECT_EQ(error.kind, ErrorKind::kCorrupt);
  EXPECT_EQ(error.code, "database.bad_archive");
  EXPECT_THAT(error.message, HasSubstr("pg_restore: error: strange entry"));
  // One that does not even read on is no reason to hang.
  list_tool_ = tools_.Add("pg_restore", {16, 11}, "exec <&-; exit 1");
  EXPECT_EQ(Refused("cat \"$here/archive\"").code, "database.bad_archive");
}

TEST_F(DumpWriter, APgRestoreThatIsKilledSaysNothingAboutTheDump) {
  list_tool_ = tools_.Add("pg_restore", {16, 11}, "kill -9 $$");
  EXPECT_EQ(Refused("cat \"$here/archive\"").kind, ErrorKind::kUnavailable);
}

TEST_F(DumpWriter, ABrokenStoreEndsTheToolAndIsTheReason) {
  store_->Plan({.operation = "put", .kind = ErrorKind::kUnavailable});
  EXPECT_EQ(Refused("cat \"$here/archive\"").kind, ErrorKind::kUnavailable);
  // And the index: a dump without one is no dump.
  store_->Plan({.operation = "put", .key_part = ".index.json", .kind = ErrorKind::kDenied});
  EXPECT_EQ(Write("cat \"$here/archive\"").error().kind, ErrorKind::kDenied);
}

TEST_F(DumpWriter, AStopEndsTheToolAndLeavesNothing) {
  for (const DumpFormat format : {DumpFormat::kCustom, DumpFormat::kPlain}) {
    std::stop_source stop;
    OnFirstReport sink([&] { stop.request_stop(); });
    const auto dump =
        Write(ctx_.WithProgress(sink).WithStop(stop.get_token()),
              std::string("echo $$ >\"$here/pid\"; cat \"$here/endless\"; ") + kForever, format);
    EXPECT_EQ(dump.error().kind, ErrorKind::kCancelled);
    EXPECT_TRUE(tools_.HasEnded("pid"));
    EXPECT_TRUE(NothingIsStored());
  }
}

TEST_F(DumpWriter, ADeadlineEndsAToolThatSaysNothingAnyMore) {
  testing::FakeClock clock;
  OnFirstReport sink([&] { clock.Advance(std::chrono::hours(2)); });
  const Context ctx = Context(clock, NullLogger(), &sink).WithTimeout(std::chrono::hours(1));
  const auto dump = Write(ctx, "echo $$ >\"$here/pid\"; cat \"$here/endless\"; exec sleep 1000");
  EXPECT_EQ(dump.error().kind, ErrorKind::kTimeout);
  EXPECT_TRUE(tools_.HasEnded("pid"));
  EXPECT_TRUE(NothingIsStored());
}

TEST_F(DumpWriter, PasswordsAreNeitherArgumentsNorInTheEnvironment) {
  ASSERT_TRUE(
      Write("cat /proc/$$/cmdline >\"$here/cmdline\"; cat /proc/$$/environ >\"$here/environ\";"
            " cat \"$PGPASSFILE\" >\"$here/passfile\"; cat \"$here/archive\"")
          .has_value());
  EXPECT_THAT(tools_.File("cmdline"), HasSubstr("--format=custom"));
  EXPECT_THAT(tools_.File("cmdline"), HasSubstr("--snapshot=00000003-1"));
  EXPECT_THAT(tools_.File("cmdline"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(tools_.File("environ"), HasSubstr("PGHOST=db.example"));
  EXPECT_THAT(tools_.File("environ"), Not(HasSubstr("hunter2")));
  EXPECT_EQ(tools_.File("passfile"), "*:*:*:*:hunter2\\:\\\\\n");
}

TEST_F(DumpWriter, AFullDiskOfTheServerIsSaid) {
  const Error error = Refused(
      "echo 'pg_dump: error: query failed: ERROR:  could not write to file \"base/pgsql_tmp/1\":"
      " No space left on device' >&2; exit 1");
  EXPECT_EQ(error.kind, ErrorKind::kUnavailable);
  EXPECT_EQ(error.code, "database.no_space");
}

TEST_F(DumpWriter, AToolThatCannotBeStartedIsAnError) {
  const ClientTool gone{.path = "/nowhere/pg_dump", .name = "pg_dump", .version = {16, 11}};
  const auto dump = WritePostgresDump(ctx_, target_, {.dump_tool = gone, .list_tool = list_tool_},
                                      *store_, {.key = "a/dump"});
  EXPECT_EQ(dump.error().kind, ErrorKind::kNotFound);
  EXPECT_TRUE(NothingIsStored());
}

}  // namespace
}  // namespace lc2::database
