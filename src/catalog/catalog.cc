#include "catalog/catalog.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <set>

#include "codec/described.h"
#include "sql/sqlite.h"
#include "vault/backup.h"

namespace lc2::catalog {

namespace {

constexpr std::int64_t kMaxPage = 1'000;

// Times are whole seconds since 1970, so that SQL can compare them.
constexpr std::string_view kSchema1 = R"(
create table backup_requests (
  location text not null, project_id text not null, environment text not null,
  backup_id text not null, run_id text not null, state text not null, initiator text not null,
  backup_type text not null, timestamp integer not null, completed_at integer,
  expires_at integer, base text not null, database_type text not null, engine text not null,
  engine_version text not null, database_bytes integer not null, object_count integer not null,
  library_bytes integer not null, level text not null, refs integer not null,
  missing integer not null, orphans integer not null, size_mismatches integer not null,
  portable integer not null, hold_reason text not null, verified_level text not null,
  verified_result text not null, verified_at integer, error_code text not null,
  error_message text not null, manifest_path text not null,
  primary key (location, project_id, environment, run_id)
) strict;
create index backup_requests_newest on backup_requests (timestamp desc, backup_id desc);
create index backup_requests_by_environment
  on backup_requests (project_id, environment, timestamp desc, backup_id desc);
create index backup_requests_by_id on backup_requests (project_id, environment, backup_id);
create view recent_successful_backups as
  select * from backup_requests where state = 'Succeeded' order by timestamp desc;
create view backup_summary_by_project as
  select project_id, count(*) as backups,
         sum(state = 'Succeeded') as succeeded, sum(state = 'Failed') as failed,
         max(case when state = 'Succeeded' then timestamp end) as last_success,
         sum(case when state = 'Succeeded' then database_bytes + library_bytes else 0 end) as bytes
  from backup_requests group by project_id;
)";

// A page is found without a walk through the table: of given states by the index of theirs; all
// else that can be asked for is in the index of the newest.
constexpr std::string_view kSchema2 = R"(
drop index backup_requests_newest;
create index backup_requests_newest on backup_requests (
  timestamp desc, backup_id desc, run_id desc, location desc,
  state, backup_type, database_type, verified_result, project_id, environment);
create index backup_requests_by_state on backup_requests (
  state, timestamp desc, backup_id desc, run_id desc, location desc);
drop index backup_requests_by_environment;
create index backup_requests_by_environment on backup_requests (
  project_id, environment, timestamp desc, backup_id desc, run_id desc, location desc, state);
)";

constexpr std::string_view kColumns =
    "location, project_id, environment, backup_id, run_id, state, initiator, backup_type, "
    "timestamp, completed_at, expires_at, base, database_type, engine, engine_version, "
    "database_bytes, object_count, library_bytes, level, refs, missing, orphans, "
    "size_mismatches, portable, hold_reason, verified_level, verified_result, verified_at, "
    "error_code, error_message, manifest_path";
constexpr int kColumnCount = 31;

std::int64_t Seconds(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}
std::optional<std::int64_t> Seconds(const std::optional<Time>& time) {
  return time ? std::optional(Seconds(*time)) : std::nullopt;
}
Time FromSeconds(std::int64_t seconds) { return Time(std::chrono::seconds(seconds)); }
std::optional<Time> FromSeconds(const std::optional<std::int64_t>& seconds) {
  return seconds ? std::optional(FromSeconds(*seconds)) : std::nullopt;
}

sql::Params ParamsOf(const BackupRecord& r) {
  return {r.location,
          r.project_id,
          r.environment,
          r.backup_id,
          r.run_id,
          codec::Word(r.state),
          r.initiator,
          r.backup_type,
          Seconds(r.timestamp),
          Seconds(r.completed_at),
          Seconds(r.expires_at),
          r.base,
          r.database_type,
          r.engine,
          r.engine_version,
          r.database_bytes,
          r.object_count,
          r.library_bytes,
          r.level,
          r.references,
          r.missing,
          r.orphans,
          r.size_mismatches,
          r.portable,
          r.hold_reason,
          r.verified_level,
          r.verified_result,
          Seconds(r.verified_at),
          r.error_code,
          r.error_message,
          r.manifest_path};
}

