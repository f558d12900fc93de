#pragma once

#include <string>

#include "api/backup_request.h"
#include "api/restore_request.h"

namespace lc2::api {

// "sha256:<hex>" of what a request asks for: the RFC 8785 form of its spec without `cancel`,
// `hold`, `deletionPolicy`, `retentionDays` and values equal to their default. Requests of one name
// and one hash are the same request; fields added later with a default do not change it.
std::string SpecHash(const BackupRequest& request);
std::string SpecHash(const RestoreRequest& request);

}  // namespace lc2::api
