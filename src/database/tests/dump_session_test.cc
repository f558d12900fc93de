#include "database/dump_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/hash.h"
#include "database/tests/fake_tools.h"
#include "database/tests/portal_fixture.h"
#include "storage/entry_json.h"

namespace lc2::database {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class DumpSessionTest : public PortalTest {
 protected:
  // Enough rows that pg_dump is still writing when the first of it is read.
  std::string NewLargePortal() const {
    const std::string name = NewPortal();
    Psql(name,
         "create table large as select repeat(md5(i::text), 100) t"
         " from generate_series(1, 6000) i");
    return name;
  }
  std::vector<Reference> ReadStored(const std::string& key) const {
    const auto reader = ReadNdjson<Reference>(store_->OpenReader(ctx_, key).value());
    std::vector<Reference> all;
    while (true) {
      const std::vector<Reference> batch = reader->Read().value();
      if (batch.empty()) return all;
      all.insert(all.end(), batch.begin(), batch.end());
    }
  }
  Result<DumpFacts> DumpWith(const std::string& database, std::function<void()> at_first_report) {
    OnFirstReport sink(std::move(at_first_report));
    auto dump = OpenSession(database)->WriteDump(ctx_.WithProgress(sink), *store_, {.key = "dump"});
    EXPECT_TRUE(sink.called());
    return dump;
  }
};

TEST_F(DumpSessionTest, KnowsServerAndTool) {
  const std::string name = NewPortal();
  const auto session = OpenSession(name);
  EXPECT_EQ(Psql(name, "show server_version").rfind(session->server_version(), 0), 0U);
  EXPECT_EQ(session->tool().name, "pg_dump");
  EXPECT_EQ(session->tool().path, server_->bin() / "pg_dump");
  EXPECT_GT(session->database_bytes(), 1 << 20);
  const auto release = session->ReadRelease(ctx_).value();
  ASSERT_TRUE(release.has_value());
  EXPECT_EQ(release->build_number, 7413);
}

// What comes after the session began is in neither of the two, whatever the order of writing.
TEST_F(DumpSessionTest, ReferencesAndDumpsAreOfTheInstantItBegan) {
  const std::string name = NewPortal();
  const auto session = OpenSession(name);
  Psql(name,
       "insert into dlfileentry values (12, 0, 1, 20, 30, 'too-late', '1.0', 5);"
       "insert into dlfileversion values (13, 0, 1, 20, 30, 12, '1.0', 5, null);"
       "delete from image");
  const auto references = session->WriteReferences(ctx_, *store_, "references").value();
  Psql(name, "insert into dlcontent values (2, lo_from_bytea(0, 'too-late'))");
  const auto custom = session->WriteDump(ctx_, *store_, {.key = "custom"}).value();
  const auto plain =
      session->WriteDump(ctx_, *store_, {.key = "plain", .format = DumpFormat::kPlain}).value();

  EXPECT_EQ(references.count, 2);
  EXPECT_EQ(ReadStored("references"),
            (std::vector<Reference>{
                {.key = "1/0/7.png/1.0", .size = 9, .row_id = 7, .source = ReferenceSource::kImage},
                {.key = "1/30/4301/1.0", .size = 5, .row_id = 11}}));
  for (const DumpFacts& dump : {custom, plain}) {
    const std::string script = Script(dump);
    EXPECT_THAT(script, HasSubstr("\t4301\t")) << dump.format;
    EXPECT_THAT(script, HasSubstr("\tpng\t")) << dump.format;
    EXPECT_THAT(script, Not(HasSubstr("too-late"))) << dump.format;
    EXPECT_THAT(script, Not(HasSubstr("746f6f2d6c617465"))) << dump.format;
  }
}

TEST_F(DumpSessionTest, LargeObjectsAreInBothFormats) {
  const std::string name = NewPortal();
  for (const DumpFormat format : {DumpFormat::kCustom, DumpFormat::kPlain}) {
    EXPECT_THAT(Script(Dump(name, format)), HasSubstr("6c6c6c6f6c6c6f"));
  }
}

TEST_F(DumpSessionTest, OwnersAndGrantsOfTheSourceAreLeftOut) {
  const std::string name = NewPortal();
  const std::string role = NewRole("");
  Psql(name, "alter table image owner to " + role + "; grant select on dlcontent to " + role);
  EXPECT_THAT(Script(Dump(name, DumpFormat::kPlain)), Not(HasSubstr(role)));
}

TEST_F(DumpSessionTest, TheFactsAreThoseOfTheStoredObject) {
  const std::string name = NewPortal();
  for (const DumpFormat format : {DumpFormat::kCustom, DumpFormat::kPlain}) {
    const DumpFacts dump = Dump(name, format);
    const std::string stored = store_->Get(ctx_, dump.path).value();
    EXPECT_EQ(dump.size_bytes, static_cast<std::int64_t>(stored.size()));
    EXPECT_EQ(dump.sha256, Sha256Hex(stored));
    EXPECT_EQ(dump.raw_bytes, static_cast<std::int64_t>(RawBytes(dump).size()));
    EXPECT_EQ(dump.tool, OpenSession(name)->tool().str());
    const bool custom = format == DumpFormat::kCustom;
    EXPECT_EQ(dump.format, custom ? "pg-custom+zstd" : "plain+gzip");
    EXPECT_EQ(dump.index_path, custom ? dump.path + ".index.json" : "");
    if (custom) {
      EXPECT_EQ(dump.index_sha256, Sha256Hex(store_->Get(ctx_, dump.index_path).value()));
    }
  }
}

TEST_F(DumpSessionTest, OddNamesOfDatabasesAreJustNames) {
  for (const char* name : {"Lportal Prod-2", "it's \"quoted\"", "dbname=postgres host=nowhere",
                           "postgresql://nowhere/x", "b\\ack\\slash", "p\xc3\xb6rtal", "--help"}) {
    CreateNamed(name);
    Psql(name, std::string(kPortalTables) + kPortalRows);
    const auto session = OpenDumpSession(ctx_, Target(name), {.tools = Tools()});
    ASSERT_TRUE(session.has_value()) << name << ": " << Describe(session.error());
    const auto dump = (*session)->WriteDump(ctx_, *store_, {.key = "odd"});
    ASSERT_TRUE(dump.has_value()) << name << ": " << Describe(dump.error());
    EXPECT_THAT(Script(*dump), HasSubstr("\t4301\t")) << name;
  }
}

TEST_F(DumpSessionTest, ALostConnectionInTheMiddleLeavesNothing) {
  const std::string name = NewLargePortal();
  const auto dump = DumpWith(name, [&] {
    Psql("postgres", "select pg_terminate_backend(pid) from pg_stat_activity where datname = '" +
                         name + "' and query like 'COPY %'");
  });
  ASSERT_FALSE(dump.has_value());
  EXPECT_EQ(dump.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(dump.error().code, "database.dump_failed");
  EXPECT_THAT(dump.error().message, HasSubstr("cannot dump database '" + name + "'"));
  EXPECT_FALSE(Stored("dump"));
  EXPECT_FALSE(Stored("dump.index.json"));
}

TEST_F(DumpSessionTest, BeingStoppedInTheMiddleLeavesNothing) {
  const std::string name = NewLargePortal();
  std::stop_source stop;
  OnFirstReport sink([&] { stop.request_stop(); });
  const auto session = OpenSession(name);
  const auto dump = session->WriteDump(ctx_.WithProgress(sink).WithStop(stop.get_token()), *store_,
                                       {.key = "dump"});
  EXPECT_EQ(dump.error().kind, ErrorKind::kCancelled);
  EXPECT_FALSE(Stored("dump"));
  // The session is still good: the same instant can be dumped again.
  EXPECT_TRUE(session->WriteDump(ctx_, *store_, {.key = "dump"}).has_value());
}

TEST_F(DumpSessionTest, TheTransactionEndsWithTheSession) {
  const std::string name = NewPortal();
  const std::string held = "select count(*) from pg_stat_activity where datname = '" + name +
                           "' and state = 'idle in transaction'";
  auto session = OpenSession(name);
  EXPECT_EQ(Psql("postgres", held), "1");
  session.reset();
  EXPECT_EQ(Psql("postgres", held), "0");
}

TEST_F(DumpSessionTest, AToolThatIsTooOldIsRefusedBeforeAnything) {
  const FakeTools tools;
  const auto open = [&] {
    return OpenDumpSession(ctx_, Target(NewPortal()), {.tools = tools.Search()}).error();
  };
  EXPECT_EQ(open().code, "database.tool_missing");
  tools.Add("pg_dump", {9, 6}, "exit 1");
  Error error = open();
  EXPECT_EQ(error.kind, ErrorKind::kInvalid);
  EXPECT_EQ(error.code, "database.tool_too_old");
  EXPECT_THAT(error.message, HasSubstr("pg_dump 9.6"));
  EXPECT_THAT(error.hint, HasSubstr("LC2_CLIENT_PATH"));
  tools.Add("pg_dump", {99, 1}, "exit 1");
  EXPECT_EQ(open().code, "database.tool_missing");  // pg_restore
  tools.Add("pg_restore", {98, 1}, "exit 1");
  EXPECT_EQ(open().code, "database.tool_too_old");
}

TEST_F(DumpSessionTest, WhatCannotBeReachedIsSaid) {
  DatabaseTarget target = Target("no_such_database");
  const auto refused = [&] { return OpenDumpSession(ctx_, target, {.tools = Tools()}).error(); };
  EXPECT_EQ(refused().code, "sql.no_database");
  target = Target(NewPortal());
  target.password = Secret("wrong-secret");
  EXPECT_EQ(refused().code, "sql.wrong_password");
  EXPECT_THAT(Describe(refused()), Not(HasSubstr("wrong-secret")));
  target.engine = Engine::kMysql;
  EXPECT_EQ(refused().code, "database.unsupported_engine");
}

TEST_F(DumpSessionTest, AServerThatExportsNoSnapshotIsRefused) {
  const std::string name = NewPortal();
  const std::string role = NewRole("");
  Psql(name, "revoke execute on function pg_catalog.pg_export_snapshot() from public");
  const auto session = OpenDumpSession(ctx_, TargetAs(role, name), {.tools = Tools()});
  ASSERT_FALSE(session.has_value());
  EXPECT_EQ(session.error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(session.error().code, "database.no_snapshot");
  EXPECT_THAT(session.error().hint, HasSubstr("standby"));
}

TEST_F(DumpSessionTest, ARoleWithoutRightsOnATableIsTold) {
  const std::string name = NewPortal();
  const std::string role = NewRole("");
  Psql(name, "grant select on dlfileentry, dlfileversion to " + role);
  const auto session = OpenDumpSession(ctx_, TargetAs(role, name), {.tools = Tools()}).value();
  const auto dump = session->WriteDump(ctx_, *store_, {.key = "dump"});
  ASSERT_FALSE(dump.has_value());
  EXPECT_EQ(dump.error().kind, ErrorKind::kDenied);
  EXPECT_EQ(dump.error().code, "database.tool_denied");
  EXPECT_THAT(dump.error().message, HasSubstr("permission denied"));
  EXPECT_EQ(session->WriteReferences(ctx_, *store_, "references").error().kind, ErrorKind::kDenied);
  EXPECT_FALSE(Stored("dump"));
  EXPECT_FALSE(Stored("references"));
}

}  // namespace
}  // namespace lc2::database
