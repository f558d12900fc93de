#include "database/restore.h"

#include <fmt/core.h>

#include "database/dump_session.h"
#include "database/load.h"

namespace lc2::database {

namespace {

constexpr std::size_t kMaxName = 63;  // NAMEDATALEN - 1

std::string Suffixed(const std::string& name, const std::string& suffix) {
  return name.substr(0, kMaxName - suffix.size()) + suffix;
}

// A session with the server's maintenance database: names of databases change hands from there.
Result<std::unique_ptr<sql::PostgresConnection>> ConnectServer(const Context& ctx,
                                                               DatabaseTarget target) {
  target.name = "postgres";
  return Connect(ctx, target);
}

Result<void> DropDatabase(const Context& ctx, sql::PostgresConnection& server,
                          const std::string& name) {
  LC2_RETURN_IF_ERROR(
      server.Execute(ctx, "drop database if exists " + sql::QuoteIdentifier(name)));
  return {};
}

Result<void> CountContents(const Context& ctx, const DatabaseTarget& target, TargetFacts& facts) {
  LC2_ASSIGN_OR_RETURN(const auto connection, Connect(ctx, target));
  LC2_ASSIGN_OR_RETURN(
      const auto row,
      connection->QueryOne(
          ctx,
          "select (select count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n "
          "on n.oid = c.relnamespace where c.relkind in ('r','p','v','m','S','f') and "
          "n.nspname not in ('pg_catalog','information_schema') and n.nspname !~ '^pg_'), "
          "(select count(*) from pg_catalog.pg_largeobject_metadata)"));
  facts.tables = row->Int(0);
  facts.large_objects = row->Int(1);
  facts.state = facts.tables + facts.large_objects == 0 ? TargetState::kEmpty
                                                        : TargetState::kFilled;
  return {};
}

Error Refused(ErrorKind kind, std::string code, std::string message, std::string hint) {
  return Error{.kind = kind,
               .code = std::move(code),
               .message = std::move(message),
               .hint = std::move(hint)};
}

Result<void> CheckTarget(const DatabaseTarget& target, const TargetFacts& facts, bool overwrite) {
  if (facts.foreign_sessions > 0) {
    return Refused(ErrorKind::kConflict, "database.in_use",
                   fmt::format("{} is in use: {}", target.Describe(), facts.sessions),
                   "stop the portal and every other client first");
  }
  if (facts.state == TargetState::kFilled && !overwrite) {
    return Refused(ErrorKind::kConflict, "database.not_empty",
                   fmt::format("{} is not empty", target.Describe()),
                   "restore with strategy Overwrite and `--yes`, or drop it first");
  }
  if (!facts.can_create_database) {
    return Refused(ErrorKind::kDenied, "database.cannot_create",
                   fmt::format("role '{}' may not create databases on {}", target.user,
                               target.Describe()),
                   "grant it CREATEDB");
  }
  return {};
}

// Both names change in one transaction, so that the target is never without a database.
Result<void> Switch(const Context& ctx, sql::PostgresConnection& server, const std::string& loaded,
                    const std::string& name, const std::string& previous, bool replaces) {
  LC2_ASSIGN_OR_RETURN(auto transaction, sql::Transaction::Begin(ctx, server));
  if (replaces) {
    LC2_RETURN_IF_ERROR(server.Execute(ctx, "alter database " + sql::QuoteIdentifier(name) +
                                                " rename to " + sql::QuoteIdentifier(previous)));
  }
  LC2_RETURN_IF_ERROR(server.Execute(ctx, "alter database " + sql::QuoteIdentifier(loaded) +
                                              " rename to " + sql::QuoteIdentifier(name)));
  return transaction.Commit(ctx);
}

}  // namespace

std::string LoadingName(const std::string& name, const std::string& run8) {
  return Suffixed(name, "_lc2_" + run8);
}
std::string PreviousName(const std::string& name, const std::string& run8) {
  return Suffixed(name, "_old_" + run8);
}

Result<TargetFacts> InspectTarget(const Context& ctx, const DatabaseTarget& target) {
  LC2_ASSIGN_OR_RETURN(const auto server, ConnectServer(ctx, target));
  TargetFacts facts{.server_version = server->server_version_text()};
  LC2_ASSIGN_OR_RETURN(
      const auto role,
      server->QueryOne(ctx, "select (rolcreatedb or rolsuper)::int from pg_catalog.pg_roles "
                            "where rolname = current_user"));
  facts.can_create_database = role && role->Bool(0);
  LC2_ASSIGN_OR_RETURN(
      const auto found,
      server->QueryOne(ctx,
                       "select pg_catalog.pg_database_size(oid), "
                       "pg_catalog.pg_has_role(datdba, 'MEMBER')::int "
                       "from pg_catalog.pg_database where datname = $1",
                       {target.name}));
  if (!found) return facts;
  facts.size_bytes = found->Int(0);
  facts.owns_database = found->Bool(1);
  LC2_ASSIGN_OR_RETURN(
      const auto sessions,
      server->Query(ctx,
                    "select coalesce(usename::text, '?') || ' from ' || "
                    "coalesce(host(client_addr), 'a local socket'), count(*) "
                    "from pg_catalog.pg_stat_activity where datname = $1 and "
                    "backend_type = 'client backend' group by 1 order by 1",
                    {target.name}));
  for (const sql::Row& row : sessions) {
    facts.foreign_sessions += row.Int(1);
    facts.sessions += fmt::format("{}{} ({})", facts.sessions.empty() ? "" : ", ", row.Text(0),
                                  row.Int(1));
  }
  LC2_RETURN_IF_ERROR(CountContents(ctx, target, facts));
  return facts;
}

Result<void> CheckRestoreFits(const DumpFacts&, const std::string& dump_server_version,
                              const std::string& target_server_version) {
  if (dump_server_version.empty()) return {};
  LC2_ASSIGN_OR_RETURN(const ToolVersion from, ParseToolVersion(dump_server_version));
  LC2_ASSIGN_OR_RETURN(const ToolVersion to, ParseToolVersion(target_server_version));
  if (to.major >= from.major) return {};
  return Refused(ErrorKind::kInvalid, "database.target_too_old",
                 fmt::format("the dump is of PostgreSQL {}, the target server is {}", from.str(),
                             to.str()),
                 "restore into a server of the same major version or a newer one");
}

Result<RestoreFacts> Restore(const Context& ctx, const DatabaseTarget& target, ObjectStore& store,
                             const RestoreOptions& options) {
  LC2_ASSIGN_OR_RETURN(const TargetFacts before, InspectTarget(ctx, target));
  if (options.into.empty()) LC2_RETURN_IF_ERROR(CheckTarget(target, before, options.overwrite));
  LC2_RETURN_IF_ERROR(
      CheckRestoreFits(options.dump, options.dump_server_version, before.server_version));
  LC2_ASSIGN_OR_RETURN(const auto server, ConnectServer(ctx, target));
  LC2_ASSIGN_OR_RETURN(const LoadPlan plan,
                       PlanLoad(ctx, options.tools, options.dump, server->server_major()));

  DatabaseTarget beside = target;
  beside.name = options.into.empty() ? LoadingName(target.name, options.run8) : options.into;
  if (options.into.empty()) LC2_RETURN_IF_ERROR(DropDatabase(ctx, *server, beside.name));
  LC2_RETURN_IF_ERROR(server->Execute(ctx, "create database " + sql::QuoteIdentifier(beside.name) +
                                               " template template0 encoding 'UTF8'"));
  RestoreFacts facts{.database = beside.name, .tool = plan.str()};
  const auto load = [&]() -> Result<void> {
    LC2_ASSIGN_OR_RETURN(facts.raw_bytes, Load(ctx, beside, store, options.dump, plan));
    if (options.before_switch) LC2_RETURN_IF_ERROR(options.before_switch(ctx, beside.name));
    if (!options.into.empty()) return {};
    // Looked at again: a client may have come while the data was loaded.
    LC2_ASSIGN_OR_RETURN(const TargetFacts now, InspectTarget(ctx, target));
    LC2_RETURN_IF_ERROR(CheckTarget(target, now, options.overwrite));
    const bool replaces = now.state != TargetState::kAbsent;
    const std::string previous = PreviousName(target.name, options.run8);
    LC2_RETURN_IF_ERROR(Switch(ctx, *server, beside.name, target.name, previous, replaces));
    facts.database = target.name;
    if (replaces) facts.previous = previous;
    return {};
  };
  const Result<void> done = load();
  if (!done.has_value()) {
    // With a context of its own: a cancelled restore leaves no half-filled database either.
    const Context own(ctx.clock(), ctx.log());
    (void)DropDatabase(own, *server, beside.name);
    return done.error();
  }
  if (!facts.previous.empty() && !options.keep_previous) {
    LC2_RETURN_IF_ERROR(DropDatabase(ctx, *server, facts.previous));
    facts.previous.clear();
  }
  return facts;
}

}  // namespace lc2::database
