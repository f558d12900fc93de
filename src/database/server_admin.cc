#include "database/server_admin.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/crash_point.h"
#include "base/hash.h"
#include "database/dump_session.h"
#include "database/server_disk.h"

namespace lc2::database {

namespace {

using sql::QuoteIdentifier;
using sql::Row;

// As an SQL literal; standard_conforming_strings is on in our sessions.
std::string QuoteLiteral(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += c;
  }
  return quoted + "'";
}

// Held by the session that creates a database, until that is there (PostgreSQL manual, "Advisory
// Locks"). Any number that follows from the name will do.
std::int64_t CreationLock(const std::string& database) {
  Sha256 hash;
  hash.Update("lc2 creates " + database);
  const Sha256Digest digest = hash.Finish();
  std::uint64_t key = 0;
  for (int i = 0; i < 8; ++i) key = key << 8 | digest[i];
  return static_cast<std::int64_t>(key);
}

// Settings whose value is a list of names: it is stored as it was written, quotes and all.
bool IsList(std::string_view setting) {
  constexpr std::array<std::string_view, 5> kLists = {
      "search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries",
      "shared_preload_libraries"};
  return std::find(kLists.begin(), kLists.end(), setting) != kLists.end();
}

Result<void> CopySettings(const Context& ctx, sql::PostgresConnection& connection,
                          const std::string& from, const std::string& to) {
  LC2_ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      connection.Query(ctx,
                       "select r.rolname::text, split_part(c, '=', 1),"
                       " substr(c, strpos(c, '=') + 1) from pg_db_role_setting s"
                       " join pg_database d on d.oid = s.setdatabase"
                       " left join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) c"
                       " where d.datname = $1 order by 1, 2",
                       {from}));
  for (const Row& row : rows) {
    const std::string place = row.IsNull(0)
                                  ? fmt::format("database {}", QuoteIdentifier(to))
                                  : fmt::format("role {} in database {}",
                                                QuoteIdentifier(row.Text(0)), QuoteIdentifier(to));
    const std::string value = row.Text(2);
    const auto set = connection.Execute(
        ctx, fmt::format("alter {} set {} to {}", place, QuoteIdentifier(row.Text(1)),
                         IsList(row.Text(1)) && !value.empty() ? value : QuoteLiteral(value)));
    if (set.has_value()) continue;
    if (set.error().code != "sql.no_privilege") return set.error();
    // Somebody mightier set it. The data is all there: no reason to throw hours of loading away.
    ctx.log().Warning("database.setting_not_carried",
                      {{"database", from}, {"setting", row.Text(1)}, {"role", row.Text(0)}});
  }
  return {};
}

Result<void> CopyGrants(const Context& ctx, sql::PostgresConnection& connection,
                        const std::string& from, const std::string& to) {
  LC2_ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      connection.Query(ctx,
                       "select r.rolname::text, a.privilege_type, a.is_grantable"
                       " from pg_database d, aclexplode(d.datacl) a"
                       " left join pg_roles r on r.oid = a.grantee"
                       " where d.datname = $1 and (a.grantee = 0 or r.oid is not null)"
                       " and a.grantee <> d.datdba",
                       {from}));
  LC2_ASSIGN_OR_RETURN(
      const std::optional<Row> database,
      connection.QueryOne(ctx, "select datacl is null from pg_database where datname = $1",
                          {from}));
  if (!database.has_value() || database->Bool(0)) return {};
  LC2_RETURN_IF_ERROR(connection.Execute(
      ctx, fmt::format("revoke all on database {} from public", QuoteIdentifier(to))));
  for (const Row& row : rows) {
    LC2_RETURN_IF_ERROR(connection.Execute(
        ctx, fmt::format("grant {} on database {} to {}{}", row.Text(1), QuoteIdentifier(to),
                         row.IsNull(0) ? "public" : QuoteIdentifier(row.Text(0)),
                         row.Bool(2) ? " with grant option" : "")));
  }
  return {};
}

