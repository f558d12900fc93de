#pragma once

#include "base/context.h"
#include "control/backup_reconciler.h"
#include "control/deps.h"
#include "resources/resource_store.h"

namespace lc2::control {

// Drives one request in this process until it is terminal: the controller of embedded mode while
// no `lc2 serve` runs. When `ctx` is stopped the request is cancelled and driven on to its end, so
// that nothing half-done stays behind. Returns how it ended; an error only where the stores cannot
// be reached any more.
Result<Reconciled> Drive(const Context& ctx, const Deps& deps, const ResourceRef& request);

}  // namespace lc2::control
