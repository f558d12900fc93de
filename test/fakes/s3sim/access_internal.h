#pragma once

#include <string>
#include <string_view>

#include "s3sim/access.h"
#include "s3sim/request.h"

namespace lc2::s3sim {

// Whether the rules of `key` allow the request, and the reading of what it copies from.
bool IsAllowed(const AccessKey& key, const S3Request& request);
// The same for one key of a batch.
bool IsAllowed(const AccessKey& key, std::string_view operation, std::string_view bucket,
               std::string_view object);

}  // namespace lc2::s3sim
