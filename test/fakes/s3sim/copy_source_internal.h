#pragma once

#include <optional>
#include <string>

#include "s3sim/request.h"

namespace lc2::s3sim {

// What x-amz-copy-source names.
struct CopySource {
  std::string bucket;
  std::string key;
  std::string version_id;  // "": the current one
};

// Nothing where the header is missing or names no object.
std::optional<CopySource> CopySourceOf(const S3Request& request);

}  // namespace lc2::s3sim