// " locale_provider ..." and so on, of a database in UTF-8; empty if there is none of that name.
Result<std::string> LocaleOf(const Context& ctx, sql::PostgresConnection& connection,
                             const std::string& database) {
  // The columns for providers came with 15 and got another name with 17.
  const int major = connection.server_major();
  const std::string_view provider = major >= 15 ? "datlocprovider::text" : "'c'";
  const std::string_view locale = major >= 17   ? "datlocale::text"
                                  : major >= 15 ? "daticulocale::text"
                                                : "null::text";
  LC2_ASSIGN_OR_RETURN(
      const std::optional<Row> row,
      connection.QueryOne(ctx,
                          fmt::format("select datcollate::text, datctype::text, {}, {} from"
                                      " pg_database where datname = $1"
                                      " and pg_encoding_to_char(encoding) = 'UTF8'",
                                      provider, locale),
                          {database}));
  if (!row.has_value()) return std::string();
  std::string text = fmt::format(" lc_collate {} lc_ctype {}", QuoteLiteral(row->Text(0)),
                                 QuoteLiteral(row->Text(1)));
  if (row->Text(2) == "i") {
    text += " locale_provider icu icu_locale " + QuoteLiteral(row->Text(3));
  } else if (row->Text(2) == "b") {
    text += " locale_provider builtin builtin_locale " + QuoteLiteral(row->Text(3));
  } else if (major >= 15) {
    text += " locale_provider libc";
  }
  return text;
}

// Who is connected to a database: user, address and how many. A session whose client has gone still
// shows for some milliseconds, our own last look included; so they are waited for a moment, as
// PostgreSQL itself does before it renames a database.
Result<std::vector<Row>> SessionsOf(const Context& ctx, sql::PostgresConnection& connection,
                                    const std::string& database) {
  constexpr int kLooks = 20;
  for (int look = 1;; ++look) {
    // Without rights on other roles' sessions backend_type is null; those of the server itself have
    // no user.
    LC2_ASSIGN_OR_RETURN(
        std::vector<Row> sessions,
        connection.Query(ctx,
                         "select coalesce(usename, '?')::text, coalesce(host(client_addr), 'this"
                         " machine'), count(*) from pg_stat_activity where datname = $1"
                         " and pid <> pg_backend_pid() and usesysid is not null"
                         " and coalesce(backend_type, 'client backend') = 'client backend'"
                         " group by 1, 2 order by 3 desc",
                         {database}));
    if (sessions.empty() || look == kLooks) return sessions;
    LC2_RETURN_IF_ERROR(connection.Execute(ctx, "select pg_sleep(0.05)"));
  }
}

// Where a database lies that another one is to take the place of: its tablespace, if the role may
// create in it, else the default one, with an empty name.
struct Tablespace {
  std::int64_t id = kDefaultTablespace;
  std::string name;
};
Result<Tablespace> TablespaceLike(const Context& ctx, sql::PostgresConnection& connection,
                                  const std::string& database) {
  LC2_ASSIGN_OR_RETURN(
      const std::optional<Row> row,
      connection.QueryOne(ctx,
                          "select t.oid, t.spcname::text from pg_database d"
                          " join pg_tablespace t on t.oid = d.dattablespace where d.datname = $1"
                          " and t.spcname <> 'pg_default'"
                          " and has_tablespace_privilege(t.oid, 'CREATE')",
                          {database}));
  return row.has_value() ? Tablespace{.id = row->Int(0), .name = row->Text(1)} : Tablespace{};
}

// " owner ..." of a database; empty if there is none of that name.
Result<std::string> OwnerLike(const Context& ctx, sql::PostgresConnection& connection,
                              const std::string& database) {
  LC2_ASSIGN_OR_RETURN(const std::optional<Row> row,
                       connection.QueryOne(ctx,
                                           "select pg_get_userbyid(datdba)::text from pg_database"
                                           " where datname = $1",
                                           {database}));
  return row.has_value() ? " owner " + QuoteIdentifier(row->Text(0)) : std::string();
}

