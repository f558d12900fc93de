#include <fmt/core.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "base/file.h"
#include "sql/postgres.h"
#include "sql/postgres_connection_internal.h"
#include "sql/postgres_internal.h"
#include "sql/sql_state.h"

namespace lc2::sql {

namespace internal {

namespace {
// How soon a stopped context is noticed.
constexpr std::chrono::milliseconds kSlice{100};

// One line, without the detail lines that may quote a row's values.
std::string FirstLine(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return std::string(text.substr(0, text.find('\n')));
}
}  // namespace

Result<void> WaitForSocket(const Context& ctx, PGconn* connection, Wait wait) {
  short events = wait == Wait::kWritable ? POLLOUT : POLLIN;
  if (wait == Wait::kEither) events = POLLIN | POLLOUT;
  while (true) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    pollfd ready{PQsocket(connection), events, 0};
    const auto slice = std::min(kSlice, ctx.Remaining(kSlice));
    const int count = ::poll(&ready, 1, static_cast<int>(slice.count()));
    if (count > 0) return {};
    if (count < 0 && errno != EINTR) return ErrnoError(errno, "wait for", "a database connection");
  }
}

Error ResultError(PGresult* result, PGconn* connection, const std::string& doing) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (state == nullptr) return ConnectionError(connection, doing);
  const SqlStateFacts facts = FactsOfSqlState(state);
  return Error{.kind = facts.kind,
               .code = std::string(facts.code),
               .message = fmt::format("cannot {}: {}", doing, text == nullptr ? state : text),
               .hint = std::string(facts.hint),
               .provider = ProviderFacts{.service = "postgres", .code = state}};
}

Error ConnectionError(PGconn* connection, const std::string& doing) {
  const SqlStateFacts facts = FactsOfSqlState("08006");
  return Error{
      .kind = facts.kind,
      .code = std::string(facts.code),
      .message = fmt::format("cannot {}: {}", doing, FirstLine(PQerrorMessage(connection))),
      .hint = std::string(facts.hint),
      .provider = ProviderFacts{.service = "postgres", .code = "08006"}};
}

}  // namespace internal

namespace {

using internal::PgConnection;

// Time limits of the server would cut a long dump; the context's deadline stands in for them. Which
// of these settings exist depends on the server's version.
constexpr char kSessionSetup[] =
    "set statement_timeout = 0;"
    "select pg_catalog.set_config(name, '0', false) from pg_catalog.pg_settings where name in"
    " ('lock_timeout', 'idle_in_transaction_session_timeout',"
    " 'idle_session_timeout', 'transaction_timeout');"
    "select pg_catalog.set_config('search_path', '', false);"
    "set standard_conforming_strings = on; set datestyle = 'ISO'; set timezone = 'UTC';"
    "set extra_float_digits = 3; set bytea_output = 'hex'";

Error BadParameter(std::string_view what) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "sql.bad_parameter",
               .message = fmt::format("cannot connect: {}", what),
               .hint = "check the keys of the database secret"};
}

Result<void> CheckParams(const PostgresParams& params) {
  if (params.host.empty()) return BadParameter("the host is empty");
  if (params.database.empty()) return BadParameter("the database's name is empty");
  if (params.user.empty()) return BadParameter("the user is empty");
  if (params.port < 1 || params.port > 65'535) {
    return BadParameter(fmt::format("'{}' is no port", params.port));
  }
  constexpr std::array<std::string_view, 7> kModes = {
      "", "disable", "allow", "prefer", "require", "verify-ca", "verify-full"};
  if (std::find(kModes.begin(), kModes.end(), params.sslmode) == kModes.end()) {
    return BadParameter(fmt::format("'{}' is no sslmode", params.sslmode));
  }
  for (const std::string* text : {&params.host, &params.database, &params.user,
                                  &params.password.Expose(), &params.sslrootcert}) {
    if (text->find('\0') != std::string::npos) return BadParameter("a value holds a null byte");
  }
  return {};
}

