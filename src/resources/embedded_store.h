#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/random.h"
#include "base/result.h"
#include "resources/resource_store.h"

namespace lc2 {

struct EmbeddedStoreOptions {
  // Changes kept for watches; a watch further behind is reset.
  std::int64_t history = 10'000;
  // How often a waiting watch looks for what other processes wrote.
  std::chrono::milliseconds poll = std::chrono::milliseconds(200);
};

// A ResourceStore in a SQLite file, with the API in front of it: defaults, schema, rules. Several
// processes may work on the same file; each write is one transaction. `random` must outlive the
// store. Errors: those of sql::OpenSqlite, and kInvalid "sql.newer_schema" for the file of a newer
// LC2.
Result<std::unique_ptr<ResourceStore>> OpenEmbeddedStore(const Context& ctx,
                                                         const std::filesystem::path& file,
                                                         Random& random,
                                                         const EmbeddedStoreOptions& options = {});

}  // namespace lc2
