#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/context.h"
#include "database/client_tools.h"
#include "database/facts.h"
#include "database/target.h"
#include "storage/object_store.h"

namespace lc2::database {

enum class TargetState { kAbsent, kEmpty, kFilled };

// What a restore would find; nothing of it is changed by looking.
struct TargetFacts {
  TargetState state = TargetState::kAbsent;
  std::int64_t size_bytes = 0;  // 0 if absent
  std::int64_t tables = 0;      // tables, views and sequences outside the system's schemas
  std::int64_t large_objects = 0;
  std::int64_t foreign_sessions = 0;  // of other clients on this database
  std::string sessions;               // who: "liferay from 10.0.0.7 (3)", for messages
  std::string server_version;         // "16.14"
  bool can_create_database = false;   // the role has CREATEDB or is superuser
  bool owns_database = false;         // and may drop or rename it
  std::string owner;                  // of the database; empty if absent
  // Free space where the server keeps its data, if that is a folder this process can see.
  std::optional<std::int64_t> free_bytes;
};
Result<TargetFacts> InspectTarget(const Context& ctx, const DatabaseTarget& target);

// Whether a dump can go into a server: of the same major version as the server that it was taken
// from, or a newer one. Pure. `dump_server_version` empty (imported): not compared.
// Errors: kInvalid "database.target_too_old", "database.bad_tool_version".
Result<void> CheckRestoreFits(const DumpFacts& dump, const std::string& dump_server_version,
                              const std::string& target_server_version);

struct RestoreOptions {
  DumpFacts dump;
  std::string dump_server_version;  // of the manifest; may be empty
  std::int64_t database_bytes =
      0;                   // size of the database dumped, for the check of space; 0: unknown
  std::string run8;        // first 8 characters of the run id: names the database in between
  bool overwrite = false;  // a filled target is replaced; else it is refused
  // With overwrite: the old database is kept under PreviousName() instead of being dropped.
  bool keep_previous = false;
  // A name of its own for the restored database instead of the target's (a drill): nothing else is
  // touched. Empty: the target's.
  std::string into;
  // Called with the name of the database that holds the loaded data, before it takes the target's
  // place: the last look at the restored pair. An error drops that database and leaves the target
  // as it was. May be empty.
  std::function<Result<void>(const Context&, const std::string& loaded)> before_switch = {};
  ToolSearch tools = ToolSearch::FromEnvironment();
};

struct RestoreFacts {
  std::string database;  // the restored database's name
  std::string previous;  // what the replaced one is called now; empty: there is none
  std::string tool;      // "pg_restore 16.14"
  std::int64_t raw_bytes = 0;
  bool space_checked = false;  // false: where the server keeps its data cannot be seen from here
};

// "<name>_lc2_<run8>": where the data is loaded before it takes the target's place; and the name
// that a replaced database is kept under ("<name>_old_<run8>"). Cut to PostgreSQL's 63 bytes.
std::string LoadingName(const std::string& name, const std::string& run8);
std::string PreviousName(const std::string& name, const std::string& run8);

// Loads a dump into a database of its own, and only when all of it is there and proven (hash of the
// stored bytes, frame checksums, archive structure, exit status) gives it the target's name, in one
// transaction with the renaming of what had that name before; that one's locale, tablespace,
// settings, grants and owner are carried over, and what is loaded is that owner's. Whatever fails
// before leaves the target as it was, and the database in between is dropped; one left over by an
// earlier try of the same run is dropped first.
//
// The load itself is not one transaction: a portal has thousands of tables and indexes, and the
// locks of a single transaction over them would not fit a server's default lock table.
//
// Refused before anything is done: a filled target without `overwrite` (kConflict
// "database.not_empty"), sessions of others on the target (kConflict "database.in_use"), a role
// that may not create databases or does not own the target (kDenied "database.cannot_create",
// "database.cannot_replace"), too little space (kUnavailable "database.no_space"), stored bytes
// that are not those of the manifest (kCorrupt "database.dump_damaged"), what CheckRestoreFits
// refuses, no suitable client. Then those of load.h.
Result<RestoreFacts> Restore(const Context& ctx, const DatabaseTarget& target, ObjectStore& store,
                             const RestoreOptions& options);

// Drops the database in between that a try of run `run8` left when it was killed, its sessions
// ended; nothing if there is none. Not while a try of that run lives. Errors: those of the server.
Result<void> DropLoading(const Context& ctx, const DatabaseTarget& target, const std::string& run8);

}  // namespace lc2::database
