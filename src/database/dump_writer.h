#pragma once

#include <cstdint>
#include <string>

#include "base/context.h"
#include "database/client_tools.h"
#include "database/dump_session.h"
#include "database/target.h"
#include "storage/object_store.h"

namespace lc2::database {

struct DumpSource {
  ClientTool dump_tool;             // pg_dump
  ClientTool list_tool;             // a pg_restore that reads what pg_dump writes
  std::string snapshot;             // an exported one; empty: pg_dump takes its own
  std::int64_t expected_bytes = 0;  // for progress
};

// DumpSession::WriteDump with everything decided.
Result<DumpFacts> WritePostgresDump(const Context& ctx, const DatabaseTarget& target,
                                    const DumpSource& source, ObjectStore& store,
                                    const DumpOptions& options);

}  // namespace lc2::database
