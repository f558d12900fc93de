#include <mutex>

#include "s3sim/call_internal.h"
#include "s3sim/conditions_internal.h"
#include "s3sim/copy_source_internal.h"
#include "s3sim/find_source_internal.h"
#include "s3sim/upload_headers_internal.h"

namespace lc2::s3sim {

std::variant<Source, Refusal> FindSource(const Call& call) {
  const std::optional<CopySource> named = CopySourceOf(call.request);
  if (!named) return InvalidArgument("x-amz-copy-source names no object");
  const std::lock_guard lock(call.state.mutex);
  Bucket* bucket = call.state.Find(named->bucket);
  if (bucket == nullptr) return NoSuchBucket();
  const bool by_id = !named->version_id.empty();
  const Version* version =
      by_id ? bucket->Find(named->key, named->version_id) : bucket->Current(named->key);
  if (version == nullptr) {
    if (!by_id) return NoSuchKey(named->key);
    return Refusal{404,
                   "NoSuchVersion",
                   "the source has no such version",
                   {{"Key", named->key}, {"VersionId", named->version_id}}};
  }
  if (version->is_delete_marker) return InvalidRequest("the source is a delete marker");
  if (!version->attributes.Get(kCustomerKey).empty() &&
      call.request.HeaderOr("x-amz-copy-source-server-side-encryption-customer-key-md5") !=
          version->attributes.Get(kCustomerKey)) {
    return InvalidRequest("the source was encrypted by a customer's key, which is missing");
  }
  if (auto refusal = CheckSourceConditions(call.request, *version)) return *std::move(refusal);
  if (IsArchived(version->storage_class) && !version->restored) {
    return Refusal{403, "ObjectNotInActiveTierError", "the source is archived"};
  }
  return Source{.name = *named,
                .version = *version,
                .shows_versions = bucket->versioning != Versioning::kNever};
}

namespace {

bool Replaces(const S3Request& request, const char* directive) {
  return request.HeaderOr(directive, "COPY") == "REPLACE";
}

bool ChangesNothing(const S3Request& request, const CopySource& source) {
  return source.bucket == request.bucket && source.key == request.key &&
         source.version_id.empty() && !Replaces(request, "x-amz-metadata-directive") &&
         request.Header("x-amz-storage-class") == nullptr &&
         request.Header("x-amz-server-side-encryption") == nullptr;
}

// Metadata and tags each come from the source or from the request.
std::variant<Attributes, Refusal> AttributesOfCopy(const S3Request& request,
                                                   const Version& source) {
  auto given = AttributesOf(request);
  if (std::holds_alternative<Refusal>(given)) return given;
  const auto& own = std::get<Attributes>(given);
  const bool replaces = Replaces(request, "x-amz-metadata-directive");
  const bool retags = Replaces(request, "x-amz-tagging-directive");
  // Most copies: nothing is new, and both objects share the text.
  auto kept = EncryptionOf(request, replaces ? own : source.attributes);
  if (std::holds_alternative<Refusal>(kept) || retags == replaces) return kept;
  return std::get<Attributes>(kept).With(kTags,
                                         retags ? own.Get(kTags) : source.attributes.Get(kTags));
}

// Sets the tag and checksum of what is copied as one object.
std::optional<Refusal> AddDigests(const S3Request& request, const Version& source, Version& copy) {
  ChecksumKind kind = source.checksum_kind;
  if (const std::string* name = request.Header("x-amz-checksum-algorithm")) {
    const auto known = ChecksumKindOf(*name);
    if (!known) return InvalidRequest("the checksum algorithm is not known");
    kind = *known;
  }
  if (kind == ChecksumKind::kNone) kind = ChecksumKind::kCrc64Nvme;
  const bool keeps = kind == source.checksum_kind && !source.checksum_is_composite;
  copy.set_checksum(kind, keeps ? source.checksum() : Checksum(kind, copy.body), false);
  const std::string_view was = source.attributes.Get("x-amz-server-side-encryption");
  const std::string_view is = copy.attributes.Get("x-amz-server-side-encryption");
  copy.tag = source.tag.parts == 0 && was == is && source.attributes.Get(kCustomerKey).empty()
                 ? source.tag
                 : PlainTagOf(copy.body, copy.attributes);
  return std::nullopt;
}

Reply Copied(const Version& copy, const Bucket& bucket, const Source& source) {
  Reply reply = XmlReply(MakeXml(
      "CopyObjectResult", Element("LastModified", XmlTime(copy.modified)) + DescribeInXml(copy)));
  Describe(copy, bucket, reply);
  // The tag stands in the body alone.
  std::erase_if(reply.headers, [](const net::HttpHeader& one) { return one.name == "etag"; });
  if (source.shows_versions) {
    reply.Set("x-amz-copy-source-version-id", VersionIdText(source.version.id));
  }
  return reply;
}

}  // namespace

Answer CopyObject(const Call& call) {
  const S3Request& request = call.request;
  auto found = FindSource(call);
  if (auto* refusal = std::get_if<Refusal>(&found)) return std::move(*refusal);
  const auto& source = std::get<Source>(found);
  if (source.version.body.size() > kLargestUpload) {
    return InvalidRequest("the source is larger than 5 GiB: copy it in parts");
  }
  if (ChangesNothing(request, source.name)) {
    return InvalidRequest("a copy of an object to itself changes nothing");
  }
  auto attributes = AttributesOfCopy(request, source.version);
  if (auto* refusal = std::get_if<Refusal>(&attributes)) return std::move(*refusal);
  auto storage_class = StorageClassOf(request);
  if (auto* refusal = std::get_if<Refusal>(&storage_class)) return std::move(*refusal);
  auto asked = LockOf(request, call.now);
  if (auto* refusal = std::get_if<Refusal>(&asked)) return std::move(*refusal);

  Version copy;
  copy.body = source.version.body;
  copy.attributes = std::get<Attributes>(std::move(attributes));
  copy.storage_class = std::get<StorageClass>(storage_class);
  copy.modified = call.now;
  if (auto refusal = AddDigests(request, source.version, copy)) return *std::move(refusal);

  const std::lock_guard lock(call.state.mutex);
  Bucket* bucket = call.state.Find(request.bucket);
  if (bucket == nullptr) return NoSuchBucket();
  if (auto refusal = CheckWriteConditions(request, bucket->Current(request.key))) {
    return *std::move(refusal);
  }
  auto object_lock = LockIn(*bucket, std::get<std::optional<Lock>>(asked), call.now);
  if (auto* refusal = std::get_if<Refusal>(&object_lock)) return std::move(*refusal);
  copy.lock = std::get<Lock>(object_lock);
  return Copied(bucket->Put(request.key, std::move(copy), ++call.state.last_id), *bucket, source);
}

}  // namespace lc2::s3sim
