#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "database/tests/fake_tools.h"
#include "database/tests/restore_fixture.h"

// Whatever a restore refuses or fails at, the target stays as it was and nothing is left beside it.
namespace lc2::database {
namespace {

using ::testing::HasSubstr;

class RestoreRefusal : public RestoreTest {
 protected:
  void SetUp() override {
    RestoreTest::SetUp();
    if (server_ == nullptr) return;
    dump_ = Dump(NewPortal());
    target_ = NewOther();
    before_ = Contents(target_);
  }
  void ExpectUntouched() const {
    EXPECT_EQ(Contents(target_), before_);
    EXPECT_EQ(Databases(target_), target_);
  }
  Error RefusedUntouched(const RestoreOptions& options) const {
    Error error = Refused(target_, options);
    ExpectUntouched();
    return error;
  }

  DumpFacts dump_;
  std::string target_;
  std::string before_;
};

TEST_F(RestoreRefusal, SessionsOfOthers) {
  {
    const auto session = Connect(ctx_, Target(target_)).value();
    const Error error = RefusedUntouched(Overwriting(dump_));
    EXPECT_EQ(error.kind, ErrorKind::kConflict);
    EXPECT_EQ(error.code, "database.in_use");
    EXPECT_THAT(error.message, HasSubstr("lc2 from 127.0.0.1 (1)"));
    EXPECT_TRUE(session->Execute(ctx_, "select 1").has_value());  // nobody was thrown out
  }
  Must(target_, Overwriting(dump_));
}

TEST_F(RestoreRefusal, SessionsThatCameDuringTheLoad) {
  RestoreOptions options = Overwriting(dump_);
  std::unique_ptr<sql::PostgresConnection> session;
  options.before_switch = [&](const Context&, const std::string&) -> Result<void> {
    session = Connect(ctx_, Target(target_)).value();
    return {};
  };
  EXPECT_EQ(RefusedUntouched(options).code, "database.in_use");
}

TEST_F(RestoreRefusal, RowsThatCameDuringTheLoad) {
  const std::string target = server_->NewDatabase();
  RestoreOptions options = Options(dump_);
  options.before_switch = [&](const Context&, const std::string&) -> Result<void> {
    Psql(target, "create table precious ()");
    return {};
  };
  EXPECT_EQ(Refused(target, options).code, "database.not_empty");
  EXPECT_EQ(Psql(target, "select count(*) from precious"), "0");
  EXPECT_EQ(Databases(target), target);
}

TEST_F(RestoreRefusal, ARoleThatMayNotCreateDatabases) {
  const std::string role = NewRole("");
  const auto restored = Restore(ctx_, TargetAs(role, target_), *store_, Overwriting(dump_));
  EXPECT_EQ(restored.error().kind, ErrorKind::kDenied);
  EXPECT_EQ(restored.error().code, "database.cannot_create");
  EXPECT_THAT(restored.error().hint, HasSubstr("createdb"));
  ExpectUntouched();
}

TEST_F(RestoreRefusal, ARoleThatDoesNotOwnTheTarget) {
  const std::string role = NewRole("createdb");
  const auto restored = Restore(ctx_, TargetAs(role, target_), *store_, Overwriting(dump_));
  EXPECT_EQ(restored.error().kind, ErrorKind::kDenied);
  EXPECT_EQ(restored.error().code, "database.cannot_replace");
  ExpectUntouched();
}

TEST_F(RestoreRefusal, ADumpOfANewerServer) {
  RestoreOptions options = Overwriting(dump_);
  options.dump_server_version = "99.1";
  EXPECT_EQ(RefusedUntouched(options).code, "database.target_too_old");
}

TEST_F(RestoreRefusal, AMissingClient) {
  RestoreOptions options = Overwriting(dump_);
  options.tools = {};
  EXPECT_EQ(RefusedUntouched(options).code, "database.tool_missing");
}

TEST_F(RestoreRefusal, AServerWithoutEnoughSpace) {
  RestoreOptions options = Overwriting(dump_);
  const auto space = InspectTarget(ctx_, Target(target_))->free_bytes;
  if (!space.has_value()) GTEST_SKIP() << "needs to see the server's folder";
  EXPECT_TRUE(Must(Absent(), Options(dump_)).space_checked);
  options.database_bytes = *space * 2;
  const Error error = RefusedUntouched(options);
  EXPECT_EQ(error.kind, ErrorKind::kUnavailable);
  EXPECT_EQ(error.code, "database.no_space");
  EXPECT_THAT(error.hint, HasSubstr("free some disk space"));
}

// The check before sees space enough, and yet the disk is full in the middle: a small disk as
// tablespace of the target.
TEST_F(RestoreRefusal, ADiskThatIsFullInTheMiddle) {
  const TemporaryFolder folder = TemporaryFolder::Create("lc2-small-disk").value();
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=24m,mode=0777") != 0) {
    GTEST_SKIP() << "needs to mount a small disk";
  }
  struct Unmount {
    const std::filesystem::path& path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } const unmount{folder.path()};
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  const std::filesystem::path space = folder.path() / "space";
  struct stat facts {};
  ASSERT_EQ(::mkdir(space.c_str(), 0700), 0);
  ASSERT_EQ(::stat((server_->folder() / "data").c_str(), &facts), 0);
  ASSERT_EQ(::chown(space.c_str(), facts.st_uid, facts.st_gid), 0);
  Psql("postgres", "create tablespace small location '" + space.native() + "'");
  Psql("postgres", "create database on_small template template0 tablespace small");
  const std::string portal = NewPortal();
  Psql(portal,
       "create table large as select i, md5(i::text) m from generate_series(1, 150000) i;"
       "create index on large (m); create index on large (i); create index on large (m, i)");