BackupRecord RecordOf(const sql::Row& row) {
  std::size_t i = 0;
  const auto text = [&] { return row.Text(i++); };
  const auto number = [&] { return row.Int(i++); };
  const auto time = [&] { return FromSeconds(row.OptionalInt(i++)); };
  BackupRecord r;
  r.location = text();
  r.project_id = text();
  r.environment = text();
  r.backup_id = text();
  r.run_id = text();
  r.state = codec::FromWord<BackupState>(text()).value_or(BackupState::kInProgress);
  r.initiator = text();
  r.backup_type = text();
  r.timestamp = FromSeconds(number());
  r.completed_at = time();
  r.expires_at = time();
  r.base = text();
  r.database_type = text();
  r.engine = text();
  r.engine_version = text();
  r.database_bytes = number();
  r.object_count = number();
  r.library_bytes = number();
  r.level = text();
  r.references = number();
  r.missing = number();
  r.orphans = number();
  r.size_mismatches = number();
  r.portable = number() != 0;
  r.hold_reason = text();
  r.verified_level = text();
  r.verified_result = text();
  r.verified_at = time();
  r.error_code = text();
  r.error_message = text();
  r.manifest_path = text();
  return r;
}

// A list of conditions with their parameters.
class Conditions {
 public:
  void Add(std::string_view column_and_operator, sql::Value value) {
    params_.push_back(std::move(value));
    text_ += fmt::format(" and {} ${}", column_and_operator, params_.size());
  }
  void AddIfGiven(std::string_view column, const std::string& value) {
    if (!value.empty()) Add(fmt::format("{} =", column), value);
  }
  // Rows after the cursor's, newest first. Of two of one second the later one has the larger id.
  Result<void> AddCursor(const std::string& cursor) {
    if (cursor.empty()) return {};
    const std::size_t dot = cursor.find('.');
    const std::size_t second = dot == std::string::npos ? dot : cursor.find('.', dot + 1);
    const Error bad{
        .kind = ErrorKind::kInvalid,
        .code = "catalog.bad_cursor",
        .message = fmt::format("'{}' is not a cursor of this list", cursor.substr(0, 80)),
        .hint = "start again without it"};
    const std::size_t slash = cursor.rfind('/');
    if (second == std::string::npos || slash == std::string::npos || slash < second) return bad;
    std::int64_t seconds = 0;
    const char* const end = cursor.data() + dot;
    const auto [parsed, failed] = std::from_chars(cursor.data(), end, seconds);
    if (failed != std::errc() || parsed != end) return bad;
    params_.push_back(seconds);
    params_.push_back(cursor.substr(slash + 1));
    params_.push_back(cursor.substr(dot + 1, second - dot - 1));
    params_.push_back(cursor.substr(second + 1, slash - second - 1));
    text_ +=
        fmt::format(" and (timestamp, backup_id, run_id, location) < (${}, ${}, ${}, ${})",
                    params_.size() - 3, params_.size() - 2, params_.size() - 1, params_.size());
    return {};
  }
  // The first `count` rows of these states, or of all that are not deleted.
  std::string Page(const std::set<BackupState>& states, std::int64_t count) {
    const std::string first = fmt::format(
        "order by timestamp desc, backup_id desc, run_id desc, location desc limit {}", count);
    std::vector<std::string> pages;
    const auto add = [&](std::string_view which, BackupState state) {
      params_.push_back(codec::Word(state));
      pages.push_back(fmt::format("select {} from backup_requests where state {} ${}{} {}",
                                  kColumns, which, params_.size(), text_, first));
    };
    for (const BackupState state : states) add("=", state);
    if (states.empty()) add("<>", BackupState::kDeleted);
    if (pages.size() == 1) return pages.front();
    // Each state's rows come from its index in this order; `in` would have them all sorted.
    return fmt::format("select * from ({}) {}", fmt::join(pages, ") union all select * from ("),
                       first);
  }
  const sql::Params& params() const { return params_; }

 private:
  std::string text_;
  sql::Params params_;
};

Error Damaged(const std::filesystem::path& file, const Error& why) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "catalog.damaged",
               .message = fmt::format("the catalogue '{}' is damaged", file.native()),
               .hint =
                   "run `lc2 catalog rebuild`: it makes the catalogue anew from the vaults, which "
                   "lack nothing",
               .cause = Share(why)};
}

Result<std::unique_ptr<sql::Connection>> OpenFile(const Context& ctx,
                                                  const std::filesystem::path& file) {
  // What it holds can be rebuilt, so it need not wait for the disk at each commit.
  LC2_ASSIGN_OR_RETURN(auto connection, sql::OpenSqlite(ctx, file, {.durable = false}));
  LC2_RETURN_IF_ERROR(sql::Migrate(ctx, *connection, {kSchema1, kSchema2}));
  return connection;
}

