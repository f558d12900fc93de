#include "sql/connection.h"

#include <fmt/core.h>

#include <chrono>

namespace lc2::sql {

namespace {
// Rolling back is quick or hopeless.
constexpr std::chrono::seconds kRollbackTime{10};
}  // namespace

Result<std::vector<Row>> Connection::Query(const Context& ctx, std::string_view statement,
                                           const Params& params, std::int64_t limit) {
  LC2_ASSIGN_OR_RETURN(const auto reader, Stream(ctx, statement, params));
  std::vector<Row> rows;
  while (true) {
    LC2_ASSIGN_OR_RETURN(std::optional<Row> row, reader->Next());
    if (!row.has_value()) return rows;
    if (static_cast<std::int64_t>(rows.size()) == limit) {
      return Error{.kind = ErrorKind::kInvalid,
                   .code = "sql.too_many_rows",
                   .message = fmt::format("a query gave more than {} rows", limit),
                   .hint = "ask for less at once"};
    }
    rows.push_back(*std::move(row));
  }
}

Result<std::optional<Row>> Connection::QueryOne(const Context& ctx, std::string_view statement,
                                                const Params& params) {
  LC2_ASSIGN_OR_RETURN(const auto reader, Stream(ctx, statement, params));
  LC2_ASSIGN_OR_RETURN(std::optional<Row> first, reader->Next());
  // To the end: a reader that is given up cancels its statement, and with it a transaction.
  for (bool more = first.has_value(); more;) {
    LC2_ASSIGN_OR_RETURN(const std::optional<Row> row, reader->Next());
    more = row.has_value();
  }
  return first;
}

Result<Transaction> Transaction::Begin(const Context& ctx, Connection& connection,
                                       TransactionMode mode) {
  LC2_RETURN_IF_ERROR(connection.Execute(ctx, connection.BeginStatement(mode)));
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ == nullptr) return;
  const SystemClock clock;
  // A connection that cannot roll back is broken, and the server rolls back for it.
  (void)connection_->Execute(Context(clock).WithTimeout(kRollbackTime), "rollback");
}

Result<void> Transaction::Commit(const Context& ctx) {
  LC2_CHECK(connection_ != nullptr);
  LC2_RETURN_IF_ERROR(connection_->CommitTransaction(ctx));
  connection_ = nullptr;
  return {};
}

}  // namespace lc2::sql
