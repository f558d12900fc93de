#include "sql/sql_state.h"

#include <algorithm>
#include <array>

namespace lc2::sql {

namespace {

struct SqlStateRow {
  std::string_view prefix;  // a whole SQLSTATE, or its class of two characters
  SqlStateFacts facts;
};

// The first row whose prefix fits wins: whole codes stand before their class.
constexpr std::array kRows = {
    SqlStateRow{"28P01",
                {ErrorKind::kDenied, "sql.wrong_password",
                 "is 'password' in the database secret the one of this user?"}},
    SqlStateRow{"28",
                {ErrorKind::kDenied, "sql.not_allowed",
                 "does the user exist, and does the server's pg_hba.conf let it in from here?"}},
    SqlStateRow{"3D000",
                {ErrorKind::kNotFound, "sql.no_database",
                 "is the database's name spelled as the server has it?"}},
    SqlStateRow{"42501",
                {ErrorKind::kDenied, "sql.no_privilege",
                 "which role owns it, and is the user a member of that role?"}},
    SqlStateRow{"25006",
                {ErrorKind::kDenied, "sql.read_only",
                 "is this a standby, or a connection that may only read?"}},
    SqlStateRow{"42P04", {ErrorKind::kAlreadyExists, "sql.exists", ""}},
    SqlStateRow{"42P06", {ErrorKind::kAlreadyExists, "sql.exists", ""}},
    SqlStateRow{"42P07", {ErrorKind::kAlreadyExists, "sql.exists", ""}},
    SqlStateRow{"42710", {ErrorKind::kAlreadyExists, "sql.exists", ""}},
    SqlStateRow{"42P01", {ErrorKind::kNotFound, "sql.no_such_object", ""}},
    SqlStateRow{"42704", {ErrorKind::kNotFound, "sql.no_such_object", ""}},
    SqlStateRow{"3F000", {ErrorKind::kNotFound, "sql.no_such_object", ""}},
    SqlStateRow{"42", {ErrorKind::kInternal, "sql.bad_statement", ""}},
    SqlStateRow{"23505", {ErrorKind::kAlreadyExists, "sql.duplicate", ""}},
    SqlStateRow{"23", {ErrorKind::kInvalid, "sql.constraint", ""}},
    SqlStateRow{"22", {ErrorKind::kInvalid, "sql.bad_value", ""}},
    SqlStateRow{"0A", {ErrorKind::kInvalid, "sql.unsupported", ""}},
    SqlStateRow{"40", {ErrorKind::kConflict, "sql.serialization", ""}},
    SqlStateRow{"55P03",
                {ErrorKind::kUnavailable, "sql.locked",
                 "another session holds a lock on it: is a schema change or an upgrade running?"}},
    SqlStateRow{"55006",
                {ErrorKind::kConflict, "sql.in_use", "end the other sessions and run it again"}},
    SqlStateRow{"55", {ErrorKind::kConflict, "sql.wrong_state", ""}},
    SqlStateRow{"53300",
                {ErrorKind::kThrottled, "sql.too_many_connections",
                 "raise max_connections, or run less at once"}},
    SqlStateRow{"53100",
                {ErrorKind::kUnavailable, "sql.no_space", "free disk space on the server"}},
    SqlStateRow{"53", {ErrorKind::kUnavailable, "sql.no_resources", ""}},
    SqlStateRow{"57014",
                {ErrorKind::kTimeout, "sql.canceled",
                 "somebody cancelled the statement, or the server's own time limit did"}},
    SqlStateRow{"57", {ErrorKind::kUnavailable, "sql.unavailable", "is the server restarting?"}},
    SqlStateRow{"08",
                {ErrorKind::kUnavailable, "sql.unreachable",
                 "does the server run, and do host and port lead to it from here?"}},
    SqlStateRow{"58", {ErrorKind::kUnavailable, "sql.server_io", "see the server's log"}},
    SqlStateRow{"XX001",
                {ErrorKind::kCorrupt, "sql.server_corrupt",
                 "the server found damaged data: see its log before anything else"}},
    SqlStateRow{"XX002",
                {ErrorKind::kCorrupt, "sql.server_corrupt",
                 "the server found damaged data: see its log before anything else"}},
};

bool IsStateCharacter(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); }

}  // namespace

SqlStateFacts FactsOfSqlState(std::string_view sqlstate) {
  for (const SqlStateRow& row : kRows) {
    if (sqlstate.substr(0, row.prefix.size()) == row.prefix) return row.facts;
  }
  return {ErrorKind::kInternal, "sql.failed", ""};
}

std::string_view FindSqlState(std::string_view message) {
  constexpr std::size_t kLength = 5;
  for (std::size_t colon = message.find(": "); colon != std::string_view::npos;
       colon = message.find(": ", colon + 1)) {
    if (colon < kLength + 2) continue;
    // "FATAL:  28P01: ": two blanks stand between the severity's colon and the code.
    const std::string_view state = message.substr(colon - kLength, kLength);
    const std::string_view before = message.substr(colon - kLength - 2, 2);
    if (before == "  " && std::all_of(state.begin(), state.end(), IsStateCharacter)) return state;
  }
  return {};
}

}  // namespace lc2::sql