class SqliteCatalog final : public Catalog {
 public:
  explicit SqliteCatalog(std::filesystem::path file) : file_(std::move(file)) {}

  Result<void> Open(const Context& ctx) {
    Result<std::unique_ptr<sql::Connection>> opened = OpenFile(ctx, file_);
    if (opened.has_value()) {
      connection_ = std::move(opened).value();
    } else if (opened.error().kind != ErrorKind::kCorrupt) {
      return opened.error();
    } else {
      damage_ = opened.error();
    }
    return {};
  }

  Result<void> Put(const Context& ctx, const BackupRecord& record) override {
    const std::lock_guard lock(mutex_);
    return Insert(ctx, record);
  }

  Result<BackupPage> List(const Context& ctx, const BackupFilter& filter) override {
    const std::lock_guard lock(mutex_);
    Conditions where;
    where.AddIfGiven("project_id", filter.project_id);
    where.AddIfGiven("environment", filter.environment);
    where.AddIfGiven("location", filter.location);
    where.AddIfGiven("backup_type", filter.backup_type);
    where.AddIfGiven("database_type", filter.database_type);
    where.AddIfGiven("verified_result", filter.verified_result);
    if (filter.since) where.Add("timestamp >=", Seconds(*filter.since));
    if (filter.until) where.Add("timestamp <", Seconds(*filter.until));
    LC2_RETURN_IF_ERROR(where.AddCursor(filter.cursor));
    const std::int64_t limit = std::clamp<std::int64_t>(filter.limit, 1, kMaxPage);
    const std::string statement =
        where.Page({filter.states.begin(), filter.states.end()}, limit + 1);
    LC2_RETURN_IF_ERROR(CheckOpen());
    const auto rows = connection_->Query(ctx, statement, where.params());
    if (!rows.has_value()) return Named(rows.error());
    BackupPage page;
    for (const sql::Row& row : *rows) page.records.push_back(RecordOf(row));
    if (static_cast<std::int64_t>(page.records.size()) > limit) {
      page.records.pop_back();
      const BackupRecord& last = page.records.back();
      page.next_cursor = fmt::format("{}.{}.{}/{}", Seconds(last.timestamp), last.run_id,
                                     last.location, last.backup_id);
    }
    return page;
  }

  Result<BackupRecord> Get(const Context& ctx, const EnvironmentId& env,
                           const BackupId& id) override {
    const std::lock_guard lock(mutex_);
    LC2_RETURN_IF_ERROR(CheckOpen());
    const auto row = connection_->QueryOne(
        ctx,
        fmt::format("select {} from backup_requests where project_id = $1 and environment = $2 and "
                    "backup_id = $3 order by timestamp desc, run_id desc, location desc limit 1",
                    kColumns),
        {env.project.str(), env.environment.str(), id.str()});
    if (!row.has_value()) return Named(row.error());
    if (!*row) {
      return Error{
          .kind = ErrorKind::kNotFound,
          .code = "backup.not_found",
          .message = fmt::format("environment '{}' has no backup '{}'", env.str(), id.str()),
          .hint =
              "see `lc2 backup list`, or rebuild the catalogue with "
              "`lc2 catalog rebuild`"};
    }
    return RecordOf(**row);
  }

  Result<RebuildReport> Rebuild(const Context& ctx, const std::string& location,
                                ObjectStore& vault) override {
    const std::lock_guard lock(mutex_);
    LC2_RETURN_IF_ERROR(ReplaceIfDamaged(ctx));
    LC2_ASSIGN_OR_RETURN(sql::Transaction transaction, sql::Transaction::Begin(ctx, *connection_));
    LC2_RETURN_IF_ERROR(
        connection_->Execute(ctx, "delete from backup_requests where location = $1", {location}));
    RebuildReport report;
    LC2_ASSIGN_OR_RETURN(const auto environments, vault::ListEnvironments(ctx, vault));
    for (const EnvironmentId& env : environments) {
      ++report.environments;
      LC2_ASSIGN_OR_RETURN(const vault::RunList list, vault::ListBackups(ctx, vault, env));
      for (const Error& error : list.damaged) report.damaged.push_back(Describe(error));
      for (const vault::RunFacts& facts : list.runs) {
        ++report.runs;
        LC2_RETURN_IF_ERROR(AddRun(ctx, location, vault, env, facts, report));
      }
    }
    LC2_RETURN_IF_ERROR(transaction.Commit(ctx));
    return report;
  }

