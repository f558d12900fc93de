#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "base/context.h"
#include "engine/runs.h"
#include "library/restore_plan.h"
#include "provider/provider.h"
#include "vault/backup.h"

namespace lc2::engine {

// Why a restore would be refused.
struct PlanConflict {
  std::string reason;  // "InUse", "NoSpace", "WouldLose", "NotSupported", ...
  std::string message;
  std::string hint;
};
BOOST_DESCRIBE_STRUCT(PlanConflict, (), (reason, message, hint))

struct DatabasePlan {
  std::string action;  // "create", "fill", "replace" or "none"
  std::string name;
  std::string dump_version;    // of the server that was dumped
  std::string target_version;  // of the server that is restored into
  std::int64_t dump_bytes = 0;
  std::int64_t raw_bytes = 0;
  std::int64_t present_bytes = 0;  // in the target now
  std::int64_t foreign_sessions = 0;
  std::optional<std::int64_t> free_bytes;
};
BOOST_DESCRIBE_STRUCT(DatabasePlan, (),
                      (action, name, dump_version, target_version, dump_bytes, raw_bytes,
                       present_bytes, foreign_sessions, free_bytes))

struct LibraryPlan {
  std::string action;  // "create", "merge" or "none"
  std::string target;
  std::int64_t objects = 0;  // in the backup
  std::int64_t bytes = 0;
  library::RestorePlan changes;
  std::int64_t present_objects = 0;
  std::optional<std::int64_t> free_bytes;
};
BOOST_DESCRIBE_STRUCT(LibraryPlan, (),
                      (action, target, objects, bytes, changes, present_objects, free_bytes))

// What a restore would do and what speaks against it: the dry run. Nothing is changed.
struct RestorePlan {
  std::string backup_id;
  std::string backup_time;
  std::string manifest_digest;
  std::string signature;  // Trusted | UntrustedKey | Unsigned
  DatabasePlan database;
  LibraryPlan library;
  bool target_filled = false;  // something that lives now would be replaced
  std::vector<PlanConflict> conflicts;
  std::vector<std::string> warnings;
};
BOOST_DESCRIBE_STRUCT(RestorePlan, (),
                      (backup_id, backup_time, manifest_digest, signature, database, library,
                       target_filled, conflicts, warnings))

// What is asked of a plan; the rest is found out.
struct RestoreWish {
  const api::LiferayEnvironment& environment;
  const api::BackupLocation& location;
  api::RestoreType type = api::RestoreType::kFull;
  bool overwrite = false;  // strategy Overwrite, confirmed
  api::RestoreDatabase database = {};
  api::RestoreLibrary library = {};
};

// Errors: those of a target that cannot be looked at. What merely forbids the restore stands in
// `conflicts`.
Result<RestorePlan> PlanRestore(const Context& ctx, provider::Provider& provider,
                                ObjectStore& vault, const vault::OpenedBackup& backup,
                                const RestoreWish& wish);

struct RestoreReport {
  std::int64_t objects_written = 0;
  std::int64_t bytes_written = 0;
  std::int64_t objects_left = 0;  // equal already
  std::int64_t objects_removed = 0;
  std::int64_t references = 0;            // checked against the restored library
  std::string database;                   // its name; empty if it was not restored
  std::optional<std::string> map_digest;  // "sha256:...": the base of the next backup
};
BOOST_DESCRIBE_STRUCT(RestoreReport, (),
                      (objects_written, bytes_written, objects_left, objects_removed, references,
                       database, map_digest))

// Runs one attempt of a restore in place. The dump is loaded into a database beside the target and
// the pair is checked (design.md section 6) before the database takes the target's name. Refused as
// planned, with the first conflict as error: looked at again here, since a plan may be old. Errors:
// kConflict "restore.conflict" (what the plan says), "restore.other_backup", kCorrupt
// "restore.damaged" and "crosscheck.incomplete".
Result<RestoreReport> RunRestore(const Context& ctx, provider::Provider& provider,
                                 const RestoreRun& run);

// Removes what the attempts of a run left beside the target when they were killed: the database
// that was being loaded. For a run whose attempts are all over. Errors: those of the server.
Result<void> RemoveUnfinished(const Context& ctx, provider::Provider& provider,
                              const api::LiferayEnvironment& environment,
                              const api::RestoreDatabase& database, const RunId& run);

}  // namespace lc2::engine
