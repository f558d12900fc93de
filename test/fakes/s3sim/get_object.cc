#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>

#include "base/time_format.h"
#include "s3sim/call_internal.h"
#include "s3sim/conditions_internal.h"
#include "s3sim/text_internal.h"
#include "s3sim/upload_headers_internal.h"

namespace lc2::s3sim {

namespace {

struct Range {
  std::int64_t first = 0;
  std::int64_t length = 0;
};

// "bytes=2-5", "bytes=2-", "bytes=-5". Nothing where S3 sends the whole: another unit, several
// ranges, nonsense. A range of length 0 lies outside of the object.
std::optional<Range> RangeOf(std::string_view header, std::int64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return std::nullopt;
  header.remove_prefix(kUnit.size());
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = NumberOf(header.substr(0, dash));
  const auto last = NumberOf(header.substr(dash + 1));
  if (dash == 0) {
    if (!last) return std::nullopt;
    const std::int64_t length = std::min(*last, size);
    return Range{size - length, length};
  }
  if (!first || (!last && dash + 1 != header.size())) return std::nullopt;
  if (last && *last < *first) return std::nullopt;
  const std::int64_t end = std::min(last.value_or(size - 1), size - 1);
  return Range{*first, std::max<std::int64_t>(0, end - *first + 1)};
}

// A marker is not there, but says that it is a marker.
Refusal OfMarker(const S3Request& request, const Version& marker) {
  const bool by_id = request.Query("versionId") != nullptr;
  Refusal refusal = by_id ? Refusal{405, "MethodNotAllowed", "a delete marker cannot be read"}
                          : NoSuchKey(request.key);
  refusal.headers = {{"x-amz-delete-marker", "true"},
                     {"x-amz-version-id", VersionIdText(marker.id)}};
  if (by_id) refusal.headers.push_back({"last-modified", HttpDate(marker.modified)});
  return refusal;
}

// An object encrypted by a customer's key shows nothing of itself without that key.
std::optional<Refusal> CheckCustomerKey(const S3Request& request, const Version& version) {
  const std::string_view md5 = version.attributes.Get(kCustomerKey);
  const std::string* sent = request.Header("x-amz-server-side-encryption-customer-key-md5");
  if (md5.empty()) {
    if (sent == nullptr) return std::nullopt;
    return InvalidRequest("the object is not encrypted by a customer's key");
  }
  if (sent == nullptr) {
    return InvalidRequest("the object was encrypted by a customer's key, which is missing");
  }
  if (*sent == md5) return std::nullopt;
  return Refusal{403, "AccessDenied", "the customer's key is not that of the object"};
}

std::int64_t CountTags(const Version& version) {
  const std::string_view tags = version.attributes.Get(kTags);
  return tags.empty() ? 0 : std::count(tags.begin(), tags.end(), '&') + 1;
}

void AddHeaders(const S3Request& request, const Version& version, const Bucket& bucket,
                Reply& reply) {
  Describe(version, bucket, reply);
  reply.Set("last-modified", HttpDate(version.modified));
  reply.Set("accept-ranges", "bytes");
  for (const auto& [name, value] : version.attributes.All()) {
    if (!name.starts_with('(')) reply.Set(name, std::string(value));
  }
  if (reply.Header("content-type") == nullptr) reply.Set("content-type", "binary/octet-stream");
  if (version.storage_class != StorageClass::kStandard) {
    reply.Set("x-amz-storage-class", std::string(NameOf(version.storage_class)));
  }
  if (version.restored) reply.Set("x-amz-restore", "ongoing-request=\"false\"");
  if (const auto tags = CountTags(version)) reply.Set("x-amz-tagging-count", std::to_string(tags));
  if (version.lock.mode != LockMode::kNone) {
    reply.Set("x-amz-object-lock-mode", std::string(NameOf(version.lock.mode)));
    reply.Set("x-amz-object-lock-retain-until-date", XmlTime(version.lock.retain_until));
  }
  if (version.lock.legal_hold) reply.Set("x-amz-object-lock-legal-hold", "ON");
  const bool ranged = request.Header("range") != nullptr;
  if (!ranged && request.HeaderOr("x-amz-checksum-mode") == "ENABLED") {
    DescribeChecksum(version, reply);
  }
}

std::optional<Refusal> TakeRange(const S3Request& request, const Version& version, Reply& reply) {
  const std::int64_t size = version.body.size();
  const auto range = RangeOf(request.HeaderOr("range"), size);
  if (!range) {
    reply.body = version.body;
    return std::nullopt;
  }
  if (range->length == 0) {
    return Refusal{416,
                   "InvalidRange",
                   "the range lies outside of the object",
                   {{"ActualObjectSize", std::to_string(size)}},
                   {{"content-range", fmt::format("bytes */{}", size)}}};
  }
  reply.status = 206;
  reply.body = version.body.Slice(range->first, range->length);
  reply.Set("content-range",
            fmt::format("bytes {}-{}/{}", range->first, range->first + range->length - 1, size));
  return std::nullopt;
}

}  // namespace

Answer GetObject(const Call& call) {
  const S3Request& request = call.request;
  const std::lock_guard lock(call.state.mutex);
  Bucket* bucket = call.state.Find(request.bucket);
  if (bucket == nullptr) return NoSuchBucket();
  const std::string* id = request.Query("versionId");
  const Version* version =
      id == nullptr ? bucket->Newest(request.key) : bucket->Find(request.key, *id);
  if (version == nullptr) return id == nullptr ? NoSuchKey(request.key) : NoSuchVersion(request);
  if (version->is_delete_marker) return OfMarker(request, *version);
  if (auto refusal = CheckCustomerKey(request, *version)) return *std::move(refusal);
  if (auto refusal = CheckReadConditions(request, *version)) return *std::move(refusal);
  if (request.method == "GET" && IsArchived(version->storage_class) && !version->restored) {
    return Refusal{403,
                   "InvalidObjectState",
                   "the object is archived",
                   {{"StorageClass", std::string(NameOf(version->storage_class))}}};
  }
  Reply reply;
  AddHeaders(request, *version, *bucket, reply);
  if (auto refusal = TakeRange(request, *version, reply)) return *std::move(refusal);
  return reply;
}

Answer RestoreObject(const Call& call) {
  const S3Request& request = call.request;
  const std::lock_guard lock(call.state.mutex);
  Bucket* bucket = call.state.Find(request.bucket);
  if (bucket == nullptr) return NoSuchBucket();
  const std::string* id = request.Query("versionId");
  Version* version = id == nullptr ? bucket->Current(request.key) : bucket->Find(request.key, *id);
  if (version == nullptr || version->is_delete_marker) return NoSuchKey(request.key);
  if (!IsArchived(version->storage_class)) {
    return Refusal{403, "InvalidObjectState", "the object is not archived"};
  }
  Reply reply;
  reply.status = version->restored ? 200 : 202;
  version->restored = true;
  return reply;
}

}  // namespace lc2::s3sim
