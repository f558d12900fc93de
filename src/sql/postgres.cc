#include "sql/postgres.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <cstdlib>

#include "sql/postgres_connection_internal.h"
#include "sql/postgres_internal.h"

namespace lc2::sql {

namespace {

using internal::PgConnection;
using internal::PgResult;

// How long a statement that nobody wants any more may take to end, and how soon it is asked again.
constexpr std::chrono::seconds kCancelTime{5};
constexpr std::chrono::milliseconds kAskAgain{200};

// Type numbers that never change (PostgreSQL's pg_type.dat).
constexpr Oid kBool = 16, kBytea = 17, kInt8 = 20, kInt2 = 21, kInt4 = 23, kOid = 26;
constexpr Oid kFloat4 = 700, kFloat8 = 701;

// Parameters go as text, bytes in hexadecimal; the server finds their types from the statement.
class TextParams {
 public:
  explicit TextParams(const Params& params) {
    texts_.reserve(params.size());
    for (const Value& value : params) {
      texts_.push_back(ToText(value));
      bad_ = bad_ || texts_.back().find('\0') != std::string::npos;
    }
    for (std::size_t i = 0; i < params.size(); ++i) {
      pointers_.push_back(params[i].is_null() ? nullptr : texts_[i].c_str());
    }
  }
  bool bad() const { return bad_; }
  int count() const { return static_cast<int>(pointers_.size()); }
  const char* const* pointers() const { return pointers_.data(); }

 private:
  static std::string ToText(const Value& value) {
    if (const auto* blob = std::get_if<Blob>(&value.get())) {
      constexpr char kDigits[] = "0123456789abcdef";
      std::string text = "\\x";
      for (const char c : blob->bytes) {
        text += kDigits[static_cast<unsigned char>(c) >> 4];
        text += kDigits[static_cast<unsigned char>(c) & 15];
      }
      return text;
    }
    return Row({value}).Text(0);
  }

  std::vector<std::string> texts_;
  std::vector<const char*> pointers_;
  bool bad_ = false;
};

std::string UnescapeBytes(const char* text) {
  std::size_t size = 0;
  unsigned char* raw = PQunescapeBytea(reinterpret_cast<const unsigned char*>(text), &size);
  LC2_CHECK(raw != nullptr);
  std::string bytes(reinterpret_cast<const char*>(raw), size);
  PQfreemem(raw);
  return bytes;
}

Value ReadColumn(PGresult* result, int column) {
  if (PQgetisnull(result, 0, column) != 0) return nullptr;
  const std::string_view text(PQgetvalue(result, 0, column),
                              static_cast<std::size_t>(PQgetlength(result, 0, column)));
  switch (PQftype(result, column)) {
    case kBool:
      return text == "t" ? 1 : 0;
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid: {
      std::int64_t number = 0;
      std::from_chars(text.data(), text.data() + text.size(), number);
      return number;
    }
    case kFloat4:
    case kFloat8:
      return std::strtod(PQgetvalue(result, 0, column), nullptr);
    case kBytea:
      return Blob{UnescapeBytes(PQgetvalue(result, 0, column))};
    default:
      return text;
  }
}

struct FreeRow {
  void operator()(char* row) const { PQfreemem(row); }
};
using RowBytes = std::unique_ptr<char, FreeRow>;
struct CopyText {
  RowBytes bytes;
  std::size_t size = 0;
};

class Session final : public PostgresConnection {
 public:
  Session(PgConnection connection, std::string where)
      : connection_(std::move(connection)), where_(std::move(where)) {
    PQsetnonblocking(connection_.get(), 1);
  }

  Dialect dialect() const override { return Dialect::kPostgres; }
  int server_version() const override { return PQserverVersion(connection_.get()); }
  int backend_pid() const override { return PQbackendPID(connection_.get()); }

