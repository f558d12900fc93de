#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/context.h"
#include "database/restore.h"
#include "database/target.h"
#include "sql/postgres.h"

namespace lc2::database {

// Creating, naming and dropping databases on a server, from a session with its maintenance
// database. Not thread-safe.
class ServerAdmin {
 public:
  static Result<ServerAdmin> Connect(const Context& ctx, const DatabaseTarget& target);

  int server_major() const { return connection_->server_major(); }
  std::string server_version() const { return connection_->server_version_text(); }

  // Everything of TargetFacts but what only a session with the database itself can see.
  Result<TargetFacts> Describe(const Context& ctx, const std::string& database);
  // A number that stays with a database when it is renamed; 0 if there is none of that name.
  Result<std::int64_t> IdOf(const Context& ctx, const std::string& database);

  // An empty database in UTF-8. If `like` exists: with its owner, with its locale if it is in
  // UTF-8, and in its tablespace if the role may create there. A server goes on with it when the
  // client has died, until DropIfExists() with kEnded ends it.
  Result<void> Create(const Context& ctx, const std::string& database, const std::string& like);
  // What `from` has beside its contents: settings, connection limit, grants and owner. A setting
  // that this role may not make is left out with a warning.
  Result<void> CopyProperties(const Context& ctx, const std::string& from, const std::string& to);
  // kEnded for databases of our own: a client that was killed may have left a statement running,
  // and be it the one that creates the database.
  enum class Sessions { kRespected, kEnded };
  // kConflict "database.in_use" if somebody is connected and is respected.
  Result<void> DropIfExists(const Context& ctx, const std::string& database, Sessions sessions);

  struct Rename {
    std::string from, to;
  };
  // All or none. kConflict "database.in_use" if somebody is connected to one of them. An answer
  // that was lost is looked up on a new session before this returns.
  Result<void> RenameAll(const Context& ctx, const std::vector<Rename>& renames);

 private:
  Result<void> EndCreation(const Context& ctx, const std::string& database);
  ServerAdmin(DatabaseTarget maintenance, std::unique_ptr<sql::PostgresConnection> connection)
      : maintenance_(std::move(maintenance)), connection_(std::move(connection)) {}

  DatabaseTarget maintenance_;
  std::unique_ptr<sql::PostgresConnection> connection_;
};

}  // namespace lc2::database
