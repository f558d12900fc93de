#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/time_format.h"
#include "net/percent.h"
#include "s3sim/chunked_internal.h"
#include "s3sim/text_internal.h"
#include "s3sim/upload_headers_internal.h"

namespace lc2::s3sim {

namespace {

constexpr std::size_t kMostMetadata = 2'048;  // bytes of names and values
constexpr std::size_t kMostTags = 10;
constexpr std::size_t kLongestTagKey = 128;
constexpr std::size_t kLongestTagValue = 256;
constexpr std::string_view kMeta = "x-amz-meta-";

constexpr std::array<std::string_view, 6> kContentHeaders = {
    "cache-control",    "content-disposition", "content-encoding",
    "content-language", "content-type",        "expires"};

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::optional<Refusal> AddCustomerKey(const S3Request& request, Pairs& pairs) {
  const std::string* algorithm = request.Header("x-amz-server-side-encryption-customer-algorithm");
  if (algorithm == nullptr) return std::nullopt;
  const std::string* md5 = request.Header("x-amz-server-side-encryption-customer-key-md5");
  const std::string* key = request.Header("x-amz-server-side-encryption-customer-key");
  if (*algorithm != "AES256" || md5 == nullptr || key == nullptr) {
    return InvalidArgument("a customer's key needs its algorithm, the key and the key's MD5");
  }
  pairs.emplace_back(kCustomerKey, *md5);
  return std::nullopt;
}

std::optional<Refusal> AddEncryption(const S3Request& request, Pairs& pairs) {
  const std::string kind = request.HeaderOr("x-amz-server-side-encryption");
  if (!kind.empty() && kind != "AES256" && kind != "aws:kms" && kind != "aws:kms:dsse") {
    return InvalidArgument("this encryption is not known");
  }
  const std::string key = request.HeaderOr("x-amz-server-side-encryption-aws-kms-key-id");
  if (!key.empty() && !kind.starts_with("aws:kms")) {
    return InvalidArgument("a KMS key needs encryption by KMS");
  }
  if (!kind.empty()) pairs.emplace_back("x-amz-server-side-encryption", kind);
  if (!key.empty()) pairs.emplace_back("x-amz-server-side-encryption-aws-kms-key-id", key);
  return AddCustomerKey(request, pairs);
}

// "aws-chunked" is how the body travelled, not what it is.
std::string WithoutChunked(std::string_view encodings) {
  std::string kept;
  while (!encodings.empty()) {
    const std::size_t end = std::min(encodings.find(','), encodings.size());
    const std::string_view one = Trimmed(encodings.substr(0, end));
    encodings.remove_prefix(std::min(end + 1, encodings.size()));
    if (one.empty() || one == "aws-chunked") continue;
    kept += (kept.empty() ? "" : ",") + std::string(one);
  }
  return kept;
}

std::optional<Refusal> AddMetadata(const S3Request& request, Pairs& pairs) {
  std::size_t size = 0;
  for (const net::HttpHeader& header : request.headers) {
    std::string value = header.value;
    if (header.name == "content-encoding") value = WithoutChunked(value);
    const bool content = std::find(kContentHeaders.begin(), kContentHeaders.end(), header.name) !=
                         kContentHeaders.end();
    if (header.name.starts_with(kMeta)) {
      size += header.name.size() - kMeta.size() + value.size();
    } else if (!content || value.empty()) {
      continue;
    }
    pairs.emplace_back(header.name, std::move(value));
  }
  if (size <= kMostMetadata) return std::nullopt;
  return Refusal{400, "MetadataTooLarge", "the metadata has more than 2048 bytes"};
}

std::optional<Refusal> CheckMd5(const S3Request& request, const std::string& body) {
  const std::string* sent = request.Header("content-md5");
  if (sent == nullptr) return std::nullopt;
  const auto bytes = ParseBase64(*sent);
  if (!bytes.has_value() || bytes->size() != Md5Digest().size()) {
    return Refusal{400, "InvalidDigest", "Content-MD5 is no MD5"};
  }
  const Md5Digest computed = Md5(body);
  if (std::equal(computed.begin(), computed.end(), bytes->begin(),
                 [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); })) {
    return std::nullopt;
  }
  return Refusal{400, "BadDigest", "Content-MD5 is not that of the body"};
}

std::optional<Refusal> CheckChecksum(Payload& payload, const std::string& text) {
  const auto bytes = ParseBase64(text);
  payload.checksum = Checksum(payload.kind, payload.body);
  if (!bytes.has_value() || bytes->size() != payload.checksum.size()) {
    return InvalidRequest(
        fmt::format("the value of {} is no checksum of its kind", HeaderOf(payload.kind)));
  }
  if (*bytes == payload.checksum) return std::nullopt;
  return Refusal{400, "BadDigest",
                 fmt::format("the {} is not that of the body", NameOf(payload.kind))};
}

}  // namespace

