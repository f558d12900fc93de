#pragma once

#include <vector>

#include "control/deps.h"
#include "control/service.h"

namespace lc2::control {

// What the service does for each environment without being asked, beside its requests: retention
// every hour, collection every day. The full merge is left to `lc2 gc --full`. `deps` must outlive
// the tasks.
std::vector<PeriodicTask> UpkeepTasks(const Deps& deps);

}  // namespace lc2::control
