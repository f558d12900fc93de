#pragma once

#include <cstdint>
#include <string>

#include "base/context.h"
#include "database/facts.h"
#include "storage/object_store.h"

namespace lc2::database {

struct DumpCheck {
  std::int64_t size_bytes = 0;  // as stored
  std::int64_t raw_bytes = 0;
};

// Reads a stored dump to its end: its SHA-256, every frame's checksum, and the structure of what it
// holds (ArchiveChecker or PlainDumpChecker). Constant memory.
// Errors: kCorrupt "database.dump_damaged" with the reason as cause; kNotFound; kInvalid
// "database.unknown_format".
Result<DumpCheck> CheckStoredDump(const Context& ctx, ObjectStore& store, const DumpFacts& facts);

}  // namespace lc2::database
