#include "sql/sqlite.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sqlite3.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "base/file.h"
#include "sql/sqlite_crash_points.h"

namespace lc2::sql {

namespace {

constexpr std::size_t kKeptStatements = 64;
constexpr int kInstructionsBetweenLooks = 2'000;  // of SQLite's virtual machine
constexpr int kBusyNap = 10;                      // milliseconds

struct CloseSqlite {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Handle = std::unique_ptr<sqlite3, CloseSqlite>;
using Statement = std::unique_ptr<sqlite3_stmt, CloseSqlite>;

struct SqliteFacts {
  ErrorKind kind;
  std::string_view code;
  std::string_view hint;
};

// By extended result code (sqlite.org, "Result and Error Codes").
SqliteFacts FactsOfResult(int result) {
  switch (result) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return {ErrorKind::kAlreadyExists, "sql.duplicate", ""};
    case SQLITE_BUSY_SNAPSHOT:
      return {ErrorKind::kConflict, "sql.serialization", ""};
    default:
      break;
  }
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorKind::kUnavailable, "sql.busy", "does another lc2 hold the file for long?"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorKind::kCorrupt, "sql.corrupt",
              "the file is damaged or no SQLite file: put back a copy of it"};
    case SQLITE_FULL:
      return {ErrorKind::kUnavailable, "sql.no_space", "free some disk space"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {ErrorKind::kDenied, "sql.read_only", "may this user write the file and its folder?"};
    case SQLITE_CANTOPEN:
      return {ErrorKind::kDenied, "sql.cannot_open",
              "does its folder exist, and may this user write there?"};
    case SQLITE_IOERR:
      return {ErrorKind::kUnavailable, "sql.server_io", "is the disk full or failing?"};
    case SQLITE_CONSTRAINT:
      return {ErrorKind::kInvalid, "sql.constraint", ""};
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
      return {ErrorKind::kInvalid, "sql.bad_value", ""};
    case SQLITE_ERROR:
      return {ErrorKind::kInternal, "sql.bad_statement", ""};
    default:
      return {ErrorKind::kInternal, "sql.failed", ""};
  }
}

Error SqliteError(const std::string& path, int result, std::string_view text) {
  const SqliteFacts facts = FactsOfResult(result);
  return Error{.kind = facts.kind,
               .code = std::string(facts.code),
               .message = fmt::format("SQLite file '{}': {}", path, text),
               .hint = std::string(facts.hint),
               .provider = ProviderFacts{.service = "sqlite", .code = std::to_string(result)}};
}

Error BadStatement(std::string message) {
  return Error{
      .kind = ErrorKind::kInternal, .code = "sql.bad_statement", .message = std::move(message)};
}

class SqliteConnection;

// Gives a statement its parameters, steps through it, and hands it back.
class SqliteRows final : public RowReader {
 public:
  SqliteRows(SqliteConnection& connection, Context ctx, std::string text, Statement statement)
      : connection_(connection),
        ctx_(std::move(ctx)),
        text_(std::move(text)),
        statement_(std::move(statement)) {}
  ~SqliteRows() override;
  Result<std::optional<Row>> Next() override;

 private:
  SqliteConnection& connection_;
  const Context ctx_;
  const std::string text_;
  Statement statement_;
  bool at_end_ = false;
};

class SqliteConnection final : public Connection {
 public:
  SqliteConnection(std::string path, Handle handle, std::chrono::milliseconds busy_timeout)
      : path_(std::move(path)), handle_(std::move(handle)), busy_timeout_(busy_timeout) {
    sqlite3_extended_result_codes(handle_.get(), 1);
    sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_progress_handler(handle_.get(), kInstructionsBetweenLooks, OnProgress, this);
    sqlite3_busy_handler(handle_.get(), OnBusy, this);
  }
  ~SqliteConnection() override { kept_.clear(); }

  Dialect dialect() const override { return Dialect::kSqlite; }

  Result<std::int64_t> Execute(const Context& ctx, std::string_view statement,
                               const Params& params) override {
    const std::int64_t before = sqlite3_total_changes64(handle_.get());
    LC2_ASSIGN_OR_RETURN(const auto rows, Stream(ctx, statement, params));
    std::int64_t count = 0;
    while (true) {
      LC2_ASSIGN_OR_RETURN(const std::optional<Row> row, rows->Next());
      if (!row.has_value()) break;
      ++count;
    }
    return count > 0 ? count : sqlite3_total_changes64(handle_.get()) - before;
  }