  Result<std::int64_t> Execute(const Context& ctx, std::string_view statement,
                               const Params& params) override {
    LC2_RETURN_IF_ERROR(Send(ctx, statement, params));
    std::int64_t count = 0;
    last_status_.clear();
    while (true) {
      LC2_ASSIGN_OR_RETURN(const PgResult result, NextResult(ctx));
      if (result == nullptr) return count;
      LC2_RETURN_IF_ERROR(Judge(result.get()));
      last_status_ = PQcmdStatus(result.get());
      const std::string_view tuples = PQcmdTuples(result.get());
      std::from_chars(tuples.data(), tuples.data() + tuples.size(), count);
    }
  }

  Result<void> ExecuteScript(const Context& ctx, std::string_view script) override {
    LC2_RETURN_IF_ERROR(Begin(ctx));
    if (PQsendQuery(connection_.get(), std::string(script).c_str()) == 0) return Broken();
    while (true) {
      LC2_ASSIGN_OR_RETURN(const PgResult result, NextResult(ctx));
      if (result == nullptr) return {};
      LC2_RETURN_IF_ERROR(Judge(result.get()));
    }
  }

  Result<std::unique_ptr<RowReader>> Stream(const Context& ctx, std::string_view statement,
                                            const Params& params) override;
  Result<std::unique_ptr<CopyReader>> CopyOut(const Context& ctx,
                                              std::string_view statement) override;

  // The next result of the running statement, null at its end. A context that ends cancels the
  // statement on the server and leaves the connection usable.
  Result<PgResult> NextResult(const Context& ctx) {
    LC2_RETURN_IF_ERROR(WaitForResult(ctx));
    return PgResult(PQgetResult(connection_.get()));
  }

  // The next row of a COPY, with its line break; nothing at the end of the rows.
  Result<CopyText> NextCopyRow(const Context& ctx) {
    while (true) {
      char* row = nullptr;
      const int size = PQgetCopyData(connection_.get(), &row, 1);
      if (size > 0) return CopyText{.bytes = RowBytes(row), .size = static_cast<std::size_t>(size)};
      if (size == -1) return CopyText{};
      if (size == -2) return Broken();
      LC2_RETURN_IF_ERROR(WaitForInput(ctx, internal::Wait::kReadable));
    }
  }

  // An error if `result` is one; the rest of the statement's results is dropped then.
  Result<void> Judge(PGresult* result) {
    switch (PQresultStatus(result)) {
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
      case PGRES_SINGLE_TUPLE:
      case PGRES_EMPTY_QUERY:
      case PGRES_COPY_OUT:
        return {};
      default:
        break;
    }
    Error error = internal::ResultError(result, connection_.get(), "query " + where_);
    // Whatever the caller's context says: what is left is the server's last word, and soon there.
    const SystemClock clock;
    Drain(Context(clock).WithTimeout(kCancelTime));
    Abandon();
    return error;
  }

  // Stops a statement whose results nobody wants any more.
  void Abandon() {
    const SystemClock clock;
    const Context limited = Context(clock).WithTimeout(kCancelTime);
    // A cancel that comes to the server before its statement does is lost: ask again.
    while (IsRunning() && limited.Check().has_value()) {
      RequestCancel();
      Drain(limited.WithTimeout(kAskAgain));
    }
    stuck_ = IsRunning();
  }

 private:
  std::string_view BeginStatement(TransactionMode mode) const override {
    return mode == TransactionMode::kWrite ? "begin"
                                           : "begin isolation level repeatable read read only";
  }

  Result<void> CommitTransaction(const Context& ctx) override {
    const Result<std::int64_t> done = Execute(ctx, "commit", {});
    if (!done.has_value()) {
      if (PQstatus(connection_.get()) == CONNECTION_OK && done.error().provider.has_value()) {
        return done.error();
      }
      return Error{.kind = ErrorKind::kUnavailable,
                   .code = "sql.commit_unknown",
                   .message = fmt::format("the answer to a commit on {} was lost", where_),
                   .hint = "look whether the change is there before trying again",
                   .cause = Share(done.error())};
    }
    // A transaction in which a statement failed is rolled back, and that counts as a success.
    if (last_status_ == "COMMIT") return {};
    return Error{.kind = ErrorKind::kConflict,
                 .code = "sql.serialization",
                 .message = fmt::format("{} rolled the transaction back", where_)};
  }

