#include <algorithm>
#include <utility>

#include "s3sim/access_internal.h"
#include "s3sim/copy_source_internal.h"

namespace lc2::s3sim {

namespace {

bool Fits(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

// The name of what a request must be allowed.
std::string_view PermissionOf(Operation operation) {
  switch (operation) {
    case Operation::kHeadObject:
      return "GetObject";
    case Operation::kCopyObject:
    case Operation::kCreateMultipartUpload:
    case Operation::kUploadPart:
    case Operation::kUploadPartCopy:
    case Operation::kCompleteMultipartUpload:
      return "PutObject";
    default:
      return NameOf(operation);
  }
}

}  // namespace

bool IsAllowed(const AccessKey& key, std::string_view operation, std::string_view bucket,
               std::string_view object) {
  return std::any_of(key.allow.begin(), key.allow.end(), [&](const AccessRule& rule) {
    return (rule.bucket == "*" || rule.bucket == bucket) && object.starts_with(rule.prefix) &&
           std::any_of(rule.operations.begin(), rule.operations.end(),
                       [&](const std::string& pattern) { return Fits(pattern, operation); });
  });
}

bool IsAllowed(const AccessKey& key, const S3Request& request) {
  // Each key of a batch is asked for by itself.
  if (request.operation == Operation::kDeleteObjects) return true;
  const std::string object = request.key.empty() ? request.QueryOr("prefix") : request.key;
  if (!IsAllowed(key, PermissionOf(request.operation), request.bucket, object)) return false;
  const std::optional<CopySource> source = CopySourceOf(request);
  return !source || IsAllowed(key, "GetObject", source->bucket, source->key);
}

}  // namespace lc2::s3sim
