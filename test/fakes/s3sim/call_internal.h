#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <variant>

#include "s3sim/access.h"
#include "s3sim/bucket.h"
#include "s3sim/reply.h"
#include "s3sim/request.h"

// What the handlers of requests share.
namespace lc2::s3sim {

struct State {
  mutable std::mutex mutex;  // guards all else; nothing slow is done under it
  std::map<std::string, Bucket, std::less<>> buckets;
  std::uint64_t last_id = 0;  // of versions and uploads

  Bucket* Find(std::string_view name) {
    const auto found = buckets.find(name);
    return found == buckets.end() ? nullptr : &found->second;
  }
};

// One request on its way through a handler.
struct Call {
  const S3Request& request;
  State& state;
  Time now;
  const std::string& region;  // of the service
  const AccessKey* sender;    // null: may do everything
};

using Answer = std::variant<Reply, Refusal>;

inline Refusal NoSuchBucket() { return {404, "NoSuchBucket", "there is no such bucket"}; }
inline Refusal NoSuchKey(const std::string& key) {
  return {404, "NoSuchKey", "there is no object of this key", {{"Key", key}}};
}
inline Refusal NoSuchVersion(const S3Request& request) {
  return {404,
          "NoSuchVersion",
          "there is no such version",
          {{"Key", request.key}, {"VersionId", request.QueryOr("versionId")}}};
}
inline Refusal NoSuchUpload() {
  return {404, "NoSuchUpload", "there is no such upload; it may have been completed or aborted"};
}
inline Refusal InvalidArgument(std::string why) { return {400, "InvalidArgument", std::move(why)}; }
inline Refusal InvalidRequest(std::string why) { return {400, "InvalidRequest", std::move(why)}; }
inline Refusal MalformedXml() { return {400, "MalformedXML", "the XML is not of the right form"}; }
inline Refusal PreconditionFailed(std::string_view condition) {
  return {412,
          "PreconditionFailed",
          "a condition of the request does not hold",
          {{"Condition", std::string(condition)}}};
}

// The sizes that S3 allows
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html).
inline constexpr std::int64_t kLargestUpload = 5LL << 30;  // of one request, or one plain copy
inline constexpr std::int64_t kSmallestPart = 5LL << 20;   // but for the last
inline constexpr int kMostParts = 10'000;
inline constexpr std::int64_t kLargestPage = 1'000;

// Each handles the operations of its name; the bucket may be gone by now.
Answer HandleBucket(const Call& call);
Answer HandleBucketConfiguration(const Call& call);
Answer ListObjects(const Call& call);
Answer ListVersions(const Call& call);
Answer GetObject(const Call& call);  // and HeadObject
Answer PutObject(const Call& call);
Answer CopyObject(const Call& call);
Answer DeleteObject(const Call& call);
Answer DeleteObjects(const Call& call);
Answer HandleTagging(const Call& call);
Answer HandleLock(const Call& call);  // retention and legal hold
Answer RestoreObject(const Call& call);
Answer CreateUpload(const Call& call);
Answer UploadPart(const Call& call);
Answer UploadPartCopy(const Call& call);
Answer CompleteUpload(const Call& call);
Answer AbortUpload(const Call& call);
Answer ListUploads(const Call& call);
Answer ListParts(const Call& call);

// "2026-01-02T03:04:05.000Z", as S3 writes times in XML.
std::string XmlTime(Time time);

}  // namespace lc2::s3sim
