#pragma once

#include "base/context.h"
#include "base/result.h"
#include "base/strong.h"
#include "vault/vault.h"

namespace lc2::vault {

// control/ids/<backupId>: whose id it is, for ever. The run named is the first one of a request; a
// superseded run's id passes to NextRunId().

// Reserves `wanted` for `first_run`, or `wanted` with "-<4 hex digits>" if another run has it.
// Reserving again for the same run gives the same answer. Errors: kAlreadyExists
// "vault.id_exhausted", kUnavailable "vault.unknown_outcome".
Result<BackupId> ReserveBackupId(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                                 const BackupId& wanted, const RunId& first_run);

// The first run of the request that reserved the id. kNotFound "backup.not_found".
Result<RunId> ReadReservation(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                              const BackupId& id);

}  // namespace lc2::vault
