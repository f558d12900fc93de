#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/context.h"
#include "base/result.h"
#include "sql/value.h"

namespace lc2::sql {

enum class Dialect { kPostgres, kSqlite, kMysql };

// How a transaction starts. kRead sees one state of the data throughout and writes nothing. kWrite
// on SQLite takes the write lock at once, so that it cannot fail for it halfway.
enum class TransactionMode { kRead, kWrite };

// Rows one after the other, in memory that does not grow with their number. The connection can do
// nothing else until the reader has come to the end or is gone. A reader given up before the end
// cancels its statement, which on PostgreSQL makes an open transaction fail. Not thread-safe.
class RowReader {
 public:
  virtual ~RowReader() = default;
  // Nothing at the end.
  virtual Result<std::optional<Row>> Next() = 0;
};

// One session with a database. Not thread-safe: one thread at a time, more of them have a
// connection each. A statement is stopped once its context is stopped or out of time, and the
// context's error is returned.
//
// Parameters are written $1, $2, ... in every dialect and are never part of the statement's text.
// Texts are UTF-8. A null byte in a text is kInvalid "sql.bad_value" on PostgreSQL.
//
// Errors carry the server's code (SQLSTATE, or SQLite's extended code) in `provider`; kind and code
// follow from it: see sql/sql_state.h. Texts of the server may quote values of the row in question,
// so statements that handle secrets must not be sent through here.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Dialect dialect() const = 0;

  // Runs one statement and returns how many rows it changed (or returned, if it returns rows).
  virtual Result<std::int64_t> Execute(const Context& ctx, std::string_view statement,
                                       const Params& params = {}) = 0;
  // Runs one statement and streams its rows. `ctx` is copied; its clock must outlive the reader.
  virtual Result<std::unique_ptr<RowReader>> Stream(const Context& ctx, std::string_view statement,
                                                    const Params& params = {}) = 0;
  // Runs several statements, separated by semicolons, without parameters: schema changes.
  virtual Result<void> ExecuteScript(const Context& ctx, std::string_view script) = 0;

  // All rows in memory; kInvalid "sql.too_many_rows" above `limit` rows.
  Result<std::vector<Row>> Query(const Context& ctx, std::string_view statement,
                                 const Params& params = {}, std::int64_t limit = 1'000'000);
  // The first row, or nothing; the others are read and dropped.
  Result<std::optional<Row>> QueryOne(const Context& ctx, std::string_view statement,
                                      const Params& params = {});

 private:
  friend class Transaction;
  virtual std::string_view BeginStatement(TransactionMode mode) const = 0;
  // Commits; a server that answers a commit with a rollback is an error.
  virtual Result<void> CommitTransaction(const Context& ctx) = 0;
};

// A transaction that is rolled back at the end of its life unless it was committed. One at a time
// on a connection, which must outlive it.
class Transaction {
 public:
  static Result<Transaction> Begin(const Context& ctx, Connection& connection,
                                   TransactionMode mode = TransactionMode::kWrite);
  Transaction(Transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // kUnavailable "sql.commit_unknown": the answer was lost, so the changes may be there or not;
  // read back before doing anything else. Any other error: nothing was changed.
  Result<void> Commit(const Context& ctx);

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace lc2::sql
