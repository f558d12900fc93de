#include "library/object_check.h"

#include <fmt/core.h>

#include "base/hash.h"
#include "library/chunks_internal.h"

namespace lc2::library {

namespace {

class NullSink final : public ByteSink {
 public:
  Result<void> Write(std::string_view) override { return {}; }
};

Finding BackupFinding(const Entry& entry, FindingKind kind, std::string note) {
  return Finding{
      .key = entry.key, .kind = kind, .expected_size = entry.size, .note = std::move(note)};
}

Error UnsupportedChecksum(const Entry& entry) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "library.checksum_unsupported",
               .message = fmt::format(
                   "the backup records {} for '{}', not a SHA-256 of its bytes",
                   entry.checksum.has_value() ? entry.checksum->alg : "no checksum", entry.key),
               .hint = "was this backup written by a newer version of lc2?"};
}

}  // namespace

Result<HashedBytes> HashObject(const Context& ctx, ObjectStore& store, const std::string& key,
                               std::int64_t expected_size) {
  LC2_ASSIGN_OR_RETURN(const std::unique_ptr<ObjectReader> source, store.OpenReader(ctx, key));
  Sha256 hash;
  HashedBytes hashed;
  LC2_RETURN_IF_ERROR(
      ForEachChunk(ctx, *source, expected_size, [&](std::string_view chunk) -> Result<void> {
        hash.Update(chunk);
        hashed.size += static_cast<std::int64_t>(chunk.size());
        return {};
      }));
  hashed.sha256 = hash.FinishHex();
  return hashed;
}

Result<std::optional<Finding>> CopyChecked(const Context& ctx, ObjectStore& vault,
                                           const Entry& entry, ByteSink& sink) {
  if (!entry.checksum.has_value() || entry.checksum->alg != "sha256") {
    return UnsupportedChecksum(entry);
  }
  Result<std::unique_ptr<ObjectReader>> source =
      vault.OpenReader(ctx, entry.path, {}, entry.pool_version_id);
  if (!source.has_value() && source.error().kind == ErrorKind::kNotFound) {
    return std::optional(BackupFinding(entry, FindingKind::kLostInBackup,
                                       fmt::format("'{}' is not there", entry.path)));
  }
  if (!source.has_value()) return std::move(source).error();

  Sha256 hash;
  std::int64_t size = 0;
  const auto take = [&](std::string_view chunk) -> Result<void> {
    size += static_cast<std::int64_t>(chunk.size());
    if (size > entry.size) return {};  // damaged for sure; the sink need not see more
    hash.Update(chunk);
    return sink.Write(chunk);
  };
  LC2_RETURN_IF_ERROR(ForEachChunk(ctx, **source, entry.size, take));
  std::string wrong;
  if (size != entry.size) {
    wrong = fmt::format("'{}' has {} bytes instead of {}", entry.path, size, entry.size);
  } else if (const std::string found = hash.FinishHex(); found != entry.checksum->value) {
    wrong =
        fmt::format("'{}' has SHA-256 {} instead of {}", entry.path, found, entry.checksum->value);
  }
  if (wrong.empty()) return std::optional<Finding>();
  Finding damaged = BackupFinding(entry, FindingKind::kDamaged, std::move(wrong));
  damaged.actual_size = size;
  return std::optional(std::move(damaged));
}

Result<std::optional<Finding>> CheckObject(const Context& ctx, ObjectStore& vault,
                                           const Entry& entry) {
  NullSink nowhere;
  return CopyChecked(ctx, vault, entry, nowhere);
}

}  // namespace lc2::library
