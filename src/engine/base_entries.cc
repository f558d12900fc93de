#include "engine/base_entries.h"

#include <fmt/core.h>

#include <vector>

#include "base/hash.h"
#include "storage/entry_json.h"
#include "vault/backup.h"

namespace lc2::engine {

namespace {

Result<std::unique_ptr<EntryReader>> OpenRestoreMap(const Context& ctx, ObjectStore& vault,
                                                    const EnvironmentId& env, const RunId& run) {
  LC2_ASSIGN_OR_RETURN(const vault::ControlLog log, vault::ReadControlLog(ctx, vault, env, run));
  const vault::RunFacts facts = vault::Fold(log);
  if (!facts.finished || !facts.finished->map_digest) {
    return Error{.kind = ErrorKind::kNotFound,
                 .code = "restore_map.absent",
                 .message = fmt::format("restore run '{}' left no map", run.str())};
  }
  const std::string key = vault::RestoreMapKey(env, run, facts.finished->attempt);
  LC2_RETURN_IF_ERROR(
      CheckStoredDigest(ctx, vault, key, *facts.finished->map_digest, "restore_map.mismatch"));
  LC2_ASSIGN_OR_RETURN(auto stored, vault.OpenReader(ctx, key));
  return ReadNdjson<Entry>(std::move(stored));
}

}  // namespace

Result<std::unique_ptr<EntryReader>> OpenBase(const Context& ctx, ObjectStore& vault,
                                              const EnvironmentId& env,
                                              const std::optional<vault::Base>& base) {
  if (!base) return std::unique_ptr<EntryReader>();
  if (base->restore_run) return OpenRestoreMap(ctx, vault, env, *base->restore_run);
  LC2_ASSIGN_OR_RETURN(const vault::OpenedBackup backup,
                       vault::OpenBackup(ctx, vault, env, *base->backup_id));
  return vault::OpenEntries(ctx, vault, backup.manifest);
}

Result<void> CheckStoredDigest(const Context& ctx, ObjectStore& store, const std::string& key,
                               const std::string& sha256, const std::string& code) {
  LC2_ASSIGN_OR_RETURN(const auto source, store.OpenReader(ctx, key));
  Sha256 hash;
  std::vector<char> buffer(256 * 1024);
  while (true) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    LC2_ASSIGN_OR_RETURN(const std::size_t count, source->Read(buffer));
    if (count == 0) break;
    hash.Update(std::string_view(buffer.data(), count));
  }
  const std::string found = hash.FinishHex();
  const std::string expected = sha256.starts_with("sha256:") ? sha256.substr(7) : sha256;
  if (found == expected) return {};
  return Error{.kind = ErrorKind::kCorrupt,
               .code = code,
               .message = fmt::format("'{}' is damaged: expected SHA-256 {}, found {}", key,
                                      expected, found)};
}

}  // namespace lc2::engine
