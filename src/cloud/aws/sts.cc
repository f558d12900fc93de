#include "cloud/aws/sts.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/time_format.h"
#include "codec/xml.h"

namespace lc2::cloud::aws {

namespace {

constexpr const char* kVersion = "2011-06-15";
// The API reference, AssumeRole.
constexpr std::chrono::seconds kMinDuration{900};
constexpr std::chrono::seconds kMaxDuration{43'200};
constexpr std::size_t kMaxPolicyBytes = 2048;
constexpr std::size_t kMaxTags = 50;

bool IsSessionName(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+=,.@-").find(c) != std::string_view::npos;
  };
  return name.size() >= 2 && name.size() <= 64 && std::all_of(name.begin(), name.end(), allowed);
}

std::vector<QueryParameter> FormOf(const char* action) {
  return {{"Action", action}, {"Version", kVersion}};
}

void AddSession(std::vector<QueryParameter>& form, const RoleSession& session) {
  form.push_back({"RoleArn", session.role_arn});
  form.push_back({"RoleSessionName", session.session_name});
  form.push_back({"DurationSeconds", std::to_string(session.duration.count())});
  if (!session.policy.empty()) form.push_back({"Policy", session.policy});
}

struct Meaning {
  std::string_view vendor_code;
  ErrorKind kind;
  const char* code;
  const char* hint;
};

constexpr std::array<Meaning, 12> kMeanings = {{
    {"AccessDenied", ErrorKind::kDenied, "sts.denied",
     "does the role's trust policy name who asks, with this external id and these tags?"},
    {"IDPRejectedClaim", ErrorKind::kDenied, "sts.denied",
     "does the role's trust policy name the token's subject and audience?"},
    {"InvalidIdentityToken", ErrorKind::kDenied, "sts.denied",
     "is the cluster's issuer an identity provider of the account, with this audience?"},
    {"InvalidClientTokenId", ErrorKind::kDenied, "sts.denied",
     "is the access key id right, and not deleted?"},
    {"SignatureDoesNotMatch", ErrorKind::kDenied, "sts.denied", "is the secret key right?"},
    {"RegionDisabledException", ErrorKind::kDenied, "sts.denied",
     "enable the region for STS in the account, or use another"},
    {"ExpiredToken", ErrorKind::kDenied, "sts.expired", "is the token renewed?"},
    {"ExpiredTokenException", ErrorKind::kDenied, "sts.expired", "is the token renewed?"},
    {"PackedPolicyTooLarge", ErrorKind::kInvalid, "sts.invalid",
     "shorten the session's policy or its tags"},
    {"MalformedPolicyDocument", ErrorKind::kInvalid, "sts.invalid", ""},
    {"IDPCommunicationError", ErrorKind::kUnavailable, "sts.unavailable", ""},
    {"Throttling", ErrorKind::kThrottled, "sts.throttled", ""},
}};

Meaning MeaningOf(std::string_view vendor_code, int status) {
  const auto known = std::find_if(kMeanings.begin(), kMeanings.end(), [&](const Meaning& one) {
    return one.vendor_code == vendor_code;
  });
  if (known != kMeanings.end()) return *known;
  if (status == 429) return {"", ErrorKind::kThrottled, "sts.throttled", ""};
  if (status == 401 || status == 403) return {"", ErrorKind::kDenied, "sts.denied", ""};
  if (status >= 500 || status == 408) return {"", ErrorKind::kUnavailable, "sts.unavailable", ""};
  return {"", ErrorKind::kInvalid, "sts.invalid", ""};
}

Error RefusalOf(const net::HttpResponse& response, const Result<codec::XmlElement>& body,
                std::string_view what) {
  codec::XmlElement said;
  std::string request_id;
  if (body.has_value()) {
    request_id = body->TextOf("RequestId");
    if (const codec::XmlElement* error = body->Find("Error")) said = *error;
  }
  const std::string code = said.TextOf("Code");
  const Meaning meaning = MeaningOf(code, response.status);
  std::string message = fmt::format("cannot {}: STS answers {}", what, response.status);
  if (!code.empty()) message += " " + code;
  if (const std::string text = said.TextOf("Message"); !text.empty()) message += ", '" + text + "'";
  return {.kind = meaning.kind,
          .code = meaning.code,
          .message = std::move(message),
          .hint = meaning.hint,
          .provider = ProviderFacts{.service = "sts",
                                    .code = code,
                                    .http_status = response.status,
                                    .request_id = request_id}};
}

// What lies in <ActionResponse><ActionResult>.
Result<codec::XmlElement> ResultOf(const net::HttpResponse& response, std::string_view what) {
  const auto body = codec::ParseXml(response.body);
  if (response.status != 200) return RefusalOf(response, body, what);
  if (body.has_value()) {
    for (const codec::XmlElement& child : body->children) {
      if (child.name.ends_with("Result")) return child;
    }
  }
  return Error{.kind = ErrorKind::kUnavailable,
               .code = "sts.unavailable",
               .message = fmt::format("cannot {}: what STS answers cannot be read", what)};
}

}  // namespace

Result<void> CheckRoleSession(const RoleSession& session) {
  const auto bad = [](std::string what, std::string hint) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "aws.role",
                 .message = std::move(what),
                 .hint = std::move(hint)};
  };
  if (!session.role_arn.starts_with("arn:") ||
      session.role_arn.find(":role/") == std::string::npos) {
    return bad(fmt::format("'{}' is no role", session.role_arn),
               "write its ARN: arn:aws:iam::111122223333:role/NAME");
  }
  if (!IsSessionName(session.session_name)) {
    return bad(fmt::format("'{}' cannot name a session", session.session_name),
               "use 2 to 64 letters, digits or any of _+=,.@-");
  }
  if (session.duration < kMinDuration || session.duration > kMaxDuration) {
    return bad(fmt::format("a session of {} s is not to be had", session.duration.count()),
               "choose 900 to 43200 seconds, at most what the role allows");
  }
  if (session.external_id.size() == 1 || session.external_id.size() > 1224) {
    return bad("the external id is too short or too long", "it has 2 to 1224 characters");
  }
  if (session.policy.size() > kMaxPolicyBytes) {
    return bad(fmt::format("the session's policy has {} bytes", session.policy.size()),
               "at most 2048 are allowed");
  }
  if (session.tags.size() > kMaxTags) {
    return bad(fmt::format("the session has {} tags", session.tags.size()),
               "at most 50 are allowed");
  }
  return {};
}

