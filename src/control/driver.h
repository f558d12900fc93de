#pragma once

#include <functional>

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

// Waits until a request that another process drives is terminal, with its progress reported to
// `ctx`; answers as Drive() does. When `ctx` is stopped the request is cancelled and waited for.
// When `served()` says that nobody drives it any more it is driven on here. Errors besides:
// kNotFound "resource.not_found" when it is deleted.
Result<Reconciled> Follow(const Context& ctx, const Deps& deps, const ResourceRef& request,
                          const std::function<bool()>& served);

}  // namespace lc2::control
