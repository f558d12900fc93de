#pragma once

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/file.h"
#include "base/process.h"
#include "database/client_tools.h"
#include "database/dump_session.h"
#include "database/stored_dump.h"
#include "database/target.h"
#include "sql/postgres.h"
#include "storage/stores.h"
#include "testing/fake_clock.h"
#include "testing/private_postgres.h"

namespace lc2::database {

// The tables of a portal that the module knows (domain.md 6.1), in the schema that is searched
// first, with one document, one image, its build, and a large object.
inline constexpr char kPortalTables[] =
    "create table dlfileentry (fileentryid bigint, ctcollectionid bigint not null default 0,"
    "  companyid bigint, groupid bigint, folderid bigint, name varchar(255), version varchar(75),"
    "  size_ bigint, primary key (fileentryid, ctcollectionid));"
    "create table dlfileversion (fileversionid bigint, ctcollectionid bigint not null default 0,"
    "  companyid bigint, groupid bigint, folderid bigint, fileentryid bigint, version varchar(75),"
    "  size_ bigint, storeuuid varchar(255), primary key (fileversionid, ctcollectionid));"
    "create table image (imageid bigint, ctcollectionid bigint not null default 0,"
    "  companyid bigint, type_ varchar(75), size_ integer, primary key (imageid, ctcollectionid));"
    "create table release_ (servletcontextname varchar(75), schemaversion varchar(75),"
    "  buildnumber integer, state_ integer);"
    "create table dlcontent (contentid bigint primary key, data_ oid);";
inline constexpr char kPortalRows[] =
    "insert into dlfileentry values (10, 0, 1, 20, 30, '4301', '1.0', 5);"
    "insert into dlfileversion values (11, 0, 1, 20, 30, 10, '1.0', 5, null);"
    "insert into image values (7, 0, 1, 'png', 9);"
    "insert into release_ values ('portal', '31.1.0', 7413, 0), ('other', '1.0.0', 1, 0);"
    "insert into dlcontent values (1, lo_from_bytea(0, '\\x6c6c6c6f6c6c6f'));";  // "lllollo"

class PortalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    LC2_NEEDS_POSTGRES();
    server_ = testing::PrivatePostgres::Shared();
  }

  std::string Psql(const std::string& database, const std::string& sql) const {
    return server_->Psql(database, sql);
  }
  // A new database with the tables and rows above.
  std::string NewPortal() const {
    const std::string name = server_->NewDatabase("portal");
    Psql(name, std::string(kPortalTables) + kPortalRows);
    return name;
  }
  // A database of exactly this name.
  void CreateNamed(const std::string& name) const {
    Psql("postgres", "create database " + sql::QuoteIdentifier(name) + " template template0");
  }
  // A role of its own with this password and these attributes.
  std::string NewRole(const std::string& attributes) const {
    static int roles = 0;
    const std::string name = fmt::format("role{}", ++roles);
    Psql("postgres", fmt::format("create role {} login password 'secret' {}", name, attributes));
    return name;
  }
  DatabaseTarget Target(const std::string& name) const {
    return {.host = server_->host(),
            .port = server_->port(),
            .name = name,
            .user = server_->user(),
            .password = Secret(server_->password())};
  }
  DatabaseTarget TargetAs(const std::string& role, const std::string& name) const {
    DatabaseTarget target = Target(name);
    target.user = role;
    target.password = Secret("secret");
    return target;
  }
  ToolSearch Tools() const { return {.folders = {server_->bin()}}; }
  std::unique_ptr<DumpSession> OpenSession(const std::string& database) const {
    return OpenDumpSession(ctx_, Target(database), {.tools = Tools()}).value();
  }
  DumpFacts Dump(const std::string& database, DumpFormat format = DumpFormat::kCustom) const {
    static int dumps = 0;
    return OpenSession(database)
        ->WriteDump(ctx_, *store_, {.key = fmt::format("dumps/{}", ++dumps), .format = format})
        .value();
  }
  std::string RawBytes(const DumpFacts& dump) const {
    return ReadAll(*StoredDump::Open(ctx_, *store_, dump).value(), 1 << 30).value();
  }
  // What a dump would do, as SQL: PostgreSQL's own reading of it.
  std::string Script(const DumpFacts& dump) const {
    const std::string raw = RawBytes(dump);
    if (dump.format == kFormatPlainGzip) return raw;
    const TemporaryFolder folder = TemporaryFolder::Create("lc2-script").value();
    EXPECT_TRUE(WriteFileAtomically(folder.path() / "dump", raw).has_value());
    return RunForOutput(
               ctx_,
               {.argv = {server_->bin() / "pg_restore", "--file=-", folder.path() / "dump"},
                .environment = {{"PATH", "/usr/bin:/bin"}}},
               1 << 30)
        .value();
  }
  bool Stored(const std::string& key) const { return store_->Head(ctx_, key).has_value(); }
  // Databases whose names hold this part, one a line.
  std::string Databases(const std::string& part) const {
    return Psql("postgres", "select datname from pg_database where strpos(datname, '" + part +
                                "') > 0 order by 1");
  }

  testing::PrivatePostgres* server_ = nullptr;
  const Context ctx_ = testing::TestContext();
  const SystemClock clock_;
  const std::unique_ptr<MemoryStore> store_ = MakeMemoryStore(clock_);
};

// Calls something as soon as a step reports progress, once.
class OnFirstReport final : public ProgressSink {
 public:
  explicit OnFirstReport(std::function<void()> call) : call_(std::move(call)) {}
  void Report(const Progress&) override {
    if (!std::exchange(called_, true)) call_();
  }
  bool called() const { return called_; }

 private:
  const std::function<void()> call_;
  bool called_ = false;
};

}  // namespace lc2::database
