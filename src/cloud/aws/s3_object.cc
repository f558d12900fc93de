#include "cloud/aws/s3_object.h"

#include <fmt/core.h>

#include <charconv>
#include <utility>

#include "base/crc.h"
#include "base/time_format.h"
#include "codec/xml.h"
#include "net/http_date.h"
#include "net/percent.h"

namespace lc2::cloud::aws {

namespace {

constexpr std::string_view kMetadata = "x-amz-meta-";
constexpr std::string_view kChecksum = "x-amz-checksum-";

Error BadAnswer(std::string_view what) {
  return Error{.kind = ErrorKind::kUnavailable,
               .code = "s3.bad_answer",
               .message = fmt::format("what S3 says of an object cannot be read: {}", what)};
}

std::string HeaderOf(const net::HttpResponse& response, std::string_view name) {
  const std::string* const value = net::FindHeader(response, name);
  return value == nullptr ? "" : *value;
}

std::optional<std::int64_t> NumberOf(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

// Of the whole object: what follows the slash in "bytes 0-9/200".
std::optional<std::int64_t> SizeOf(const net::HttpResponse& response) {
  const std::string range = HeaderOf(response, "content-range");
  if (response.status != 206) return NumberOf(HeaderOf(response, "content-length"));
  const std::size_t slash = range.find('/');
  return slash == std::string::npos ? std::nullopt : NumberOf(range.substr(slash + 1));
}

// Only the body's own checks: no "-3" of so many parts behind them.
std::map<std::string, std::string> ChecksumsOf(const net::HttpResponse& response) {
  std::map<std::string, std::string> checksums;
  for (const net::HttpHeader& header : response.headers) {
    if (!header.name.starts_with(kChecksum) || header.name == "x-amz-checksum-type") continue;
    checksums[header.name.substr(kChecksum.size())] = header.value;
  }
  return checksums;
}

bool IsArchived(const net::HttpResponse& response, const std::string& storage_class) {
  if (!HeaderOf(response, "x-amz-archive-status").empty()) return true;
  if (storage_class != "GLACIER" && storage_class != "DEEP_ARCHIVE") return false;
  // One that was restored can be read for a time.
  return HeaderOf(response, "x-amz-restore").find("ongoing-request=\"false\"") == std::string::npos;
}

void Version(S3Call& call, const std::string& version) {
  if (!version.empty()) call.query.push_back({"versionId", version});
}

void Add(std::vector<net::HttpHeader>& headers, std::string name, const std::string& value) {
  if (!value.empty()) headers.push_back({std::move(name), value});
}

void AddEncryption(std::vector<net::HttpHeader>& headers, const std::string& kms_key) {
  if (kms_key.empty()) return;
  headers.push_back({"x-amz-server-side-encryption", "aws:kms"});
  headers.push_back({"x-amz-server-side-encryption-aws-kms-key-id", kms_key});
}

void AddLock(std::vector<net::HttpHeader>& headers, const std::string& mode,
             const std::optional<Time>& until) {
  if (!until) return;
  headers.push_back({"x-amz-object-lock-mode", mode});
  headers.push_back({"x-amz-object-lock-retain-until-date", FormatRfc3339(*until)});
}

std::string TaggingOf(const std::map<std::string, std::string>& tags) {
  std::string text;
  for (const auto& [key, value] : tags) {
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", net::PercentEncode(key),
                        net::PercentEncode(value));
  }
  return text;
}

}  // namespace

Result<ObjectHead> ReadObjectHead(const net::HttpResponse& response) {
  const std::optional<std::int64_t> size = SizeOf(response);
  if (!size) return BadAnswer("it has no size");
  const auto modified = net::ParseHttpDate(HeaderOf(response, "last-modified"));
  if (!modified.has_value()) return BadAnswer("it has no time");
  ObjectHead head{.size = *size,
                  .etag = HeaderOf(response, "etag"),
                  .version = HeaderOf(response, "x-amz-version-id"),
                  .last_modified = *modified,
                  .content_type = HeaderOf(response, "content-type"),
                  .content_encoding = HeaderOf(response, "content-encoding"),
                  .content_disposition = HeaderOf(response, "content-disposition"),
                  .content_language = HeaderOf(response, "content-language"),
                  .cache_control = HeaderOf(response, "cache-control"),
                  .checksums = ChecksumsOf(response),
                  .checksum_type = HeaderOf(response, "x-amz-checksum-type"),
                  .storage_class = HeaderOf(response, "x-amz-storage-class"),
                  .lock_mode = HeaderOf(response, "x-amz-object-lock-mode"),
                  .legal_hold = HeaderOf(response, "x-amz-object-lock-legal-hold") == "ON"};
  for (const net::HttpHeader& header : response.headers) {
    if (!header.name.starts_with(kMetadata)) continue;
    head.metadata[header.name.substr(kMetadata.size())] = header.value;
  }
  head.archived = IsArchived(response, head.storage_class);
  const std::string until = HeaderOf(response, "x-amz-object-lock-retain-until-date");
  if (!until.empty()) {
    const auto time = ParseRfc3339(until);
    if (!time.has_value()) return BadAnswer("its lock has no end");
    head.locked_until = *time;
  }
  head.parts = static_cast<int>(NumberOf(HeaderOf(response, "x-amz-mp-parts-count")).value_or(0));
  return head;
}

S3Call HeadObjectCall(const std::string& key, const std::string& version) {
  S3Call call{.method = "HEAD",
              .key = key,
              .headers = {{"x-amz-checksum-mode", "ENABLED"}},
              .what = fmt::format("look at object '{}'", key)};
  Version(call, version);
  return call;
}

S3Call GetObjectCall(const GetObject& get) {
  S3Call call{.key = get.key, .what = fmt::format("read object '{}'", get.key)};
  Version(call, get.version);
  if (get.range) {
    call.headers.push_back({"range", fmt::format("bytes={}-{}", get.range->first,
                                                 get.range->first + get.range->second - 1)});
  }
  // One of the whole says nothing of a part.
  if (!get.range) call.headers.push_back({"x-amz-checksum-mode", "ENABLED"});
  Add(call.headers, "if-match", get.if_match);
  // What a refusal says has to have room as well.
  call.limits.max_response_bytes = std::max<std::int64_t>(get.limit, 64 * 1024);
  return call;
}

bool IsIntact(const ObjectHead& head, std::string_view bytes) {
  const auto said = head.checksums.find("crc64nvme");
  if (said == head.checksums.end() || head.checksum_type == "COMPOSITE") return true;
  Crc64Nvme crc;
  crc.Update(bytes);
  return said->second == CrcBase64(crc.value());
}

ObjectTraits TraitsOf(const ObjectHead& head) {
  return {.content_type = head.content_type,
          .content_encoding = head.content_encoding,
          .content_disposition = head.content_disposition,
          .content_language = head.content_language,
          .cache_control = head.cache_control,
          .metadata = head.metadata};
}

std::vector<net::HttpHeader> HeadersOf(const ObjectTraits& traits) {
  std::vector<net::HttpHeader> headers;
  Add(headers, "content-type", traits.content_type);
  Add(headers, "content-encoding", traits.content_encoding);
  Add(headers, "content-disposition", traits.content_disposition);
  Add(headers, "content-language", traits.content_language);
  Add(headers, "cache-control", traits.cache_control);
  for (const auto& [name, value] : traits.metadata) {
    headers.push_back({std::string(kMetadata) + name, value});
  }
  Add(headers, "x-amz-tagging", TaggingOf(traits.tags));
  Add(headers, "x-amz-storage-class", traits.storage_class);
  AddEncryption(headers, traits.kms_key);
  AddLock(headers, traits.lock_mode, traits.locked_until);
  return headers;
}

S3Call PutObjectCall(PutObject put) {
  S3Call call{.method = "PUT",
              .key = put.key,
              .headers = HeadersOf(put.traits),
              .what = fmt::format("write object '{}'", put.key),
              .create_only = put.create_only};
  if (put.create_only) call.headers.push_back({"if-none-match", "*"});
  if (put.checksum) {
    Crc64Nvme crc;
    crc.Update(put.body);
    call.headers.push_back({"x-amz-checksum-crc64nvme", CrcBase64(crc.value())});
  }
  call.body = std::move(put.body);
  return call;
}

S3Call CopyObjectCall(const CopyObject& copy) {
  S3Call call{.method = "PUT",
              .key = copy.to_key,
              .what = fmt::format("copy object '{}'", copy.from_key),
              .promised = S3Body::kResult};
  if (copy.replace) {
    call.headers = HeadersOf(*copy.replace);
    call.headers.push_back({"x-amz-metadata-directive", "REPLACE"});
    if (!copy.replace->tags.empty()) call.headers.push_back({"x-amz-tagging-directive", "REPLACE"});
  }
  call.headers.push_back(
      {"x-amz-copy-source", CopySource(copy.from_bucket, copy.from_key, copy.from_version)});
  Add(call.headers, "x-amz-copy-source-if-match", copy.from_etag);
  Add(call.headers, "x-amz-storage-class", copy.storage_class);
  AddEncryption(call.headers, copy.kms_key);
  AddLock(call.headers, copy.lock_mode, copy.locked_until);
  return call;
}

std::string CopySource(const std::string& bucket, const std::string& key,
                       const std::string& version) {
  std::string source = "/" + bucket + "/" + net::PercentEncode(key, "/");
  if (!version.empty()) source += "?versionId=" + net::PercentEncode(version);
  return source;
}

WrittenObject ReadPut(const net::HttpResponse& response) {
  return {.etag = HeaderOf(response, "etag"),
          .version = HeaderOf(response, "x-amz-version-id"),
          .last_modified = {},
          .checksums = ChecksumsOf(response)};
}

Result<WrittenObject> ReadCopy(const net::HttpResponse& response) {
  const auto result = codec::ParseXml(response.body);
  if (!result.has_value()) return BadAnswer("the copy's result");
  WrittenObject written = ReadPut(response);
  written.etag = result->TextOf("ETag");
  const auto modified = ParseRfc3339(result->TextOf("LastModified"));
  if (modified.has_value()) written.last_modified = *modified;
  if (written.etag.empty()) return BadAnswer("the copy has no etag");
  return written;
}

S3Call DeleteObjectCall(const std::string& key, const std::string& version) {
  S3Call call{.method = "DELETE", .key = key, .what = fmt::format("delete object '{}'", key)};
  Version(call, version);
  return call;
}

S3Call GetTagsCall(const std::string& key, const std::string& version) {
  S3Call call{.key = key,
              .query = {{"tagging", std::nullopt}},
              .what = fmt::format("read the tags of object '{}'", key),
              .promised = S3Body::kResult};
  Version(call, version);
  return call;
}

Result<std::map<std::string, std::string>> ReadTags(const net::HttpResponse& response) {
  const auto tagging = codec::ParseXml(response.body);
  const codec::XmlElement* const set = tagging.has_value() ? tagging->Find("TagSet") : nullptr;
  if (set == nullptr) return BadAnswer("its tags");
  std::map<std::string, std::string> tags;
  for (const codec::XmlElement& tag : set->children) tags[tag.TextOf("Key")] = tag.TextOf("Value");
  return tags;
}

}  // namespace lc2::cloud::aws
