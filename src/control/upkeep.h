#pragma once

#include <vector>

#include "api/liferay_environment.h"
#include "base/clock.h"
#include "control/deps.h"
#include "control/service.h"

namespace lc2::control {

// What the service does for each environment without being asked, beside its requests: schedules
// every few seconds, retention every hour, collection every day. `deps` must outlive the tasks.
std::vector<PeriodicTask> UpkeepTasks(const Deps& deps);

// Whether the collection of this time is the month's full merge, which checks the daily ones: on
// one day of each month (UTC), not the same for all environments.
bool IsFullMergeDay(const EnvironmentId& env, Time now);

}  // namespace lc2::control
