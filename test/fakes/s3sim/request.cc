#include "s3sim/request.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "net/percent.h"
#include "s3sim/text_internal.h"

namespace lc2::s3sim {

namespace {

constexpr std::size_t kLongestKey = 1024;  // bytes of UTF-8

constexpr std::array<std::string_view, kOperations> kNames = {
    "ListBuckets",
    "CreateBucket",
    "DeleteBucket",
    "HeadBucket",
    "GetBucketLocation",
    "GetBucketVersioning",
    "PutBucketVersioning",
    "GetBucketLifecycleConfiguration",
    "PutBucketLifecycleConfiguration",
    "DeleteBucketLifecycle",
    "GetObjectLockConfiguration",
    "PutObjectLockConfiguration",
    "ListObjectsV2",
    "ListObjectVersions",
    "ListMultipartUploads",
    "DeleteObjects",
    "HeadObject",
    "GetObject",
    "PutObject",
    "CopyObject",
    "DeleteObject",
    "GetObjectTagging",
    "PutObjectTagging",
    "DeleteObjectTagging",
    "GetObjectRetention",
    "PutObjectRetention",
    "GetObjectLegalHold",
    "PutObjectLegalHold",
    "CreateMultipartUpload",
    "UploadPart",
    "UploadPartCopy",
    "CompleteMultipartUpload",
    "AbortMultipartUpload",
    "ListParts",
    "RestoreObject",
    "Unknown",
};

// A request with this query parameter ("" for none of the others) is this operation.
struct Route {
  std::string_view method;
  bool has_key;
  std::string_view marker;
  Operation operation;
};

// The first that fits counts.
constexpr std::array<Route, 34> kRoutes = {{
    {"GET", false, "location", Operation::kGetBucketLocation},
    {"GET", false, "versioning", Operation::kGetBucketVersioning},
    {"PUT", false, "versioning", Operation::kPutBucketVersioning},
    {"GET", false, "lifecycle", Operation::kGetBucketLifecycleConfiguration},
    {"PUT", false, "lifecycle", Operation::kPutBucketLifecycleConfiguration},
    {"DELETE", false, "lifecycle", Operation::kDeleteBucketLifecycle},
    {"GET", false, "object-lock", Operation::kGetObjectLockConfiguration},
    {"PUT", false, "object-lock", Operation::kPutObjectLockConfiguration},
    {"GET", false, "versions", Operation::kListObjectVersions},
    {"GET", false, "uploads", Operation::kListMultipartUploads},
    {"GET", false, "list-type", Operation::kListObjectsV2},
    {"POST", false, "delete", Operation::kDeleteObjects},
    {"PUT", false, "", Operation::kCreateBucket},
    {"DELETE", false, "", Operation::kDeleteBucket},
    {"HEAD", false, "", Operation::kHeadBucket},
    {"GET", true, "tagging", Operation::kGetObjectTagging},
    {"PUT", true, "tagging", Operation::kPutObjectTagging},
    {"DELETE", true, "tagging", Operation::kDeleteObjectTagging},
    {"GET", true, "retention", Operation::kGetObjectRetention},
    {"PUT", true, "retention", Operation::kPutObjectRetention},
    {"GET", true, "legal-hold", Operation::kGetObjectLegalHold},
    {"PUT", true, "legal-hold", Operation::kPutObjectLegalHold},
    {"POST", true, "uploads", Operation::kCreateMultipartUpload},
    {"POST", true, "restore", Operation::kRestoreObject},
    {"PUT", true, "uploadId", Operation::kUploadPart},
    {"POST", true, "uploadId", Operation::kCompleteMultipartUpload},
    {"DELETE", true, "uploadId", Operation::kAbortMultipartUpload},
    {"GET", true, "uploadId", Operation::kListParts},
    {"HEAD", true, "", Operation::kHeadObject},
    {"GET", true, "", Operation::kGetObject},
    {"PUT", true, "", Operation::kPutObject},
    {"DELETE", true, "", Operation::kDeleteObject},
    // What is not simulated must not pass for its plain form.
    {"GET", true, "attributes", Operation::kUnknown},
    {"GET", true, "acl", Operation::kUnknown},
}};

// Parameters that say what a request is about; others only say how.
bool IsSubresource(std::string_view name) {
  static constexpr std::array<std::string_view, 24> kSubresources = {
      "accelerate",  "acl",        "attributes",        "cors",        "delete",   "encryption",
      "lifecycle",   "legal-hold", "list-type",         "location",    "logging",  "notification",
      "object-lock", "policy",     "publicAccessBlock", "replication", "restore",  "retention",
      "tagging",     "uploadId",   "uploads",           "versioning",  "versions", "website"};
  return std::find(kSubresources.begin(), kSubresources.end(), name) != kSubresources.end();
}

Operation OperationOf(const S3Request& request) {
  if (request.bucket.empty()) {
    return request.method == "GET" ? Operation::kListBuckets : Operation::kUnknown;
  }
  std::string_view marker;
  for (const auto& [name, value] : request.query) {
    if (IsSubresource(name)) marker = name;
  }
  const bool has_key = !request.key.empty();
  const auto found = std::find_if(kRoutes.begin(), kRoutes.end(), [&](const Route& route) {
    return route.method == request.method && route.has_key == has_key && route.marker == marker;
  });
  if (found == kRoutes.end()) return Operation::kUnknown;
  const bool is_copy = request.Header("x-amz-copy-source") != nullptr;
  if (is_copy && found->operation == Operation::kPutObject) return Operation::kCopyObject;
  if (is_copy && found->operation == Operation::kUploadPart) return Operation::kUploadPartCopy;
  return found->operation;
}

Refusal BadUri() { return {400, "InvalidURI", "the request's URI cannot be read"}; }

struct Url {
  std::string host;
  std::string path;
  std::string query;
};

std::optional<Url> SplitUrl(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return std::nullopt;
  const std::size_t host = scheme + 3;
  const std::size_t path = std::min(url.find_first_of("/?", host), url.size());
  const std::size_t query = std::min(url.find('?', path), url.size());
  Url parts{.host = url.substr(host, path - host), .path = url.substr(path, query - path)};
  if (parts.path.empty()) parts.path = "/";
  if (query < url.size()) parts.query = url.substr(query + 1);
  return parts;
}

bool DecodeQuery(std::string_view text, S3Request& request) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = net::FormDecode(pair.substr(0, equals));
    auto value = net::FormDecode(pair.substr(std::min(equals + 1, pair.size())));
    if (!name.has_value() || !value.has_value()) return false;
    request.query.emplace_back(std::move(name).value(), std::move(value).value());
  }
  return true;
}