std::variant<Attributes, Refusal> AttributesOf(const S3Request& request) {
  Pairs pairs;
  if (auto refusal = AddMetadata(request, pairs)) return *std::move(refusal);
  if (auto refusal = AddEncryption(request, pairs)) return *std::move(refusal);
  auto tags = TagsOf(request.HeaderOr("x-amz-tagging"));
  if (auto* refusal = std::get_if<Refusal>(&tags)) return std::move(*refusal);
  if (const auto& text = std::get<std::string>(tags); !text.empty())
    pairs.emplace_back(kTags, text);
  return Attributes(pairs);
}

std::variant<Attributes, Refusal> EncryptionOf(const S3Request& request, Attributes attributes) {
  attributes = attributes.With("x-amz-server-side-encryption", "")
                   .With("x-amz-server-side-encryption-aws-kms-key-id", "")
                   .With(kCustomerKey, "");
  Pairs pairs;
  if (auto refusal = AddEncryption(request, pairs)) return *std::move(refusal);
  for (const auto& [name, value] : pairs) attributes = attributes.With(name, value);
  return attributes;
}

namespace {

// "Object tagging": letters and digits of any script, spaces, and these.
bool IsTagText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || static_cast<unsigned char>(c) >= 0x80 ||
           std::string_view(" +-=._:/@").find(c) != std::string_view::npos;
  });
}

}  // namespace

std::optional<Refusal> CheckTags(const Pairs& tags) {
  const auto invalid = [](std::string why) { return Refusal{400, "InvalidTag", std::move(why)}; };
  if (tags.size() > kMostTags) {
    return Refusal{400, "BadRequest", "an object has at most 10 tags"};
  }
  for (auto tag = tags.begin(); tag != tags.end(); ++tag) {
    if (tag->first.empty() || tag->first.size() > kLongestTagKey) {
      return invalid("a tag's key has 1 to 128 characters");
    }
    if (tag->second.size() > kLongestTagValue) return invalid("a tag's value is too long");
    if (!IsTagText(tag->first) || !IsTagText(tag->second)) {
      return invalid("a tag holds a character that no tag may hold");
    }
    if (std::any_of(tags.begin(), tag, [&](const auto& one) { return one.first == tag->first; })) {
      return invalid("two tags have one key");
    }
  }
  return std::nullopt;
}

std::variant<std::string, Refusal> TagsOf(std::string_view text) {
  Pairs tags;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto key = net::FormDecode(pair.substr(0, equals));
    auto value = net::FormDecode(pair.substr(std::min(equals + 1, pair.size())));
    if (!key.has_value() || !value.has_value()) return InvalidArgument("x-amz-tagging is no query");
    tags.emplace_back(std::move(key).value(), std::move(value).value());
  }
  if (auto refusal = CheckTags(tags)) return *std::move(refusal);
  std::string kept;
  for (const auto& [key, value] : tags) {
    kept += (kept.empty() ? "" : "&") + net::PercentEncode(key) + "=" + net::PercentEncode(value);
  }
  return kept;
}

std::variant<StorageClass, Refusal> StorageClassOf(const S3Request& request) {
  const std::string* name = request.Header("x-amz-storage-class");
  if (name == nullptr) return StorageClass::kStandard;
  if (const auto known = StorageClassOf(*name)) return *known;
  return Refusal{400, "InvalidStorageClass", "this storage class is not known"};
}

std::variant<std::optional<Lock>, Refusal> LockOf(const S3Request& request, Time now) {
  const std::string* mode = request.Header("x-amz-object-lock-mode");
  const std::string* until = request.Header("x-amz-object-lock-retain-until-date");
  const std::string* hold = request.Header("x-amz-object-lock-legal-hold");
  if (mode == nullptr && until == nullptr && hold == nullptr) return std::nullopt;
  Lock lock;
  if ((mode == nullptr) != (until == nullptr)) {
    return InvalidArgument("a lock's mode and its date are given together");
  }
  if (mode != nullptr) {
    const auto known = LockModeOf(*mode);
    const auto time = ParseRfc3339(*until);
    if (!known) return InvalidArgument("this lock mode is not known");
    if (!time.has_value() || *time <= now) {
      return InvalidArgument("a lock's date is a time to come, of ISO 8601");
    }
    lock.mode = *known;
    lock.retain_until = *time;
  }
  if (hold != nullptr) {
    if (*hold != "ON" && *hold != "OFF") return InvalidArgument("a legal hold is ON or OFF");
    lock.legal_hold = *hold == "ON";
  }
  return std::optional<Lock>(lock);
}

