#pragma once

#include <optional>
#include <string>

#include <boost/describe.hpp>

#include "base/clock.h"
#include "base/strong.h"
#include "vault/control_log.h"
#include "vault/manifest.h"

namespace lc2::catalog {

// What became of a backup run; `Deleting` waits for the end of the soft-delete delay.
enum class BackupState { kInProgress, kSucceeded, kFailed, kCancelled, kDeleting, kDeleted };
BOOST_DESCRIBE_ENUM(BackupState, kInProgress, kSucceeded, kFailed, kCancelled, kDeleting, kDeleted)

// One backup run as lists, filters and reports see it. A pure function of the run's control log
// and manifest, so that a catalogue that was rebuilt gives the same answers as one that grew.
struct BackupRecord {
  std::string location;
  std::string project_id;
  std::string environment;
  std::string backup_id;
  std::string run_id;
  BackupState state = BackupState::kInProgress;
  std::string initiator;
  std::string backup_type;  // manual | automatic; empty unless it succeeded
  Time timestamp{};         // when the run was opened
  std::optional<Time> completed_at;
  std::optional<Time> expires_at;
  std::string base;  // backup id; empty for a full one
  std::string database_type;
  std::string engine;
  std::string engine_version;
  std::int64_t database_bytes = 0;  // of the stored dump
  std::int64_t object_count = 0;
  std::int64_t library_bytes = 0;
  std::string level;
  std::int64_t references = 0;
  std::int64_t missing = 0;
  std::int64_t orphans = 0;
  std::int64_t size_mismatches = 0;
  bool portable = false;
  std::string hold_reason;  // empty: not held
  std::string verified_level;
  std::string verified_result;
  std::optional<Time> verified_at;
  std::string error_code;
  std::string error_message;
  std::string manifest_path;  // below the location's prefix; empty unless it succeeded
  bool operator==(const BackupRecord&) const = default;
};
BOOST_DESCRIBE_STRUCT(BackupRecord, (),
                      (location, project_id, environment, backup_id, run_id, state, initiator,
                       backup_type, timestamp, completed_at, expires_at, base, database_type,
                       engine, engine_version, database_bytes, object_count, library_bytes, level,
                       references, missing, orphans, size_mismatches, portable, hold_reason,
                       verified_level, verified_result, verified_at, error_code, error_message,
                       manifest_path))

// `facts` must have `opened`; `manifest` is null for a run without one.
BackupRecord MakeRecord(const std::string& location, const EnvironmentId& env,
                        const vault::RunFacts& facts, const vault::Manifest* manifest);

}  // namespace lc2::catalog
