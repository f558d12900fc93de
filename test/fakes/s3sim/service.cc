#include "s3sim/service.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <mutex>
#include <utility>

#include "s3sim/access_internal.h"
#include "s3sim/authenticator.h"
#include "s3sim/call_internal.h"
#include "s3sim/mix_internal.h"
#include "s3sim/text_internal.h"

namespace lc2::s3sim {

namespace {

using Handler = Answer (*)(const Call&);

// By operation; null: not simulated.
Handler HandlerOf(Operation operation) {
  switch (operation) {
    case Operation::kListBuckets:
    case Operation::kCreateBucket:
    case Operation::kDeleteBucket:
    case Operation::kHeadBucket:
      return HandleBucket;
    case Operation::kGetBucketLocation:
    case Operation::kGetBucketVersioning:
    case Operation::kPutBucketVersioning:
    case Operation::kGetBucketLifecycleConfiguration:
    case Operation::kPutBucketLifecycleConfiguration:
    case Operation::kDeleteBucketLifecycle:
    case Operation::kGetObjectLockConfiguration:
    case Operation::kPutObjectLockConfiguration:
      return HandleBucketConfiguration;
    case Operation::kListObjectsV2:
      return ListObjects;
    case Operation::kListObjectVersions:
      return ListVersions;
    case Operation::kListMultipartUploads:
      return ListUploads;
    case Operation::kDeleteObjects:
      return DeleteObjects;
    case Operation::kHeadObject:
    case Operation::kGetObject:
      return GetObject;
    case Operation::kPutObject:
      return PutObject;
    case Operation::kCopyObject:
      return CopyObject;
    case Operation::kDeleteObject:
      return DeleteObject;
    case Operation::kGetObjectTagging:
    case Operation::kPutObjectTagging:
    case Operation::kDeleteObjectTagging:
      return HandleTagging;
    case Operation::kGetObjectRetention:
    case Operation::kPutObjectRetention:
    case Operation::kGetObjectLegalHold:
    case Operation::kPutObjectLegalHold:
      return HandleLock;
    case Operation::kCreateMultipartUpload:
      return CreateUpload;
    case Operation::kUploadPart:
      return UploadPart;
    case Operation::kUploadPartCopy:
      return UploadPartCopy;
    case Operation::kCompleteMultipartUpload:
      return CompleteUpload;
    case Operation::kAbortMultipartUpload:
      return AbortUpload;
    case Operation::kListParts:
      return ListParts;
    case Operation::kRestoreObject:
      return RestoreObject;
    case Operation::kUnknown:
      break;
  }
  return nullptr;
}

}  // namespace

std::string XmlTime(Time time) {
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(millis);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(millis - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

struct Service::Parts {
  Parts(ServiceOptions given, const Clock& its_clock)
      : options(std::move(given)), clock(its_clock), authenticator(options.keys) {}

  const ServiceOptions options;
  const Clock& clock;
  const Authenticator authenticator;
  State state;
  std::atomic<std::uint64_t> requests = 0;
};

Service::Service(ServiceOptions options, const Clock& clock)
    : parts_(std::make_unique<Parts>(std::move(options), clock)) {}
Service::~Service() = default;

Time Service::Now() const { return parts_->clock.Now() + parts_->options.clock_skew; }

std::variant<S3Request, Refusal> Service::Parse(net::HttpRequest request) const {
  return ParseRequest(std::move(request), parts_->options.virtual_host_suffix);
}

Reply Service::Handle(net::HttpRequest request) {
  const auto parsed = Parse(std::move(request));
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) return Refuse({}, *refusal);
  return Handle(std::get<S3Request>(parsed));
}

Reply Service::Refuse(const S3Request& request, const Refusal& refusal) {
  const std::string id =
      fmt::format("{:016X}", Mix(parts_->requests.fetch_add(1, std::memory_order_relaxed)));
  Reply reply{.status = refusal.status, .headers = refusal.headers};
  if (request.method != "HEAD" && refusal.status != 304) {
    reply.Set("content-type", "application/xml");
    reply.body = Body::Bytes(ErrorXml(refusal, id));
  }
  reply.Set("date", HttpDate(Now()));
  reply.Set("x-amz-request-id", id);
  reply.Set("content-length", std::to_string(reply.body.size()));
  return reply;
}

Reply Service::Handle(const S3Request& request, bool trusted) {
  State& state = parts_->state;
  std::string region = parts_->options.region;
  {
    const std::lock_guard lock(state.mutex);
    if (const Bucket* bucket = state.Find(request.bucket)) region = bucket->region;
  }
  const Time now = Now();
  const AccessKey* sender = nullptr;
  if (!trusted && !parts_->options.keys.empty()) {
    auto identified = parts_->authenticator.Identify(request, region, now);
    if (auto* refusal = std::get_if<Refusal>(&identified)) {
      // A HEAD has no room for the region but here; so says S3 of buckets one may not read.
      if (request.operation == Operation::kHeadBucket) {
        std::erase_if(refusal->headers,
                      [](const auto& one) { return one.name == "x-amz-bucket-region"; });
        refusal->headers.push_back({"x-amz-bucket-region", region});
      }
      return Refuse(request, *refusal);
    }
    sender = std::get<const AccessKey*>(identified);
    if (!IsAllowed(*sender, request)) {
      Refusal refusal{403, "AccessDenied", "the access key may not do this"};
      if (request.operation == Operation::kHeadBucket) {
        refusal.headers.push_back({"x-amz-bucket-region", region});
      }
      return Refuse(request, refusal);
    }
  }
  const Handler handler = HandlerOf(request.operation);
  if (handler == nullptr) {
    return Refuse(request, {501, "NotImplemented", "this request is not simulated"});
  }
  Answer answer = handler({.request = request,
                           .state = state,
                           .now = now,
                           .region = parts_->options.region,
                           .sender = sender});
  if (auto* refusal = std::get_if<Refusal>(&answer)) {
    // Who may not list a bucket is not told what it does not hold.
    if (refusal->code == "NoSuchKey" && sender != nullptr &&
        !IsAllowed(*sender, "ListObjectsV2", request.bucket, request.key)) {
      return Refuse(request, {403, "AccessDenied", "the access key may not do this"});
    }
    return Refuse(request, *refusal);
  }
  Reply reply = std::get<Reply>(std::move(answer));
  reply.Set("date", HttpDate(now));
  reply.Set("x-amz-request-id",
            fmt::format("{:016X}", Mix(parts_->requests.fetch_add(1, std::memory_order_relaxed))));
  // 204 has no body, and so no length.
  if (reply.status != 204) reply.Set("content-length", std::to_string(reply.body.size()));
  if (request.method == "HEAD") reply.body = {};
  return reply;
}

void Service::CreateBucket(const std::string& name, const BucketOptions& options) {
  Bucket bucket;
  bucket.region = options.region.empty() ? parts_->options.region : options.region;
  bucket.created = Now();
  bucket.lock_enabled = options.locked;
  if (options.versioned || options.locked) bucket.versioning = Versioning::kEnabled;
  const std::lock_guard lock(parts_->state.mutex);
  parts_->state.buckets.try_emplace(name, std::move(bucket));
}

bool Service::Fill(const FillOptions& fill) {
  const Time now = Now();
  for (std::int64_t i = 0; i < fill.count; ++i) {
    const std::int64_t number = fill.first + i;
    Version version;
    version.body = Body::Made(Mix(fill.seed, static_cast<std::uint64_t>(number)), fill.size);
    version.modified = now;
    if (fill.digests && fill.size <= kLargestMd5) {
      const Body bytes = Body::Bytes(version.body.ReadAll());
      version.tag = EntityTagOf(bytes);
      version.set_checksum(ChecksumKind::kCrc64Nvme, Checksum(ChecksumKind::kCrc64Nvme, bytes),
                           false);
    } else {
      version.tag.parts = 1;
      const std::uint64_t half = Mix(version.body.fingerprint());
      for (std::size_t byte = 0; byte < 8; ++byte) {
        version.tag.digest[byte] = static_cast<std::uint8_t>(half >> (8 * byte));
      }
    }
    const std::lock_guard lock(parts_->state.mutex);
    Bucket* bucket = parts_->state.Find(fill.bucket);
    if (bucket == nullptr) return false;
    bucket->Put(fmt::format("{}{:09}", fill.prefix, number), std::move(version),
                ++parts_->state.last_id);
  }
  return true;
}

bool Service::PutObject(const std::string& bucket, const std::string& key, std::string bytes) {
  S3Request request{.operation = Operation::kPutObject,
                    .method = "PUT",
                    .bucket = bucket,
                    .key = key,
                    .body = std::move(bytes)};
  return Handle(request, /*trusted=*/true).status == 200;
}

bool Service::ChangeObject(const std::string& bucket, const std::string& key, std::uint64_t seed) {
  const std::lock_guard lock(parts_->state.mutex);
  Bucket* found = parts_->state.Find(bucket);
  Version* current = found == nullptr ? nullptr : found->Current(key);
  if (current == nullptr) return false;
  Version version = *current;
  version.body = Body::Made(seed, current->body.size());
  version.tag = EntityTagOf(version.body);
  version.set_checksum(ChecksumKind::kCrc64Nvme, Checksum(ChecksumKind::kCrc64Nvme, version.body),
                       false);
  version.modified = Now();
  found->Put(key, std::move(version), ++parts_->state.last_id);
  return true;
}

bool Service::RemoveObject(const std::string& bucket, const std::string& key) {
  const std::lock_guard lock(parts_->state.mutex);
  Bucket* found = parts_->state.Find(bucket);
  if (found == nullptr || found->Current(key) == nullptr) return false;
  found->Delete(key, Now(), ++parts_->state.last_id);
  return true;
}

bool Service::Archive(const std::string& bucket, const std::string& key) {
  const std::lock_guard lock(parts_->state.mutex);
  Bucket* found = parts_->state.Find(bucket);
  Version* current = found == nullptr ? nullptr : found->Current(key);
  if (current == nullptr) return false;
  current->storage_class = StorageClass::kGlacier;
  current->restored = false;
  return true;
}

bool Service::DropUpload(const std::string& bucket, const std::string& key,
                         const std::string& upload_id) {
  const std::lock_guard lock(parts_->state.mutex);
  Bucket* found = parts_->state.Find(bucket);
  return found != nullptr && found->uploads.erase({key, upload_id}) != 0;
}

bool Service::DropLastPart(const std::string& bucket, const std::string& key,
                           const std::string& upload_id) {
  const std::lock_guard lock(parts_->state.mutex);
  Bucket* found = parts_->state.Find(bucket);
  if (found == nullptr) return false;
  const auto upload = found->uploads.find({key, upload_id});
  if (upload == found->uploads.end() || upload->second.parts.empty()) return false;
  upload->second.parts.erase(std::prev(upload->second.parts.end()));
  return true;
}

std::vector<ObjectFacts> Service::Versions(const std::string& bucket,
                                           const std::string& prefix) const {
  std::vector<ObjectFacts> facts;
  const std::lock_guard lock(parts_->state.mutex);
  const Bucket* found = parts_->state.Find(bucket);
  if (found == nullptr) return facts;
  const auto& objects = found->objects();
  for (auto at = objects.lower_bound(prefix); at != objects.end(); ++at) {
    if (!at->first.starts_with(prefix)) break;
    bool is_latest = true;
    for (const Version* version : found->VersionsOf(at->first)) {
      facts.push_back({.key = at->first,
                       .version_id = VersionIdText(version->id),
                       .size = version->body.size(),
                       .etag = version->is_delete_marker ? "" : version->tag.str(),
                       .content_type = std::string(version->attributes.Get("content-type")),
                       .is_latest = std::exchange(is_latest, false),
                       .is_delete_marker = version->is_delete_marker,
                       .modified = version->modified});
    }
  }
  return facts;
}

std::optional<std::string> Service::Content(const std::string& bucket,
                                            const std::string& key) const {
  Body body;
  {
    const std::lock_guard lock(parts_->state.mutex);
    Bucket* found = parts_->state.Find(bucket);
    const Version* current = found == nullptr ? nullptr : found->Current(key);
    if (current == nullptr) return std::nullopt;
    body = current->body;
  }
  return body.ReadAll();
}

std::int64_t Service::UploadsUnderWay(const std::string& bucket) const {
  const std::lock_guard lock(parts_->state.mutex);
  const Bucket* found = parts_->state.Find(bucket);
  return found == nullptr ? 0 : static_cast<std::int64_t>(found->uploads.size());
}

}  // namespace lc2::s3sim
