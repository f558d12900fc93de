#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "s3sim/bucket.h"
#include "s3sim/call_internal.h"
#include "s3sim/object.h"

// What the headers of an upload say, whether it is plain, a copy or in parts.
namespace lc2::s3sim {

// Content type, user metadata and the like; with tags, key of the encryption and so on.
std::variant<Attributes, Refusal> AttributesOf(const S3Request& request);
// Those alone that say how the copy is kept, for one that takes its metadata from the source.
std::variant<Attributes, Refusal> EncryptionOf(const S3Request& request, Attributes attributes);
// Tags as they are kept, from the text of x-amz-tagging.
std::variant<std::string, Refusal> TagsOf(std::string_view text);
std::optional<Refusal> CheckTags(const std::vector<std::pair<std::string, std::string>>& tags);

std::variant<StorageClass, Refusal> StorageClassOf(const S3Request& request);

// The lock that the headers ask for, or nothing.
std::variant<std::optional<Lock>, Refusal> LockOf(const S3Request& request, Time now);
// That lock, or what the bucket gives without one.
std::variant<Lock, Refusal> LockIn(const Bucket& bucket, const std::optional<Lock>& asked,
                                   Time now);

// The bytes of the request, freed from "aws-chunked", and the checksum that came with them.
struct Payload {
  Body body;
  ChecksumKind kind = ChecksumKind::kNone;  // of the checksum that was sent
  std::string checksum;                     // as computed; "" without one
  bool has_md5 = false;
};
// Refuses what is damaged, or too large.
std::variant<Payload, Refusal> PayloadOf(const S3Request& request);

// The checksum header that a request sends: kind and text; kNone without one.
std::pair<ChecksumKind, std::string> SentChecksum(const S3Request& request);

// Headers that tell of a version: tag, version id, encryption; and its checksum.
void Describe(const Version& version, const Bucket& bucket, Reply& reply);
void DescribeChecksum(const Version& version, Reply& reply);
// The tag of an object that is uploaded as one: encrypted by KMS or a customer's key it has no MD5.
EntityTag PlainTagOf(const Body& body, const Attributes& attributes);
// The same as elements: <ETag>, <ChecksumCRC64NVME> and so on.
std::string DescribeInXml(const Version& version);

}  // namespace lc2::s3sim