  const DumpFacts dump = Dump(portal);
  const auto small = InspectTarget(ctx_, Target("on_small")).value();
  ASSERT_TRUE(small.free_bytes.has_value());
  EXPECT_LT(*small.free_bytes, 24 << 20);
  const Error error = Refused("on_small", Options(dump));
  EXPECT_EQ(error.kind, ErrorKind::kUnavailable) << Describe(error);
  EXPECT_EQ(error.code, "database.no_space") << Describe(error);
  EXPECT_EQ(Databases("on_small"), "on_small");
  Psql("postgres", "drop database on_small");
  Psql("postgres", "drop tablespace small");
}

TEST_F(RestoreRefusal, ADamagedDumpIsNotEvenBegun) {
  std::string bytes = store_->Get(ctx_, dump_.path).value();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
  ASSERT_TRUE(store_->Put(ctx_, {.key = dump_.path, .body = bytes}).has_value());
  RestoreOptions options = Overwriting(dump_);
  bool asked = false;
  options.before_switch = [&](const Context&, const std::string&) -> Result<void> {
    asked = true;
    return {};
  };
  EXPECT_EQ(RefusedUntouched(options).code, "database.dump_damaged");
  EXPECT_FALSE(asked);
}

TEST_F(RestoreRefusal, ADumpThatIsDamagedWhileItIsLoaded) {
  // The first reading, which compares hashes, passes.
  store_->Plan({.operation = "get", .skip = 1, .effect = Fault::Effect::kFlipBit});
  EXPECT_EQ(RefusedUntouched(Overwriting(dump_)).code, "database.dump_damaged");
}

TEST_F(RestoreRefusal, AStoreThatIsLostInTheMiddle) {
  store_->Plan({.operation = "get", .skip = 1, .kind = ErrorKind::kUnavailable});
  EXPECT_EQ(RefusedUntouched(Overwriting(dump_)).kind, ErrorKind::kUnavailable);
}

TEST_F(RestoreRefusal, ALoadThatTheServerRefuses) {
  const DumpFacts plain = Dump(NewPortal(), DumpFormat::kPlain);
  const FakeTools tools;
  tools.Add("psql", {99, 1},
            fmt::format("{{ echo 'select broken;'; cat; }} | '{}' \"$@\"",
                        (server_->bin() / "psql").native()));
  RestoreOptions options = Overwriting(plain);
  options.tools = tools.Search();
  const Error error = RefusedUntouched(options);
  EXPECT_EQ(error.kind, ErrorKind::kInvalid);
  EXPECT_EQ(error.code, "database.restore_failed");
  EXPECT_THAT(error.message, HasSubstr("column \"broken\" does not exist"));
}

TEST_F(RestoreRefusal, TheLastLookBeforeTheSwitch) {
  RestoreOptions options = Overwriting(dump_);
  std::string looked_at;
  options.before_switch = [&](const Context&, const std::string& loaded) -> Result<void> {
    looked_at = Contents(loaded);
    return Error{.kind = ErrorKind::kConflict, .code = "test.no", .message = "does not fit"};
  };
  EXPECT_EQ(RefusedUntouched(options).code, "test.no");
  EXPECT_NE(looked_at, "");
  EXPECT_NE(looked_at, before_);  // all of the dump was there to be looked at
}

TEST_F(RestoreRefusal, BeingStoppedInTheMiddleOfTheLoad) {
  std::stop_source stop;
  OnFirstReport sink([&] { stop.request_stop(); });
  const auto restored = Restore(ctx_.WithProgress(sink).WithStop(stop.get_token()), Target(target_),
                                *store_, Overwriting(dump_));
  EXPECT_EQ(restored.error().kind, ErrorKind::kCancelled);
  ExpectUntouched();
}

TEST_F(RestoreRefusal, BeingStoppedJustBeforeTheSwitch) {
  std::stop_source stop;
  RestoreOptions options = Overwriting(dump_);
  options.before_switch = [&](const Context&, const std::string&) -> Result<void> {
    stop.request_stop();
    return {};
  };
  const auto restored = Restore(ctx_.WithStop(stop.get_token()), Target(target_), *store_, options);
  EXPECT_EQ(restored.error().kind, ErrorKind::kCancelled);
  ExpectUntouched();
}

TEST_F(RestoreRefusal, AConnectionThatIsLostInTheMiddle) {
  RestoreOptions options = Overwriting(dump_);
  options.before_switch = [&](const Context&, const std::string&) -> Result<void> {
    Psql("postgres",
         "select pg_terminate_backend(pid) from pg_stat_activity"
         " where application_name = 'lc2'");
    return {};
  };
  EXPECT_EQ(RefusedUntouched(options).kind, ErrorKind::kUnavailable);
}

TEST_F(RestoreRefusal, WhatAnEarlierTryLeftIsDroppedFirst) {
  const std::string left = LoadingName(target_, "0badcafe");
  CreateNamed(left);
  Psql(left, "create table dlfileversion ()");
  const auto session = Connect(ctx_, Target(left)).value();  // of a client that was killed
  Must(target_, Overwriting(dump_));
  EXPECT_NE(Contents(target_), before_);
  EXPECT_EQ(Databases(target_), target_);
}

}  // namespace
}  // namespace lc2::database
