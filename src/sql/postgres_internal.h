#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/context.h"
#include "base/result.h"

namespace lc2::sql::internal {

struct FreePostgres {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using PgConnection = std::unique_ptr<PGconn, FreePostgres>;
using PgResult = std::unique_ptr<PGresult, FreePostgres>;

// What PQconnectPoll or a query waits for.
enum class Wait { kReadable, kWritable, kEither };
// Waits until the connection's socket is ready; the context's error if that ends first.
Result<void> WaitForSocket(const Context& ctx, PGconn* connection, Wait wait);

// A failed result as an error; `doing` is for people: "query database 'lportal' on 'db:5432'".
Error ResultError(PGresult* result, PGconn* connection, const std::string& doing);
// A connection that broke, or a call of libpq that failed without a result.
Error ConnectionError(PGconn* connection, const std::string& doing);

}  // namespace lc2::sql::internal
