#pragma once

#include <optional>
#include <string>

#include "api/restore_request.h"
#include "base/clock.h"
#include "base/context.h"
#include "engine/restore.h"
#include "vault/control_log.h"

namespace lc2::control {

// What is known of a restore.
struct RestoreView {
  const vault::RunFacts* run = nullptr;       // opened
  const engine::RestorePlan* plan = nullptr;  // null: not planned in this look
  std::optional<Progress> progress;           // of the running attempt
  codec::Json report;                         // of the attempt that finished in this look
  bool waits_for_safeguard = false;
};

// The status that a request shows, from what its log says. Pure, like MakeBackupStatus().
api::RestoreRequestStatus MakeRestoreStatus(const api::RestoreRequest& request,
                                            const RestoreView& view, Time now);
// Of a dry run that found nothing against the restore.
api::RestoreRequestStatus MakePlannedStatus(const api::RestoreRequest& request,
                                            const engine::RestorePlan& plan, Time now);
// Of a request that is refused before anything was done; `plan` where there is one shows why.
api::RestoreRequestStatus MakeRefusedStatus(const api::RestoreRequest& request,
                                            const engine::RestorePlan* plan,
                                            const std::string& reason, const Error& error,
                                            Time now);
// Of a request that cannot be taken any further until somebody acts on `error`.
api::RestoreRequestStatus MakeStalledStatus(const api::RestoreRequest& request, const Error& error,
                                            Time now);

}  // namespace lc2::control
