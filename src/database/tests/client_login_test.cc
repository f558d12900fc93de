#include "database/client_login.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/io.h"

namespace lc2::database {
namespace {

const ClientTool kPgDump{.path = "/x/pg_dump", .name = "pg_dump", .version = {16, 11}};

TEST(PasswordFileLine, EscapesWhatEndsAField) {
  EXPECT_EQ(PasswordFileLine("simple"), "*:*:*:*:simple\n");
  EXPECT_EQ(PasswordFileLine("p:a\\s's"), "*:*:*:*:p\\:a\\\\s's\n");
}

TEST(MakeClientLogin, ThePasswordIsInAFileInMemoryOnly) {
  const auto login = MakeClientLogin({.host = "db.example",
                                      .port = 6432,
                                      .name = "lportal",
                                      .user = "liferay",
                                      .password = Secret("hunter2"),
                                      .sslmode = "require",
                                      .sslrootcert = "-----BEGIN CERTIFICATE-----\n"})
                         .value();
  for (const auto& [name, value] : login.environment) {
    EXPECT_EQ(value.find("hunter2"), std::string::npos) << name;
  }
  EXPECT_EQ(login.environment.at("PGHOST"), "db.example");
  EXPECT_EQ(login.environment.at("PGPORT"), "6432");
  EXPECT_EQ(login.environment.at("PGSSLMODE"), "require");
  EXPECT_EQ(login.environment.count("PGPASSWORD"), 0U);
  EXPECT_EQ(login.environment.at("PGPASSFILE"),
            "/proc/self/fd/" + std::to_string(login.password_file.get()));
  EXPECT_EQ(login.environment.at("PGSSLROOTCERT"),
            "/proc/self/fd/" + std::to_string(login.root_cert_file.get()));
  EXPECT_EQ(login.inherited.size(), 2U);
  struct stat facts {};
  ASSERT_EQ(::fstat(login.password_file.get(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);  // libpq refuses anything wider
  FdSource source(login.password_file.get(), "pgpass");
  EXPECT_EQ(ReadAll(source, 100).value(), "*:*:*:*:hunter2\n");
}

TEST(MakeClientLogin, WithoutPasswordNobodysFileIsRead) {
  const auto login =
      MakeClientLogin({.host = "h", .name = "n", .user = "u", .sslrootcert = "/etc/ca.pem"})
          .value();
  EXPECT_TRUE(login.inherited.empty());
  EXPECT_EQ(login.environment.at("PGPASSFILE"), "/dev/null/none");
  EXPECT_EQ(login.environment.at("PGSSLROOTCERT"), "/etc/ca.pem");
  EXPECT_EQ(login.environment.at("PGSSLMODE"), "prefer");
}

TEST(ConnectionString, HoldsTheNameAndWhatNoticesADeadServer) {
  EXPECT_EQ(ConnectionString({.name = "it's a\\b"}),
            "dbname='it\\'s a\\\\b' keepalives_idle=30 keepalives_interval=10 keepalives_count=6");
}

TEST(ConnectionString, ARoleIsAnOptionOfTheServer) {
  const std::string text = ConnectionString({.name = "n", .role = "my role's"});
  EXPECT_EQ(text.substr(text.find(" options=")), " options='-c role=my\\\\ role\\'s'");
}

TEST(CleanToolMessage, LeavesOutWhatQuotesData) {
  EXPECT_EQ(CleanToolMessage("pg_restore: error: could not execute query: ERROR:  duplicate key\n"
                             "DETAIL:  Key (title)=(secret plan) already exists.\n"
                             "CONTEXT:  COPY dlfileentry, line 3\n"
                             "Command was: CREATE TABLE t (\n"
                             "    title text\n"
                             ");\n"
                             "pg_restore: warning: errors ignored\n"),
            "pg_restore: error: could not execute query: ERROR:  duplicate key; "
            "pg_restore: warning: errors ignored");
}

TEST(CleanToolMessage, KeepsTheServersWordsAndIsBounded) {
  EXPECT_EQ(CleanToolMessage("pg_dump: error: query failed: ERROR:  permission denied for table x\n"
                             "pg_dump: detail: Query was: LOCK TABLE x\n"),
            "pg_dump: error: query failed: ERROR:  permission denied for table x; "
            "pg_dump: detail: Query was: LOCK TABLE x");
  EXPECT_EQ(CleanToolMessage(""), "");
  EXPECT_LE(CleanToolMessage(std::string(10'000, 'x')).size(), 510U);
}

Error Failed(std::string_view text, ExitStatus status = {.code = 1}) {
  return ToolError(kPgDump, "dump database 'x'", status, text, "database.dump_failed",
                   ErrorKind::kInvalid);
}

TEST(ToolError, TellsWhatTheCallerHasToDo) {
  EXPECT_EQ(Failed("pg_dump: error: could not write: No space left on device").code,
            "database.no_space");
  EXPECT_EQ(Failed("pg_dump: error: aborting because of server version mismatch").code,
            "database.tool_too_old");
  EXPECT_EQ(Failed("pg_restore: error: unsupported version (1.16) in file header").code,
            "database.tool_too_old");
  EXPECT_EQ(Failed("ERROR:  permission denied for table x").kind, ErrorKind::kDenied);
  EXPECT_EQ(Failed("pg_dump: error: server closed the connection unexpectedly").kind,
            ErrorKind::kUnavailable);
  EXPECT_EQ(
      Failed("pg_restore: error: could not execute query: SSL SYSCALL error: EOF detected").kind,
      ErrorKind::kUnavailable);
  EXPECT_EQ(Failed("psql: error: no connection to the server").kind, ErrorKind::kUnavailable);
  EXPECT_EQ(Failed("", {.signal = 9}).kind, ErrorKind::kUnavailable);
  EXPECT_EQ(Failed("ERROR:  syntax error").kind, ErrorKind::kInvalid);
  EXPECT_NE(Failed("").hint, "");
}

TEST(ToolError, NamesProgramEndAndWords) {
  const Error error = Failed("pg_dump: error: oh\n");
  EXPECT_EQ(error.message,
            "cannot dump database 'x': pg_dump 16.11 ended with exit code 1: pg_dump: error: oh");
  EXPECT_EQ(error.provider->service, "pg_dump");
  EXPECT_EQ(Failed("", {.signal = 9}).message,
            "cannot dump database 'x': pg_dump 16.11 ended with signal 9");
}

}  // namespace
}  // namespace lc2::database
