#include "vault/vault_file.h"

#include <fmt/format.h>

#include "codec/described.h"
#include "vault/create_only.h"
#include "vault/paths.h"

namespace lc2::vault {
namespace {

Error BadFile(const ObjectStore& store, const std::string& why) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "vault.bad_file",
               .message = fmt::format("cannot read vault.json in {}: {}", store.root_name(), why),
               .hint =
                   "restore vault.json from an older version of the object, or check the "
                   "location's bucket and prefix"};
}

Result<VaultFile> ParseVaultFile(const ObjectStore& store, const std::string& bytes) {
  Result<codec::Json> json = codec::ParseJson(bytes, {.max_bytes = 64 << 10, .max_depth = 8});
  if (!json.has_value()) return BadFile(store, json.error().message);
  Result<VaultFile> file = codec::Decode<VaultFile>(*json);
  if (!file.has_value()) return BadFile(store, file.error().message);
  if (file->format > kVaultFormat) {
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "vault.newer_format",
                 .message = fmt::format("the vault in {} has format {}, this lc2 knows up to {}",
                                        store.root_name(), file->format, kVaultFormat),
                 .hint = "use a newer lc2"};
  }
  if (file->format < 1) return BadFile(store, fmt::format("format is {}", file->format));
  if (!CheckRunId(RunId(file->vault_id)).has_value())
    return BadFile(store, "vaultId is not 32 lower-case hex digits");
  return file;
}

}  // namespace

Result<VaultFile> OpenVault(const Context& ctx, ObjectStore& store, Random& random,
                            const OpenVaultOptions& options) {
  if (!store.features().create_only && !options.single_writer) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "vault.needs_create_only",
                 .message = fmt::format("{} cannot create an object only if it is absent, so two "
                                        "writers could both decide",
                                        store.root_name()),
                 .hint =
                     "choose another store, or set singleWriter on the location if nothing "
                     "else will ever write there"};
  }
  Result<std::string> found = store.Get(ctx, VaultFileKey(), 64 << 10);
  if (found.has_value()) return ParseVaultFile(store, *found);
  if (found.error().kind != ErrorKind::kNotFound) return std::move(found).error();
  if (!options.create) {
    return Error{
        .kind = ErrorKind::kNotFound,
        .code = "vault.not_found",
        .message = fmt::format("there is no vault in {}: it has no vault.json", store.root_name()),
        .hint =
            "do the location's bucket and prefix point to the right place? "
            "'lc2 apply' of a BackupLocation makes a new vault",
        .cause = Share(std::move(found).error())};
  }
  const VaultFile mine{.vault_id = random.Hex(16), .created_at = ctx.clock().Now()};
  const std::string bytes = codec::CanonicalJson(codec::Encode(mine));
  LC2_ASSIGN_OR_RETURN(const Created created, CreateDecision(ctx, store, VaultFileKey(), bytes));
  if (created.outcome == CreateOutcome::kUnknown) return UnknownOutcome(VaultFileKey(), created);
  return ParseVaultFile(store, created.outcome == CreateOutcome::kOurs ? bytes : created.found);
}

}  // namespace lc2::vault
