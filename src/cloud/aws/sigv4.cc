#include "cloud/aws/sigv4.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/check.h"
#include "base/hash.h"
#include "base/time_format.h"
#include "cloud/aws/text_internal.h"
#include "net/percent.h"

namespace lc2::cloud::aws {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kDayDigits = 8;  // of "20260102T030405Z"

// Those that a proxy or the HTTP library may add, change or take away.
bool IsSigned(const std::string& name) {
  static constexpr std::array<std::string_view, 9> kNever = {
      "connection",        "expect",         "keep-alive", "te", "trailer", "upgrade", "user-agent",
      "transfer-encoding", "x-amzn-trace-id"};
  return !name.starts_with("proxy-") &&
         std::find(kNever.begin(), kNever.end(), name) == kNever.end();
}

// "20260102T030405Z"
std::string BasicTime(Time time) {
  std::string text = FormatRfc3339(time);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::string Bytes(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string HostOf(const UnsignedRequest& request) {
  const std::string_view standard = request.scheme == "https" ? ":443" : ":80";
  std::string host = request.host;
  if (host.ends_with(standard)) host.resize(host.size() - standard.size());
  return host;
}

// As it is sent.
std::string PathOf(const UnsignedRequest& request) {
  return request.path_is_encoded ? request.path : net::PercentEncode(request.path, "/");
}

std::string QueryOf(const UnsignedRequest& request) {
  std::string query;
  for (const QueryParameter& parameter : request.query) {
    query += query.empty() ? "?" : "&";
    query += net::PercentEncode(parameter.name);
    if (parameter.value) query += "=" + net::PercentEncode(*parameter.value);
  }
  return query;
}

std::string UrlOf(const UnsignedRequest& request) {
  return request.scheme + "://" + HostOf(request) + PathOf(request) + QueryOf(request);
}

// Without dot segments and empty segments; a slash at the end stays.
std::string Normalised(const std::string& path) {
  std::vector<std::string> kept;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string segment = path.substr(begin, end - begin);
    begin = end + 1;
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string whole;
  for (const std::string& segment : kept) whole += "/" + segment;
  return whole.empty() || path.ends_with('/') ? whole + "/" : whole;
}

// S3 signs what is sent; the others sign it encoded once more.
std::string CanonicalPath(const UnsignedRequest& request, bool s3) {
  return s3 ? PathOf(request) : net::PercentEncode(Normalised(PathOf(request)), "/");
}

std::string CanonicalQuery(const UnsignedRequest& request) {
  std::vector<std::pair<std::string, std::string>> sorted;
  for (const QueryParameter& parameter : request.query) {
    sorted.emplace_back(net::PercentEncode(parameter.name),
                        net::PercentEncode(parameter.value.value_or("")));
  }
  std::sort(sorted.begin(), sorted.end());
  std::string query;
  for (const auto& [name, value] : sorted) {
    query += fmt::format("{}{}={}", query.empty() ? "" : "&", name, value);
  }
  return query;
}

// Without white space at its ends, and each run of it within is one space.
std::string Trimmed(std::string_view value) {
  std::string trimmed;
  bool gap = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t') {
      gap = true;
      continue;
    }
    if (gap && !trimmed.empty()) trimmed += ' ';
    gap = false;
    trimmed += c;
  }
  return trimmed;
}

// Lower-case names in their order, with `host`; values of one name in the order of sending.
std::map<std::string, std::string> SignedHeaders(const UnsignedRequest& request) {
  std::map<std::string, std::string> headers{{"host", HostOf(request)}};
  for (const net::HttpHeader& header : request.headers) {
    const std::string name = Lower(header.name);
    if (!IsSigned(name)) continue;
    const auto [place, fresh] = headers.try_emplace(name, Trimmed(header.value));
    if (!fresh) place->second += "," + Trimmed(header.value);
  }
  return headers;
}

std::string NamesOf(const std::map<std::string, std::string>& headers) {
  std::string names;
  for (const auto& [name, value] : headers) names += (names.empty() ? "" : ";") + name;
  return names;
}

std::string PayloadOf(const UnsignedRequest& request) {
  return request.payload_hash.empty() ? Sha256Hex(request.body) : request.payload_hash;
}

std::string CanonicalRequest(const UnsignedRequest& request, bool s3) {
  const std::map<std::string, std::string> headers = SignedHeaders(request);
  std::string lines;
  for (const auto& [name, value] : headers) lines += name + ":" + value + "\n";
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, CanonicalPath(request, s3),
                     CanonicalQuery(request), lines, NamesOf(headers), PayloadOf(request));
}

}  // namespace

