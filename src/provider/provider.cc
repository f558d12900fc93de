#include "provider/provider.h"

#include <mutex>
#include <utility>

#include "provider/s3_stores_internal.h"

namespace lc2::provider {

namespace {

// Hands on to the cloud that the resource names.
class ByName final : public Provider {
 public:
  ByName(SecretSource& secrets, const Clock& clock, Logger& log)
      : secrets_(secrets), clock_(clock), log_(log), local_(MakeLocalProvider(secrets)) {}

  Result<std::unique_ptr<ObjectStore>> OpenVault(const api::BackupLocation& location,
                                                 VaultAccess access) override {
    if (IsOnS3(location)) return s3().OpenVault(location, access);
    return local_->OpenVault(location, access);
  }
  Result<std::unique_ptr<ObjectStore>> OpenLibrary(const api::LiferayEnvironment& environment,
                                                   LibraryAccess access) override {
    return local_->OpenLibrary(environment, access);
  }
  Result<std::optional<std::int64_t>> FreeBytesForLibrary(
      const api::LiferayEnvironment& environment) override {
    return local_->FreeBytesForLibrary(environment);
  }
  Result<SecretValues> DatabaseSecret(const api::LiferayEnvironment& environment) override {
    return local_->DatabaseSecret(environment);
  }
  // A folder is no part of a bucket.
  Result<void> CheckApart(const api::LiferayEnvironment& environment,
                          const api::BackupLocation& location) override {
    if (IsOnS3(location)) return {};
    return local_->CheckApart(environment, location);
  }

 private:
  static bool IsOnS3(const api::BackupLocation& location) {
    return location.spec.provider == api::Provider::kAws;
  }

  // Made when it is needed: it has a thread for its connections.
  S3Stores& s3() {
    const std::lock_guard lock(mutex_);
    if (s3_ == nullptr) s3_ = std::make_unique<S3Stores>(secrets_, clock_, log_);
    return *s3_;
  }

  SecretSource& secrets_;
  const Clock& clock_;
  Logger& log_;
  const std::unique_ptr<Provider> local_;
  std::mutex mutex_;
  std::unique_ptr<S3Stores> s3_;  // guarded by mutex_
};

}  // namespace

std::unique_ptr<Provider> MakeProvider(SecretSource& secrets, const Clock& clock, Logger& log) {
  return std::make_unique<ByName>(secrets, clock, log);
}

}  // namespace lc2::provider
