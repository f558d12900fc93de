#pragma once

#include <memory>
#include <optional>

#include "base/context.h"
#include "storage/object_store.h"
#include "storage/sorted_stream.h"
#include "vault/control_log.h"

namespace lc2::engine {

// What a backup is incremental to, as a stream of entries: a backup's, or the map that a restore
// left. Null without base. Errors: those of OpenBackup and OpenEntries; kCorrupt
// "restore_map.mismatch" if the map is not the one that the restore run's log names.
Result<std::unique_ptr<EntryReader>> OpenBase(const Context& ctx, ObjectStore& vault,
                                              const EnvironmentId& env,
                                              const std::optional<vault::Base>& base);

// Reads a stored object to its end and compares its SHA-256 (hex). kCorrupt with `code`.
Result<void> CheckStoredDigest(const Context& ctx, ObjectStore& store, const std::string& key,
                               const std::string& sha256, const std::string& code);

}  // namespace lc2::engine
