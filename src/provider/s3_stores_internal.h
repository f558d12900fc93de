#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "api/backup_location.h"
#include "base/context.h"
#include "base/random.h"
#include "base/secret_source.h"
#include "cloud/aws/credential_cache.h"
#include "net/transport.h"
#include "provider/provider.h"
#include "storage/s3/s3_store.h"

namespace lc2::provider {

// Opens vaults in buckets of S3, or of a service that speaks it. Connections, credentials and what
// was found out about a service are kept for the next store. Thread-safe; outlives its stores.
class S3Stores {
 public:
  S3Stores(SecretSource& secrets, const Clock& clock, Logger& log);

  // Errors: kInvalid "provider.bad_bucket", "provider.bad_prefix", "aws.endpoint", "aws.region",
  // "provider.unsupported" (object lock, versions), "provider.no_create_only"; those of the
  // credentials, and of asking the service.
  Result<std::unique_ptr<ObjectStore>> OpenVault(const api::BackupLocation& location,
                                                 VaultAccess access);

 private:
  Result<S3StoreOptions> OptionsOf(const api::BackupLocation& location) const;
  Result<cloud::aws::CredentialCache*> Credentials(const api::BackupLocation& location,
                                                   const std::string& region);
  Result<S3Capabilities> Capabilities(const api::BackupLocation& location,
                                      const S3StoreLinks& links, const S3StoreOptions& options,
                                      VaultAccess access);

  SecretSource& secrets_;
  const Clock& clock_;
  Logger& log_;
  SystemRandom random_;
  const std::unique_ptr<net::Transport> transport_;
  std::mutex mutex_;
  // By secret and region.
  std::map<std::string, std::unique_ptr<cloud::aws::CredentialCache>> credentials_;
  std::map<std::string, S3Capabilities> known_;  // by place
};

}  // namespace lc2::provider
