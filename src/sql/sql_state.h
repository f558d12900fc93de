#pragma once

#include <string_view>

#include "base/error.h"

namespace lc2::sql {

// What an SQLSTATE (PostgreSQL manual, Appendix A; SQL standard classes) asks of the caller.
struct SqlStateFacts {
  ErrorKind kind = ErrorKind::kInternal;
  std::string_view code;  // "sql.wrong_password"
  std::string_view hint;  // may be empty
};
SqlStateFacts FactsOfSqlState(std::string_view sqlstate);

// The SQLSTATE in a message of libpq at verbosity "verbose" ("FATAL:  28P01: password ..."); empty
// if there is none. The severity may be in any language.
std::string_view FindSqlState(std::string_view message);

}  // namespace lc2::sql
