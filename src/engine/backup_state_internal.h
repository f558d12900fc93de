#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/context.h"
#include "engine/runs.h"
#include "library/copy.h"
#include "provider/provider.h"
#include "storage/object_store.h"
#include "vault/manifest.h"

// What the steps of one backup attempt share, and the steps.
namespace lc2::engine {

struct BackupState {
  const BackupRun& run;
  provider::Provider& provider;
  EnvironmentId env;
  std::unique_ptr<ObjectStore> vault;
  std::unique_ptr<ObjectStore> source;  // the live library

  Time window_from{};
  Time window_to{};
  vault::DatabaseFacts database;
  vault::LibraryFacts library;
  vault::ConsistencyFacts consistency;
  library::CopySummary copied;
};

// A key in the dump folder of this attempt.
std::string DumpKey(const BackupState& state, std::string_view name);
// Leaves a step's record in the attempt's folder.
Result<void> RecordStep(const Context& ctx, BackupState& state, const std::string& step,
                        const codec::Json& facts);

// Stores opened, library readable, vault writable; the window's beginning is read.
Result<void> PrepareStep(const Context& ctx, BackupState& state);
// Dump and references, or those of an earlier attempt of this run.
Result<void> DatabaseStep(const Context& ctx, BackupState& state);
// Everything new is copied; entries and findings lie in the vault.
Result<void> LibraryStep(const Context& ctx, BackupState& state);
// Judges what the library step counted.
Result<void> CrosscheckStep(const Context& ctx, BackupState& state);
// Reads back what was written, as the request's level says.
Result<void> VerifyStep(const Context& ctx, BackupState& state);

}  // namespace lc2::engine
