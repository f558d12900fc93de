#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "api/backup_location.h"
#include "api/meta.h"
#include "api/notification.h"
#include "api/webhook.h"
#include "base/strong.h"
#include "codec/described.h"

// What to protect: api/crds/liferayenvironments.yaml has the meaning of each field.
namespace lc2::api {

enum class DatabaseEngine { kPostgres, kMysql };
BOOST_DESCRIBE_ENUM(DatabaseEngine, kPostgres, kMysql)
constexpr codec::WordCase WordCaseOf(DatabaseEngine) { return codec::WordCase::kKebab; }

// What of the database a backup holds.
enum class BackupType { kSnapshot, kDump, kBoth, kNone };
BOOST_DESCRIBE_ENUM(BackupType, kSnapshot, kDump, kBoth, kNone)
constexpr codec::WordCase WordCaseOf(BackupType) { return codec::WordCase::kKebab; }

// The portal's store plug-in (domain.md 1, "store").
enum class LibraryStore { kFileSystem, kAdvancedFileSystem, kS3, kIBMS3, kGCS, kAzure, kDB };
BOOST_DESCRIBE_ENUM(LibraryStore, kFileSystem, kAdvancedFileSystem, kS3, kIBMS3, kGCS, kAzure, kDB)

enum class AmbientIdentity { kPod, kNode };
BOOST_DESCRIBE_ENUM(AmbientIdentity, kPod, kNode)

enum class WorkloadKind { kStatefulSet, kDeployment };
BOOST_DESCRIBE_ENUM(WorkloadKind, kStatefulSet, kDeployment)

struct EnvironmentDatabase {
  DatabaseEngine engine = DatabaseEngine::kPostgres;
  std::string name = "lportal";
  std::string instance_id;
  std::optional<BackupType> backup_type;  // absent: see DefaultBackupType()
  SecretName connection_secret;

  bool operator==(const EnvironmentDatabase&) const = default;
};
BOOST_DESCRIBE_STRUCT(EnvironmentDatabase, (),
                      (engine, name, instance_id, backup_type, connection_secret))

struct EnvironmentLibrary {
  LibraryStore store = LibraryStore::kFileSystem;
  std::string bucket;  // Azure: container; FileSystem stores: a folder
  std::string prefix;
  std::string region;
  std::string endpoint;
  SecretName credentials_secret;
  std::int64_t missing_tolerance = 0;
  bool require_as_of = false;

  bool operator==(const EnvironmentLibrary&) const = default;
};
BOOST_DESCRIBE_STRUCT(EnvironmentLibrary, (),
                      (store, bucket, prefix, region, endpoint, credentials_secret,
                       missing_tolerance, require_as_of))

struct AwsIdentity {
  std::string role_arn;
  std::string external_id;

  bool operator==(const AwsIdentity&) const = default;
};
BOOST_DESCRIBE_STRUCT(AwsIdentity, (), (role_arn, external_id))

struct EnvironmentIdentity {
  std::string service_account_name = "lc2-worker";
  AwsIdentity aws;
  AmbientIdentity ambient = AmbientIdentity::kPod;

  bool operator==(const EnvironmentIdentity&) const = default;
};
BOOST_DESCRIBE_STRUCT(EnvironmentIdentity, (), (service_account_name, aws, ambient))

struct EnvironmentWorkload {
  WorkloadKind kind = WorkloadKind::kStatefulSet;
  std::string name = "liferay-default";

  bool operator==(const EnvironmentWorkload&) const = default;
};
BOOST_DESCRIBE_STRUCT(EnvironmentWorkload, (), (kind, name))

// 0 means no limit.
struct EnvironmentLimits {
  std::int64_t max_concurrent_backups = 2;
  std::int64_t max_concurrent_per_database = 1;
  std::int64_t max_backups = 200;
  std::int64_t max_bytes = 0;
  std::int64_t max_snapshots = 20;
  std::int64_t max_run_hours = 24;

  bool operator==(const EnvironmentLimits&) const = default;
};
BOOST_DESCRIBE_STRUCT(EnvironmentLimits, (),
                      (max_concurrent_backups, max_concurrent_per_database, max_backups, max_bytes,
                       max_snapshots, max_run_hours))

// Other environments are named "uat" (of the same project) or "retail-uat".
struct EnvironmentRestore {
  std::vector<std::string> gives_to;
  std::vector<std::string> accepts_from;
  std::int64_t required_approvals = 0;
  bool require_sanitize = true;
  bool require_signature = true;
  std::string after_restore;

  bool operator==(const EnvironmentRestore&) const = default;
};
BOOST_DESCRIBE_STRUCT(EnvironmentRestore, (),
                      (gives_to, accepts_from, required_approvals, require_sanitize,
                       require_signature, after_restore))

struct LiferayEnvironmentSpec {
  std::string project_id;
  std::string environment;
  std::string namespace_;     // empty: see NamespaceOf()
  std::string run_namespace;  // empty: see RunNamespaceOf()
  Provider provider = Provider::kLocal;
  std::string backup_location;
  SecretName vault_credentials_secret;
  EnvironmentDatabase database;
  EnvironmentLibrary document_library;
  EnvironmentIdentity identity;
  EnvironmentWorkload workload;
  EnvironmentLimits limits;
  EnvironmentRestore restore;
  Webhook webhook;  // without URL: that of the location

  bool operator==(const LiferayEnvironmentSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(LiferayEnvironmentSpec, (),
                      (project_id, environment, namespace_, run_namespace, provider,
                       backup_location, vault_credentials_secret, database, document_library,
                       identity, workload, limits, restore, webhook))

// Condition types: Ready, Notified.
struct LiferayEnvironmentStatus {
  std::int64_t observed_generation = 0;
  std::vector<std::string> capabilities;
  std::optional<NotificationStatus> notifications;  // absent: there is no webhook
  Conditions conditions;

  bool operator==(const LiferayEnvironmentStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(LiferayEnvironmentStatus, (),
                      (observed_generation, capabilities, notifications, conditions))

struct LiferayEnvironment {
  static constexpr std::string_view kKind = "LiferayEnvironment";
  std::string api_version = std::string(kApiVersion);
  std::string kind = std::string(kKind);
  ObjectMeta metadata;
  LiferayEnvironmentSpec spec;
  LiferayEnvironmentStatus status;

  bool operator==(const LiferayEnvironment&) const = default;
};
BOOST_DESCRIBE_STRUCT(LiferayEnvironment, (), (api_version, kind, metadata, spec, status))

EnvironmentId IdOf(const LiferayEnvironment& environment);
// The namespace whose requests it serves, its default filled in.
std::string NamespaceOf(const LiferayEnvironment& environment);
// The namespace in which its attempts run, its default filled in.
std::string RunNamespaceOf(const LiferayEnvironment& environment);
// What a backup holds when neither request nor environment says: a local database has no provider
// snapshots.
BackupType DefaultBackupType(const LiferayEnvironment& environment);

}  // namespace lc2::api

namespace lc2::codec {

// Made once, in instances.cc: they are most of what a file that includes this would compile.
extern template Json Encode(const api::LiferayEnvironment&);
extern template Result<api::LiferayEnvironment> Decode(const Json&, const Path&);

}  // namespace lc2::codec
