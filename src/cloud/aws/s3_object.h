#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cloud/aws/s3_call.h"

// Calls about one object (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html).
// Pure: each gives the call, and what its success says. Keys, values of metadata and tags are taken
// byte for byte.
namespace lc2::cloud::aws {

// What an object is, as its headers say it. What a service does not say is empty.
struct ObjectHead {
  std::int64_t size = 0;  // of the whole object, also where a part of it was asked for
  std::string etag;       // with its quotes
  std::string version;    // "" in a bucket without versions
  Time last_modified{};
  std::string content_type;
  std::string content_encoding;
  std::string content_disposition;
  std::string content_language;
  std::string cache_control;
  std::map<std::string, std::string> metadata;   // names in lower case
  std::map<std::string, std::string> checksums;  // "crc64nvme" -> base64 as it travels
  std::string checksum_type;                     // FULL_OBJECT, COMPOSITE
  std::string storage_class;                     // "" for STANDARD
  bool archived = false;                         // cannot be read before it is restored
  std::string lock_mode;                         // GOVERNANCE, COMPLIANCE
  std::optional<Time> locked_until;
  bool legal_hold = false;
  int parts = 0;  // of a multipart upload; 0: not said
};
// Error: kUnavailable "s3.bad_answer": size or time are missing or no such thing.
Result<ObjectHead> ReadObjectHead(const net::HttpResponse& response);

S3Call HeadObjectCall(const std::string& key, const std::string& version = {});

struct GetObject {
  std::string key;
  std::string version;
  std::optional<std::pair<std::int64_t, std::int64_t>> range;  // first byte, number of bytes
  std::string if_match;  // an etag; an object that is another one by now is kConflict
  std::int64_t limit = 64 << 20;
};
S3Call GetObjectCall(const GetObject& get);
// Whether the bytes of a whole object are those that its CRC-64/NVME is of. True where there is
// none, or one of parts.
bool IsIntact(const ObjectHead& head, std::string_view bytes);

// What is written with an object.
struct ObjectTraits {
  std::string content_type;
  std::string content_encoding;
  std::string content_disposition;
  std::string content_language;
  std::string cache_control;
  std::map<std::string, std::string> metadata;
  std::map<std::string, std::string> tags;
  std::string storage_class;
  std::string kms_key;    // encrypts with this key; "": as the bucket does by itself
  std::string lock_mode;  // with locked_until
  std::optional<Time> locked_until;
};
// Those that come from an object when it is copied part by part, which carries none by itself.
ObjectTraits TraitsOf(const ObjectHead& head);
// As headers of a put, a copy that replaces them, or the beginning of a multipart upload.
std::vector<net::HttpHeader> HeadersOf(const ObjectTraits& traits);

struct PutObject {
  std::string key;
  std::string body;  // at most 5 GiB
  ObjectTraits traits;
  bool create_only = false;  // kAlreadyExists where there is an object
  bool checksum = true;      // CRC-64/NVME, which the service compares; stores exist that refuse it
};
S3Call PutObjectCall(PutObject put);

struct CopyObject {
  std::string from_bucket;
  std::string from_key;
  std::string from_version;
  std::string from_etag;  // an object that is another one by now is kConflict
  std::string to_key;
  // With these, and the token in them, in place of the source's own. Nothing: the source's.
  std::optional<ObjectTraits> replace;
  // Set whether or not the source's other traits are kept.
  std::string storage_class;
  std::string kms_key;
  std::string lock_mode;
  std::optional<Time> locked_until;
};
// "/bucket/key?versionId=...": how a copy names its source.
std::string CopySource(const std::string& bucket, const std::string& key,
                       const std::string& version = {});
// An object of at most 5 GiB, inside the service.
S3Call CopyObjectCall(const CopyObject& copy);

// What a put, a copy or the end of a multipart upload made.
struct WrittenObject {
  std::string etag;
  std::string version;
  std::optional<Time> last_modified;  // of a copy
  std::map<std::string, std::string> checksums;
};
WrittenObject ReadPut(const net::HttpResponse& response);
Result<WrittenObject> ReadCopy(const net::HttpResponse& response);

// What is not there is gone. Without a version a bucket that keeps versions only marks it.
S3Call DeleteObjectCall(const std::string& key, const std::string& version = {});

S3Call GetTagsCall(const std::string& key, const std::string& version = {});
Result<std::map<std::string, std::string>> ReadTags(const net::HttpResponse& response);

}  // namespace lc2::cloud::aws
