#include <mutex>

#include "codec/xml.h"
#include "s3sim/call_internal.h"
#include "s3sim/text_internal.h"
#include "s3sim/upload_headers_internal.h"

namespace lc2::s3sim {

namespace {

Answer ListBuckets(const Call& call) {
  const std::lock_guard lock(call.state.mutex);
  std::string rows;
  for (const auto& [name, bucket] : call.state.buckets) {
    rows += "<Bucket>" + Element("Name", name) + Element("CreationDate", XmlTime(bucket.created)) +
            "</Bucket>";
  }
  return XmlReply(MakeXml("ListAllMyBucketsResult",
                          "<Owner><ID>s3sim</ID></Owner><Buckets>" + rows + "</Buckets>"));
}

Answer CreateBucket(const Call& call) {
  const S3Request& request = call.request;
  Bucket bucket;
  bucket.region = call.region;
  bucket.created = call.now;
  if (!request.body.empty()) {
    const auto root = codec::ParseXml(request.body);
    if (!root.has_value()) return MalformedXml();
    const std::string region = root->TextOf("LocationConstraint");
    if (!region.empty()) bucket.region = region;
  }
  if (request.HeaderOr("x-amz-bucket-object-lock-enabled") == "true") {
    bucket.lock_enabled = true;
    bucket.versioning = Versioning::kEnabled;
  }
  const std::lock_guard lock(call.state.mutex);
  if (!call.state.buckets.try_emplace(request.bucket, std::move(bucket)).second) {
    return Refusal{409, "BucketAlreadyOwnedByYou", "the bucket is there already"};
  }
  Reply reply;
  reply.Set("location", "/" + request.bucket);
  return reply;
}

Answer DeleteBucket(const Call& call) {
  const std::lock_guard lock(call.state.mutex);
  const Bucket* bucket = call.state.Find(call.request.bucket);
  if (bucket == nullptr) return NoSuchBucket();
  if (!bucket->objects().empty()) {
    return Refusal{409, "BucketNotEmpty", "the bucket has objects, versions or delete markers"};
  }
  call.state.buckets.erase(call.state.buckets.find(call.request.bucket));
  Reply reply;
  reply.status = 204;
  return reply;
}

std::variant<codec::XmlElement, Refusal> BodyOf(const S3Request& request, std::string_view root) {
  auto read = PayloadOf(request);
  if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
  auto xml = codec::ParseXml(std::get<Payload>(read).body.ReadAll());
  if (!xml.has_value() || xml->name != root) return MalformedXml();
  return std::move(xml).value();
}

Answer PutVersioning(const Call& call, Bucket& bucket) {
  const auto body = BodyOf(call.request, "VersioningConfiguration");
  if (const auto* refusal = std::get_if<Refusal>(&body)) return *refusal;
  const std::string status = std::get<codec::XmlElement>(body).TextOf("Status");
  if (status != "Enabled" && status != "Suspended") return MalformedXml();
  if (status == "Suspended" && bucket.lock_enabled) {
    return Refusal{409, "InvalidBucketState", "a bucket with object lock keeps its versions"};
  }
  bucket.versioning = status == "Enabled" ? Versioning::kEnabled : Versioning::kSuspended;
  return Reply{};
}

Answer ShowVersioning(const Bucket& bucket) {
  std::string content;
  if (bucket.versioning != Versioning::kNever) {
    content =
        Element("Status", bucket.versioning == Versioning::kEnabled ? "Enabled" : "Suspended");
  }
  return XmlReply(MakeXml("VersioningConfiguration", content));
}

Answer PutLockConfiguration(const Call& call, Bucket& bucket) {
  const auto body = BodyOf(call.request, "ObjectLockConfiguration");
  if (const auto* refusal = std::get_if<Refusal>(&body)) return *refusal;
  const auto& root = std::get<codec::XmlElement>(body);
  if (root.TextOf("ObjectLockEnabled") != "Enabled") return MalformedXml();
  if (bucket.versioning != Versioning::kEnabled) {
    return Refusal{409, "InvalidBucketState", "object lock needs versioning"};
  }
  DefaultRetention retention;
  if (const auto* rule = root.Find("Rule")) {
    const auto* given = rule->Find("DefaultRetention");
    if (given == nullptr) return MalformedXml();
    const auto mode = LockModeOf(given->TextOf("Mode"));
    const auto days = NumberOf(given->TextOf("Days"));
    const auto years = NumberOf(given->TextOf("Years"));
    // One of the two, and not for longer than S3 takes: 100 years.
    if (!mode || days.has_value() == years.has_value()) return MalformedXml();
    const std::int64_t total = days ? *days : *years * 365;
    if (total < 1 || total > 36'500) return InvalidArgument("a retention has 1 day to 100 years");
    retention = {.mode = *mode, .days = static_cast<int>(total)};
  }
  bucket.lock_enabled = true;
  bucket.default_retention = retention;
  return Reply{};
}

Answer ShowLockConfiguration(const Bucket& bucket) {
  if (!bucket.lock_enabled) {
    return Refusal{404, "ObjectLockConfigurationNotFoundError",
                   "the bucket has no object lock configuration"};
  }
  std::string content = Element("ObjectLockEnabled", "Enabled");
  if (bucket.default_retention.mode != LockMode::kNone) {
    content += "<Rule><DefaultRetention>" + Element("Mode", NameOf(bucket.default_retention.mode)) +
               Element("Days", std::to_string(bucket.default_retention.days)) +
               "</DefaultRetention></Rule>";
  }
  return XmlReply(MakeXml("ObjectLockConfiguration", content));
}

Answer PutLifecycle(const Call& call, Bucket& bucket) {
  auto read = PayloadOf(call.request);
  if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
  std::string text = std::get<Payload>(read).body.ReadAll();
  const auto root = codec::ParseXml(text);
  if (!root.has_value() || root->name != "LifecycleConfiguration" ||
      root->Find("Rule") == nullptr) {
    return MalformedXml();
  }
  bucket.lifecycle = std::move(text);
  return Reply{};
}

Answer ShowLifecycle(const Bucket& bucket) {
  if (!bucket.lifecycle.empty()) return XmlReply(bucket.lifecycle);
  return Refusal{404, "NoSuchLifecycleConfiguration", "the bucket has no lifecycle configuration"};
}

Answer ShowLocation(const Bucket& bucket) {
  // The oldest region has no name here.
  return XmlReply(
      MakeXml("LocationConstraint", bucket.region == "us-east-1" ? "" : XmlEscape(bucket.region)));
}

}  // namespace

Answer HandleBucket(const Call& call) {
  switch (call.request.operation) {
    case Operation::kListBuckets:
      return ListBuckets(call);
    case Operation::kCreateBucket:
      return CreateBucket(call);
    case Operation::kDeleteBucket:
      return DeleteBucket(call);
    default:
      break;
  }
  const std::lock_guard lock(call.state.mutex);
  const Bucket* bucket = call.state.Find(call.request.bucket);
  if (bucket == nullptr) return NoSuchBucket();
  Reply reply;
  reply.Set("x-amz-bucket-region", bucket->region);
  return reply;
}

Answer HandleBucketConfiguration(const Call& call) {
  const std::lock_guard lock(call.state.mutex);
  Bucket* bucket = call.state.Find(call.request.bucket);
  if (bucket == nullptr) return NoSuchBucket();
  switch (call.request.operation) {
    case Operation::kGetBucketLocation:
      return ShowLocation(*bucket);
    case Operation::kGetBucketVersioning:
      return ShowVersioning(*bucket);
    case Operation::kPutBucketVersioning:
      return PutVersioning(call, *bucket);
    case Operation::kGetObjectLockConfiguration:
      return ShowLockConfiguration(*bucket);
    case Operation::kPutObjectLockConfiguration:
      return PutLockConfiguration(call, *bucket);
    case Operation::kGetBucketLifecycleConfiguration:
      return ShowLifecycle(*bucket);
    case Operation::kPutBucketLifecycleConfiguration:
      return PutLifecycle(call, *bucket);
    default:
      break;
  }
  bucket->lifecycle.clear();
  Reply reply;
  reply.status = 204;
  return reply;
}

}  // namespace lc2::s3sim
