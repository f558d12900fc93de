#include "control/vault_session.h"

#include <fmt/core.h>

#include "control/known_vault.h"
#include "vault/commit.h"

namespace lc2::control {

namespace {

Result<EnvironmentVault> OpenFound(const Context& ctx, const Deps& deps,
                                   api::LiferayEnvironment environment,
                                   provider::VaultAccess access) {
  EnvironmentVault found{.environment = std::move(environment)};
  const std::string& name = found.environment.spec.backup_location;
  Result<api::BackupLocation> location = GetAs<api::BackupLocation>(ctx, deps.resources, "", name);
  if (!location.has_value()) {
    if (location.error().kind != ErrorKind::kNotFound) return std::move(location).error();
    return Error{
        .kind = ErrorKind::kNotFound,
        .code = "location.not_found",
        .message = fmt::format("environment '{}' keeps its backups at location '{}', which "
                               "does not exist",
                               found.environment.metadata.name, name),
        .hint = "apply a BackupLocation of that name"};
  }
  found.location = std::move(location).value();
  LC2_ASSIGN_OR_RETURN(found.session, VaultSession::Open(ctx, deps, found.location, access));
  return found;
}

}  // namespace

Result<std::unique_ptr<VaultSession>> VaultSession::Open(const Context& ctx, const Deps& deps,
                                                         const api::BackupLocation& location,
                                                         provider::VaultAccess access) {
  std::unique_ptr<VaultSession> session(new VaultSession());
  session->location_ = location.metadata.name;
  const std::optional<std::string> known = KnownVaultId(location);
  if (known && access == provider::VaultAccess::kCreate) access = provider::VaultAccess::kWrite;
  const auto missed = [&](const Error& error) {
    const bool gone = known && error.kind == ErrorKind::kNotFound;
    return gone ? VaultGone(location, *known, error) : error;
  };
  auto store = deps.provider.OpenVault(location, access);
  if (!store.has_value()) return missed(store.error());
  session->store_ = std::move(store).value();
  Result<vault::VaultFile> opened =
      vault::OpenVault(ctx, *session->store_, deps.random,
                       {.create = access == provider::VaultAccess::kCreate,
                        .single_writer = location.spec.single_writer});
  if (!opened.has_value()) return missed(opened.error());
  vault::VaultFile file = std::move(opened).value();
  LC2_RETURN_IF_ERROR(CheckKnownVault(location, file));
  if (!known) RememberVault(ctx, deps, location, file);
  session->audit_ = std::make_unique<vault::AuditLog>(*session->store_, file.vault_id, deps.random);
  session->vault_.reset(new vault::Vault{.store = *session->store_,
                                         .file = std::move(file),
                                         .random = deps.random,
                                         .audit = session->audit_.get(),
                                         .signing_key = deps.signing_key,
                                         .lcp_trackers = location.spec.lcp_trackers});
  return session;
}

Result<EnvironmentVault> OpenEnvironment(const Context& ctx, const Deps& deps,
                                         const EnvironmentId& env, provider::VaultAccess access) {
  Result<api::LiferayEnvironment> environment =
      GetAs<api::LiferayEnvironment>(ctx, deps.resources, "", env.str());
  if (!environment.has_value()) {
    if (environment.error().kind != ErrorKind::kNotFound) return std::move(environment).error();
    return Error{.kind = ErrorKind::kNotFound,
                 .code = "environment.not_found",
                 .message = fmt::format("there is no environment '{}'", env.str()),
                 .hint = "apply a LiferayEnvironment of that name; `lc2 env init` writes one"};
  }
  return OpenFound(ctx, deps, std::move(environment).value(), access);
}

Result<EnvironmentVault> OpenNamespace(const Context& ctx, const Deps& deps,
                                       const std::string& name_space,
                                       provider::VaultAccess access) {
  LC2_ASSIGN_OR_RETURN(const auto environments,
                       ListAs<api::LiferayEnvironment>(ctx, deps.resources));
  for (const api::LiferayEnvironment& environment : environments) {
    if (api::NamespaceOf(environment) == name_space) {
      return OpenFound(ctx, deps, environment, access);
    }
  }
  return Error{.kind = ErrorKind::kNotFound,
               .code = "environment.not_found",
               .message = fmt::format("namespace '{}' belongs to no environment", name_space),
               .hint = "apply a LiferayEnvironment that serves it"};
}

Result<vault::OpenedBackup> OpenTrusted(const Context& ctx, const Deps& deps, EnvironmentVault& at,
                                        const BackupId& id, bool require_trusted) {
  const auto open = [&] {
    return vault::OpenBackup(ctx, at.session->store(), at.id(), id,
                             {.trusted = deps.trusted, .require_trusted = require_trusted});
  };
  Result<vault::OpenedBackup> backup = open();
  if (backup.has_value() || backup.error().code != "backup.unfinished") return backup;
  // Whoever sees a committed backup without its manifest writes the manifest.
  LC2_ASSIGN_OR_RETURN(const vault::RunFacts run,
                       vault::FindRun(ctx, at.session->store(), at.id(), id));
  LC2_RETURN_IF_ERROR(vault::FinishCommit(ctx, at.session->vault(), at.id(), run.run));
  return open();
}

}  // namespace lc2::control