Error InUse(Error cause) {
  return Error{.kind = ErrorKind::kConflict,
               .code = "database.in_use",
               .message = "somebody is connected to the database",
               .hint = "stop the portal and other clients, then run it again",
               .cause = Share(std::move(cause))};
}

}  // namespace

Result<ServerAdmin> ServerAdmin::Connect(const Context& ctx, const DatabaseTarget& target) {
  DatabaseTarget maintenance = target;
  // A database cannot be renamed from a session with itself.
  maintenance.name = target.name == "postgres" ? "template1" : "postgres";
  LC2_ASSIGN_OR_RETURN(auto connection, database::Connect(ctx, maintenance));
  return ServerAdmin(std::move(maintenance), std::move(connection));
}

Result<TargetFacts> ServerAdmin::Describe(const Context& ctx, const std::string& database) {
  TargetFacts facts{.server_version = server_version()};
  LC2_ASSIGN_OR_RETURN(const std::optional<Row> role,
                       connection_->QueryOne(ctx,
                                             "select rolcreatedb or rolsuper from pg_roles"
                                             " where rolname = current_user"));
  facts.can_create_database = role.has_value() && role->Bool(0);
  LC2_ASSIGN_OR_RETURN(const Tablespace place, TablespaceLike(ctx, *connection_, database));
  LC2_ASSIGN_OR_RETURN(facts.free_bytes,
                       FreeServerBytes(ctx, *connection_, maintenance_.host, place.id));
  LC2_ASSIGN_OR_RETURN(
      const std::optional<Row> row,
      connection_->QueryOne(ctx,
                            "select pg_database_size(oid), pg_has_role(datdba, 'USAGE'),"
                            " pg_get_userbyid(datdba)::text from pg_database where datname = $1",
                            {database}));
  if (!row.has_value()) return facts;
  facts.state = TargetState::kEmpty;
  facts.size_bytes = row->Int(0);
  facts.owns_database = row->Bool(1);
  facts.owner = row->Text(2);
  LC2_ASSIGN_OR_RETURN(const std::vector<Row> sessions, SessionsOf(ctx, *connection_, database));
  for (const Row& session : sessions) {
    facts.foreign_sessions += session.Int(2);
    facts.sessions += fmt::format("{}{} from {} ({})", facts.sessions.empty() ? "" : ", ",
                                  session.Text(0), session.Text(1), session.Int(2));
  }
  return facts;
}

Result<std::int64_t> ServerAdmin::IdOf(const Context& ctx, const std::string& database) {
  LC2_ASSIGN_OR_RETURN(
      const std::optional<Row> row,
      connection_->QueryOne(ctx, "select oid from pg_database where datname = $1", {database}));
  return row.has_value() ? row->Int(0) : 0;
}

Result<void> ServerAdmin::Create(const Context& ctx, const std::string& database,
                                 const std::string& like) {
  LC2_ASSIGN_OR_RETURN(const std::string locale, LocaleOf(ctx, *connection_, like));
  LC2_ASSIGN_OR_RETURN(const Tablespace place, TablespaceLike(ctx, *connection_, like));
  LC2_ASSIGN_OR_RETURN(const std::string owner, OwnerLike(ctx, *connection_, like));
  const std::int64_t lock = CreationLock(database);
  LC2_RETURN_IF_ERROR(connection_->Execute(ctx, "select pg_advisory_lock($1)", {lock}));
  PassCrashPoint("database.create", "before");
  const auto created = connection_->Execute(
      ctx, fmt::format("create database {} template template0 encoding 'UTF8'{}{}{}",
                       QuoteIdentifier(database), owner, locale,
                       place.name.empty() ? "" : " tablespace " + QuoteIdentifier(place.name)));
  PassCrashPoint("database.create", "after");
  const auto unlocked = connection_->Execute(ctx, "select pg_advisory_unlock($1)", {lock});
  LC2_RETURN_IF_ERROR(created);
  LC2_RETURN_IF_ERROR(unlocked);
  return {};
}

