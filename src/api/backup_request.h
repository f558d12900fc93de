#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/describe.hpp>

#include "api/liferay_environment.h"
#include "api/meta.h"
#include "base/strong.h"
#include "codec/described.h"

// One wanted backup: api/crds/backuprequests.yaml has the meaning of each field.
namespace lc2::api {

enum class VerifyLevel { kExists, kSample, kFull };
BOOST_DESCRIBE_ENUM(VerifyLevel, kExists, kSample, kFull)

enum class Priority { kLow, kNormal, kHigh };
BOOST_DESCRIBE_ENUM(Priority, kLow, kNormal, kHigh)

enum class DeletionPolicy { kRetain, kDelete };
BOOST_DESCRIBE_ENUM(DeletionPolicy, kRetain, kDelete)

enum class BackupState {
  kPending,
  kInProgress,
  kSucceeded,
  kFailed,
  kCancelled,
  kExpired,
  kDeleting,
};
BOOST_DESCRIBE_ENUM(BackupState, kPending, kInProgress, kSucceeded, kFailed, kCancelled, kExpired,
                    kDeleting)

enum class ConsistencyLevel { kAsOf, kOrdered };
BOOST_DESCRIBE_ENUM(ConsistencyLevel, kAsOf, kOrdered)

struct BackupRequestDatabase {
  std::optional<BackupType> type;
  std::string instance_id;
  std::optional<std::int64_t> retention;  // days; of old drafts

  bool operator==(const BackupRequestDatabase&) const = default;
};
BOOST_DESCRIBE_STRUCT(BackupRequestDatabase, (), (type, instance_id, retention))

struct BackupRequestLibrary {
  std::string source_bucket;
  std::string destination_bucket;
  std::string destination_prefix;
  bool exclude_generated_files = true;

  bool operator==(const BackupRequestLibrary&) const = default;
};
BOOST_DESCRIBE_STRUCT(BackupRequestLibrary, (),
                      (source_bucket, destination_bucket, destination_prefix,
                       exclude_generated_files))

// A reason holds the backup: neither expiry nor deletion removes it.
struct Hold {
  std::string reason;

  bool operator==(const Hold&) const = default;
};
BOOST_DESCRIBE_STRUCT(Hold, (), (reason))

struct BackupRequestSpec {
  std::string project_id;
  std::string environment;
  std::optional<Provider> provider;
  BackupRequestDatabase database;
  BackupRequestLibrary document_library;
  std::int64_t retention_days = 30;
  VerifyLevel verify = VerifyLevel::kSample;
  bool cancel = false;
  Priority priority = Priority::kNormal;
  std::string requested_by;
  Hold hold;
  DeletionPolicy deletion_policy = DeletionPolicy::kRetain;

  bool operator==(const BackupRequestSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(BackupRequestSpec, (),
                      (project_id, environment, provider, database, document_library,
                       retention_days, verify, cancel, priority, requested_by, hold,
                       deletion_policy))

struct ProgressStatus {
  std::string step;
  std::int64_t objects_done = 0;
  std::int64_t objects_total = 0;  // 0: not known yet
  std::int64_t bytes_done = 0;
  std::int64_t bytes_total = 0;
  std::int64_t percent = 0;  // of the step

  bool operator==(const ProgressStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(ProgressStatus, (),
                      (step, objects_done, objects_total, bytes_done, bytes_total, percent))

struct BackupDatabaseStatus {
  std::string snapshot_id;
  std::string engine;
  std::string engine_version;
  std::int64_t size_bytes = 0;

  bool operator==(const BackupDatabaseStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(BackupDatabaseStatus, (), (snapshot_id, engine, engine_version, size_bytes))

struct BackupLibraryStatus {
  std::int64_t object_count = 0;
  std::int64_t total_size_bytes = 0;
  std::int64_t copied_objects = 0;
  std::string manifest_path;

  bool operator==(const BackupLibraryStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(BackupLibraryStatus, (),
                      (object_count, total_size_bytes, copied_objects, manifest_path))

struct ConsistencyStatus {
  ConsistencyLevel level = ConsistencyLevel::kOrdered;
  std::int64_t missing = 0;
  std::int64_t orphans = 0;
  std::int64_t size_mismatches = 0;
  std::int64_t recovered = 0;
  std::int64_t in_flight = 0;

  bool operator==(const ConsistencyStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(ConsistencyStatus, (),
                      (level, missing, orphans, size_mismatches, recovered, in_flight))

// Condition types: Accepted, Reconciling, Stalled, Succeeded, Verified, Portable, Signed,
// Immutable, Proved, Expired.
struct BackupRequestStatus {
  std::int64_t observed_generation = 0;
  BackupState state = BackupState::kPending;  // derived: DeriveBackupState()
  std::string backup_id;
  std::optional<Time> start_time;
  std::optional<Time> completion_time;
  std::optional<Time> expiration_time;
  std::string initiator;
  std::int64_t attempts = 0;
  std::optional<ProgressStatus> progress;
  std::optional<BackupDatabaseStatus> database;
  std::optional<BackupLibraryStatus> document_library;
  std::optional<ConsistencyStatus> consistency;
  Conditions conditions;

  bool operator==(const BackupRequestStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(BackupRequestStatus, (),
                      (observed_generation, state, backup_id, start_time, completion_time,
                       expiration_time, initiator, attempts, progress, database, document_library,
                       consistency, conditions))

struct BackupRequest {
  static constexpr std::string_view kKind = "BackupRequest";
  std::string api_version = std::string(kApiVersion);
  std::string kind = std::string(kKind);
  ObjectMeta metadata;
  BackupRequestSpec spec;
  BackupRequestStatus status;

  bool operator==(const BackupRequest&) const = default;
};
BOOST_DESCRIBE_STRUCT(BackupRequest, (), (api_version, kind, metadata, spec, status))

EnvironmentId IdOf(const BackupRequest& request);
// What the backup holds of the database: the request's word, else the environment's, else the
// default of its provider.
BackupType EffectiveBackupType(const BackupRequest& request, const LiferayEnvironment& environment);
// The word that conditions and metadata add up to. kFailed and kSucceeded only on a decided
// Succeeded condition (or a refusal); an Unknown one is still in progress.
BackupState DeriveBackupState(const BackupRequest& request);
// Nothing will happen to the request any more by itself, expiry and deletion aside.
bool IsTerminal(const BackupRequest& request);

}  // namespace lc2::api

namespace lc2::codec {

// Made once, in instances.cc: they are most of what a file that includes this would compile.
extern template Json Encode(const api::BackupRequest&);
extern template Result<api::BackupRequest> Decode(const Json&, const Path&);

}  // namespace lc2::codec
