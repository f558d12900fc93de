#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/strong.h"

// Backup ids (design section 4): ours are `<project>-<environment>-backup-<YYYYMMDD-HHMMSS>`, with
// `-<4 hex>` where that was taken; those of imported backups are kept as they are.
namespace lc2::api {

// The parts of an id of ours: "retail-prd", 14:30:00, "" or "3f2a".
struct OwnBackupId {
  std::string environment;
  Time time;
  std::string suffix;

  // The folder of the backup below its environment: "20251109-143000" or "20251109-143000-3f2a".
  std::string folder() const;
};

// `suffix` is empty or 4 lower-case hex digits.
BackupId MakeBackupId(const EnvironmentId& environment, Time time, std::string_view suffix = {});

// Error: kInvalid "backup_id.form" for an id that is not ours.
Result<OwnBackupId> ParseOwnBackupId(const BackupId& id);
// Just its time.
Result<Time> ParseBackupIdTime(const BackupId& id);

// Whether a request's name may be its backup's id: our form for this environment, without suffix,
// with a time within a day of `now`.
bool IsOwnBackupIdForm(const EnvironmentId& environment, std::string_view name, Time now);

// Any id that LC2 works with, imported ones included: 1 to 128 of [A-Za-z0-9._-], not starting
// with '.' or '-' (domain.md 2.2). Error: kInvalid "backup_id.form".
Result<BackupId> ParseBackupId(std::string_view text);

}  // namespace lc2::api