// Whoever holds the lock and is not we may have the database ready after it was dropped. Ended, he
// undoes what he began; the lock is free when he has.
Result<void> ServerAdmin::EndCreation(const Context& ctx, const std::string& database) {
  const std::int64_t lock = CreationLock(database);
  LC2_RETURN_IF_ERROR(connection_->Execute(
      ctx,
      "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted"
      " and database = (select oid from pg_database where datname = current_database())"
      " and (classid::bigint << 32 | objid::bigint) = $1 and objsubid = 1"
      " and pid <> pg_backend_pid()",
      {lock}));
  LC2_RETURN_IF_ERROR(connection_->Execute(ctx, "select pg_advisory_lock($1)", {lock}));
  LC2_RETURN_IF_ERROR(connection_->Execute(ctx, "select pg_advisory_unlock($1)", {lock}));
  return {};
}

Result<void> ServerAdmin::CopyProperties(const Context& ctx, const std::string& from,
                                         const std::string& to) {
  LC2_ASSIGN_OR_RETURN(const std::optional<Row> row,
                       connection_->QueryOne(ctx,
                                             "select datconnlimit, pg_get_userbyid(datdba)::text,"
                                             " pg_get_userbyid(datdba) = current_user"
                                             " from pg_database where datname = $1",
                                             {from}));
  if (!row.has_value()) return {};
  if (row->Int(0) >= 0) {
    LC2_RETURN_IF_ERROR(connection_->Execute(
        ctx,
        fmt::format("alter database {} connection limit {}", QuoteIdentifier(to), row->Int(0))));
  }
  LC2_RETURN_IF_ERROR(CopySettings(ctx, *connection_, from, to));
  LC2_RETURN_IF_ERROR(CopyGrants(ctx, *connection_, from, to));
  if (row->Bool(2)) return {};
  LC2_RETURN_IF_ERROR(
      connection_->Execute(ctx, fmt::format("alter database {} owner to {}", QuoteIdentifier(to),
                                            QuoteIdentifier(row->Text(1)))));
  return {};
}

Result<void> ServerAdmin::DropIfExists(const Context& ctx, const std::string& database,
                                       Sessions sessions) {
  const bool force = sessions == Sessions::kEnded && server_major() >= 13;
  if (sessions == Sessions::kEnded) LC2_RETURN_IF_ERROR(EndCreation(ctx, database));
  PassCrashPoint("database.drop", "before");
  const auto dropped = connection_->Execute(
      ctx, fmt::format("drop database if exists {}{}", QuoteIdentifier(database),
                       force ? " with (force)" : ""));
  PassCrashPoint("database.drop", "after");
  if (dropped.has_value()) return {};
  return dropped.error().code == "sql.in_use" ? InUse(dropped.error()) : dropped.error();
}

Result<void> ServerAdmin::RenameAll(const Context& ctx, const std::vector<Rename>& renames) {
  LC2_CHECK(!renames.empty());
  const Rename& last = renames.back();
  LC2_ASSIGN_OR_RETURN(const std::int64_t id, IdOf(ctx, last.from));
  LC2_ASSIGN_OR_RETURN(sql::Transaction transaction, sql::Transaction::Begin(ctx, *connection_));
  for (const auto& [from, to] : renames) {
    const auto renamed = connection_->Execute(
        ctx,
        fmt::format("alter database {} rename to {}", QuoteIdentifier(from), QuoteIdentifier(to)));
    if (renamed.has_value()) continue;
    return renamed.error().code == "sql.in_use" ? InUse(renamed.error()) : renamed.error();
  }
  PassCrashPoint("database.rename", "before");
  const Result<void> committed = transaction.Commit(ctx);
  PassCrashPoint("database.rename", "after");
  if (committed.has_value() || committed.error().code != "sql.commit_unknown") return committed;
  Result<ServerAdmin> again = Connect(ctx, maintenance_);
  if (!again.has_value()) return committed;
  *this = std::move(again).value();
  LC2_ASSIGN_OR_RETURN(const std::int64_t now, IdOf(ctx, last.to));
  return now == id ? Result<void>() : committed;
}

}  // namespace lc2::database
