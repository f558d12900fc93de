#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "api/meta.h"
#include "api/webhook.h"
#include "codec/described.h"

// Where backups are kept: api/crds/backuplocations.yaml has the meaning of each field.
namespace lc2::api {

enum class Provider { kAws, kGcp, kAzure, kLocal };
BOOST_DESCRIBE_ENUM(Provider, kAws, kGcp, kAzure, kLocal)
constexpr codec::WordCase WordCaseOf(Provider) { return codec::WordCase::kKebab; }

enum class VaultLayout { kPool, kFolder };
BOOST_DESCRIBE_ENUM(VaultLayout, kPool, kFolder)

enum class EncryptionMode { kProvider, kKMS };
BOOST_DESCRIBE_ENUM(EncryptionMode, kProvider, kKMS)

enum class ObjectLockMode { kNone, kGovernance, kCompliance };
BOOST_DESCRIBE_ENUM(ObjectLockMode, kNone, kGovernance, kCompliance)

struct LocationEncryption {
  EncryptionMode mode = EncryptionMode::kProvider;
  std::string key_id;

  bool operator==(const LocationEncryption&) const = default;
};
BOOST_DESCRIBE_STRUCT(LocationEncryption, (), (mode, key_id))

struct LocationObjectLock {
  ObjectLockMode mode = ObjectLockMode::kNone;
  std::int64_t slack_days = 30;

  bool operator==(const LocationObjectLock&) const = default;
};
BOOST_DESCRIBE_STRUCT(LocationObjectLock, (), (mode, slack_days))

struct LocationLimits {
  std::int64_t max_concurrent = 0;  // 0: no limit

  bool operator==(const LocationLimits&) const = default;
};
BOOST_DESCRIBE_STRUCT(LocationLimits, (), (max_concurrent))

struct BackupLocationSpec {
  Provider provider = Provider::kLocal;
  std::string bucket;  // Azure: container; local: a folder
  std::string prefix;
  std::string region;
  std::string endpoint;
  VaultLayout layout = VaultLayout::kPool;
  bool lcp_trackers = true;
  std::string storage_class;
  LocationEncryption encryption;
  LocationObjectLock object_lock;
  bool single_writer = false;
  std::int64_t soft_delete_days = 30;
  LocationLimits limits;
  Webhook webhook;
  SecretName credentials_secret;

  bool operator==(const BackupLocationSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(BackupLocationSpec, (),
                      (provider, bucket, prefix, region, endpoint, layout, lcp_trackers,
                       storage_class, encryption, object_lock, single_writer, soft_delete_days,
                       limits, webhook, credentials_secret))

struct LocationUsage {
  std::int64_t backups = 0;
  std::int64_t objects = 0;
  std::int64_t bytes = 0;
  std::optional<Time> measured_time;

  bool operator==(const LocationUsage&) const = default;
};
BOOST_DESCRIBE_STRUCT(LocationUsage, (), (backups, objects, bytes, measured_time))

// The vault that was seen there: another one, or none, in its place is none of this location's.
struct LocationVault {
  std::string id;     // 32 lower-case hex digits
  std::string place;  // provider, endpoint, bucket and prefix where it was seen

  bool operator==(const LocationVault&) const = default;
};
BOOST_DESCRIBE_STRUCT(LocationVault, (), (id, place))

struct BackupLocationStatus {
  std::int64_t observed_generation = 0;
  std::optional<LocationVault> vault;
  std::vector<std::string> capabilities;  // "CreateOnly", "Versioning", ...
  std::optional<LocationUsage> usage;
  Conditions conditions;

  bool operator==(const BackupLocationStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(BackupLocationStatus, (),
                      (observed_generation, vault, capabilities, usage, conditions))

struct BackupLocation {
  static constexpr std::string_view kKind = "BackupLocation";
  std::string api_version = std::string(kApiVersion);
  std::string kind = std::string(kKind);
  ObjectMeta metadata;
  BackupLocationSpec spec;
  BackupLocationStatus status;

  bool operator==(const BackupLocation&) const = default;
};
BOOST_DESCRIBE_STRUCT(BackupLocation, (), (api_version, kind, metadata, spec, status))

}  // namespace lc2::api

namespace lc2::codec {

// Made once, in instances.cc: they are most of what a file that includes this would compile.
extern template Json Encode(const api::BackupLocation&);
extern template Result<api::BackupLocation> Decode(const Json&, const Path&);

}  // namespace lc2::codec
