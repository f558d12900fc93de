#include "api/backup_request.h"
#include "api/backup_schedule.h"
#include "api/restore_request.h"

namespace lc2::api {

namespace {

// What a failed Succeeded condition says when the request was stopped rather than failing.
bool WasCancelled(const Condition& condition) {
  return condition.reason == FactsOf(ErrorKind::kCancelled).name;
}

}  // namespace

EnvironmentId IdOf(const BackupRequest& request) {
  return {ProjectId(request.spec.project_id), EnvironmentName(request.spec.environment)};
}

BackupType EffectiveBackupType(const BackupRequest& request,
                               const LiferayEnvironment& environment) {
  return request.spec.database.type.value_or(DefaultBackupType(environment));
}

BackupState DeriveBackupState(const BackupRequest& request) {
  const Conditions& conditions = request.status.conditions;
  if (request.metadata.deletion_timestamp) return BackupState::kDeleting;
  if (HasCondition(conditions, "Expired")) return BackupState::kExpired;
  const Condition* succeeded = FindCondition(conditions, "Succeeded");
  if (succeeded != nullptr && succeeded->status == ConditionStatus::kTrue) {
    return BackupState::kSucceeded;
  }
  if (succeeded != nullptr && succeeded->status == ConditionStatus::kFalse) {
    return WasCancelled(*succeeded) ? BackupState::kCancelled : BackupState::kFailed;
  }
  if (HasCondition(conditions, "Accepted", ConditionStatus::kFalse)) return BackupState::kFailed;
  return request.status.start_time ? BackupState::kInProgress : BackupState::kPending;
}

bool IsTerminal(const BackupRequest& request) {
  switch (DeriveBackupState(request)) {
    case BackupState::kSucceeded:
    case BackupState::kFailed:
    case BackupState::kCancelled:
    case BackupState::kExpired:
      return true;
    case BackupState::kPending:
    case BackupState::kInProgress:
    case BackupState::kDeleting:
      break;
  }
  return false;
}

BackupRequest RequestFrom(const BackupSchedule& schedule, const LiferayEnvironment& environment,
                          std::string name) {
  const TemplateSpec& wanted = schedule.spec.template_.spec;
  BackupRequest request;
  request.metadata.name = std::move(name);
  request.metadata.namespace_ = schedule.metadata.namespace_;
  request.metadata.labels = StandardLabels(IdOf(environment));
  request.metadata.labels[std::string(kScheduleLabel)] = schedule.metadata.name;
  request.spec.project_id = environment.spec.project_id;
  request.spec.environment = environment.spec.environment;
  request.spec.database.type = wanted.database.type;
  request.spec.document_library.exclude_generated_files =
      wanted.document_library.exclude_generated_files;
  request.spec.retention_days = wanted.retention_days;
  request.spec.verify = wanted.verify;
  request.spec.priority = wanted.priority;
  request.spec.requested_by = "schedule/" + schedule.metadata.name;
  return request;
}

std::string ScheduleOf(const BackupRequest& request) {
  const auto label = request.metadata.labels.find(std::string(kScheduleLabel));
  return label == request.metadata.labels.end() ? std::string() : label->second;
}

EnvironmentId SourceOf(const RestoreRequest& request, const LiferayEnvironment& target) {
  const RestoreRequestSpec& spec = request.spec;
  return {
      ProjectId(spec.source_project_id.empty() ? target.spec.project_id : spec.source_project_id),
      EnvironmentName(spec.source_environment.empty() ? target.spec.environment
                                                      : spec.source_environment)};
}

ErrorStatus ToErrorStatus(const Error& error) {
  return ErrorStatus{.kind = std::string(FactsOf(error.kind).name),
                     .code = error.code,
                     .message = Describe(error),
                     .hint = HintOf(error)};
}

RestoreState DeriveRestoreState(const RestoreRequest& request) {
  const Conditions& conditions = request.status.conditions;
  if (HasCondition(conditions, "Undone")) return RestoreState::kUndone;
  const Condition* succeeded = FindCondition(conditions, "Succeeded");
  if (succeeded != nullptr && succeeded->status == ConditionStatus::kTrue) {
    return request.spec.dry_run ? RestoreState::kPlanned : RestoreState::kSucceeded;
  }
  if (succeeded != nullptr && succeeded->status == ConditionStatus::kFalse) {
    return WasCancelled(*succeeded) ? RestoreState::kCancelled : RestoreState::kFailed;
  }
  if (HasCondition(conditions, "Accepted", ConditionStatus::kFalse)) return RestoreState::kFailed;
  if (HasCondition(conditions, "Switched")) return RestoreState::kSwitched;
  if (HasCondition(conditions, "Approved", ConditionStatus::kFalse)) {
    return RestoreState::kAwaitingApproval;
  }
  if (request.status.start_time) return RestoreState::kInProgress;
  return HasCondition(conditions, "Planned") ? RestoreState::kPlanned : RestoreState::kPending;
}

bool IsTerminal(const RestoreRequest& request) {
  switch (DeriveRestoreState(request)) {
    case RestoreState::kSucceeded:
    case RestoreState::kFailed:
    case RestoreState::kCancelled:
    case RestoreState::kUndone:
      return true;
    case RestoreState::kPlanned:
      return HasCondition(request.status.conditions, "Succeeded");
    case RestoreState::kPending:
    case RestoreState::kAwaitingApproval:
    case RestoreState::kInProgress:
    case RestoreState::kSwitched:
      break;
  }
  return false;
}

}  // namespace lc2::api