// While connecting, libpq shows the server's SQLSTATE only inside a message of verbosity "verbose".
Error RefusedError(PGconn* connection, const std::string& where) {
  const std::string_view text = PQerrorMessage(connection);
  const std::string_view state = FindSqlState(text);
  if (PQconnectionNeedsPassword(connection) != 0) {
    Error error = internal::ConnectionError(connection, "connect to " + where);
    const SqlStateFacts facts = FactsOfSqlState("28P01");
    error.kind = facts.kind;
    error.code = facts.code;
    error.hint = facts.hint;
    return error;
  }
  if (state.empty()) return internal::ConnectionError(connection, "connect to " + where);
  const SqlStateFacts facts = FactsOfSqlState(state);
  std::string_view reason = text.substr(static_cast<std::size_t>(state.end() - text.begin()) + 2);
  reason = reason.substr(0, reason.find('\n'));
  return Error{.kind = facts.kind,
               .code = std::string(facts.code),
               .message = fmt::format("cannot connect to {}: {}", where, reason),
               .hint = std::string(facts.hint),
               .provider = ProviderFacts{.service = "postgres", .code = std::string(state)}};
}

Result<void> FinishConnecting(const Context& ctx, const Context& limited, PGconn* connection,
                              const std::string& where) {
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    if (next == PGRES_POLLING_FAILED) return RefusedError(connection, where);
    const Result<void> ready = internal::WaitForSocket(
        limited, connection,
        next == PGRES_POLLING_READING ? internal::Wait::kReadable : internal::Wait::kWritable);
    if (!ready.has_value()) {
      LC2_RETURN_IF_ERROR(ctx.Check());  // the caller's own limits are told as such
      Error error = internal::ConnectionError(connection, "connect to " + where);
      error.message = fmt::format("cannot connect to {}: no answer in time", where);
      return error;
    }
    next = PQconnectPoll(connection);
  }
  return {};
}

// What libpq is handed for `sslrootcert`: PEM text lies in `holder`, a file in memory.
Result<std::string> RootCertPath(const std::string& sslrootcert, UniqueFd& holder) {
  constexpr std::string_view kPem = "-----BEGIN";
  if (sslrootcert.compare(0, kPem.size(), kPem) != 0) return sslrootcert;
  LC2_ASSIGN_OR_RETURN(holder, MakeMemoryFile("sslrootcert", sslrootcert));
  return fmt::format("/proc/self/fd/{}", holder.get());
}

}  // namespace

Result<std::unique_ptr<PostgresConnection>> ConnectPostgres(const Context& ctx,
                                                            const PostgresParams& params) {
  LC2_RETURN_IF_ERROR(CheckParams(params));
  const std::string where = fmt::format("database '{}' on '{}:{}' as '{}'", params.database,
                                        params.host, params.port, params.user);
  UniqueFd root_cert;
  LC2_ASSIGN_OR_RETURN(const std::string root_cert_path,
                       RootCertPath(params.sslrootcert, root_cert));
  const std::string port = std::to_string(params.port);
  const std::string sslmode = params.sslmode.empty() ? "prefer" : params.sslmode;
  const std::array<std::pair<const char*, const char*>, 14> options = {{
      {"host", params.host.c_str()},
      {"port", port.c_str()},
      {"dbname", params.database.c_str()},
      {"user", params.user.c_str()},
      {"password", params.password.Expose().c_str()},
      {"sslmode", sslmode.c_str()},
      {"sslrootcert", root_cert_path.c_str()},
      {"application_name", params.application_name.c_str()},
      {"client_encoding", "UTF8"},
      {"keepalives_idle", "30"},
      {"keepalives_interval", "10"},
      {"keepalives_count", "6"},
      {"passfile", "/dev/null/none"},  // not somebody's ~/.pgpass
      {nullptr, nullptr},
  }};
  std::array<const char*, options.size()> keywords{};
  std::array<const char*, options.size()> values{};
  for (std::size_t i = 0; i < options.size(); ++i) {
    keywords[i] = options[i].first;
    values[i] = options[i].second;
  }
  // The last 0: the database's name is never read as a connection string.
  PgConnection connection(PQconnectStartParams(keywords.data(), values.data(), 0));
  LC2_CHECK(connection != nullptr);
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  if (PQstatus(connection.get()) == CONNECTION_BAD) return RefusedError(connection.get(), where);
  LC2_RETURN_IF_ERROR(
      FinishConnecting(ctx, ctx.WithTimeout(params.connect_timeout), connection.get(), where));
  PQsetErrorVerbosity(connection.get(), PQERRORS_DEFAULT);
  auto session = internal::WrapConnection(std::move(connection), where);
  LC2_RETURN_IF_ERROR(session->ExecuteScript(ctx, kSessionSetup));
  return session;
}

std::string PostgresConnection::server_version_text() const {
  return fmt::format("{}.{}", server_version() / 10'000, server_version() % 10'000);
}

}  // namespace lc2::sql
