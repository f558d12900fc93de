#pragma once

#include "base/context.h"
#include "control/backup_reconciler.h"
#include "control/deps.h"

namespace lc2::control {

// One look at a request of either kind, see ReconcileBackup() and ReconcileRestore(). kInvalid
// "request.unknown_kind" for what is no request.
Result<Reconciled> LookAt(const Context& ctx, const Deps& deps, const ResourceRef& request);

// Whether the stored request is terminal; false for what is no request or cannot be read.
bool IsTerminalRequest(const codec::Json& object);

}  // namespace lc2::control
