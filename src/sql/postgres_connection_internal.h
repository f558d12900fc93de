#pragma once

#include <memory>
#include <string>

#include "sql/postgres.h"
#include "sql/postgres_internal.h"

namespace lc2::sql::internal {

// A session over an open connection; `where` names it in messages.
std::unique_ptr<PostgresConnection> WrapConnection(PgConnection connection, std::string where);

}  // namespace lc2::sql::internal
