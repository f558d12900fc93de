#pragma once

#include <string>

#include "api/admission.h"
#include "api/backup_location.h"
#include "api/backup_request.h"
#include "api/backup_schedule.h"
#include "api/liferay_environment.h"
#include "api/restore_request.h"
#include "codec/yaml.h"

// A small valid object of each kind.
namespace lc2::api::testing {

inline BackupLocation SampleLocation() {
  BackupLocation location;
  location.metadata.name = "disk";
  location.spec.bucket = "/srv/vault";
  return location;
}

inline LiferayEnvironment SampleEnvironment(const std::string& environment = "prd") {
  LiferayEnvironment sample;
  sample.metadata.name = "retail-" + environment;
  sample.spec.project_id = "retail";
  sample.spec.environment = environment;
  sample.spec.backup_location = "disk";
  sample.spec.database.connection_secret.name = "retail-db";
  sample.spec.document_library.bucket = "/srv/library";
  return sample;
}

inline BackupRequest SampleBackup(const std::string& name = "nightly") {
  BackupRequest request;
  request.metadata.name = name;
  request.metadata.namespace_ = "proj-retail-prd";
  request.spec.project_id = "retail";
  request.spec.environment = "prd";
  return request;
}

inline RestoreRequest SampleRestore() {
  RestoreRequest request;
  request.metadata.name = "back";
  request.metadata.namespace_ = "proj-retail-prd";
  request.spec.backup_id = "retail-prd-backup-20251109-143000";
  request.spec.target_environment = "prd";
  return request;
}

inline BackupSchedule SampleSchedule() {
  BackupSchedule schedule;
  schedule.metadata.name = "nightly";
  schedule.metadata.namespace_ = "proj-retail-prd";
  schedule.spec.schedule = "0 2 * * *";
  return schedule;
}

inline codec::Json FromYaml(std::string_view text) {
  return codec::ParseYaml(text).value().at(0).value;
}

// "spec.retentionDays: must be at least 7, is 3; ..." in the order of the faults.
inline std::string AllOf(const Faults& faults) {
  std::string text;
  for (const Fault& fault : faults) text += (text.empty() ? "" : "; ") + Describe(fault);
  return text;
}

}  // namespace lc2::api::testing