UnsignedRequest AssumeRoleRequest(const Endpoint& endpoint, const RoleSession& session) {
  std::vector<QueryParameter> form = FormOf("AssumeRole");
  AddSession(form, session);
  if (!session.external_id.empty()) form.push_back({"ExternalId", session.external_id});
  int number = 0;
  for (const auto& [key, value] : session.tags) {
    const std::string member = fmt::format("Tags.member.{}.", ++number);
    form.push_back({member + "Key", key});
    form.push_back({member + "Value", value});
  }
  number = 0;
  for (const std::string& key : session.transitive_tags) {
    form.push_back({fmt::format("TransitiveTagKeys.member.{}", ++number), key});
  }
  return QueryCall(endpoint, form);
}

UnsignedRequest CallerIdentityRequest(const Endpoint& endpoint) {
  return QueryCall(endpoint, FormOf("GetCallerIdentity"));
}

net::HttpRequest WebIdentityRequest(const Endpoint& endpoint, const RoleSession& session,
                                    const Secret& token) {
  std::vector<QueryParameter> form = FormOf("AssumeRoleWithWebIdentity");
  AddSession(form, session);
  form.push_back({"WebIdentityToken", token.Expose()});
  UnsignedRequest call = QueryCall(endpoint, form);
  return {.method = call.method,
          .url = call.scheme + "://" + call.host + call.path,
          .headers = std::move(call.headers),
          .body = std::move(call.body)};
}

Result<TimedCredentials> ParseRoleCredentials(const net::HttpResponse& response,
                                              std::string_view what) {
  LC2_ASSIGN_OR_RETURN(const codec::XmlElement result, ResultOf(response, what));
  const codec::XmlElement* said = result.Find("Credentials");
  if (said != nullptr) {
    const Result<Time> expires = ParseRfc3339(said->TextOf("Expiration"));
    TimedCredentials given{.keys = {.access_key_id = said->TextOf("AccessKeyId"),
                                    .secret_access_key = Secret(said->TextOf("SecretAccessKey")),
                                    .session_token = Secret(said->TextOf("SessionToken"))}};
    if (expires.has_value() && !given.keys.access_key_id.empty() &&
        !given.keys.secret_access_key.empty() && !given.keys.session_token.empty()) {
      given.expires = *expires;
      return given;
    }
  }
  return Error{.kind = ErrorKind::kUnavailable,
               .code = "sts.unavailable",
               .message = fmt::format("cannot {}: STS gives no credentials", what)};
}

Result<CallerIdentity> ParseCallerIdentity(const net::HttpResponse& response) {
  LC2_ASSIGN_OR_RETURN(const codec::XmlElement result,
                       ResultOf(response, "ask whose keys these are"));
  return CallerIdentity{.account = result.TextOf("Account"),
                        .arn = result.TextOf("Arn"),
                        .user_id = result.TextOf("UserId")};
}

}  // namespace lc2::cloud::aws
