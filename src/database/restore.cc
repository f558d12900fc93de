#include "database/restore.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "database/dump_session.h"
#include "database/load.h"
#include "database/server_admin.h"
#include "database/stored_dump.h"

namespace lc2::database {

namespace {

constexpr std::size_t kMaxName = 63;  // bytes of an identifier (PostgreSQL, NAMEDATALEN - 1)
constexpr std::chrono::seconds kCleanUpTime{60};

// `name` cut at a character's border so that `suffix` fits.
std::string WithSuffix(const std::string& name, const std::string& suffix) {
  std::size_t end = std::min(name.size(), kMaxName - suffix.size());
  while (end > 0 && end < name.size() && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) {
    --end;
  }
  return name.substr(0, end) + suffix;
}

// What the database itself says: how much lies in it.
Result<void> LookInside(const Context& ctx, const DatabaseTarget& target, TargetFacts& facts) {
  LC2_ASSIGN_OR_RETURN(const auto connection, Connect(ctx, target));
  LC2_ASSIGN_OR_RETURN(
      const std::optional<sql::Row> row,
      connection->QueryOne(
          ctx,
          "select (select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
          "  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and n.nspname !~ '^pg_'"
          "  and n.nspname <> 'information_schema' and not exists (select from pg_depend d"
          "   where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')),"
          " (select count(*) from pg_largeobject_metadata)"));
  LC2_CHECK(row.has_value());
  facts.tables = row->Int(0);
  facts.large_objects = row->Int(1);
  if (facts.tables > 0 || facts.large_objects > 0) facts.state = TargetState::kFilled;
  return {};
}

Result<TargetFacts> Inspect(const Context& ctx, ServerAdmin& admin, const DatabaseTarget& target) {
  LC2_ASSIGN_OR_RETURN(TargetFacts facts, admin.Describe(ctx, target.name));
  if (facts.state != TargetState::kAbsent) {
    LC2_RETURN_IF_ERROR(LookInside(ctx, target, facts));
  }
  return facts;
}

Result<void> CheckTarget(const DatabaseTarget& target, const TargetFacts& facts, bool overwrite) {
  if (facts.foreign_sessions > 0) {
    return Error{.kind = ErrorKind::kConflict,
                 .code = "database.in_use",
                 .message = fmt::format("{} has sessions of {}", target.Describe(), facts.sessions),
                 .hint = "stop the portal and other clients, then run it again"};
  }
  if (facts.state == TargetState::kFilled && !overwrite) {
    return Error{.kind = ErrorKind::kConflict,
                 .code = "database.not_empty",
                 .message = fmt::format("{} holds {} tables and {} large objects",
                                        target.Describe(), facts.tables, facts.large_objects),
                 .hint = "restore with overwrite, or into another database"};
  }
  if (!facts.can_create_database) {
    return Error{.kind = ErrorKind::kDenied,
                 .code = "database.cannot_create",
                 .message = fmt::format("user '{}' may not create databases on '{}:{}'",
                                        target.user, target.host, target.port),
                 .hint = fmt::format("alter role \"{}\" createdb", target.user)};
  }
  if (facts.state != TargetState::kAbsent && !facts.owns_database) {
    return Error{.kind = ErrorKind::kDenied,
                 .code = "database.cannot_replace",
                 .message = fmt::format("user '{}' does not own {}, so it cannot replace it",
                                        target.user, target.Describe()),
                 .hint = "use the role that owns the database, or one that is a member of it"};
  }
  return {};
}

Result<void> CheckSpace(const DatabaseTarget& target, const TargetFacts& facts,
                        const RestoreOptions& options) {
  // A tenth more: what is written beside the data (write-ahead log, sorting for indexes).
  const std::int64_t size = std::max(options.dump.raw_bytes, options.database_bytes);
  const std::int64_t needed = size + size / 10;
  if (!facts.free_bytes.has_value() || *facts.free_bytes > needed) return {};
  return Error{.kind = ErrorKind::kUnavailable,
               .code = "database.no_space",
               .message = fmt::format("the server of {} has {} bytes free, the restored database "
                                      "needs about {}",
                                      target.Describe(), *facts.free_bytes, needed),
               .hint =
                   "the old database stays until the new one is complete: free some disk space "
                   "on the server"};
}

// The database in between: dropped at the end of life unless it was given its real name.
class LoadingDatabase {
 public:
  LoadingDatabase(const DatabaseTarget& target, ServerAdmin& admin, std::string name)
      : target_(target), admin_(admin), name_(std::move(name)) {}
  LoadingDatabase(const LoadingDatabase&) = delete;
  LoadingDatabase& operator=(const LoadingDatabase&) = delete;
  ~LoadingDatabase() {
    if (kept_) return;
    // The caller's context may be over by now, and the session with it.
    const SystemClock clock;
    const Context ctx = Context(clock).WithTimeout(kCleanUpTime);
    if (admin_.DropIfExists(ctx, name_, ServerAdmin::Sessions::kEnded).has_value()) return;
    Result<ServerAdmin> again = ServerAdmin::Connect(ctx, target_);
    // Else the next try of the same run, which uses the same name, drops it.
    if (again.has_value()) (void)again->DropIfExists(ctx, name_, ServerAdmin::Sessions::kEnded);
  }
  const std::string& name() const { return name_; }
  void Keep() { kept_ = true; }