 private:
  // mutex_ is held.
  Result<void> Insert(const Context& ctx, const BackupRecord& record) {
    static const std::string kStatement = [] {
      std::string marks;
      for (int i = 1; i <= kColumnCount; ++i) marks += fmt::format("{}${}", i == 1 ? "" : ",", i);
      return fmt::format("insert or replace into backup_requests ({}) values ({})", kColumns,
                         marks);
    }();
    LC2_RETURN_IF_ERROR(CheckOpen());
    const auto put = connection_->Execute(ctx, kStatement, ParamsOf(record));
    if (!put.has_value()) return Named(put.error());
    return {};
  }

  // A damaged manifest does not hide its run: the log alone tells what it can.
  Result<void> AddRun(const Context& ctx, const std::string& location, ObjectStore& vault,
                      const EnvironmentId& env, const vault::RunFacts& facts,
                      RebuildReport& report) {
    if (!facts.alive()) return Insert(ctx, MakeRecord(location, env, facts, nullptr));
    Result<vault::OpenedBackup> backup =
        vault::OpenBackup(ctx, vault, env, *facts.opened->backup_id);
    if (backup.has_value()) return Insert(ctx, MakeRecord(location, env, facts, &backup->manifest));
    // A manifest that is not there is as good as a damaged one: there is no waiting for it here.
    const bool unfinished = backup.error().code == "backup.unfinished";
    if (FactsOf(backup.error().kind).retryable && !unfinished) return std::move(backup).error();
    report.damaged.push_back(Describe(backup.error()));
    return Insert(ctx, MakeRecord(location, env, facts, nullptr));
  }

  Result<void> CheckOpen() const {
    if (connection_ == nullptr) return Damaged(file_, *damage_);
    return {};
  }
  Error Named(const Error& error) const {
    return error.kind == ErrorKind::kCorrupt ? Damaged(file_, error) : error;
  }

  Result<void> ReplaceIfDamaged(const Context& ctx) {
    if (connection_ != nullptr) {
      const auto check = connection_->QueryOne(ctx, "pragma quick_check(1)");
      if (check.has_value() && *check && (*check)->Text(0) == "ok") return {};
      if (!check.has_value() && check.error().kind != ErrorKind::kCorrupt) return check.error();
      connection_.reset();
    }
    for (const char* part : {"", "-wal", "-shm"}) {
      std::error_code failed;
      std::filesystem::remove(file_.native() + part, failed);
    }
    LC2_ASSIGN_OR_RETURN(connection_, OpenFile(ctx, file_));
    damage_.reset();
    return {};
  }

  const std::filesystem::path file_;
  std::mutex mutex_;                             // over connection_
  std::unique_ptr<sql::Connection> connection_;  // null: the file is damaged
  std::optional<Error> damage_;
};

}  // namespace

Result<std::unique_ptr<Catalog>> Catalog::Open(const Context& ctx,
                                               const std::filesystem::path& file) {
  auto catalog = std::make_unique<SqliteCatalog>(file);
  LC2_RETURN_IF_ERROR(catalog->Open(ctx));
  return std::unique_ptr<Catalog>(std::move(catalog));
}

Result<BackupRecord> Catalog::Refresh(const Context& ctx, const std::string& location,
                                      ObjectStore& vault, const EnvironmentId& env,
                                      const RunId& run) {
  LC2_ASSIGN_OR_RETURN(const vault::ControlLog log, vault::ReadControlLog(ctx, vault, env, run));
  const vault::RunFacts facts = vault::Fold(log);
  if (!facts.opened || facts.opened->kind != vault::RunKind::kBackup) {
    return Error{
        .kind = ErrorKind::kNotFound,
        .code = "backup.not_found",
        .message = fmt::format("environment '{}' has no backup run '{}'", env.str(), run.str())};
  }
  std::optional<vault::OpenedBackup> backup;
  if (facts.alive()) {
    Result<vault::OpenedBackup> opened =
        vault::OpenBackup(ctx, vault, env, *facts.opened->backup_id);
    // A damaged manifest does not keep a decision from being shown.
    const bool damaged = !opened.has_value() && (opened.error().kind == ErrorKind::kCorrupt ||
                                                 opened.error().code == "backup.unfinished");
    if (!opened.has_value() && !damaged) return std::move(opened).error();
    if (opened.has_value()) backup = std::move(opened).value();
  }
  BackupRecord record = MakeRecord(location, env, facts, backup ? &backup->manifest : nullptr);
  LC2_RETURN_IF_ERROR(Put(ctx, record));
  return record;
}

}  // namespace lc2::catalog
