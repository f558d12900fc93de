#pragma once

#include "api/backup_location.h"
#include "api/backup_request.h"
#include "api/backup_schedule.h"
#include "api/fault.h"
#include "api/liferay_environment.h"
#include "api/restore_request.h"

// What no schema can say. In a cluster the same rules are CEL in the CRDs.
namespace lc2::api {

Faults CheckRules(const BackupLocation& location);
Faults CheckRules(const LiferayEnvironment& environment);
Faults CheckRules(const BackupRequest& request);
Faults CheckRules(const RestoreRequest& request);
// Besides: an expression and a zone that can be read, and that fires at all.
Faults CheckRules(const BackupSchedule& schedule);

// What may change once the object exists. A request: only `cancel`, `hold`, `deletionPolicy` and,
// upwards, `retentionDays`. An environment keeps its project, name and namespace, a location its
// provider, bucket and prefix: vaults and records are named by them.
Faults CheckChange(const BackupLocation& before, const BackupLocation& after);
Faults CheckChange(const LiferayEnvironment& before, const LiferayEnvironment& after);
Faults CheckChange(const BackupRequest& before, const BackupRequest& after);
Faults CheckChange(const RestoreRequest& before, const RestoreRequest& after);
// A schedule may change in everything.
Faults CheckChange(const BackupSchedule& before, const BackupSchedule& after);

// The tenancy contract: a request may name only what its environment and its location name, and
// stands in the environment's namespace. A fault here refuses the request with
// `Accepted=False, reason=NotAllowed`.
Faults CheckAgainstEnvironment(const BackupRequest& request, const LiferayEnvironment& environment,
                               const BackupLocation& location);
// `target` is the environment whose namespace the request stands in. Whether the other side of a
// restore across environments agrees is CheckGiving().
Faults CheckAgainstEnvironment(const RestoreRequest& request, const LiferayEnvironment& target);
// Both sides of a restore across environments must name each other.
Faults CheckGiving(const LiferayEnvironment& source, const LiferayEnvironment& target);

}  // namespace lc2::api
