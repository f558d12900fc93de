#pragma once

#include <optional>

#include "api/backup_request.h"
#include "base/clock.h"
#include "control/platform.h"
#include "vault/backup.h"

namespace lc2::control {

// What is known of a request's run.
struct BackupView {
  const vault::RunFacts* run = nullptr;         // null: none yet
  const vault::OpenedBackup* backup = nullptr;  // null: not committed, or unreadable
  std::optional<Progress> progress;             // of the running attempt
  std::optional<std::int64_t> copied_objects;   // of the attempt that was committed
  std::string manifest_path;
  const Error* damage = nullptr;  // why the manifest of a committed backup cannot be read
};

// The status that a request shows, from what the vault says. Pure; conditions keep their transition
// times from `request`.
api::BackupRequestStatus MakeBackupStatus(const api::BackupRequest& request, const BackupView& view,
                                          Time now);

// The status of a request that is refused for `error` before anything was done.
api::BackupRequestStatus MakeRefusedStatus(const api::BackupRequest& request,
                                           const std::string& reason, const Error& error, Time now);

// The status of a request that cannot be taken any further until somebody acts on `error`.
api::BackupRequestStatus MakeStalledStatus(const api::BackupRequest& request, const Error& error,
                                           Time now);

// The word for a condition of why a run ended without result: "Cancelled", "Lost", or the kind of
// the error that it failed with.
std::string ReasonOf(const vault::Abandoned& abandoned);

api::ProgressStatus ToStatus(const Progress& progress);

}  // namespace lc2::control
