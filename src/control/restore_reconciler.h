#pragma once

#include <string>

#include "base/context.h"
#include "control/backup_reconciler.h"
#include "control/deps.h"

namespace lc2::control {

// Brings a RestoreRequest one step further: plans it, refuses what the plan forbids, has a
// safeguard backup made, launches attempts and closes the run. Level-triggered like
// ReconcileBackup(), with the same errors. A dry run ends with the plan in the status and opens no
// run.
Result<Reconciled> ReconcileRestore(const Context& ctx, const Deps& deps,
                                    const std::string& name_space, const std::string& name);

}  // namespace lc2::control
