#pragma once

#include <optional>

#include "s3sim/object.h"
#include "s3sim/reply.h"
#include "s3sim/request.h"

namespace lc2::s3sim {

// Whether the value of an If-Match header, with or without quotes, a list or "*", names `tag`.
bool Names(std::string_view header, const EntityTag& tag);

// If-Match, If-None-Match, If-Modified-Since and If-Unmodified-Since of reading `version`: 412 or
// 304 where they do not hold.
std::optional<Refusal> CheckReadConditions(const S3Request& request, const Version& version);
// The same of the source of a copy (x-amz-copy-source-if-...): always 412.
std::optional<Refusal> CheckSourceConditions(const S3Request& request, const Version& source);
// If-None-Match: * and If-Match of a write, against what is there (null: nothing).
std::optional<Refusal> CheckWriteConditions(const S3Request& request, const Version* current);

}  // namespace lc2::s3sim
