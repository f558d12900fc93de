#pragma once

#include <memory>

#include "control/deps.h"
#include "vault/audit.h"
#include "vault/backup.h"
#include "vault/vault.h"

namespace lc2::control {

// A location's vault, open for decisions.
class VaultSession {
 public:
  // `access` kCreate makes the vault where there is none. Errors: those of the provider and of
  // vault::OpenVault.
  static Result<std::unique_ptr<VaultSession>> Open(const Context& ctx, const Deps& deps,
                                                    const api::BackupLocation& location,
                                                    provider::VaultAccess access);

  ObjectStore& store() { return *store_; }
  const vault::Vault& vault() const { return *vault_; }
  const std::string& location() const { return location_; }

 private:
  VaultSession() = default;
  std::string location_;
  std::unique_ptr<ObjectStore> store_;
  std::unique_ptr<vault::AuditLog> audit_;
  std::unique_ptr<vault::Vault> vault_;
};

// Where an environment's backups lie: both resources and the open vault.
struct EnvironmentVault {
  api::LiferayEnvironment environment;
  api::BackupLocation location;
  std::unique_ptr<VaultSession> session;
  EnvironmentId id() const { return api::IdOf(environment); }
};
// Errors: kNotFound "environment.not_found", "location.not_found".
Result<EnvironmentVault> OpenEnvironment(const Context& ctx, const Deps& deps,
                                         const EnvironmentId& env, provider::VaultAccess access);
// The same, for the environment that a namespace belongs to.
Result<EnvironmentVault> OpenNamespace(const Context& ctx, const Deps& deps,
                                       const std::string& name_space, provider::VaultAccess access);

// Reads a backup with the keys that are trusted here.
Result<vault::OpenedBackup> OpenTrusted(const Context& ctx, const Deps& deps, EnvironmentVault& at,
                                        const BackupId& id, bool require_trusted);

}  // namespace lc2::control
