#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/backup_schedule.h"
#include "api/liferay_environment.h"
#include "base/context.h"
#include "control/deps.h"

namespace lc2::control {

// One look at every schedule of an environment: asks for the backup that is due, shows what came of
// it, and removes finished requests beyond the history limits (the objects, never their backups).
// Safe to repeat, to cut short and to do twice at once: a firing is one request by its name, which
// is made first and recorded afterwards. A schedule that cannot be looked at delays no other one.
// Errors: the first one; kConflict where somebody else wrote at the same time, and the next look
// goes on.
Result<void> ReconcileSchedules(const Context& ctx, const Deps& deps,
                                const api::LiferayEnvironment& environment);

// The requests that the history limits of their schedule leave no room for, oldest first. Pure.
// Never one that is unfinished, held, or changed since it was last looked at.
std::vector<api::BackupRequest> BeyondHistory(const api::BackupScheduleSpec& spec,
                                              std::vector<api::BackupRequest> requests);

}  // namespace lc2::control
