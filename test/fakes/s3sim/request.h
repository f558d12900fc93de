#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "net/transport.h"
#include "s3sim/reply.h"

namespace lc2::s3sim {

// What a request is counted, allowed and faulted as: the names of S3's API reference.
enum class Operation : std::uint8_t {
  kListBuckets,
  kCreateBucket,
  kDeleteBucket,
  kHeadBucket,
  kGetBucketLocation,
  kGetBucketVersioning,
  kPutBucketVersioning,
  kGetBucketLifecycleConfiguration,
  kPutBucketLifecycleConfiguration,
  kDeleteBucketLifecycle,
  kGetObjectLockConfiguration,
  kPutObjectLockConfiguration,
  kListObjectsV2,
  kListObjectVersions,
  kListMultipartUploads,
  kDeleteObjects,
  kHeadObject,
  kGetObject,
  kPutObject,
  kCopyObject,
  kDeleteObject,
  kGetObjectTagging,
  kPutObjectTagging,
  kDeleteObjectTagging,
  kGetObjectRetention,
  kPutObjectRetention,
  kGetObjectLegalHold,
  kPutObjectLegalHold,
  kCreateMultipartUpload,
  kUploadPart,
  kUploadPartCopy,
  kCompleteMultipartUpload,
  kAbortMultipartUpload,
  kListParts,
  kRestoreObject,
  kUnknown,  // nothing that is simulated; the last
};
inline constexpr std::size_t kOperations = static_cast<std::size_t>(Operation::kUnknown) + 1;
std::string_view NameOf(Operation operation);  // "ListObjectsV2"
// Whether it changes what is stored.
bool IsWrite(Operation operation);

// A request, taken apart.
struct S3Request {
  Operation operation = Operation::kUnknown;
  std::string method;
  std::string host;      // as sent, with its port if it has one
  std::string raw_path;  // as sent
  std::string bucket;
  std::string key;                                         // its bytes
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in the order of sending
  std::vector<net::HttpHeader> headers;                    // names in lower case
  std::string body;

  // The first of this name; null if there is none.
  const std::string* Header(std::string_view name) const;
  const std::string* Query(std::string_view name) const;
  std::string HeaderOr(std::string_view name, std::string_view otherwise = "") const;
  std::string QueryOr(std::string_view name, std::string_view otherwise = "") const;
};

// A bucket is the first segment of the path; or what stands before `virtual_host_suffix`
// (".s3.example.org") in the host, where that is not empty. Pure.
std::variant<S3Request, Refusal> ParseRequest(net::HttpRequest request,
                                              std::string_view virtual_host_suffix);

}  // namespace lc2::s3sim
