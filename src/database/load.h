#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/context.h"
#include "database/client_tools.h"
#include "database/facts.h"
#include "database/target.h"
#include "storage/object_store.h"

namespace lc2::database {

// Which programs load a dump, and how.
struct LoadPlan {
  DumpFormat format = DumpFormat::kCustom;
  ClientTool reader;  // pg_restore; of a plain dump psql
  // psql runs what pg_restore writes as a script: a pg_restore of version 17 or newer sets what
  // older servers do not know.
  std::optional<ClientTool> script_runner;
  std::string str() const;  // "pg_restore 16.11"
};

// Chooses the programs. `dump.tool` may be empty (an imported dump). Errors: kInvalid
// "database.tool_missing", "database.tool_too_old", "database.unknown_format",
// "database.bad_tool_version".
Result<LoadPlan> PlanLoad(const Context& ctx, const ToolSearch& search, const DumpFacts& dump,
                          int server_major);

// Loads a stored dump into an existing, empty database. A success says that every byte of it was
// proven and taken by a client that ended with 0 at the first error it would have met. Returns the
// number of raw bytes. Any error leaves the database half filled: the caller drops it.
// Errors: "database.restore_failed" (kInvalid: the server refused something in the dump;
// kUnavailable: the connection or the client was lost), kCorrupt "database.dump_damaged",
// kUnavailable "database.no_space", kDenied "database.tool_denied".
Result<std::int64_t> Load(const Context& ctx, const DatabaseTarget& into, ObjectStore& store,
                          const DumpFacts& dump, const LoadPlan& plan);

}  // namespace lc2::database
