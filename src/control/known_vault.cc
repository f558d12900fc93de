#include "control/known_vault.h"

#include <fmt/core.h>

#include "codec/described.h"

namespace lc2::control {

namespace {

constexpr const char* kOnPurpose =
    "is its volume mounted? If the vault is lost or was replaced on purpose, delete the location "
    "and apply it again";

// Fields of the spec that say where a vault lies.
std::string PlaceOf(const api::BackupLocationSpec& spec) {
  return fmt::format("{} {} {} {}", codec::Word(spec.provider), spec.endpoint, spec.bucket,
                     spec.prefix);
}

}  // namespace

std::optional<std::string> KnownVaultId(const api::BackupLocation& location) {
  const auto& known = location.status.vault;
  if (!known || known->place != PlaceOf(location.spec)) return std::nullopt;
  return known->id;
}

Error VaultGone(const api::BackupLocation& location, const std::string& id, const Error& why) {
  return Error{.kind = ErrorKind::kUnavailable,
               .code = "vault.gone",
               .message = fmt::format("vault {} of location '{}' is not in '{}' any more", id,
                                      location.metadata.name, location.spec.bucket),
               .hint = kOnPurpose,
               .cause = Share(why)};
}

Result<void> CheckKnownVault(const api::BackupLocation& location, const vault::VaultFile& found) {
  const std::optional<std::string> id = KnownVaultId(location);
  if (!id || *id == found.vault_id) return {};
  return Error{
      .kind = ErrorKind::kUnavailable,
      .code = "vault.other",
      .message = fmt::format("location '{}' has vault {}, but in '{}' lies vault {}",
                             location.metadata.name, *id, location.spec.bucket, found.vault_id),
      .hint = kOnPurpose};
}

void RememberVault(const Context& ctx, const Deps& deps, const api::BackupLocation& location,
                   const vault::VaultFile& found) {
  api::BackupLocation seen = location;
  seen.status.vault = api::LocationVault{.id = found.vault_id, .place = PlaceOf(location.spec)};
  const auto kept = UpdateStatusAs(ctx, deps.resources, seen);
  if (kept.has_value()) return;
  ctx.log().Warning("which vault a location holds was not written down",
                    {{"location", location.metadata.name}, {"error", Describe(kept.error())}});
}

}  // namespace lc2::control
