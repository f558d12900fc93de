#include "cloud/aws/endpoint.h"

#include <fmt/core.h>

#include "net/percent.h"

namespace lc2::cloud::aws {

Endpoint Endpoint::OfAmazon(std::string_view service, std::string region) {
  const char* const domain = region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  std::string host = fmt::format("{}.{}.{}", service, region, domain);
  return {.host = std::move(host), .region = std::move(region)};
}

Result<Endpoint> Endpoint::Parse(std::string_view url, std::string region) {
  const auto bad = [&](const char* why) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "aws.endpoint",
                 .message = fmt::format("'{}' is no endpoint: {}", url, why),
                 .hint = "write scheme and host alone: https://minio.example:9000"};
  };
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return bad("it has no scheme");
  const std::string_view scheme = url.substr(0, colon);
  if (scheme != "https" && scheme != "http") return bad("its scheme is not https or http");
  std::string_view host = url.substr(colon + 3);
  if (host.ends_with('/')) host.remove_suffix(1);
  // A user name comes with a password; the message must not show it.
  if (host.find('@') != std::string_view::npos) {
    url = scheme;
    return bad("it holds a user name");
  }
  if (host.empty() || host.find_first_of("/?# ") != std::string_view::npos) {
    return bad("what follows the scheme is no host");
  }
  return Endpoint{
      .scheme = std::string(scheme), .host = std::string(host), .region = std::move(region)};
}

UnsignedRequest QueryCall(const Endpoint& endpoint, const std::vector<QueryParameter>& form) {
  std::string body;
  for (const QueryParameter& field : form) {
    body += fmt::format("{}{}={}", body.empty() ? "" : "&", net::PercentEncode(field.name),
                        net::PercentEncode(field.value.value_or("")));
  }
  return {.method = "POST",
          .scheme = endpoint.scheme,
          .host = endpoint.host,
          .path = "/",
          .headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}},
          .body = std::move(body)};
}

}  // namespace lc2::cloud::aws
