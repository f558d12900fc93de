#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cloud/aws/credentials.h"
#include "net/transport.h"

// Credentials that the place where a process runs hands out: a container's agent (ECS, EKS Pod
// Identity: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html) and
// the instance metadata service, version 2
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html).
// Pure.
namespace lc2::cloud::aws {

// Plain HTTP would show the credentials to others, but to this machine and the agents' own
// addresses. Error: kInvalid "aws.container".
Result<void> CheckContainerUrl(const std::string& url);
// `token` is the agent's password, "" where it has none. Error: kInvalid "aws.container" (a line
// break in it would be another header).
Result<net::HttpRequest> ContainerRequest(const std::string& url, const Secret& token);

// The instance's service wants a token with each request; one is good for six hours.
inline constexpr std::string_view kInstanceMetadata = "http://169.254.169.254";
net::HttpRequest InstanceTokenRequest(std::string_view service);
// Without a role: asks for its name; with one: for its credentials.
net::HttpRequest InstanceCredentialsRequest(std::string_view service, const Secret& token,
                                            std::string_view role = {});

// Of both. An instance whose role is broken answers 200 and a code. Errors: kDenied
// "aws.no_role", kUnavailable "aws.metadata"; no message holds a value.
Result<TimedCredentials> ParseMetadataCredentials(const net::HttpResponse& response);

}  // namespace lc2::cloud::aws