 private:
  const DatabaseTarget& target_;
  ServerAdmin& admin_;
  const std::string name_;
  bool kept_ = false;
};

// Statistics, so that the first users do not wait for autovacuum. Nothing is lost without them.
void Analyze(const Context& ctx, const DatabaseTarget& loaded) {
  const auto connection = Connect(ctx, loaded);
  if (connection.has_value() && (*connection)->Execute(ctx, "analyze").has_value()) return;
  ctx.log().Warning("database.not_analyzed", {{"database", loaded.name}});
}

// The switch is done: a left-over is untidy, not wrong.
void DropOld(const Context& ctx, ServerAdmin& admin, const std::string& name) {
  const Result<void> dropped = admin.DropIfExists(ctx, name, ServerAdmin::Sessions::kRespected);
  if (dropped.has_value()) return;
  ctx.log().Warning("database.not_dropped",
                    {{"database", name}, {"error", lc2::Describe(dropped.error())}});
}

// The loaded database takes the target's name. Returns what a replaced one is called now.
Result<std::string> Switch(const Context& ctx, ServerAdmin& admin, const DatabaseTarget& target,
                           const RestoreOptions& options, LoadingDatabase& loading) {
  // It was looked at before the load, which may have taken hours.
  LC2_ASSIGN_OR_RETURN(const TargetFacts now, Inspect(ctx, admin, target));
  LC2_RETURN_IF_ERROR(CheckTarget(target, now, options.overwrite));
  if (now.state == TargetState::kAbsent) {
    LC2_RETURN_IF_ERROR(admin.RenameAll(ctx, {{.from = loading.name(), .to = target.name}}));
    loading.Keep();
    return std::string();
  }
  LC2_RETURN_IF_ERROR(admin.CopyProperties(ctx, target.name, loading.name()));
  // A database of that name is from an earlier try of this run: it holds what was there before, and
  // the target what that try restored.
  const std::string previous = PreviousName(target.name, options.run8);
  LC2_ASSIGN_OR_RETURN(const std::int64_t earlier, admin.IdOf(ctx, previous));
  const std::string old =
      earlier == 0 ? previous : WithSuffix(target.name, "_drop_" + options.run8);
  if (old != previous) DropOld(ctx, admin, old);  // a third try
  LC2_RETURN_IF_ERROR(admin.RenameAll(
      ctx, {{.from = target.name, .to = old}, {.from = loading.name(), .to = target.name}}));
  loading.Keep();
  const bool keep = options.keep_previous && (earlier != 0 || now.state == TargetState::kFilled);
  if (old != previous || !keep) DropOld(ctx, admin, old);
  if (old != previous && !keep) DropOld(ctx, admin, previous);
  return keep ? previous : std::string();
}

}  // namespace

Result<TargetFacts> InspectTarget(const Context& ctx, const DatabaseTarget& target) {
  LC2_ASSIGN_OR_RETURN(ServerAdmin admin, ServerAdmin::Connect(ctx, target));
  return Inspect(ctx, admin, target);
}

Result<void> CheckRestoreFits(const DumpFacts& dump, const std::string& dump_server_version,
                              const std::string& target_server_version) {
  LC2_ASSIGN_OR_RETURN(const ToolVersion target, ParseToolVersion(target_server_version));
  if (dump_server_version.empty()) return {};
  LC2_ASSIGN_OR_RETURN(const ToolVersion source, ParseToolVersion(dump_server_version));
  if (target.major >= source.major) return {};
  return Error{.kind = ErrorKind::kInvalid,
               .code = "database.target_too_old",
               .message = fmt::format("dump '{}' is of a PostgreSQL {} server, the target is {}",
                                      dump.path, source.str(), target.str()),
               .hint = fmt::format("restore into PostgreSQL {} or newer", source.major)};
}

std::string LoadingName(const std::string& name, const std::string& run8) {
  return WithSuffix(name, "_lc2_" + run8);
}

std::string PreviousName(const std::string& name, const std::string& run8) {
  return WithSuffix(name, "_old_" + run8);
}

Result<void> DropLoading(const Context& ctx, const DatabaseTarget& target,
                         const std::string& run8) {
  LC2_ASSIGN_OR_RETURN(ServerAdmin admin, ServerAdmin::Connect(ctx, target));
  return admin.DropIfExists(ctx, LoadingName(target.name, run8), ServerAdmin::Sessions::kEnded);
}

Result<RestoreFacts> Restore(const Context& ctx, const DatabaseTarget& given, ObjectStore& store,
                             const RestoreOptions& options) {
  LC2_CHECK(!options.run8.empty() && options.run8.size() <= 16);
  DatabaseTarget target = given;
  if (!options.into.empty()) target.name = options.into;
  LC2_ASSIGN_OR_RETURN(ServerAdmin admin, ServerAdmin::Connect(ctx, target));
  LC2_RETURN_IF_ERROR(
      CheckRestoreFits(options.dump, options.dump_server_version, admin.server_version()));
  LC2_ASSIGN_OR_RETURN(const LoadPlan plan,
                       PlanLoad(ctx, options.tools, options.dump, admin.server_major()));
  LC2_ASSIGN_OR_RETURN(const TargetFacts before, Inspect(ctx, admin, target));
  LC2_RETURN_IF_ERROR(CheckTarget(target, before, options.overwrite));
  LC2_RETURN_IF_ERROR(CheckSpace(target, before, options));
  LC2_RETURN_IF_ERROR(CheckStoredHash(ctx, store, options.dump));

  LoadingDatabase loading(target, admin, LoadingName(target.name, options.run8));
  LC2_RETURN_IF_ERROR(admin.DropIfExists(ctx, loading.name(), ServerAdmin::Sessions::kEnded));
  LC2_RETURN_IF_ERROR(admin.Create(ctx, loading.name(), target.name));
  DatabaseTarget loaded = target;
  loaded.name = loading.name();
  if (before.owner != target.user) loaded.role = before.owner;
  LC2_ASSIGN_OR_RETURN(const std::int64_t raw_bytes, Load(ctx, loaded, store, options.dump, plan));
  Analyze(ctx, loaded);
  if (options.before_switch) LC2_RETURN_IF_ERROR(options.before_switch(ctx, loading.name()));
  LC2_ASSIGN_OR_RETURN(std::string previous, Switch(ctx, admin, target, options, loading));
  return RestoreFacts{.database = target.name,
                      .previous = std::move(previous),
                      .tool = plan.str(),
                      .raw_bytes = raw_bytes,
                      .space_checked = before.free_bytes.has_value()};
}

}  // namespace lc2::database
