#include "s3sim/authenticator.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/hash.h"
#include "base/time_format.h"
#include "net/percent.h"
#include "s3sim/text_internal.h"

namespace lc2::s3sim {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::chrono::minutes kLargestSkew{15};
constexpr std::int64_t kLongestExpiry = 604'800;  // seconds, a week
constexpr std::size_t kMostDerivedKeys = 1'000;

// What a signature says of itself.
struct Claim {
  std::string key_id;
  std::string day;
  std::string region;
  std::string service;
  std::string time;
  std::string signed_headers;
  std::string signature;
  std::string payload;
  std::string token;
  std::optional<std::int64_t> expires;  // of a presigned URL, seconds
};

Refusal Malformed(const std::string& why) {
  return {400, "AuthorizationHeaderMalformed", "the authorization header is malformed: " + why};
}
Refusal Denied(std::string why) { return {403, "AccessDenied", std::move(why)}; }

// Of "Name=value" in "Credential=..., SignedHeaders=..., Signature=...".
std::string FieldOf(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(','), header.size());
    const std::string_view field = Trimmed(header.substr(0, end));
    header.remove_prefix(std::min(end + 1, header.size()));
    if (field.starts_with(name) && field.substr(name.size()).starts_with('=')) {
      return std::string(field.substr(name.size() + 1));
    }
  }
  return {};
}

// "id/day/region/service/aws4_request"; an id may have slashes.
bool SplitCredential(std::string_view credential, Claim& claim) {
  std::vector<std::string_view> parts;
  for (int i = 0; i < 4; ++i) {
    const std::size_t slash = credential.rfind('/');
    if (slash == std::string_view::npos) return false;
    parts.push_back(credential.substr(slash + 1));
    credential = credential.substr(0, slash);
  }
  if (parts[0] != "aws4_request") return false;
  claim.service = parts[1];
  claim.region = parts[2];
  claim.day = parts[3];
  claim.key_id = credential;
  return true;
}

std::variant<Claim, Refusal> ClaimOf(const S3Request& request) {
  Claim claim;
  if (const std::string* header = request.Header("authorization")) {
    if (!header->starts_with(kAlgorithm)) {
      return Refusal{400, "InvalidArgument", "only signatures of version 4 are understood"};
    }
    const std::string_view fields = std::string_view(*header).substr(kAlgorithm.size());
    if (!SplitCredential(FieldOf(fields, "Credential"), claim)) return Malformed("no credential");
    claim.signed_headers = FieldOf(fields, "SignedHeaders");
    claim.signature = FieldOf(fields, "Signature");
    claim.time = request.HeaderOr("x-amz-date");
    claim.token = request.HeaderOr("x-amz-security-token");
    const std::string* payload = request.Header("x-amz-content-sha256");
    if (payload == nullptr) {
      return Refusal{400, "InvalidRequest", "the header x-amz-content-sha256 is missing"};
    }
    claim.payload = *payload;
    return claim;
  }
  if (request.Query("X-Amz-Signature") == nullptr) return Denied("the request is not signed");
  const std::optional<std::int64_t> expires = NumberOf(request.QueryOr("X-Amz-Expires"));
  if (request.QueryOr("X-Amz-Algorithm") != kAlgorithm || !expires || *expires < 1 ||
      *expires > kLongestExpiry || !SplitCredential(request.QueryOr("X-Amz-Credential"), claim)) {
    return Refusal{400, "AuthorizationQueryParametersError",
                   "a parameter of the query's signature is missing or wrong"};
  }
  claim.expires = expires;
  claim.signed_headers = request.QueryOr("X-Amz-SignedHeaders");
  claim.signature = request.QueryOr("X-Amz-Signature");
  claim.time = request.QueryOr("X-Amz-Date");
  claim.token = request.QueryOr("X-Amz-Security-Token");
  claim.payload = request.HeaderOr("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
  return claim;
}

// "20260102T030405Z"
std::optional<Time> TimeOf(std::string_view text) {
  if (text.size() != 16) return std::nullopt;
  const auto time = ParseRfc3339(
      fmt::format("{}-{}-{}T{}:{}:{}Z", text.substr(0, 4), text.substr(4, 2), text.substr(6, 2),
                  text.substr(9, 2), text.substr(11, 2), text.substr(13, 2)));
  if (!time.has_value()) return std::nullopt;
  return *time;
}

std::string CanonicalQuery(const S3Request& request) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [name, value] : request.query) {
    if (name == "X-Amz-Signature") continue;
    pairs.emplace_back(net::PercentEncode(name), net::PercentEncode(value));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string query;
  for (const auto& [name, value] : pairs) {
    if (!query.empty()) query += '&';
    query += name + '=' + value;
  }
  return query;
}

// A run of blanks counts as one.
std::string Squeezed(std::string_view value) {
  std::string squeezed;
  for (const char c : Trimmed(value)) {
    const bool blank = c == ' ' || c == '\t';
    if (blank && squeezed.ends_with(' ')) continue;
    squeezed += blank ? ' ' : c;
  }
  return squeezed;
}

std::string ValueOf(const S3Request& request, std::string_view name) {
  if (name == "host") return request.host;
  std::string joined;
  bool first = true;
  for (const net::HttpHeader& header : request.headers) {
    if (header.name != name) continue;
    if (!first) joined += ',';
    joined += Squeezed(header.value);
    first = false;
  }
  return joined;
}

std::vector<std::string_view> NamesIn(std::string_view list) {
  std::vector<std::string_view> names;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(';'), list.size());
    names.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return names;
}