  Result<std::unique_ptr<RowReader>> Stream(const Context& ctx, std::string_view statement,
                                            const Params& params) override {
    LC2_RETURN_IF_ERROR(ctx.Check());
    std::string text(statement);
    LC2_ASSIGN_OR_RETURN(Statement prepared, Take(ctx, text));
    LC2_RETURN_IF_ERROR(Bind(prepared.get(), params));
    return std::unique_ptr<RowReader>(
        std::make_unique<SqliteRows>(*this, ctx, std::move(text), std::move(prepared)));
  }

  Result<void> ExecuteScript(const Context& ctx, std::string_view script) override {
    LC2_RETURN_IF_ERROR(ctx.Check());
    const Looking looking(*this, ctx);
    const int result =
        sqlite3_exec(handle_.get(), std::string(script).c_str(), nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) return Failed(ctx, result);
    return {};
  }

  Error Failed(const Context& ctx, int result) const {
    if ((result & 0xff) == SQLITE_INTERRUPT || (result & 0xff) == SQLITE_BUSY) {
      const Result<void> go_on = ctx.Check();
      if (!go_on.has_value()) return go_on.error();
    }
    return SqliteError(path_, sqlite3_extended_errcode(handle_.get()),
                       sqlite3_errmsg(handle_.get()));
  }

  void Keep(std::string text, Statement statement) {
    sqlite3_reset(statement.get());
    sqlite3_clear_bindings(statement.get());
    if (kept_.size() >= kKeptStatements) kept_.clear();
    kept_.emplace(std::move(text), std::move(statement));
  }

  // While it lives, SQLite's callbacks ask `ctx` whether to go on.
  class Looking {
   public:
    Looking(SqliteConnection& connection, const Context& ctx)
        : connection_(connection), outer_(std::exchange(connection.asked_, &ctx)) {}
    ~Looking() { connection_.asked_ = outer_; }
    Looking(const Looking&) = delete;
    Looking& operator=(const Looking&) = delete;

   private:
    SqliteConnection& connection_;
    const Context* const outer_;
  };

 private:
  std::string_view BeginStatement(TransactionMode mode) const override {
    return mode == TransactionMode::kWrite ? "begin immediate" : "begin";
  }

  Result<void> CommitTransaction(const Context& ctx) override {
    LC2_RETURN_IF_ERROR(Execute(ctx, "commit", {}));
    return {};
  }

  Result<Statement> Take(const Context& ctx, const std::string& text) {
    if (auto node = kept_.extract(text)) return std::move(node.mapped());
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    const Looking looking(*this, ctx);
    const int result =
        sqlite3_prepare_v3(handle_.get(), text.c_str(), static_cast<int>(text.size()) + 1,
                           SQLITE_PREPARE_PERSISTENT, &raw, &tail);
    Statement statement(raw);
    if (result != SQLITE_OK) return Failed(ctx, result);
    if (raw == nullptr) return BadStatement("an empty statement");
    const std::string_view rest(tail);
    if (rest.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
      return BadStatement("more than one statement at once");
    }
    return statement;
  }

  Result<void> Bind(sqlite3_stmt* statement, const Params& params) {
    const int wanted = sqlite3_bind_parameter_count(statement);
    for (int i = 1; i <= wanted; ++i) {
      const char* name = sqlite3_bind_parameter_name(statement, i);
      const std::string_view text = name == nullptr ? "?" : name;
      std::size_t number = 0;
      const auto parsed = std::from_chars(text.data() + 1, text.data() + text.size(), number);
      if (text[0] != '$' || parsed.ptr != text.data() + text.size() || number == 0 ||
          number > params.size()) {
        return BadStatement(fmt::format("no value for parameter '{}'", text));
      }
      const int result = BindOne(statement, i, params[number - 1].get());
      if (result != SQLITE_OK) {
        return SqliteError(path_, result, sqlite3_errmsg(handle_.get()));
      }
    }
    return {};
  }

  static int BindOne(sqlite3_stmt* statement, int index, const Value::Variant& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      return sqlite3_bind_int64(statement, index, *number);
    }
    if (const auto* number = std::get_if<double>(&value)) {
      return sqlite3_bind_double(statement, index, *number);
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
      return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_TRANSIENT,
                                 SQLITE_UTF8);
    }
    if (const auto* blob = std::get_if<Blob>(&value)) {
      // Data of length 0 must not be null: that would bind NULL.
      const char* data = blob->bytes.empty() ? "" : blob->bytes.data();
      return sqlite3_bind_blob64(statement, index, data, blob->bytes.size(), SQLITE_TRANSIENT);
    }
    return sqlite3_bind_null(statement, index);
  }

  static int OnProgress(void* self) {
    const Context* ctx = static_cast<SqliteConnection*>(self)->asked_;
    return ctx != nullptr && !ctx->Check().has_value() ? 1 : 0;
  }

  static int OnBusy(void* self, int tries) {
    const auto* connection = static_cast<SqliteConnection*>(self);
    if (std::chrono::milliseconds(tries * kBusyNap) >= connection->busy_timeout_) return 0;
    if (OnProgress(self) != 0) return 0;
    sqlite3_sleep(kBusyNap);
    return 1;
  }

  const std::string path_;
  Handle handle_;
  const std::chrono::milliseconds busy_timeout_;
  const Context* asked_ = nullptr;
  std::map<std::string, Statement> kept_;
};

