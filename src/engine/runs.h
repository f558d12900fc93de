#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "api/backup_location.h"
#include "api/backup_request.h"
#include "api/liferay_environment.h"
#include "api/restore_request.h"
#include "base/strong.h"
#include "vault/control_log.h"

// What an attempt is told: everything resolved by the control plane, so that an attempt needs
// nothing but this, its own identity and the vault. Secrets stand here by name only.
namespace lc2::engine {

// One attempt of a backup run.
struct BackupRun {
  RunId run;
  AttemptId attempt;
  std::vector<AttemptId> earlier;  // attempts of this run before, oldest first
  BackupId backup_id;
  std::string spec_digest;
  std::optional<vault::Base> base;
  std::optional<RunId> inherited;
  api::LiferayEnvironment environment;
  api::BackupLocation location;
  api::BackupType database = api::BackupType::kDump;
  bool exclude_generated = true;
  api::VerifyLevel verify = api::VerifyLevel::kSample;
  bool automatic = false;  // made by a schedule
  // Made by a restore of its own target: kept even where the target has lost documents.
  bool safeguard = false;
};
BOOST_DESCRIBE_STRUCT(BackupRun, (),
                      (run, attempt, earlier, backup_id, spec_digest, base, inherited, environment,
                       location, database, exclude_generated, verify, automatic, safeguard))

// One attempt of a restore run within one environment.
struct RestoreRun {
  RunId run;
  AttemptId attempt;
  BackupId backup_id;
  std::string manifest_digest;  // of the backup that was planned; another one is refused
  api::LiferayEnvironment environment;
  api::BackupLocation location;
  api::RestoreType type = api::RestoreType::kFull;
  bool overwrite = false;
  api::RestoreDatabase database;
  api::RestoreLibrary library;
};
BOOST_DESCRIBE_STRUCT(RestoreRun, (),
                      (run, attempt, backup_id, manifest_digest, environment, location, type,
                       overwrite, database, library))

}  // namespace lc2::engine