  bool IsRunning() const { return PQtransactionStatus(connection_.get()) == PQTRANS_ACTIVE; }

  void RequestCancel() const {
    if (PGcancel* cancel = PQgetCancel(connection_.get())) {
      char ignored[256];
      PQcancel(cancel, ignored, sizeof ignored);
      PQfreeCancel(cancel);
    }
  }

  Error Broken() const { return internal::ConnectionError(connection_.get(), "talk to " + where_); }

  Result<void> Begin(const Context& ctx) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    if (stuck_) {
      return Error{.kind = ErrorKind::kUnavailable,
                   .code = "sql.unreachable",
                   .message = fmt::format("{} does not end a statement that was cancelled", where_),
                   .hint = "is the server's machine overloaded, or its disk?"};
    }
    // Readers own the running statement; one that is still open is a bug of the caller.
    LC2_CHECK(!IsRunning());
    return {};
  }

  Result<void> Send(const Context& ctx, std::string_view statement, const Params& params) {
    LC2_RETURN_IF_ERROR(Begin(ctx));
    const TextParams texts(params);
    if (texts.bad()) {
      return Error{.kind = ErrorKind::kInvalid,
                   .code = "sql.bad_value",
                   .message = "a text for the database holds a null byte"};
    }
    if (PQsendQueryParams(connection_.get(), std::string(statement).c_str(), texts.count(), nullptr,
                          texts.pointers(), nullptr, nullptr, 0) == 0) {
      return Broken();
    }
    return {};
  }

  Result<void> WaitForResult(const Context& ctx) {
    while (true) {
      const int unsent = PQflush(connection_.get());
      if (unsent < 0) return Broken();
      if (unsent == 0 && PQisBusy(connection_.get()) == 0) return {};
      LC2_RETURN_IF_ERROR(
          WaitForInput(ctx, unsent == 0 ? internal::Wait::kReadable : internal::Wait::kEither));
    }
  }

  Result<void> WaitForInput(const Context& ctx, internal::Wait wait) {
    const Result<void> ready = internal::WaitForSocket(ctx, connection_.get(), wait);
    if (!ready.has_value()) {
      Abandon();
      return ready;
    }
    if (PQconsumeInput(connection_.get()) == 0) return Broken();
    return {};
  }

  // Drops what is left of the running statement, as far as it comes in time. Never cancels.
  void Drain(const Context& ctx) {
    while (ctx.Check().has_value() && AwaitQuietly(ctx)) {
      const PgResult result(PQgetResult(connection_.get()));
      if (result == nullptr) return;
      if (PQresultStatus(result.get()) == PGRES_COPY_OUT) DrainCopy(ctx);
    }
  }

  void DrainCopy(const Context& ctx) {
    while (true) {
      char* raw = nullptr;
      const int size = PQgetCopyData(connection_.get(), &raw, 1);
      const RowBytes row(raw);
      if (size < 0 || (size == 0 && !ConsumeQuietly(ctx))) return;
    }
  }

  bool AwaitQuietly(const Context& ctx) {
    while (PQflush(connection_.get()) == 1 || PQisBusy(connection_.get()) != 0) {
      if (!ConsumeQuietly(ctx)) return false;
    }
    return true;
  }

  bool ConsumeQuietly(const Context& ctx) {
    return internal::WaitForSocket(ctx, connection_.get(), internal::Wait::kReadable).has_value() &&
           PQconsumeInput(connection_.get()) != 0;
  }

