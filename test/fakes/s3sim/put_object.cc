#include <mutex>

#include "s3sim/call_internal.h"
#include "s3sim/conditions_internal.h"
#include "s3sim/upload_headers_internal.h"

namespace lc2::s3sim {

Answer PutObject(const Call& call) {
  const S3Request& request = call.request;
  auto read = PayloadOf(request);
  if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
  auto given = AttributesOf(request);
  if (auto* refusal = std::get_if<Refusal>(&given)) return std::move(*refusal);
  auto storage_class = StorageClassOf(request);
  if (auto* refusal = std::get_if<Refusal>(&storage_class)) return std::move(*refusal);
  auto asked = LockOf(request, call.now);
  if (auto* refusal = std::get_if<Refusal>(&asked)) return std::move(*refusal);
  const auto& wanted_lock = std::get<std::optional<Lock>>(asked);

  auto& payload = std::get<Payload>(read);
  if (wanted_lock && payload.kind == ChecksumKind::kNone && !payload.has_md5) {
    return InvalidRequest("a lock needs Content-MD5 or a checksum");
  }
  // All that is slow comes before the lock.
  if (payload.kind == ChecksumKind::kNone) {
    payload.kind = ChecksumKind::kCrc64Nvme;
    payload.checksum = Checksum(payload.kind, payload.body);
  }
  Version version;
  version.attributes = std::get<Attributes>(std::move(given));
  version.tag = PlainTagOf(payload.body, version.attributes);
  version.body = std::move(payload.body);
  version.storage_class = std::get<StorageClass>(storage_class);
  version.modified = call.now;
  version.set_checksum(payload.kind, payload.checksum, false);

  const std::lock_guard lock(call.state.mutex);
  Bucket* bucket = call.state.Find(request.bucket);
  if (bucket == nullptr) return NoSuchBucket();
  if (auto refusal = CheckWriteConditions(request, bucket->Current(request.key))) {
    return *std::move(refusal);
  }
  auto object_lock = LockIn(*bucket, wanted_lock, call.now);
  if (auto* refusal = std::get_if<Refusal>(&object_lock)) return std::move(*refusal);
  version.lock = std::get<Lock>(object_lock);
  const Version& put = bucket->Put(request.key, std::move(version), ++call.state.last_id);
  Reply reply;
  Describe(put, *bucket, reply);
  DescribeChecksum(put, reply);
  reply.Set("x-amz-object-size", std::to_string(put.body.size()));
  return reply;
}

}  // namespace lc2::s3sim
