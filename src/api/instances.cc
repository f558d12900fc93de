#include "api/backup_location.h"
#include "api/backup_request.h"
#include "api/backup_schedule.h"
#include "api/liferay_environment.h"
#include "api/restore_request.h"

namespace lc2::codec {

template Json Encode(const api::BackupLocation&);
template Result<api::BackupLocation> Decode(const Json&, const Path&);
template Json Encode(const api::LiferayEnvironment&);
template Result<api::LiferayEnvironment> Decode(const Json&, const Path&);
template Json Encode(const api::BackupRequest&);
template Result<api::BackupRequest> Decode(const Json&, const Path&);
template Json Encode(const api::RestoreRequest&);
template Result<api::RestoreRequest> Decode(const Json&, const Path&);
template Json Encode(const api::BackupSchedule&);
template Result<api::BackupSchedule> Decode(const Json&, const Path&);

}  // namespace lc2::codec
