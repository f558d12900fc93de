#pragma once

#include <optional>
#include <string>

#include "api/backup_request.h"
#include "base/context.h"
#include "control/deps.h"
#include "control/vault_session.h"

// The backup that a restore makes of its target before it replaces anything of it.
namespace lc2::control {

// Marks a backup that a restore makes of its target: it is committed even where the target itself
// has lost documents (Complete=False). Holds the name of the RestoreRequest, whose control log must
// name this backup in turn.
inline constexpr const char* kSafeguardAnnotation = "backup.liferay.cloud/safeguard-of";

// What a restore's log says of its safeguard.
struct Safeguard {
  std::string request;  // the name of the BackupRequest
  bool done = false;
};
std::optional<Safeguard> SafeguardOf(const vault::RunFacts& run);

// Records in the restore's log that its safeguard is wanted, or done. Returns what the log says.
Result<vault::RunFacts> RecordSafeguard(const Context& ctx, const Deps& deps,
                                        const EnvironmentVault& at, const RunId& run,
                                        const Safeguard& safeguard);

// Creates the request of a safeguard unless it is there. kConflict "restore.safeguard_foreign" if
// another one has its name.
Result<void> RequestSafeguard(const Context& ctx, const Deps& deps, const EnvironmentId& env,
                              const std::string& name_space, const std::string& restore,
                              const Safeguard& safeguard);

// Whether the request with this metadata is the safeguard that a restore's control log asked for:
// an annotation alone, which any tenant could write, proves nothing.
Result<bool> IsSafeguard(const Context& ctx, const EnvironmentVault& at,
                         const api::ObjectMeta& request);

}  // namespace lc2::control
