#include <mutex>

#include "base/time_format.h"
#include "codec/xml.h"
#include "net/percent.h"
#include "s3sim/call_internal.h"
#include "s3sim/text_internal.h"
#include "s3sim/upload_headers_internal.h"

namespace lc2::s3sim {

namespace {

// The version that a request about an object's tags or lock names. The state is locked.
std::variant<Version*, Refusal> VersionFor(const Call& call) {
  const S3Request& request = call.request;
  Bucket* bucket = call.state.Find(request.bucket);
  if (bucket == nullptr) return NoSuchBucket();
  const std::string* id = request.Query("versionId");
  Version* version = id == nullptr ? bucket->Newest(request.key) : bucket->Find(request.key, *id);
  if (version == nullptr) {
    return id == nullptr ? NoSuchKey(request.key) : NoSuchVersion(request);
  }
  if (version->is_delete_marker) {
    return Refusal{405, "MethodNotAllowed", "a delete marker has no such thing"};
  }
  return version;
}

std::variant<codec::XmlElement, Refusal> BodyOf(const S3Request& request, std::string_view root) {
  auto read = PayloadOf(request);
  if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
  auto xml = codec::ParseXml(std::get<Payload>(read).body.ReadAll());
  if (!xml.has_value() || xml->name != root) return MalformedXml();
  return std::move(xml).value();
}

std::string TagsXml(std::string_view kept) {
  std::string set;
  while (!kept.empty()) {
    const std::size_t end = std::min(kept.find('&'), kept.size());
    const std::string_view pair = kept.substr(0, end);
    kept.remove_prefix(std::min(end + 1, kept.size()));
    const std::size_t equals = pair.find('=');
    set += "<Tag>" + Element("Key", net::FormDecode(pair.substr(0, equals)).value()) +
           Element("Value", net::FormDecode(pair.substr(equals + 1)).value()) + "</Tag>";
  }
  return MakeXml("Tagging", "<TagSet>" + set + "</TagSet>");
}

std::variant<std::string, Refusal> TagsIn(const codec::XmlElement& root) {
  const codec::XmlElement* set = root.Find("TagSet");
  if (set == nullptr) return MalformedXml();
  std::string header;
  for (const codec::XmlElement& tag : set->children) {
    header += (header.empty() ? "" : "&") + net::PercentEncode(tag.TextOf("Key")) + "=" +
              net::PercentEncode(tag.TextOf("Value"));
  }
  return TagsOf(header);
}

// A lock may get longer, and governance shorter by who may bypass it.
std::optional<Refusal> CheckNewRetention(const Lock& before, const Lock& after, bool bypass,
                                         Time now) {
  const bool held = before.mode != LockMode::kNone && now < before.retain_until;
  const bool longer = after.mode != LockMode::kNone && after.retain_until >= before.retain_until;
  if (!held) return std::nullopt;
  const bool weaker = before.mode == LockMode::kCompliance && after.mode != LockMode::kCompliance;
  if (longer && !weaker) return std::nullopt;
  if (before.mode == LockMode::kGovernance && bypass) return std::nullopt;
  return Refusal{403, "AccessDenied", "the version's retention can only get longer"};
}

std::variant<Lock, Refusal> RetentionIn(const codec::XmlElement& root, Time now) {
  Lock lock;
  if (root.children.empty()) return lock;  // takes a retention of governance away
  const auto mode = LockModeOf(root.TextOf("Mode"));
  const auto until = ParseRfc3339(root.TextOf("RetainUntilDate"));
  if (!mode || !until.has_value()) return MalformedXml();
  if (*until <= now) return InvalidArgument("a lock's date is a time to come");
  lock.mode = *mode;
  lock.retain_until = *until;
  return lock;
}

Answer PutRetention(const Call& call, const codec::XmlElement& root, Version& version) {
  auto asked = RetentionIn(root, call.now);
  if (auto* refusal = std::get_if<Refusal>(&asked)) return std::move(*refusal);
  Lock after = std::get<Lock>(asked);
  after.legal_hold = version.lock.legal_hold;
  const bool bypass = call.request.HeaderOr("x-amz-bypass-governance-retention") == "true";
  if (auto refusal = CheckNewRetention(version.lock, after, bypass, call.now)) {
    return *std::move(refusal);
  }
  version.lock = after;
  return Reply{};
}

Answer PutLegalHold(const codec::XmlElement& root, Version& version) {
  const std::string status = root.TextOf("Status");
  if (status != "ON" && status != "OFF") return MalformedXml();
  version.lock.legal_hold = status == "ON";
  return Reply{};
}

Answer ShowLock(const Call& call, const Version& version) {
  if (call.request.operation == Operation::kGetObjectLegalHold) {
    return XmlReply(
        MakeXml("LegalHold", Element("Status", version.lock.legal_hold ? "ON" : "OFF")));
  }
  if (version.lock.mode == LockMode::kNone) {
    return Refusal{404, "NoSuchObjectLockConfiguration", "the version has no retention"};
  }
  return XmlReply(
      MakeXml("Retention", Element("Mode", NameOf(version.lock.mode)) +
                               Element("RetainUntilDate", XmlTime(version.lock.retain_until))));
}

}  // namespace

Answer HandleTagging(const Call& call) {
  std::string tags;
  if (call.request.operation == Operation::kPutObjectTagging) {
    auto body = BodyOf(call.request, "Tagging");
    if (auto* refusal = std::get_if<Refusal>(&body)) return std::move(*refusal);
    auto given = TagsIn(std::get<codec::XmlElement>(body));
    if (auto* refusal = std::get_if<Refusal>(&given)) return std::move(*refusal);
    tags = std::get<std::string>(std::move(given));
  }
  const std::lock_guard lock(call.state.mutex);
  auto found = VersionFor(call);
  if (auto* refusal = std::get_if<Refusal>(&found)) return std::move(*refusal);
  Version& version = *std::get<Version*>(found);
  if (call.request.operation == Operation::kGetObjectTagging) {
    return XmlReply(TagsXml(version.attributes.Get(kTags)));
  }
  version.attributes = version.attributes.With(kTags, tags);
  Reply reply;
  if (call.request.operation == Operation::kDeleteObjectTagging) reply.status = 204;
  return reply;
}

Answer HandleLock(const Call& call) {
  const Operation operation = call.request.operation;
  const bool puts =
      operation == Operation::kPutObjectRetention || operation == Operation::kPutObjectLegalHold;
  codec::XmlElement root;
  if (puts) {
    const bool retention = operation == Operation::kPutObjectRetention;
    auto body = BodyOf(call.request, retention ? "Retention" : "LegalHold");
    if (auto* refusal = std::get_if<Refusal>(&body)) return std::move(*refusal);
    root = std::get<codec::XmlElement>(std::move(body));
  }
  const std::lock_guard lock(call.state.mutex);
  const Bucket* bucket = call.state.Find(call.request.bucket);
  if (bucket == nullptr) return NoSuchBucket();
  if (!bucket->lock_enabled) {
    return InvalidRequest("the bucket has no object lock configuration");
  }
  auto found = VersionFor(call);
  if (auto* refusal = std::get_if<Refusal>(&found)) return std::move(*refusal);
  Version& version = *std::get<Version*>(found);
  if (operation == Operation::kPutObjectRetention) return PutRetention(call, root, version);
  if (operation == Operation::kPutObjectLegalHold) return PutLegalHold(root, version);
  return ShowLock(call, version);
}

}  // namespace lc2::s3sim
