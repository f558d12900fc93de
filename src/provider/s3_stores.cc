#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "cloud/aws/credential_chain.h"
#include "provider/s3_stores_internal.h"
#include "storage/s3/s3_probe.h"

namespace lc2::provider {

namespace {

namespace aws = cloud::aws;

constexpr auto kTimeToAsk = std::chrono::seconds(60);
// Of a service that knows no regions, when none is named.
constexpr const char* kAnyRegion = "us-east-1";

Error Refused(const char* code, std::string message, std::string hint) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = code,
               .message = std::move(message),
               .hint = std::move(hint)};
}

std::string NameOf(const api::BackupLocation& location) {
  return fmt::format("location '{}'", location.metadata.name);
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, as far as a name
// that breaks them would become another host or path.
Result<void> CheckBucket(const api::BackupLocation& location) {
  const std::string& name = location.spec.bucket;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  };
  if (name.size() >= 3 && name.size() <= 63 && std::all_of(name.begin(), name.end(), allowed) &&
      name.find("..") == std::string::npos && name.front() != '.' && name.front() != '-') {
    return {};
  }
  return Refused("provider.bad_bucket",
                 fmt::format("'{}' of {} is no bucket's name", name, NameOf(location)),
                 "a name has 3 to 63 lower-case letters, digits, dots and dashes");
}

// "" or with one "/" at its end.
Result<std::string> PrefixOf(const api::BackupLocation& location) {
  std::string prefix = location.spec.prefix;
  while (prefix.ends_with('/')) prefix.pop_back();
  if (prefix.empty()) return prefix;
  if (const Result<void> good = CheckKey(prefix); !good.has_value()) {
    return Refused("provider.bad_prefix",
                   fmt::format("the prefix '{}' of {} cannot begin a key", location.spec.prefix,
                               NameOf(location)),
                   "write it as backups/lc2, without empty parts");
  }
  return prefix + "/";
}

Result<aws::S3Bucket> BucketOf(const api::BackupLocation& location) {
  LC2_RETURN_IF_ERROR(CheckBucket(location));
  const api::BackupLocationSpec& spec = location.spec;
  if (spec.endpoint.empty()) {
    if (spec.region.empty()) {
      return Refused("aws.region", NameOf(location) + " names no region",
                     "set spec.region, or spec.endpoint for a service of your own");
    }
    return aws::S3Bucket::OfAmazon(spec.bucket, spec.region);
  }
  LC2_ASSIGN_OR_RETURN(
      aws::Endpoint endpoint,
      aws::Endpoint::Parse(spec.endpoint, spec.region.empty() ? kAnyRegion : spec.region));
  return aws::S3Bucket{.name = spec.bucket, .endpoint = std::move(endpoint)};
}

}  // namespace

S3Stores::S3Stores(SecretSource& secrets, const Clock& clock, Logger& log)
    : secrets_(secrets), clock_(clock), log_(log), transport_(net::MakeHttpTransport()) {}

Result<S3StoreOptions> S3Stores::OptionsOf(const api::BackupLocation& location) const {
  S3StoreOptions options;
  LC2_ASSIGN_OR_RETURN(options.bucket, BucketOf(location));
  LC2_ASSIGN_OR_RETURN(options.prefix, PrefixOf(location));
  options.storage_class = location.spec.storage_class;
  options.kms_key = location.spec.encryption.key_id;
  if (location.spec.object_lock.mode == api::ObjectLockMode::kNone) return options;
  return Refused("provider.unsupported",
                 NameOf(location) + " asks for object lock, which LC2 does not set yet",
                 "leave spec.objectLock out");
}

Result<aws::CredentialCache*> S3Stores::Credentials(const api::BackupLocation& location,
                                                    const std::string& region) {
  const std::string& secret = location.spec.credentials_secret.name;
  const std::lock_guard lock(mutex_);
  auto& cache = credentials_[secret + " " + region];
  if (cache == nullptr) {
    aws::CredentialSourcePtr source;
    if (secret.empty()) {
      const char* const home = std::getenv("HOME");
      LC2_ASSIGN_OR_RETURN(
          source, aws::MakeCredentialChain(*transport_, {.variables = aws::AwsVariables(),
                                                         .home = home == nullptr ? "" : home,
                                                         .region = region}));
    } else {
      source = aws::MakeSecretSource(secrets_, secret);
    }
    cache = std::make_unique<aws::CredentialCache>(std::move(source), clock_, log_);
  }
  return cache.get();
}

// Amazon's own is known; of another service only who may write can find out. A reader has to do
// without: it sorts each listing, which is slower and never wrong.
Result<S3Capabilities> S3Stores::Capabilities(const api::BackupLocation& location,
                                              const S3StoreLinks& links,
                                              const S3StoreOptions& options, VaultAccess access) {
  const std::string place = fmt::format("{} {} {} {}", location.spec.endpoint, options.bucket.name,
                                        options.prefix, location.spec.credentials_secret.name);
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = known_.find(place); known != known_.end()) return known->second;
  }
  const Context ctx = Context(clock_, log_).WithTimeout(kTimeToAsk);
  const bool probe = !location.spec.endpoint.empty() && access != VaultAccess::kRead;
  LC2_ASSIGN_OR_RETURN(S3Capabilities can,
                       probe ? ProbeS3(ctx, links, options) : AskS3(ctx, links, options));
  if (!probe && !location.spec.endpoint.empty()) {
    can.byte_order = false;
    return can;
  }
  const std::lock_guard lock(mutex_);
  known_[place] = can;
  return can;
}

Result<std::unique_ptr<ObjectStore>> S3Stores::OpenVault(const api::BackupLocation& location,
                                                         VaultAccess access) {
  LC2_ASSIGN_OR_RETURN(S3StoreOptions options, OptionsOf(location));
  LC2_ASSIGN_OR_RETURN(aws::CredentialCache* const credentials,
                       Credentials(location, options.bucket.endpoint.region));
  const S3StoreLinks links{*transport_, *credentials, random_};
  LC2_ASSIGN_OR_RETURN(options.can, Capabilities(location, links, options, access));
  options.read_only = access == VaultAccess::kRead;
  if (options.read_only) return MakeS3Store(links, options);
  if (options.can.versions) {
    return Refused("provider.unsupported",
                   fmt::format("bucket '{}' of {} keeps versions, which LC2 cannot delete yet",
                               options.bucket.name, NameOf(location)),
                   "use a bucket without versions");
  }
  if (!options.can.conditional_put && !location.spec.single_writer) {
    return Refused(
        "provider.no_create_only",
        fmt::format("the service of {} cannot create only what is not there yet", NameOf(location)),
        "two writers could both decide: use another service, or state with "
        "spec.singleWriter that there will never be a second one");
  }
  return MakeS3Store(links, options);
}

}  // namespace lc2::provider
