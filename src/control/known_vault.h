#pragma once

#include <optional>
#include <string>

#include "api/backup_location.h"
#include "base/context.h"
#include "control/deps.h"
#include "vault/vault_file.h"

namespace lc2::control {

// Which vault a location holds is kept in its status once it was seen. Where that vault is not to
// be found any more, its volume is not mounted perhaps: a new vault in its place would take backups
// that nobody finds again, and hide those that there are.

// The id of the vault that was seen where the location now points to.
std::optional<std::string> KnownVaultId(const api::BackupLocation& location);

// What keeps `location` from being used: kUnavailable "vault.gone". `why`: how it was missed.
Error VaultGone(const api::BackupLocation& location, const std::string& id, const Error& why);

// Whether the vault found is the known one. Errors: kUnavailable "vault.other".
Result<void> CheckKnownVault(const api::BackupLocation& location, const vault::VaultFile& found);

// Keeps the id of a vault that was found for the first time. A status that cannot be written is no
// error: the next one who looks keeps it.
void RememberVault(const Context& ctx, const Deps& deps, const api::BackupLocation& location,
                   const vault::VaultFile& found);

}  // namespace lc2::control
