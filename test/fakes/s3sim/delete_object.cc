#include <mutex>

#include "base/hash.h"
#include "codec/xml.h"
#include "s3sim/access_internal.h"
#include "s3sim/call_internal.h"
#include "s3sim/conditions_internal.h"
#include "s3sim/upload_headers_internal.h"

namespace lc2::s3sim {

namespace {

struct Target {
  std::string key;
  std::optional<std::string> version_id;
  std::optional<std::string> if_match;
};

struct Deleted {
  std::string version_id;  // of what is gone, or of the new marker; "" without versions
  bool is_marker = false;  // a marker came, or went
};

// `state` is locked.
std::variant<Deleted, Refusal> Delete(Bucket& bucket, const Target& target, bool bypass, Time now,
                                      State& state) {
  const Version* current = bucket.Current(target.key);
  if (target.if_match) {
    if (current == nullptr) return NoSuchKey(target.key);
    if (!Names(*target.if_match, current->tag)) return PreconditionFailed("If-Match");
  }
  if (!target.version_id) {
    const Version* marker = bucket.Delete(target.key, now, ++state.last_id);
    if (marker == nullptr) return Deleted{};
    return Deleted{VersionIdText(marker->id), true};
  }
  const Version* version = bucket.Find(target.key, *target.version_id);
  if (version == nullptr) return Deleted{*target.version_id, false};
  if (version->lock.Holds(now, bypass)) {
    return Refusal{403, "AccessDenied", "the version is locked"};
  }
  const bool was_marker = version->is_delete_marker;
  bucket.DeleteVersion(target.key, *target.version_id);
  return Deleted{*target.version_id, was_marker};
}

std::optional<std::string> Optional(const std::string* text) {
  if (text == nullptr) return std::nullopt;
  return *text;
}

bool BypassesGovernance(const S3Request& request) {
  return request.HeaderOr("x-amz-bypass-governance-retention") == "true";
}

std::variant<std::vector<Target>, Refusal> TargetsOf(const codec::XmlElement& root) {
  constexpr std::size_t kMostTargets = 1'000;
  std::vector<Target> targets;
  for (const codec::XmlElement& child : root.children) {
    if (child.name == "Quiet") continue;
    const codec::XmlElement* key = child.Find("Key");
    if (child.name != "Object" || key == nullptr || key->text.empty()) return MalformedXml();
    Target target{.key = key->text};
    if (const auto* id = child.Find("VersionId")) target.version_id = id->text;
    if (const auto* tag = child.Find("ETag")) target.if_match = tag->text;
    targets.push_back(std::move(target));
  }
  if (targets.empty() || targets.size() > kMostTargets) return MalformedXml();
  return targets;
}

std::string RefusedXml(const Target& target, const Refusal& refusal) {
  std::string content = Element("Key", target.key);
  if (target.version_id) content += Element("VersionId", *target.version_id);
  content += Element("Code", refusal.code) + Element("Message", refusal.message);
  return "<Error>" + content + "</Error>";
}

std::string DeletedXml(const Target& target, const Deleted& deleted) {
  std::string content = Element("Key", target.key);
  if (target.version_id) content += Element("VersionId", *target.version_id);
  if (deleted.is_marker) {
    content +=
        Element("DeleteMarker", "true") + Element("DeleteMarkerVersionId", deleted.version_id);
  }
  return "<Deleted>" + content + "</Deleted>";
}

}  // namespace

Answer DeleteObject(const Call& call) {
  const S3Request& request = call.request;
  const std::lock_guard lock(call.state.mutex);
  Bucket* bucket = call.state.Find(request.bucket);
  if (bucket == nullptr) return NoSuchBucket();
  const Target target{.key = request.key,
                      .version_id = Optional(request.Query("versionId")),
                      .if_match = Optional(request.Header("if-match"))};
  auto outcome = Delete(*bucket, target, BypassesGovernance(request), call.now, call.state);
  if (auto* refusal = std::get_if<Refusal>(&outcome)) return std::move(*refusal);
  const auto& deleted = std::get<Deleted>(outcome);
  Reply reply;
  reply.status = 204;
  if (!deleted.version_id.empty()) reply.Set("x-amz-version-id", deleted.version_id);
  if (deleted.is_marker) reply.Set("x-amz-delete-marker", "true");
  return reply;
}

Answer DeleteObjects(const Call& call) {
  const S3Request& request = call.request;
  auto read = PayloadOf(request);
  if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
  const auto& payload = std::get<Payload>(read);
  if (!payload.has_md5 && payload.kind == ChecksumKind::kNone) {
    return InvalidRequest("a batch needs Content-MD5 or a checksum");
  }
  const auto root = codec::ParseXml(payload.body.ReadAll());
  if (!root.has_value() || root->name != "Delete") return MalformedXml();
  auto targets = TargetsOf(*root);
  if (auto* refusal = std::get_if<Refusal>(&targets)) return std::move(*refusal);
  const bool quiet = root->TextOf("Quiet") == "true";
  const bool bypass = BypassesGovernance(request);

  const std::lock_guard lock(call.state.mutex);
  Bucket* bucket = call.state.Find(request.bucket);
  if (bucket == nullptr) return NoSuchBucket();
  std::string result;
  for (const Target& target : std::get<std::vector<Target>>(targets)) {
    if (call.sender != nullptr &&
        !IsAllowed(*call.sender, "DeleteObject", request.bucket, target.key)) {
      result += RefusedXml(target, {403, "AccessDenied", "the access key may not delete this"});
      continue;
    }
    const auto outcome = Delete(*bucket, target, bypass, call.now, call.state);
    if (const auto* refusal = std::get_if<Refusal>(&outcome)) {
      result += RefusedXml(target, *refusal);
    } else if (!quiet) {
      result += DeletedXml(target, std::get<Deleted>(outcome));
    }
  }
  return XmlReply(MakeXml("DeleteResult", result));
}

}  // namespace lc2::s3sim
