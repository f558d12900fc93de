#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "api/backup_location.h"
#include "api/liferay_environment.h"
#include "base/context.h"
#include "base/log.h"
#include "base/result.h"
#include "base/secret_source.h"
#include "storage/object_store.h"

namespace lc2::provider {

enum class VaultAccess {
  kRead,
  kWrite,
  kCreate,  // the place may be made
};
enum class LibraryAccess {
  kRead,
  kWrite,  // a restore; the place may be made
};

// Turns an environment and a location, as resources name them, into stores and connections with
// the identity that is due. One implementation a cloud; this is the only place that knows which.
class Provider {
 public:
  virtual ~Provider() = default;

  // The location's store, rooted at its prefix. Errors: kNotFound, kDenied, kInvalid
  // "provider.unsupported" (a provider that this build does not serve).
  virtual Result<std::unique_ptr<ObjectStore>> OpenVault(const api::BackupLocation& location,
                                                         VaultAccess access) = 0;
  // The store of the document library, rooted at its prefix. The same errors; kInvalid
  // "library.unsupported_store" for a portal store that is not served.
  virtual Result<std::unique_ptr<ObjectStore>> OpenLibrary(
      const api::LiferayEnvironment& environment, LibraryAccess access) = 0;
  // Room for a library that is not there yet; nothing where there is no such limit.
  virtual Result<std::optional<std::int64_t>> FreeBytesForLibrary(
      const api::LiferayEnvironment& /*environment*/) {
    return std::optional<std::int64_t>();
  }
  // The values of the database's connection secret.
  virtual Result<SecretValues> DatabaseSecret(const api::LiferayEnvironment& environment) = 0;

  // Refuses a library that is, contains or lies in the vault: a backup would copy itself, a restore
  // would write over its source. kInvalid "provider.overlap".
  virtual Result<void> CheckApart(const api::LiferayEnvironment& environment,
                                  const api::BackupLocation& location) = 0;
};

// Folders of this machine. `secrets` must outlive it.
std::unique_ptr<Provider> MakeLocalProvider(SecretSource& secrets);

// Whichever a location names: folders of this machine, or buckets of S3 (provider aws). Libraries
// are folders. All that is given must outlive it, and it its stores.
std::unique_ptr<Provider> MakeProvider(SecretSource& secrets, const Clock& clock, Logger& log);

}  // namespace lc2::provider
