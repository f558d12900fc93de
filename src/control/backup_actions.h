#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/context.h"
#include "control/deps.h"
#include "control/vault_session.h"
#include "engine/verify.h"

// What a person does to a backup after its commit. Each is a decision in the backup's control log;
// the catalogue follows.
namespace lc2::control {

struct VerifyOutcome {
  engine::VerifyReport report;
  std::string run_id;
};
// Reads the backup back at `level` and records the result. Damage of the manifest, its signature or
// index is part of the report, too; what it hides cannot be checked. Errors: kNotFound, and those
// of a vault that cannot be read.
Result<VerifyOutcome> VerifyBackup(const Context& ctx, const Deps& deps, EnvironmentVault& at,
                                   const BackupId& id, api::VerifyLevel level);

// Holds a backup with a reason, or releases it.
Result<void> HoldBackup(const Context& ctx, const Deps& deps, EnvironmentVault& at,
                        const BackupId& id, bool on, const std::string& reason);

// Keeps a backup until `retention` after it was made, and returns when that is. Only ever longer:
// kInvalid "vault.retention_shortened".
Result<Time> ExtendBackup(const Context& ctx, const Deps& deps, EnvironmentVault& at,
                          const BackupId& id, std::chrono::days retention, const std::string& why);

// Asks for deletion after the location's soft-delete delay; a deletion that is due is carried out.
// One that retention asked for becomes the person's, due as it was shown. Returns when it is due,
// or nothing once it is done. kConflict "vault.held" under hold.
Result<std::optional<Time>> DeleteBackup(const Context& ctx, const Deps& deps, EnvironmentVault& at,
                                         const BackupId& id, const std::string& why);
Result<void> KeepBackup(const Context& ctx, const Deps& deps, EnvironmentVault& at,
                        const BackupId& id, const std::string& why);

// Accepts what the failed run with this reserved id found missing or of another size, so that the
// next backup passes. Returns how many were new. kConflict "losses.run_not_failed".
Result<std::int64_t> AcceptMissing(const Context& ctx, const Deps& deps, EnvironmentVault& at,
                                   const BackupId& id, const std::string& why);

// Shows a decision in the catalogue and on the request that made the backup, where it is still
// there. The decision stands in the log by now: what keeps it from being shown is no failure of it.
void ShowBackup(const Context& ctx, const Deps& deps, EnvironmentVault& at,
                const vault::RunFacts& run);

}  // namespace lc2::control