std::string CanonicalRequest(const S3Request& request, const Claim& claim) {
  std::string lines;
  for (const std::string_view name : NamesIn(claim.signed_headers)) {
    lines += fmt::format("{}:{}\n", name, ValueOf(request, name));
  }
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method,
                     net::PercentEncode(PathDecode(request.raw_path).value_or(""), "/"),
                     CanonicalQuery(request), lines, claim.signed_headers, claim.payload);
}

// Each header of S3's own must be covered: else somebody on the way could change what it does.
std::optional<Refusal> CheckCoverage(const S3Request& request, const Claim& claim) {
  const std::vector<std::string_view> names = NamesIn(claim.signed_headers);
  const auto covers = [&](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (!covers("host")) return Denied("the header host is not signed");
  for (const net::HttpHeader& header : request.headers) {
    if (!header.name.starts_with("x-amz-") || covers(header.name)) continue;
    if (claim.expires && header.name == "x-amz-content-sha256") continue;
    return Refusal{403,
                   "AccessDenied",
                   "there are headers that are not signed",
                   {{"HeadersNotSigned", header.name}}};
  }
  return std::nullopt;
}

std::optional<Refusal> CheckTime(const Claim& claim, Time now) {
  const std::optional<Time> time = TimeOf(claim.time);
  if (!time) return Denied("the request has no valid date");
  if (!claim.time.starts_with(claim.day)) return Malformed("its date is not that of the request");
  if (claim.expires) {
    if (now > *time + std::chrono::seconds(*claim.expires)) return Denied("the URL has expired");
    if (now < *time - kLargestSkew) return Denied("the URL is not valid yet");
    return std::nullopt;
  }
  if (now - *time <= kLargestSkew && *time - now <= kLargestSkew) return std::nullopt;
  return Refusal{403,
                 "RequestTimeTooSkewed",
                 "the request's time and the service's are too far apart",
                 {{"RequestTime", claim.time},
                  {"ServerTime", FormatRfc3339(now)},
                  {"MaxAllowedSkewMilliseconds", "900000"}}};
}

std::optional<Refusal> CheckToken(const AccessKey& key, const Claim& claim, Time now) {
  if (claim.token != key.session_token) {
    return Refusal{400, "InvalidToken", "the session token is not that of the access key"};
  }
  if (key.expires && now >= *key.expires) {
    return Refusal{400, "ExpiredToken", "the session has ended"};
  }
  return std::nullopt;
}

std::optional<Refusal> CheckPayload(const S3Request& request, const Claim& claim) {
  const bool is_hash = claim.payload.size() == 64;
  if (claim.payload == "UNSIGNED-PAYLOAD" || claim.payload.starts_with("STREAMING-UNSIGNED-")) {
    return std::nullopt;
  }
  if (claim.payload.starts_with("STREAMING-")) {
    return Refusal{501, "NotImplemented", "chunks with signatures are not simulated"};
  }
  if (is_hash && Sha256Hex(request.body) == claim.payload) return std::nullopt;
  return Refusal{400, "XAmzContentSHA256Mismatch",
                 "the header x-amz-content-sha256 is not the hash of the body"};
}

std::string Bytes(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

std::variant<const AccessKey*, Refusal> Authenticator::Identify(const S3Request& request,
                                                                std::string_view region,
                                                                Time now) const {
  const auto claimed = ClaimOf(request);
  if (const auto* refusal = std::get_if<Refusal>(&claimed)) return *refusal;
  const auto& claim = std::get<Claim>(claimed);
  const auto key = std::find_if(keys_.begin(), keys_.end(),
                                [&](const AccessKey& one) { return one.id == claim.key_id; });
  if (key == keys_.end()) {
    return Refusal{403,
                   "InvalidAccessKeyId",
                   "nobody has this access key",
                   {{"AWSAccessKeyId", claim.key_id}}};
  }
  if (claim.service != "s3") return Malformed("the service is not s3");
  if (claim.region != region) {
    Refusal refusal = Malformed(fmt::format("the region is '{}'", region));
    refusal.details.emplace_back("Region", region);
    refusal.headers.push_back({"x-amz-bucket-region", std::string(region)});
    return refusal;
  }
  if (auto refusal = CheckTime(claim, now)) return *std::move(refusal);
  if (auto refusal = CheckCoverage(request, claim)) return *std::move(refusal);
  const std::string canonical = CanonicalRequest(request, claim);
  const std::string to_sign =
      fmt::format("{}\n{}\n{}/{}/s3/aws4_request\n{}", kAlgorithm, claim.time, claim.day,
                  claim.region, Sha256Hex(canonical));
  if (Hex(HmacSha256(SigningKey(*key, claim.day, claim.region), to_sign)) != claim.signature) {
    return Refusal{403,
                   "SignatureDoesNotMatch",
                   "the signature is not what the secret key gives",
                   {{"AWSAccessKeyId", claim.key_id},
                    {"StringToSign", to_sign},
                    {"CanonicalRequest", canonical}}};
  }
  if (auto refusal = CheckToken(*key, claim, now)) return *std::move(refusal);
  if (auto refusal = CheckPayload(request, claim)) return *std::move(refusal);
  return &*key;
}

std::string Authenticator::SigningKey(const AccessKey& key, const std::string& day,
                                      const std::string& region) const {
  const std::string name = fmt::format("{}/{}/{}", key.id, day, region);
  const std::lock_guard lock(mutex_);
  // Whoever sends other days and regions all the time must not fill the memory.
  if (derived_.size() > kMostDerivedKeys) derived_.clear();
  std::string& derived = derived_[name];
  if (derived.empty()) {
    derived = Bytes(HmacSha256("AWS4" + key.secret, day));
    derived = Bytes(HmacSha256(derived, region));
    derived = Bytes(HmacSha256(derived, "s3"));
    derived = Bytes(HmacSha256(derived, "aws4_request"));
  }
  return derived;
}

}  // namespace lc2::s3sim