  PgConnection connection_;
  const std::string where_;
  std::string last_status_;
  bool stuck_ = false;  // a statement neither ended nor let itself be cancelled
};

class PostgresRows final : public RowReader {
 public:
  PostgresRows(Session& session, const Context& ctx) : session_(session), ctx_(ctx) {}
  ~PostgresRows() override {
    if (!at_end_) session_.Abandon();
  }

  Result<std::optional<Row>> Next() override {
    while (!at_end_) {
      Result<PgResult> result = session_.NextResult(ctx_);
      if (!result.has_value()) return Ended(std::move(result).error());
      if (*result == nullptr) break;
      const Result<void> judged = session_.Judge(result->get());
      if (!judged.has_value()) return Ended(judged.error());
      if (PQntuples(result->get()) == 0) continue;  // the last, empty result of single-row mode
      std::vector<Value> columns;
      const int count = PQnfields(result->get());
      for (int i = 0; i < count; ++i) columns.push_back(ReadColumn(result->get(), i));
      return std::optional<Row>(Row(std::move(columns)));
    }
    at_end_ = true;
    return std::optional<Row>();
  }

 private:
  Error Ended(Error error) {
    at_end_ = true;
    return error;
  }

  Session& session_;
  const Context ctx_;
  bool at_end_ = false;
};

class CopyRows final : public CopyReader {
 public:
  CopyRows(Session& session, const Context& ctx) : session_(session), ctx_(ctx) {}
  ~CopyRows() override {
    if (!at_end_) session_.Abandon();
  }

  Result<std::optional<std::vector<CopyField>>> Next() override {
    if (at_end_) return std::optional<std::vector<CopyField>>();
    Result<CopyText> row = session_.NextCopyRow(ctx_);
    if (!row.has_value()) {
      at_end_ = true;
      session_.Abandon();
      return std::move(row).error();
    }
    if (row->bytes == nullptr) return Complete();
    std::string_view line(row->bytes.get(), row->size);
    if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
    LC2_ASSIGN_OR_RETURN(std::vector<CopyField> fields, ParseCopyLine(line));
    return std::optional(std::move(fields));
  }

 private:
  // The end of the rows is not yet the end of the copy: the server may have failed instead.
  Result<std::optional<std::vector<CopyField>>> Complete() {
    at_end_ = true;
    while (true) {
      LC2_ASSIGN_OR_RETURN(const PgResult result, session_.NextResult(ctx_));
      if (result == nullptr) return std::optional<std::vector<CopyField>>();
      LC2_RETURN_IF_ERROR(session_.Judge(result.get()));
    }
  }

  Session& session_;
  const Context ctx_;
  bool at_end_ = false;
};

Result<std::unique_ptr<RowReader>> Session::Stream(const Context& ctx, std::string_view statement,
                                                   const Params& params) {
  LC2_RETURN_IF_ERROR(Send(ctx, statement, params));
  if (PQsetSingleRowMode(connection_.get()) == 0) return Broken();
  return std::unique_ptr<RowReader>(std::make_unique<PostgresRows>(*this, ctx));
}

Result<std::unique_ptr<CopyReader>> Session::CopyOut(const Context& ctx,
                                                     std::string_view statement) {
  LC2_RETURN_IF_ERROR(Send(ctx, statement, {}));
  LC2_ASSIGN_OR_RETURN(const PgResult result, NextResult(ctx));
  LC2_RETURN_IF_ERROR(Judge(result.get()));
  if (PQresultStatus(result.get()) != PGRES_COPY_OUT) {
    Abandon();
    return Error{.kind = ErrorKind::kInternal,
                 .code = "sql.bad_statement",
                 .message = "a statement is no copy to the client"};
  }
  return std::unique_ptr<CopyReader>(std::make_unique<CopyRows>(*this, ctx));
}

}  // namespace

std::unique_ptr<PostgresConnection> internal::WrapConnection(PgConnection connection,
                                                             std::string where) {
  return std::make_unique<Session>(std::move(connection), std::move(where));
}

}  // namespace lc2::sql