SqliteRows::~SqliteRows() {
  if (statement_ != nullptr) connection_.Keep(text_, std::move(statement_));
}

Value ReadColumn(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return sqlite3_column_int64(statement, column);
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const unsigned char* text = sqlite3_column_text(statement, column);
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      return std::string(reinterpret_cast<const char*>(text), size);
    }
    case SQLITE_BLOB: {
      const void* bytes = sqlite3_column_blob(statement, column);
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      return Blob{size == 0 ? std::string() : std::string(static_cast<const char*>(bytes), size)};
    }
    default:
      return nullptr;
  }
}

Result<std::optional<Row>> SqliteRows::Next() {
  if (at_end_) return std::optional<Row>();
  const SqliteConnection::Looking looking(connection_, ctx_);
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) {
    std::vector<Value> columns;
    const int count = sqlite3_column_count(statement_.get());
    columns.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) columns.push_back(ReadColumn(statement_.get(), i));
    return std::optional<Row>(Row(std::move(columns)));
  }
  at_end_ = true;
  if (result != SQLITE_DONE) return connection_.Failed(ctx_, result);
  // Frees its locks now; the reader itself may live on for a while.
  sqlite3_reset(statement_.get());
  return std::optional<Row>();
}

// A file that SQLite itself creates could be read by everybody; its WAL files take its mode.
Result<void> CreatePrivately(const std::filesystem::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid() && errno != EEXIST) return ErrnoError(errno, "create", path.native());
  return {};
}

}  // namespace

Result<std::unique_ptr<Connection>> OpenSqlite(const Context& ctx,
                                               const std::filesystem::path& path,
                                               const SqliteOptions& options) {
  const bool in_memory = path == ":memory:";
  if (!in_memory && options.create && !options.read_only) {
    LC2_RETURN_IF_ERROR(CreatePrivately(path));
  } else if (!in_memory && !std::filesystem::exists(path)) {
    return ErrnoError(ENOENT, "open", path.native());
  }
#ifdef LC2_CRASH_POINTS
  AddCrashPointsToSqlite();
#endif
  sqlite3* raw = nullptr;
  const int flags = (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int result = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Handle handle(raw);
  if (result != SQLITE_OK) {
    return SqliteError(path.native(), result,
                       raw == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(raw));
  }
  auto connection =
      std::make_unique<SqliteConnection>(path.native(), std::move(handle), options.busy_timeout);
  std::string setup = "pragma foreign_keys = on; pragma trusted_schema = off;";
  if (!options.read_only) setup += "pragma journal_mode = wal;";
  setup += options.durable ? "pragma synchronous = full;" : "pragma synchronous = normal;";
  // Reads the file's head, so that a file that is no database shows here.
  setup += "select count(*) from sqlite_master;";
  LC2_RETURN_IF_ERROR(connection->ExecuteScript(ctx, setup));
  return std::unique_ptr<Connection>(std::move(connection));
}

Result<void> Migrate(const Context& ctx, Connection& sqlite,
                     const std::vector<std::string_view>& migrations) {
  const auto newest = static_cast<std::int64_t>(migrations.size());
  while (true) {
    LC2_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(ctx, sqlite));
    LC2_ASSIGN_OR_RETURN(const std::optional<Row> row, sqlite.QueryOne(ctx, "pragma user_version"));
    const std::int64_t version = row.has_value() ? row->Int(0) : 0;
    if (version > newest) {
      return Error{.kind = ErrorKind::kInvalid,
                   .code = "sql.newer_schema",
                   .message = fmt::format("the file has schema {}, this lc2 knows up to {}",
                                          version, newest),
                   .hint = "use the newer lc2 that wrote it"};
    }
    if (version == newest) return {};
    LC2_RETURN_IF_ERROR(sqlite.ExecuteScript(ctx, migrations[static_cast<std::size_t>(version)]));
    LC2_RETURN_IF_ERROR(sqlite.Execute(ctx, fmt::format("pragma user_version = {}", version + 1)));
    LC2_RETURN_IF_ERROR(transaction.Commit(ctx));
  }
}

}  // namespace lc2::sql
