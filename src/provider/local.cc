#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "codec/described.h"
#include "provider/provider.h"
#include "storage/stores.h"

namespace lc2::provider {

namespace {

namespace fs = std::filesystem;

Error Unsupported(api::Provider provider, const std::string& what) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "provider.unsupported",
               .message = fmt::format("{} is on provider '{}', which is not served here", what,
                                      codec::Word(provider)),
               .hint = "use provider 'local'"};
}

Result<fs::path> Root(const std::string& bucket, const std::string& prefix,
                      const std::string& what) {
  const fs::path root(bucket);
  if (!root.is_absolute()) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "provider.relative_folder",
                 .message = fmt::format("the folder '{}' of {} is not absolute", bucket, what),
                 .hint = "write the whole path, starting with '/'"};
  }
  const fs::path below = fs::path(prefix).lexically_normal();
  if (below.is_absolute() || (!below.empty() && *below.begin() == "..")) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "provider.bad_prefix",
                 .message = fmt::format("the prefix '{}' of {} leaves its folder", prefix, what)};
  }
  return prefix.empty() ? root : root / below;
}

Result<fs::path> VaultRoot(const api::BackupLocation& location) {
  if (location.spec.provider != api::Provider::kLocal) {
    return Unsupported(location.spec.provider,
                       fmt::format("location '{}'", location.metadata.name));
  }
  return Root(location.spec.bucket, location.spec.prefix,
              fmt::format("location '{}'", location.metadata.name));
}

Result<fs::path> LibraryRoot(const api::LiferayEnvironment& environment) {
  const std::string what = fmt::format("the library of '{}'", environment.metadata.name);
  if (environment.spec.provider != api::Provider::kLocal) {
    return Unsupported(environment.spec.provider, what);
  }
  const api::EnvironmentLibrary& library = environment.spec.document_library;
  if (library.store != api::LibraryStore::kFileSystem) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "library.unsupported_store",
                 .message = fmt::format("{} is in store '{}', which is not served on provider "
                                        "'local'",
                                        what, codec::Word(library.store)),
                 .hint = "is it a FileSystem store?"};
  }
  return Root(library.bucket, library.prefix, what);
}

// The path with its first link that leads nowhere replaced by where it would lead; nothing if it
// has no such link. `path` is canonical as far as it exists.
std::optional<fs::path> FollowDanglingLink(const fs::path& path) {
  fs::path before;
  for (auto part = path.begin(); part != path.end(); ++part) {
    std::error_code failed;
    const fs::path end = fs::read_symlink(before / *part, failed);
    if (failed) {
      before /= *part;
      continue;
    }
    fs::path followed = before / end;
    while (++part != path.end()) followed /= *part;
    return followed;
  }
  return std::nullopt;
}

// Where a path leads, also when its last parts, or the ends of its links, do not exist yet.
fs::path Resolved(const fs::path& path) {
  constexpr int kMaxLinks = 40;  // as many as Linux follows
  fs::path resolved = path;
  for (int links = 0; links < kMaxLinks; ++links) {
    std::error_code failed;
    const fs::path canonical = fs::weakly_canonical(resolved, failed);
    if (failed) break;
    const std::optional<fs::path> followed = FollowDanglingLink(canonical);
    if (!followed) return canonical;
    resolved = *followed;
  }
  return resolved.lexically_normal();
}

bool IsWithin(const fs::path& inner, const fs::path& outer) {
  const auto [in, out] = std::mismatch(inner.begin(), inner.end(), outer.begin(), outer.end());
  return out == outer.end() || (out->empty() && std::next(out) == outer.end());
}

class LocalProvider final : public Provider {
 public:
  explicit LocalProvider(SecretSource& secrets) : secrets_(secrets) {}

  Result<std::unique_ptr<ObjectStore>> OpenVault(const api::BackupLocation& location,
                                                 VaultAccess access) override {
    LC2_ASSIGN_OR_RETURN(const fs::path root, VaultRoot(location));
    return OpenFolderStore(root, {.create = access == VaultAccess::kCreate,
                                  .read_only = access == VaultAccess::kRead});
  }

  Result<std::unique_ptr<ObjectStore>> OpenLibrary(const api::LiferayEnvironment& environment,
                                                   LibraryAccess access) override {
    LC2_ASSIGN_OR_RETURN(const fs::path root, LibraryRoot(environment));
    return OpenFolderStore(root, {.create = access == LibraryAccess::kWrite,
                                  .read_only = access == LibraryAccess::kRead});
  }

  // The root will be made in the nearest folder above it that exists.
  Result<std::optional<std::int64_t>> FreeBytesForLibrary(
      const api::LiferayEnvironment& environment) override {
    LC2_ASSIGN_OR_RETURN(fs::path folder, LibraryRoot(environment));
    std::error_code failed;
    while (!fs::exists(folder, failed) && folder.has_relative_path()) folder = folder.parent_path();
    const fs::space_info space = fs::space(folder, failed);
    if (failed) return ErrnoError(failed.value(), "ask for the free space of", folder.native());
    return std::optional(static_cast<std::int64_t>(space.available));
  }

  Result<SecretValues> DatabaseSecret(const api::LiferayEnvironment& environment) override {
    const std::string& name = environment.spec.database.connection_secret.name;
    if (name.empty()) {
      return Error{.kind = ErrorKind::kInvalid,
                   .code = "environment.no_connection_secret",
                   .message = fmt::format("environment '{}' names no connectionSecret for its "
                                          "database",
                                          environment.metadata.name),
                   .hint = "set spec.database.connectionSecret.name"};
    }
    return secrets_.Read(name);
  }

  Result<void> CheckApart(const api::LiferayEnvironment& environment,
                          const api::BackupLocation& location) override {
    LC2_ASSIGN_OR_RETURN(const fs::path library_root, LibraryRoot(environment));
    LC2_ASSIGN_OR_RETURN(const fs::path vault_root, VaultRoot(location));
    const fs::path library = Resolved(library_root);
    const fs::path vault = Resolved(vault_root);
    if (!IsWithin(library, vault) && !IsWithin(vault, library)) return {};
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "provider.overlap",
                 .message = fmt::format("the library '{}' and the vault '{}' lie in one another",
                                        library.native(), vault.native()),
                 .hint = "keep backups in a folder of their own, best on another disk"};
  }

 private:
  SecretSource& secrets_;
};

}  // namespace

std::unique_ptr<Provider> MakeLocalProvider(SecretSource& secrets) {
  return std::make_unique<LocalProvider>(secrets);
}

}  // namespace lc2::provider
