#include "sql/postgres.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <thread>

#include "testing/fake_clock.h"
#include "testing/private_postgres.h"

namespace lc2::sql {
namespace {

using testing::PrivatePostgres;
using testing::TestContext;

class Postgres : public ::testing::Test {
 protected:
  void SetUp() override {
    LC2_NEEDS_POSTGRES();
    server_ = PrivatePostgres::Shared();
  }
  PostgresParams Params() const {
    return {.host = server_->host(),
            .port = server_->port(),
            .user = server_->user(),
            .password = Secret(server_->password()),
            .database = "postgres"};
  }
  std::unique_ptr<PostgresConnection> Connect() const {
    return ConnectPostgres(ctx_, Params()).value();
  }
  Error Refused(const PostgresParams& params) const {
    auto connected = ConnectPostgres(ctx_, params);
    if (connected.has_value()) return Error{.code = "it connected"};
    EXPECT_EQ(Describe(connected.error()).find(server_->password()), std::string::npos);
    return std::move(connected).error();
  }

  PrivatePostgres* server_ = nullptr;
  const Context ctx_ = TestContext();
};

TEST_F(Postgres, KeepsEveryKindOfValue) {
  const auto db = Connect();
  const std::string bytes("x\0'\\y", 5);
  const auto row = db->QueryOne(ctx_,
                                "select $1::bigint, $2::float8, $3::text, $4::bytea, $5::text,"
                                " true, false, 7::oid, 2::smallint, 1.5::numeric",
                                {INT64_MIN, 0.1, "it's \xc3\xa9\n", Blob{bytes}, nullptr})
                       .value();
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ((*row)[0], Value(INT64_MIN));
  EXPECT_EQ((*row)[1], Value(0.1));
  EXPECT_EQ(row->Text(2), "it's \xc3\xa9\n");
  EXPECT_EQ((*row)[3], Value(Blob{bytes}));
  EXPECT_TRUE(row->IsNull(4));
  EXPECT_TRUE(row->Bool(5));
  EXPECT_FALSE(row->Bool(6));
  EXPECT_EQ(row->Int(7), 7);
  EXPECT_EQ(row->Int(8), 2);
  EXPECT_EQ(row->Text(9), "1.5");
}

TEST_F(Postgres, KnowsItsVersion) {
  const auto db = Connect();
  EXPECT_EQ(db->server_major(), server_->major());
  EXPECT_EQ(server_->Psql("postgres", "show server_version").rfind(db->server_version_text(), 0),
            0U);
  EXPECT_GT(db->backend_pid(), 0);
}

TEST_F(Postgres, CountsRowsAndRunsScripts) {
  const auto db = Connect();
  ASSERT_TRUE(
      db->ExecuteScript(ctx_, "create temp table t (a int); insert into t values (1)").has_value());
  EXPECT_EQ(db->Execute(ctx_, "insert into t select generate_series(1, 5)").value(), 5);
  EXPECT_EQ(db->Execute(ctx_, "select * from t").value(), 6);
  EXPECT_EQ(db->ExecuteScript(ctx_, "select 1; nonsense").error().code, "sql.bad_statement");
  EXPECT_TRUE(db->Execute(ctx_, "select 1").has_value());
}

TEST_F(Postgres, StreamsMoreThanItKeeps) {
  const auto db = Connect();
  const auto rows = db->Stream(ctx_, "select i from generate_series(1, 100000) i").value();
  std::int64_t sum = 0;
  while (true) {
    const auto row = rows->Next().value();
    if (!row.has_value()) break;
    sum += row->Int(0);
  }
  EXPECT_EQ(sum, 5'000'050'000);
  EXPECT_EQ(rows->Next().value(), std::nullopt);
}

TEST_F(Postgres, AReaderGivenUpLeavesTheConnectionUsable) {
  const auto db = Connect();
  (void)db->Stream(ctx_, "select generate_series(1, 100000000)").value()->Next();
  (void)db->CopyOut(ctx_, "copy (select generate_series(1, 100000000)) to stdout").value()->Next();
  EXPECT_EQ(db->QueryOne(ctx_, "select 42").value()->Int(0), 42);
}

TEST_F(Postgres, AStatementThatFailsMidwayIsNotAnEnd) {
  const auto db = Connect();
  const std::string query = "select 1 / (1000 - i) from generate_series(1, 2000) i";
  EXPECT_EQ(db->Query(ctx_, query).error().code, "sql.bad_value");
  const auto copy = db->CopyOut(ctx_, "copy (" + query + ") to stdout").value();
  Result<std::optional<std::vector<CopyField>>> row = copy->Next();
  while (row.has_value() && row->has_value()) row = copy->Next();
  ASSERT_FALSE(row.has_value());
  EXPECT_EQ(row.error().code, "sql.bad_value");
  EXPECT_EQ(db->QueryOne(ctx_, "select 42").value()->Int(0), 42);
}

TEST_F(Postgres, CopiesOut) {
  const auto db = Connect();
  const auto copy = db->CopyOut(ctx_, "copy (values ('a\tb', 1), (null, 2)) to stdout").value();
  EXPECT_EQ(*copy->Next().value(), (std::vector<CopyField>{"a\tb", "1"}));
  EXPECT_EQ(*copy->Next().value(), (std::vector<CopyField>{std::nullopt, "2"}));
  EXPECT_EQ(copy->Next().value(), std::nullopt);
  EXPECT_EQ(copy->Next().value(), std::nullopt);
  EXPECT_EQ(db->CopyOut(ctx_, "select 1").error().code, "sql.bad_statement");
  EXPECT_EQ(db->CopyOut(ctx_, "copy nowhere to stdout").error().code, "sql.no_such_object");
  EXPECT_EQ(db->QueryOne(ctx_, "select 42").value()->Int(0), 42);
}

TEST_F(Postgres, TransactionsCommitOrRollBack) {
  const auto db = Connect();
  ASSERT_TRUE(db->ExecuteScript(ctx_, "create temp table t (a int)").has_value());
  {
    const Transaction dropped = Transaction::Begin(ctx_, *db).value();
    ASSERT_TRUE(db->Execute(ctx_, "insert into t values (1)").has_value());
  }
  Transaction kept = Transaction::Begin(ctx_, *db).value();
  ASSERT_TRUE(db->Execute(ctx_, "insert into t values (1)").has_value());
  ASSERT_TRUE(kept.Commit(ctx_).has_value());
  EXPECT_EQ(db->QueryOne(ctx_, "select count(*) from t").value()->Int(0), 1);
}

TEST_F(Postgres, ACommitAfterAFailedStatementIsAnError) {
  const auto db = Connect();
  Transaction failed = Transaction::Begin(ctx_, *db).value();
  EXPECT_FALSE(db->Execute(ctx_, "select 1 / 0").has_value());
  EXPECT_EQ(failed.Commit(ctx_).error().kind, ErrorKind::kConflict);
}

TEST_F(Postgres, ACommitWhoseAnswerIsLostIsUnknown) {
  const auto db = Connect();
  Transaction lost = Transaction::Begin(ctx_, *db).value();
  (void)server_->Psql("postgres",
                      "select pg_terminate_backend(" + std::to_string(db->backend_pid()) + ")");
  EXPECT_EQ(lost.Commit(ctx_).error().code, "sql.commit_unknown");
}

TEST_F(Postgres, AReadTransactionCannotWrite) {
  const auto db = Connect();
  const Transaction reading = Transaction::Begin(ctx_, *db, TransactionMode::kRead).value();
  EXPECT_EQ(db->Execute(ctx_, "create table public.x (a int)").error().code, "sql.read_only");
}

TEST_F(Postgres, AStoppedContextCancelsOnTheServer) {
  const auto db = Connect();
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  const auto slept = db->Execute(ctx_.WithStop(stop.get_token()), "select pg_sleep(600)");
  ASSERT_FALSE(slept.has_value());
  EXPECT_EQ(slept.error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(db->QueryOne(ctx_, "select 42").value()->Int(0), 42);
}

TEST_F(Postgres, ADeadlineCancelsOnTheServer) {
  const auto db = Connect();
  const auto slept =
      db->Execute(ctx_.WithTimeout(std::chrono::milliseconds(20)), "select pg_sleep(600)");
  ASSERT_FALSE(slept.has_value());
  EXPECT_EQ(slept.error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(db->QueryOne(ctx_, "select 42").value()->Int(0), 42);
}

TEST_F(Postgres, TheServersOwnLimitsAreOff) {
  const std::string name = server_->NewDatabase();
  (void)server_->Psql("postgres", "alter database " + name + " set statement_timeout = 100");
  PostgresParams params = Params();
  params.database = name;
  const auto db = ConnectPostgres(ctx_, params).value();
  EXPECT_TRUE(db->Execute(ctx_, "select pg_sleep(0.2)").has_value());
  EXPECT_EQ(db->QueryOne(ctx_, "show search_path").value()->Text(0), "");
}

TEST_F(Postgres, SomebodyElsesCancelIsATimeout) {
  const auto db = Connect();
  std::jthread other([&] {
    (void)server_->Psql("postgres", "select pg_cancel_backend(" +
                                        std::to_string(db->backend_pid()) +
                                        ") from (select pg_sleep(0.1)) s");
  });
  const auto slept = db->Execute(ctx_, "select pg_sleep(600)");
  ASSERT_FALSE(slept.has_value());
  EXPECT_EQ(slept.error().code, "sql.canceled");
  EXPECT_EQ(slept.error().provider->code, "57014");
}

TEST_F(Postgres, ALostConnectionIsUnavailable) {
  const auto db = Connect();
  (void)server_->Psql("postgres",
                      "select pg_terminate_backend(" + std::to_string(db->backend_pid()) + ")");
  const auto lost = db->Execute(ctx_, "select 1");
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().kind, ErrorKind::kUnavailable);
  EXPECT_FALSE(db->Execute(ctx_, "select 1").has_value());
}

TEST_F(Postgres, AWrongPasswordIsNamedAndNeverShown) {
  PostgresParams params = Params();
  params.password = Secret("not-it-at-all");
  const Error error = Refused(params);
  EXPECT_EQ(error.kind, ErrorKind::kDenied);
  EXPECT_EQ(error.code, "sql.wrong_password");
  EXPECT_FALSE(error.hint.empty());
  EXPECT_EQ(error.message.find("not-it-at-all"), std::string::npos);
  params.password = Secret();
  EXPECT_EQ(Refused(params).code, "sql.wrong_password");
}

TEST_F(Postgres, AMissingDatabaseIsNotFound) {
  PostgresParams params = Params();
  params.database = "dbname=postgres";  // a name, not a connection string
  const Error error = Refused(params);
  EXPECT_EQ(error.kind, ErrorKind::kNotFound);
  EXPECT_EQ(error.code, "sql.no_database");
}

TEST_F(Postgres, AnUnknownUserIsDenied) {
  PostgresParams params = Params();
  params.user = "nobody_here";
  EXPECT_EQ(Refused(params).kind, ErrorKind::kDenied);
}

TEST_F(Postgres, AServerThatDoesNotListenIsUnreachable) {
  PostgresParams params = Params();
  params.port = 1;
  const Error error = Refused(params);
  EXPECT_EQ(error.kind, ErrorKind::kUnavailable);
  EXPECT_EQ(error.code, "sql.unreachable");
  EXPECT_FALSE(error.hint.empty());
}

TEST_F(Postgres, AServerThatNeverAnswersIsUnreachableInTime) {
  const UniqueFd silent(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(silent.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(silent.get(), 1), 0);
  ASSERT_EQ(::getsockname(silent.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  PostgresParams params = Params();
  params.port = ntohs(address.sin_port);
  params.connect_timeout = std::chrono::milliseconds(50);
  EXPECT_EQ(Refused(params).code, "sql.unreachable");

  std::stop_source stop;
  stop.request_stop();
  params.connect_timeout = std::chrono::hours(1);
  EXPECT_EQ(ConnectPostgres(ctx_.WithStop(stop.get_token()), params).error().kind,
            ErrorKind::kCancelled);
}

TEST_F(Postgres, ASocketFolderIsAHost) {
  PostgresParams params = Params();
  params.host = server_->folder();
  EXPECT_TRUE(ConnectPostgres(ctx_, params).has_value());
}

TEST_F(Postgres, TlsThatTheServerLacksIsRefused) {
  PostgresParams params = Params();
  params.sslmode = "verify-full";
  params.sslrootcert = "-----BEGIN CERTIFICATE-----\nno certificate\n-----END CERTIFICATE-----\n";
  const Error error = Refused(params);
  EXPECT_EQ(error.kind, ErrorKind::kUnavailable);
}

TEST_F(Postgres, BadParametersAreNamed) {
  const auto code_of = [&](auto change) {
    PostgresParams params = Params();
    change(params);
    return Refused(params).code;
  };
  EXPECT_EQ(code_of([](auto& p) { p.host.clear(); }), "sql.bad_parameter");
  EXPECT_EQ(code_of([](auto& p) { p.user.clear(); }), "sql.bad_parameter");
  EXPECT_EQ(code_of([](auto& p) { p.database.clear(); }), "sql.bad_parameter");
  EXPECT_EQ(code_of([](auto& p) { p.port = 0; }), "sql.bad_parameter");
  EXPECT_EQ(code_of([](auto& p) { p.sslmode = "maybe"; }), "sql.bad_parameter");
  EXPECT_EQ(code_of([](auto& p) { p.user = std::string("a\0b", 3); }), "sql.bad_parameter");
}

TEST_F(Postgres, ANullByteInATextIsRefused) {
  EXPECT_EQ(Connect()->Execute(ctx_, "select $1::text", {std::string("a\0b", 3)}).error().code,
            "sql.bad_value");
}

// Time that runs so fast that a deadline passes as soon as a statement is on its way.
class RushingClock final : public Clock {
 public:
  Time Now() const override { return {}; }
  SteadyTime SteadyNow() const override { return SteadyTime(std::chrono::hours(++hours_)); }

 private:
  mutable int hours_ = 0;
};

// A cancel may overtake its statement, and then the server knows of nothing to cancel.
TEST_F(Postgres, ACancelThatIsTooEarlyIsRepeated) {
  const auto db = Connect();
  for (int i = 0; i < 20; ++i) {
    const RushingClock clock;
    const Context ctx = Context(clock).WithTimeout(std::chrono::hours(1) + std::chrono::minutes(1));
    EXPECT_EQ(db->Execute(ctx, "select pg_sleep(1000)").error().kind, ErrorKind::kTimeout);
    ASSERT_EQ(db->QueryOne(ctx_, "select 42").value()->Int(0), 42);
  }
}

TEST_F(Postgres, AStatementThatCannotBeCancelledMakesTheConnectionUseless) {
  const auto db = Connect();
  // The process that serves it stands still: only who may send it signals can do that.
  if (::kill(db->backend_pid(), SIGSTOP) != 0) GTEST_SKIP() << "needs to stop a server process";
  const RushingClock clock;
  const Context ctx = Context(clock).WithTimeout(std::chrono::hours(1) + std::chrono::minutes(1));
  EXPECT_EQ(db->Execute(ctx, "select 1").error().kind, ErrorKind::kTimeout);
  const auto next = db->Execute(ctx_, "select 1");
  ::kill(db->backend_pid(), SIGCONT);
  ASSERT_FALSE(next.has_value());
  EXPECT_EQ(next.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(next.error().code, "sql.unreachable");
}

}  // namespace
}  // namespace lc2::sql
