#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "api/backup_request.h"
#include "api/liferay_environment.h"
#include "api/meta.h"
#include "codec/described.h"

// One wanted restore: api/crds/restorerequests.yaml has the meaning of each field.
namespace lc2::api {

enum class RestoreType { kFull, kDatabaseOnly, kStorageOnly, kSelective };
BOOST_DESCRIBE_ENUM(RestoreType, kFull, kDatabaseOnly, kStorageOnly, kSelective)
constexpr codec::WordCase WordCaseOf(RestoreType) { return codec::WordCase::kKebab; }

enum class RestoreStrategy { kPrepareAndSwap, kOverwrite };
BOOST_DESCRIBE_ENUM(RestoreStrategy, kPrepareAndSwap, kOverwrite)

enum class RestoreEngine { kBuiltin, kArgo };
BOOST_DESCRIBE_ENUM(RestoreEngine, kBuiltin, kArgo)
constexpr codec::WordCase WordCaseOf(RestoreEngine) { return codec::WordCase::kKebab; }

enum class ExtraKeys { kKeep, kRemove };
BOOST_DESCRIBE_ENUM(ExtraKeys, kKeep, kRemove)

enum class RestoreState {
  kPending,
  kPlanned,
  kAwaitingApproval,
  kInProgress,
  kSwitched,
  kSucceeded,
  kFailed,
  kCancelled,
  kUndone,
};
BOOST_DESCRIBE_ENUM(RestoreState, kPending, kPlanned, kAwaitingApproval, kInProgress, kSwitched,
                    kSucceeded, kFailed, kCancelled, kUndone)

struct RestoreDatabase {
  std::string target_instance_id;
  std::string target_name;
  std::optional<Time> point_in_time;

  bool operator==(const RestoreDatabase&) const = default;
};
BOOST_DESCRIBE_STRUCT(RestoreDatabase, (), (target_instance_id, target_name, point_in_time))

struct RestoreLibrary {
  std::string target_bucket;
  ExtraKeys extra_keys = ExtraKeys::kKeep;
  std::vector<std::string> include;
  std::vector<std::string> exclude;

  bool operator==(const RestoreLibrary&) const = default;
};
BOOST_DESCRIBE_STRUCT(RestoreLibrary, (), (target_bucket, extra_keys, include, exclude))

struct RestoreRequestSpec {
  std::string backup_id;
  std::string source_project_id;   // empty: the target's
  std::string source_environment;  // empty: the target's
  std::string target_environment;
  RestoreType restore_type = RestoreType::kFull;
  RestoreStrategy strategy = RestoreStrategy::kPrepareAndSwap;
  std::string confirm;
  bool safeguard = true;
  bool cancel = false;
  std::string requested_by;
  RestoreEngine engine = RestoreEngine::kBuiltin;
  bool dry_run = false;
  bool sanitize = true;
  RestoreDatabase database;
  RestoreLibrary document_library;

  bool operator==(const RestoreRequestSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(RestoreRequestSpec, (),
                      (backup_id, source_project_id, source_environment, target_environment,
                       restore_type, strategy, confirm, safeguard, cancel, requested_by, engine,
                       dry_run, sanitize, database, document_library))

struct RestoreApprovalStatus {
  std::string approver;
  std::string plan_digest;
  std::optional<Time> time;

  bool operator==(const RestoreApprovalStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(RestoreApprovalStatus, (), (approver, plan_digest, time))

// An Error as people and scripts read it; `kind` is the name of its ErrorKind.
struct ErrorStatus {
  std::string kind;
  std::string code;
  std::string message;
  std::string hint;

  bool operator==(const ErrorStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(ErrorStatus, (), (kind, code, message, hint))

// Condition types: Accepted, Planned, Approved, Reconciling, Stalled, Switched, ReindexNeeded,
// Undone, Succeeded.
struct RestoreRequestStatus {
  std::int64_t observed_generation = 0;
  RestoreState state = RestoreState::kPending;  // derived: DeriveRestoreState()
  std::optional<Time> start_time;
  std::optional<Time> completion_time;
  std::optional<Time> undo_until;
  std::string initiator;
  std::int64_t attempts = 0;
  std::optional<ProgressStatus> progress;
  codec::Json plan;  // an object; its form belongs to the engine
  std::string plan_digest;
  std::vector<RestoreApprovalStatus> approvals;
  std::optional<ErrorStatus> error;
  Conditions conditions;

  bool operator==(const RestoreRequestStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(RestoreRequestStatus, (),
                      (observed_generation, state, start_time, completion_time, undo_until,
                       initiator, attempts, progress, plan, plan_digest, approvals, error,
                       conditions))

struct RestoreRequest {
  static constexpr std::string_view kKind = "RestoreRequest";
  std::string api_version = std::string(kApiVersion);
  std::string kind = std::string(kKind);
  ObjectMeta metadata;
  RestoreRequestSpec spec;
  RestoreRequestStatus status;

  bool operator==(const RestoreRequest&) const = default;
};
BOOST_DESCRIBE_STRUCT(RestoreRequest, (), (api_version, kind, metadata, spec, status))

// Whose backup is restored, given the environment that it is restored into.
EnvironmentId SourceOf(const RestoreRequest& request, const LiferayEnvironment& target);
ErrorStatus ToErrorStatus(const Error& error);
RestoreState DeriveRestoreState(const RestoreRequest& request);
// Nothing will happen to the request any more by itself; so too a dry run that has its plan.
bool IsTerminal(const RestoreRequest& request);

}  // namespace lc2::api

namespace lc2::codec {

// Made once, in instances.cc: they are most of what a file that includes this would compile.
extern template Json Encode(const api::RestoreRequest&);
extern template Result<api::RestoreRequest> Decode(const Json&, const Path&);

}  // namespace lc2::codec