// Whether the path was readable.
bool FindBucketAndKey(std::string_view suffix, S3Request& request) {
  const std::optional<std::string> path = PathDecode(request.raw_path);
  if (!path) return false;
  std::string_view rest = std::string_view(*path).substr(1);
  const std::string_view host = std::string_view(request.host).substr(0, request.host.rfind(':'));
  if (!suffix.empty() && host.size() > suffix.size() && host.ends_with(suffix)) {
    request.bucket = host.substr(0, host.size() - suffix.size());
  } else {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    request.bucket = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  request.key = rest;
  return IsUtf8(request.key);
}

}  // namespace

std::string_view NameOf(Operation operation) { return kNames[static_cast<std::size_t>(operation)]; }

bool IsWrite(Operation operation) {
  switch (operation) {
    case Operation::kCreateBucket:
    case Operation::kDeleteBucket:
    case Operation::kPutBucketVersioning:
    case Operation::kPutBucketLifecycleConfiguration:
    case Operation::kDeleteBucketLifecycle:
    case Operation::kPutObjectLockConfiguration:
    case Operation::kDeleteObjects:
    case Operation::kPutObject:
    case Operation::kCopyObject:
    case Operation::kDeleteObject:
    case Operation::kPutObjectTagging:
    case Operation::kDeleteObjectTagging:
    case Operation::kPutObjectRetention:
    case Operation::kPutObjectLegalHold:
    case Operation::kCreateMultipartUpload:
    case Operation::kUploadPart:
    case Operation::kUploadPartCopy:
    case Operation::kCompleteMultipartUpload:
    case Operation::kAbortMultipartUpload:
    case Operation::kRestoreObject:
      return true;
    default:
      return false;
  }
}

const std::string* S3Request::Header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const net::HttpHeader& one) { return one.name == name; });
  return found == headers.end() ? nullptr : &found->value;
}

const std::string* S3Request::Query(std::string_view name) const {
  const auto found =
      std::find_if(query.begin(), query.end(), [&](const auto& one) { return one.first == name; });
  return found == query.end() ? nullptr : &found->second;
}

std::string S3Request::HeaderOr(std::string_view name, std::string_view otherwise) const {
  const std::string* value = Header(name);
  return value == nullptr ? std::string(otherwise) : *value;
}

std::string S3Request::QueryOr(std::string_view name, std::string_view otherwise) const {
  const std::string* value = Query(name);
  return value == nullptr ? std::string(otherwise) : *value;
}

std::variant<S3Request, Refusal> ParseRequest(net::HttpRequest request,
                                              std::string_view virtual_host_suffix) {
  std::optional<Url> url = SplitUrl(request.url);
  if (!url || !url->path.starts_with('/')) return BadUri();
  S3Request parsed{.method = std::move(request.method),
                   .host = std::move(url->host),
                   .raw_path = std::move(url->path),
                   .headers = std::move(request.headers),
                   .body = std::move(request.body)};
  for (net::HttpHeader& header : parsed.headers) header.name = LowerCase(header.name);
  if (!DecodeQuery(url->query, parsed)) return BadUri();
  if (!FindBucketAndKey(virtual_host_suffix, parsed)) return BadUri();
  if (parsed.key.size() > kLongestKey) {
    return Refusal{400,
                   "KeyTooLongError",
                   "the key has more than 1024 bytes",
                   {{"Size", std::to_string(parsed.key.size())}, {"MaxSizeAllowed", "1024"}}};
  }
  parsed.operation = OperationOf(parsed);
  return parsed;
}

}  // namespace lc2::s3sim
