#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cloud/aws/credentials.h"
#include "cloud/aws/endpoint.h"
#include "net/transport.h"

// The Security Token Service: https://docs.aws.amazon.com/STS/latest/APIReference/. Pure.
namespace lc2::cloud::aws {

// A role to be taken on, and how far the session may go.
struct RoleSession {
  std::string role_arn;
  std::string session_name;  // shown in the account's audit log
  // 900 s to 12 h; no longer than the role allows, and of a role that takes on another at most 1 h.
  std::chrono::seconds duration{3600};
  std::string external_id;  // the role's owner may ask for one; "": none
  // JSON; the session may do what both it and the role allow. "": all that the role allows.
  std::string policy;
  std::map<std::string, std::string> tags;
  std::vector<std::string> transitive_tags;  // those that a next role's session keeps
};

// What the service would refuse, with a hint. Error: kInvalid "aws.role".
Result<void> CheckRoleSession(const RoleSession& session);

// To be signed for "sts".
UnsignedRequest AssumeRoleRequest(const Endpoint& endpoint, const RoleSession& session);
UnsignedRequest CallerIdentityRequest(const Endpoint& endpoint);
// Not signed: the token tells who asks. Tags are the token's own.
net::HttpRequest WebIdentityRequest(const Endpoint& endpoint, const RoleSession& session,
                                    const Secret& token);

// Of both ways to take on a role. `what` names the call for people: "take on the role 'arn:...'".
// Errors: kDenied "sts.denied", "sts.expired" (the token, or the keys that asked); kInvalid
// "sts.invalid"; kThrottled "sts.throttled"; kUnavailable "sts.unavailable", also for an answer
// that cannot be read. No message holds a token.
Result<TimedCredentials> ParseRoleCredentials(const net::HttpResponse& response,
                                              std::string_view what);

// Whose keys they are; nobody needs a permission to ask.
struct CallerIdentity {
  std::string account;
  std::string arn;
  std::string user_id;
};
Result<CallerIdentity> ParseCallerIdentity(const net::HttpResponse& response);

}  // namespace lc2::cloud::aws
