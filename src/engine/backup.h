#pragma once

#include "base/context.h"
#include "engine/runs.h"
#include "provider/provider.h"
#include "vault/candidate.h"

namespace lc2::engine {

// Runs one attempt of a backup: prepare, database, library, crosscheck, verify, candidate. Returns
// the digest of the candidate it left in the vault. Safe to repeat as another attempt of the run:
// what an earlier one finished is taken over. An attempt that fails, is cancelled or dies leaves
// records and objects of its own and nothing that anybody takes for a backup.
//
// After the crosscheck the record "steps/crosscheck.json" holds the verdict, also of a run that
// fails for it. Errors: kCorrupt "crosscheck.incomplete" (something referenced is missing),
// kCorrupt "verify.damaged", those of provider, database, stores and context.
Result<std::string> RunBackup(const Context& ctx, provider::Provider& provider,
                              const BackupRun& run);

// Names of the records an attempt leaves.
inline constexpr const char* kCrosscheckRecord = "steps/crosscheck.json";
inline constexpr const char* kLibraryRecord = "steps/library.json";

}  // namespace lc2::engine
