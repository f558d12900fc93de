#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "sql/connection.h"

namespace lc2::sql {

struct SqliteOptions {
  bool create = true;  // else kNotFound where there is no file
  bool read_only = false;
  // How long a statement waits for another connection's write lock: kUnavailable "sql.busy" after.
  std::chrono::milliseconds busy_timeout{5'000};
  // Every commit reaches the disk before it returns. Off only for what can be rebuilt: a power cut
  // may then lose the last commits, never the file's integrity.
  bool durable = true;
};

// Opens a SQLite file, or ":memory:". Journal mode is WAL, foreign keys are enforced, prepared
// statements are kept, new files have mode 0600. Parameters are $1, $2, ...; a Blob is a BLOB.
// Errors: kCorrupt "sql.corrupt" (no SQLite file, or damaged), kNotFound, kDenied.
Result<std::unique_ptr<Connection>> OpenSqlite(const Context& ctx,
                                               const std::filesystem::path& path,
                                               const SqliteOptions& options = {});

// Brings a file's schema to migrations.size(): runs each script that `pragma user_version` has not
// counted yet, in a transaction of its own, and counts it. Safe when several processes do it at
// once. A migration that was released is never changed; add a new one.
// Errors: kInvalid "sql.newer_schema" if the file was written by a newer release.
Result<void> Migrate(const Context& ctx, Connection& sqlite,
                     const std::vector<std::string_view>& migrations);

}  // namespace lc2::sql
