#pragma once

#include "base/context.h"
#include "control/deps.h"
#include "control/service_metrics.h"

namespace lc2::control {

// What the stores say for the metrics, so that a restart forgets none of it: the newest good backup
// of each environment, and its schedules. The service's own figures are left to the caller. Errors:
// those of the catalogue and of the resource store.
Result<MetricsInput> ReadMetrics(const Context& ctx, const Deps& deps);

}  // namespace lc2::control
