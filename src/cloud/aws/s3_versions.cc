#include "cloud/aws/s3_versions.h"

#include <fmt/core.h>

#include <charconv>

#include "base/crc.h"
#include "base/time_format.h"
#include "codec/xml.h"
#include "net/percent.h"

namespace lc2::cloud::aws {

namespace {

Error BadPage(std::string why) {
  return Error{.kind = ErrorKind::kUnavailable,
               .code = "s3.bad_page",
               .message = "a page of a bucket's versions cannot be read: " + std::move(why)};
}

Result<ObjectVersion> VersionOf(const codec::XmlElement& element) {
  ObjectVersion version{.key = element.TextOf("Key"),
                        .version = element.TextOf("VersionId"),
                        .latest = element.TextOf("IsLatest") == "true",
                        .delete_marker = element.name == "DeleteMarker",
                        .etag = element.TextOf("ETag")};
  const auto modified = ParseRfc3339(element.TextOf("LastModified"));
  if (!modified.has_value()) return BadPage("one of them has no time");
  version.last_modified = *modified;
  if (version.version.empty()) return BadPage("one of them has no id");
  if (version.delete_marker) return version;
  const std::string size = element.TextOf("Size");
  const auto [end, failed] = std::from_chars(size.data(), size.data() + size.size(), version.size);
  if (failed != std::errc() || end != size.data() + size.size() || version.size < 0) {
    return BadPage("one of them has no size");
  }
  return version;
}

}  // namespace

S3Call ListVersionsCall(const VersionQuery& query) {
  S3Call call{.query = {{"versions", std::nullopt}, {"encoding-type", "url"}},
              .what = fmt::format("list the versions below '{}'", query.prefix)};
  call.limits.max_response_bytes = codec::kMaxXmlBytes;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) call.query.push_back({name, value});
  };
  add("max-keys", std::to_string(query.max_keys));
  add("prefix", query.prefix);
  add("key-marker", query.key_marker);
  add("version-id-marker", query.version_marker);
  return call;
}

Result<VersionPage> ParseVersionPage(std::string_view body) {
  const auto root = codec::ParseXml(body);
  if (!root.has_value()) return BadPage(root.error().message);
  if (root->name != "ListVersionsResult") return BadPage("it is no listing");
  const bool encoded = root->TextOf("EncodingType") == "url";
  VersionPage page;
  for (const codec::XmlElement& child : root->children) {
    if (child.name != "Version" && child.name != "DeleteMarker") continue;
    LC2_ASSIGN_OR_RETURN(ObjectVersion version, VersionOf(child));
    page.versions.push_back(std::move(version));
  }
  if (root->TextOf("IsTruncated") == "true") {
    page.next_key = root->TextOf("NextKeyMarker");
    page.next_version = root->TextOf("NextVersionIdMarker");
    if (page.next_key.empty()) return BadPage("more follow, but not where");
  }
  const auto decode = [&](std::string& name) {
    if (!encoded) return true;
    auto decoded = net::FormDecode(name);
    if (decoded.has_value()) name = std::move(decoded).value();
    return decoded.has_value();
  };
  for (ObjectVersion& version : page.versions) {
    if (!decode(version.key) || version.key.empty()) return BadPage("one of them has no key");
  }
  if (!decode(page.next_key)) return BadPage("the next key is not encoded as it says");
  return page;
}

Result<S3Call> DeleteObjectsCall(const std::vector<DoomedObject>& doomed) {
  S3Call call{.method = "POST",
              .query = {{"delete", std::nullopt}},
              .headers = {{"content-type", "application/xml"}},
              .what = fmt::format("delete {} objects", doomed.size()),
              .promised = S3Body::kResult};
  call.body = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>";
  for (const DoomedObject& object : doomed) {
    LC2_ASSIGN_OR_RETURN(const std::string key, codec::XmlText(object.key));
    LC2_ASSIGN_OR_RETURN(const std::string version, codec::XmlText(object.version));
    call.body += "<Object><Key>" + key + "</Key>";
    if (!version.empty()) call.body += "<VersionId>" + version + "</VersionId>";
    call.body += "</Object>";
  }
  call.body += "</Delete>";
  // The service wants a check of what it is to delete.
  Crc32c crc;
  crc.Update(call.body);
  call.headers.push_back({"x-amz-checksum-crc32c", CrcBase64(crc.value())});
  return call;
}

Result<std::vector<Undeleted>> ReadUndeleted(const net::HttpResponse& response) {
  const auto root = codec::ParseXml(response.body);
  if (!root.has_value() || root->name != "DeleteResult") {
    return Error{.kind = ErrorKind::kUnavailable,
                 .code = "s3.bad_answer",
                 .message = "what S3 says of a deletion cannot be read"};
  }
  std::vector<Undeleted> left;
  for (const codec::XmlElement& child : root->children) {
    if (child.name != "Error") continue;
    left.push_back({.key = child.TextOf("Key"),
                    .version = child.TextOf("VersionId"),
                    .code = child.TextOf("Code"),
                    .message = child.TextOf("Message")});
  }
  return left;
}

}  // namespace lc2::cloud::aws
