#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "base/hash.h"
#include "s3sim/call_internal.h"
#include "s3sim/find_source_internal.h"
#include "s3sim/text_internal.h"
#include "s3sim/upload_headers_internal.h"

namespace lc2::s3sim {

namespace {

struct UploadChecksum {
  ChecksumKind kind = ChecksumKind::kCrc64Nvme;
  bool composite = false;
};

// Which kinds have which type: "Checking object integrity", table of multipart uploads.
std::variant<UploadChecksum, Refusal> UploadChecksumOf(const S3Request& request) {
  const std::string* name = request.Header("x-amz-checksum-algorithm");
  const std::string type = request.HeaderOr("x-amz-checksum-type");
  UploadChecksum asked;
  if (name == nullptr) {
    if (!type.empty()) return InvalidRequest("a checksum type needs its algorithm");
    return asked;
  }
  const auto kind = ChecksumKindOf(*name);
  if (!kind) return InvalidRequest("the checksum algorithm is not known");
  if (!type.empty() && type != "FULL_OBJECT" && type != "COMPOSITE") {
    return InvalidRequest("the checksum type is not known");
  }
  asked.kind = *kind;
  asked.composite = type.empty() ? *kind != ChecksumKind::kCrc64Nvme : type == "COMPOSITE";
  if (asked.composite && *kind == ChecksumKind::kCrc64Nvme) {
    return InvalidRequest("CRC64NVME has no composite checksum");
  }
  if (!asked.composite && !IsCrc(*kind)) {
    return InvalidRequest("this algorithm has no checksum of the full object");
  }
  return asked;
}

std::optional<int> PartNumberOf(const S3Request& request) {
  const auto number = NumberOf(request.QueryOr("partNumber"));
  if (!number || *number < 1 || *number > kMostParts) return std::nullopt;
  return static_cast<int>(*number);
}

Refusal BadPartNumber() { return InvalidArgument("a part has a number from 1 to 10000"); }

// The state is locked. Null if there is no such upload.
Upload* FindUpload(const Call& call) {
  Bucket* bucket = call.state.Find(call.request.bucket);
  if (bucket == nullptr) return nullptr;
  const auto found = bucket->uploads.find({call.request.key, call.request.QueryOr("uploadId")});
  return found == bucket->uploads.end() ? nullptr : &found->second;
}

std::string PartChecksumXml(ChecksumKind kind, const std::string& checksum) {
  if (kind == ChecksumKind::kNone || checksum.empty()) return {};
  return Element("Checksum" + std::string(NameOf(kind)), Base64(checksum));
}

// The bytes that a part copies. A range is whole within the source.
std::variant<Body, Refusal> RangeOfSource(const S3Request& request, const Body& source) {
  const std::string* header = request.Header("x-amz-copy-source-range");
  if (header == nullptr) {
    if (source.size() <= kLargestUpload) return source;
    return InvalidRequest("the source is larger than 5 GiB: name a range");
  }
  constexpr std::string_view kUnit = "bytes=";
  const std::size_t dash = header->find('-');
  if (!header->starts_with(kUnit) || dash == std::string::npos) {
    return InvalidArgument("x-amz-copy-source-range is not bytes=FIRST-LAST");
  }
  const auto first = NumberOf(std::string_view(*header).substr(kUnit.size(), dash - kUnit.size()));
  const auto last = NumberOf(std::string_view(*header).substr(dash + 1));
  if (!first || !last || *last < *first) {
    return InvalidArgument("x-amz-copy-source-range is not bytes=FIRST-LAST");
  }
  if (*last >= source.size()) {
    return InvalidArgument("the range ends behind the source");
  }
  const std::int64_t length = *last - *first + 1;
  if (length > kLargestUpload) return InvalidRequest("more than 5 GiB in one part");
  return source.Slice(*first, length);
}

struct Kept {
  ChecksumKind kind = ChecksumKind::kNone;
  Part part;
};

// Stores a part in its upload, with a checksum of the upload's kind.
std::variant<Kept, Refusal> Keep(const Call& call, int number, Payload payload) {
  Kept kept;
  {
    const std::lock_guard lock(call.state.mutex);
    const Upload* upload = FindUpload(call);
    if (upload == nullptr) return NoSuchUpload();
    kept.kind = upload->checksum_kind;
  }
  kept.part.md5 = EntityTagOf(payload.body).digest;
  kept.part.checksum =
      payload.kind == kept.kind ? std::move(payload.checksum) : Checksum(kept.kind, payload.body);
  kept.part.body = std::move(payload.body);
  kept.part.modified = call.now;
  const std::lock_guard lock(call.state.mutex);
  Upload* upload = FindUpload(call);
  if (upload == nullptr) return NoSuchUpload();
  upload->parts[number] = kept.part;
  return kept;
}

}  // namespace

Answer CreateUpload(const Call& call) {
  const S3Request& request = call.request;
  auto attributes = AttributesOf(request);
  if (auto* refusal = std::get_if<Refusal>(&attributes)) return std::move(*refusal);
  auto storage_class = StorageClassOf(request);
  if (auto* refusal = std::get_if<Refusal>(&storage_class)) return std::move(*refusal);
  auto asked = LockOf(request, call.now);
  if (auto* refusal = std::get_if<Refusal>(&asked)) return std::move(*refusal);
  auto checksum = UploadChecksumOf(request);
  if (auto* refusal = std::get_if<Refusal>(&checksum)) return std::move(*refusal);

  const std::lock_guard lock(call.state.mutex);
  Bucket* bucket = call.state.Find(request.bucket);
  if (bucket == nullptr) return NoSuchBucket();
  auto object_lock = LockIn(*bucket, std::get<std::optional<Lock>>(asked), call.now);
  if (auto* refusal = std::get_if<Refusal>(&object_lock)) return std::move(*refusal);
  Upload upload{.attributes = std::get<Attributes>(std::move(attributes)),
                .initiated = call.now,
                .lock = std::get<Lock>(object_lock),
                .storage_class = std::get<StorageClass>(storage_class),
                .checksum_kind = std::get<UploadChecksum>(checksum).kind,
                .checksum_is_composite = std::get<UploadChecksum>(checksum).composite};
  const std::string id = VersionIdText(++call.state.last_id);
  bucket->uploads.emplace(std::pair(request.key, id), std::move(upload));
  Reply reply = XmlReply(MakeXml(
      "InitiateMultipartUploadResult",
      Element("Bucket", request.bucket) + Element("Key", request.key) + Element("UploadId", id)));
  if (request.Header("x-amz-checksum-algorithm") != nullptr) {
    const auto& kept = std::get<UploadChecksum>(checksum);
    reply.Set("x-amz-checksum-algorithm", std::string(NameOf(kept.kind)));
    reply.Set("x-amz-checksum-type", kept.composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  return reply;
}

Answer UploadPart(const Call& call) {
  const auto number = PartNumberOf(call.request);
  if (!number) return BadPartNumber();
  auto read = PayloadOf(call.request);
  if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
  auto kept = Keep(call, *number, std::get<Payload>(std::move(read)));
  if (auto* refusal = std::get_if<Refusal>(&kept)) return std::move(*refusal);
  const auto& [kind, part] = std::get<Kept>(kept);
  Reply reply;
  reply.Set("etag", EntityTag{part.md5, 0}.str());
  if (kind != ChecksumKind::kNone) reply.Set(HeaderOf(kind), Base64(part.checksum));
  return reply;
}

Answer UploadPartCopy(const Call& call) {
  const auto number = PartNumberOf(call.request);
  if (!number) return BadPartNumber();
  auto found = FindSource(call);
  if (auto* refusal = std::get_if<Refusal>(&found)) return std::move(*refusal);
  const auto& source = std::get<Source>(found);
  auto range = RangeOfSource(call.request, source.version.body);
  if (auto* refusal = std::get_if<Refusal>(&range)) return std::move(*refusal);
  auto kept = Keep(call, *number, Payload{.body = std::get<Body>(std::move(range))});
  if (auto* refusal = std::get_if<Refusal>(&kept)) return std::move(*refusal);
  const auto& [kind, part] = std::get<Kept>(kept);
  Reply reply =
      XmlReply(MakeXml("CopyPartResult", Element("LastModified", XmlTime(call.now)) +
                                             Element("ETag", EntityTag{part.md5, 0}.str()) +
                                             PartChecksumXml(kind, part.checksum)));
  if (source.shows_versions) {
    reply.Set("x-amz-copy-source-version-id", VersionIdText(source.version.id));
  }
  return reply;
}

Answer AbortUpload(const Call& call) {
  const std::lock_guard lock(call.state.mutex);
  Bucket* bucket = call.state.Find(call.request.bucket);
  if (bucket == nullptr) return NoSuchBucket();
  if (bucket->uploads.erase({call.request.key, call.request.QueryOr("uploadId")}) == 0) {
    return NoSuchUpload();
  }
  Reply reply;
  reply.status = 204;
  return reply;
}

Answer ListParts(const Call& call) {
  const S3Request& request = call.request;
  const auto after = NumberOf(request.QueryOr("part-number-marker", "0"));
  const auto most = NumberOf(request.QueryOr("max-parts", "1000"));
  if (!after || !most) return InvalidArgument("a marker and a maximum are numbers");
  const std::lock_guard lock(call.state.mutex);
  const Upload* upload = FindUpload(call);
  if (upload == nullptr) return NoSuchUpload();
  std::string parts;
  std::int64_t count = 0;
  int last = 0;
  auto part =
      upload->parts.upper_bound(static_cast<int>(std::min<std::int64_t>(*after, kMostParts)));
  for (; part != upload->parts.end() && count < std::min(*most, kLargestPage); ++part, ++count) {
    last = part->first;
    parts += "<Part>" + Element("PartNumber", std::to_string(last)) +
             Element("LastModified", XmlTime(part->second.modified)) +
             Element("ETag", EntityTag{part->second.md5, 0}.str()) +
             Element("Size", std::to_string(part->second.body.size())) +
             PartChecksumXml(upload->checksum_kind, part->second.checksum) + "</Part>";
  }
  const bool more = part != upload->parts.end();
  std::string content = Element("Bucket", request.bucket) + Element("Key", request.key) +
                        Element("UploadId", request.QueryOr("uploadId")) +
                        Element("PartNumberMarker", std::to_string(*after)) +
                        Element("MaxParts", std::to_string(*most)) +
                        Element("IsTruncated", more ? "true" : "false");
  if (more) content += Element("NextPartNumberMarker", std::to_string(last));
  return XmlReply(MakeXml("ListPartsResult", content + parts));
}

}  // namespace lc2::s3sim