std::variant<Lock, Refusal> LockIn(const Bucket& bucket, const std::optional<Lock>& asked,
                                   Time now) {
  if (asked && !bucket.lock_enabled) {
    return InvalidRequest("the bucket has no object lock configuration");
  }
  Lock lock = asked.value_or(Lock{});
  if (lock.mode == LockMode::kNone && bucket.default_retention.mode != LockMode::kNone) {
    lock.mode = bucket.default_retention.mode;
    lock.retain_until = now + std::chrono::hours(24) * bucket.default_retention.days;
  }
  return lock;
}

std::pair<ChecksumKind, std::string> SentChecksum(const S3Request& request) {
  for (const ChecksumKind kind : kChecksumKinds) {
    if (const std::string* text = request.Header(HeaderOf(kind))) return {kind, *text};
  }
  return {ChecksumKind::kNone, ""};
}

std::variant<Payload, Refusal> PayloadOf(const S3Request& request) {
  auto [kind, text] = SentChecksum(request);
  std::string bytes = request.body;
  if (request.HeaderOr("x-amz-content-sha256").starts_with("STREAMING-")) {
    auto read = ReadChunked(request);
    if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
    auto& chunked = std::get<Chunked>(read);
    bytes = std::move(chunked.bytes);
    if (chunked.kind != ChecksumKind::kNone) {
      kind = chunked.kind;
      text = chunked.checksum;
    }
  }
  if (static_cast<std::int64_t>(bytes.size()) > kLargestUpload) {
    return Refusal{400, "EntityTooLarge", "more than 5 GiB in one request"};
  }
  if (auto refusal = CheckMd5(request, bytes)) return *std::move(refusal);
  Payload payload{.body = Body::Bytes(std::move(bytes)),
                  .kind = kind,
                  .has_md5 = request.Header("content-md5") != nullptr};
  if (kind != ChecksumKind::kNone) {
    if (auto refusal = CheckChecksum(payload, text)) return *std::move(refusal);
  }
  return payload;
}

void Describe(const Version& version, const Bucket& bucket, Reply& reply) {
  reply.Set("etag", version.tag.str());
  if (bucket.versioning != Versioning::kNever) {
    reply.Set("x-amz-version-id", VersionIdText(version.id));
  }
  for (const auto& [name, value] : version.attributes.All()) {
    if (name.starts_with("x-amz-server-side-encryption")) reply.Set(name, std::string(value));
  }
  if (const auto md5 = version.attributes.Get(kCustomerKey); !md5.empty()) {
    reply.Set("x-amz-server-side-encryption-customer-algorithm", "AES256");
    reply.Set("x-amz-server-side-encryption-customer-key-md5", std::string(md5));
  }
}

void DescribeChecksum(const Version& version, Reply& reply) {
  if (version.checksum_kind == ChecksumKind::kNone) return;
  reply.Set(HeaderOf(version.checksum_kind), version.checksum_text());
  reply.Set("x-amz-checksum-type", version.checksum_is_composite ? "COMPOSITE" : "FULL_OBJECT");
}

EntityTag PlainTagOf(const Body& body, const Attributes& attributes) {
  EntityTag tag = EntityTagOf(body);
  const bool by_kms = attributes.Get("x-amz-server-side-encryption").starts_with("aws:kms");
  if (by_kms || !attributes.Get(kCustomerKey).empty()) {
    for (std::uint8_t& byte : tag.digest) byte = static_cast<std::uint8_t>(~byte);
  }
  return tag;
}

std::string DescribeInXml(const Version& version) {
  std::string xml = Element("ETag", version.tag.str());
  if (version.checksum_kind != ChecksumKind::kNone) {
    xml +=
        Element("Checksum" + std::string(NameOf(version.checksum_kind)), version.checksum_text());
    xml += Element("ChecksumType", version.checksum_is_composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  return xml;
}

}  // namespace lc2::s3sim
