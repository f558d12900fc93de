#include "cloud/aws/metadata_service.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "base/time_format.h"
#include "codec/json.h"

namespace lc2::cloud::aws {

namespace {

constexpr std::string_view kCredentialsPath = "/latest/meta-data/iam/security-credentials/";

Error Bad(std::string message, std::string hint) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "aws.container",
               .message = std::move(message),
               .hint = std::move(hint)};
}

Error NoRole(const std::string& why) {
  return Error{.kind = ErrorKind::kDenied,
               .code = "aws.no_role",
               .message = "no credentials from where this process runs: " + why,
               .hint = "does the pod, task or instance have a role?"};
}

Error Unreadable(const std::string& why) {
  return Error{.kind = ErrorKind::kUnavailable,
               .code = "aws.metadata",
               .message = "no credentials from where this process runs: " + why};
}

// Host of an http(s) URL, without port and brackets.
std::string_view HostOf(std::string_view url) {
  std::string_view host = url.substr(url.find("://") + 3);
  host = host.substr(0, std::min(host.find_first_of("/?#"), host.size()));
  // What stands before an "@" is no host but a user name.
  if (host.find('@') != std::string_view::npos) return {};
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.rfind(':'));
}

std::string TextAt(const codec::JsonObject& object, std::string_view name) {
  const codec::Json* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

}  // namespace

Result<void> CheckContainerUrl(const std::string& url) {
  if (url.starts_with("https://")) return {};
  if (!url.starts_with("http://")) {
    return Bad("the address of the container's credentials is no URL",
               "AWS_CONTAINER_CREDENTIALS_FULL_URI begins with http:// or https://");
  }
  // ECS; EKS Pod Identity in either family.
  static constexpr std::array<std::string_view, 5> kAgents = {"169.254.170.2", "169.254.170.23",
                                                              "fd00:ec2::23", "localhost", "::1"};
  const std::string_view host = HostOf(url);
  if (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos) {
    return {};
  }
  if (std::find(kAgents.begin(), kAgents.end(), host) != kAgents.end()) return {};
  return Bad(fmt::format("credentials from '{}' would cross the network unprotected", host),
             "use https, or the agent of the container itself");
}

Result<net::HttpRequest> ContainerRequest(const std::string& url, const Secret& token) {
  net::HttpRequest request{.url = url, .headers = {{"accept", "application/json"}}};
  if (token.Expose().find_first_of("\r\n") != std::string::npos) {
    return Bad("the container's authorization token holds a line break",
               "AWS_CONTAINER_AUTHORIZATION_TOKEN is one line");
  }
  if (!token.empty()) request.headers.push_back({"authorization", token.Expose()});
  return request;
}

net::HttpRequest InstanceTokenRequest(std::string_view service) {
  return {.method = "PUT",
          .url = fmt::format("{}/latest/api/token", service),
          .headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}}};
}

net::HttpRequest InstanceCredentialsRequest(std::string_view service, const Secret& token,
                                            std::string_view role) {
  return {.url = fmt::format("{}{}{}", service, kCredentialsPath, role),
          .headers = {{"x-aws-ec2-metadata-token", token.Expose()}}};
}

Result<TimedCredentials> ParseMetadataCredentials(const net::HttpResponse& response) {
  if (response.status == 401 || response.status == 403 || response.status == 404 ||
      response.status == 400) {
    return NoRole(fmt::format("status {}", response.status));
  }
  if (response.status != 200) {
    return Unreadable(fmt::format("status {}", response.status));
  }
  const auto body = codec::ParseJson(response.body);
  if (!body.has_value() || !body->is_object()) {
    return Unreadable("the answer is no JSON object");
  }
  const codec::JsonObject& object = body->get_object();
  const std::string code = TextAt(object, "Code");
  if (!code.empty() && code != "Success") return NoRole("it says " + code);
  TimedCredentials given{.keys = {.access_key_id = TextAt(object, "AccessKeyId"),
                                  .secret_access_key = Secret(TextAt(object, "SecretAccessKey")),
                                  .session_token = Secret(TextAt(object, "Token"))}};
  if (given.keys.access_key_id.empty() || given.keys.secret_access_key.empty()) {
    return Unreadable("the answer holds no keys");
  }
  if (const std::string expires = TextAt(object, "Expiration"); !expires.empty()) {
    const Result<Time> time = ParseRfc3339(expires);
    if (!time.has_value()) return Unreadable("their end is no time");
    given.expires = *time;
  }
  return given;
}

}  // namespace lc2::cloud::aws