std::string Signer::ScopeOf(const std::string& time) const {
  return fmt::format("{}/{}/{}/aws4_request", time.substr(0, kDayDigits), region_, service_);
}

Secret Signer::KeyOf(const Credentials& credentials, const std::string& day) const {
  const std::string of = credentials.access_key_id + "/" + day;
  const std::lock_guard lock(mutex_);
  if (derived_of_ != of || derived_from_.Expose() != credentials.secret_access_key.Expose()) {
    Secret key("AWS4" + credentials.secret_access_key.Expose());
    for (const std::string_view part :
         {std::string_view(day), std::string_view(region_), std::string_view(service_),
          std::string_view("aws4_request")}) {
      key = Secret(Bytes(HmacSha256(key.Expose(), part)));
    }
    derived_of_ = of;
    derived_from_ = credentials.secret_access_key;
    derived_ = std::move(key);
  }
  return derived_;
}

Signature Signer::Make(const UnsignedRequest& request, const Credentials& credentials,
                       const std::string& time) const {
  Signature made;
  made.canonical_request = CanonicalRequest(request, IsS3());
  made.string_to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, ScopeOf(time),
                                    Sha256Hex(made.canonical_request));
  const Secret key = KeyOf(credentials, time.substr(0, kDayDigits));
  made.hex = Hex(HmacSha256(key.Expose(), made.string_to_sign));
  return made;
}

net::HttpRequest Signer::Sign(UnsignedRequest request, const Credentials& credentials, Time now,
                              Signature* made_of) const {
  const std::string time = BasicTime(now);
  request.headers.push_back({"x-amz-date", time});
  if (!credentials.session_token.empty()) {
    request.headers.push_back({"x-amz-security-token", credentials.session_token.Expose()});
  }
  if (IsS3()) request.headers.push_back({"x-amz-content-sha256", PayloadOf(request)});
  Signature made = Make(request, credentials, time);
  request.headers.push_back(
      {"authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}",
                                    kAlgorithm, credentials.access_key_id, ScopeOf(time),
                                    NamesOf(SignedHeaders(request)), made.hex)});
  if (made_of != nullptr) *made_of = std::move(made);
  return {.method = request.method,
          .url = UrlOf(request),
          .headers = std::move(request.headers),
          .body = std::move(request.body)};
}

std::string Signer::Presign(UnsignedRequest request, const Credentials& credentials, Time now,
                            std::chrono::seconds expires, Signature* made_of) const {
  LC2_CHECK(expires >= std::chrono::seconds(1) && expires <= std::chrono::days(7));
  const std::string time = BasicTime(now);
  const auto add = [&](const char* name, std::string value) {
    request.query.push_back({name, std::move(value)});
  };
  add("X-Amz-Algorithm", std::string(kAlgorithm));
  add("X-Amz-Credential", credentials.access_key_id + "/" + ScopeOf(time));
  add("X-Amz-Date", time);
  add("X-Amz-Expires", std::to_string(expires.count()));
  add("X-Amz-SignedHeaders", NamesOf(SignedHeaders(request)));
  if (!credentials.session_token.empty()) {
    add("X-Amz-Security-Token", credentials.session_token.Expose());
  }
  request.payload_hash = IsS3() ? std::string(kUnsignedPayload) : Sha256Hex("");
  Signature made = Make(request, credentials, time);
  add("X-Amz-Signature", made.hex);
  if (made_of != nullptr) *made_of = std::move(made);
  return UrlOf(request);
}

}  // namespace lc2::cloud::aws
