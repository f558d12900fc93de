#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "cloud/aws/credential_source.h"

namespace lc2::cloud::aws {

// Where the chain looks.
struct ChainOptions {
  std::map<std::string, std::string, std::less<>> variables;  // AWS_...
  std::filesystem::path home;                                 // of the user, for ~/.aws; "": none
  std::string region;         // of the location; "": what variables and profile say
  bool ambient_node = false;  // the machine's own role may be used
  std::string instance_service = std::string(kInstanceMetadata);
};

// The AWS_... variables of this process.
std::map<std::string, std::string, std::less<>> AwsVariables();

// The first source that is configured, in the order of the AWS tools: environment, web identity,
// shared profile, container, instance
// (https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html). One that is
// configured and fails is an error: keys of somebody else must not stand in for it. Nothing is
// asked yet, but the files are read. `transport` must outlive the source.
//
// Errors: kInvalid "aws.config" (a file, a profile that is not there, profiles in a circle, half a
// pair of keys), "aws.region", "aws.container", "aws.no_credentials".
Result<CredentialSourcePtr> MakeCredentialChain(net::Transport& transport,
                                                const ChainOptions& options);

// The region that variables, then the profile name; "" where neither does. Error: as above.
Result<std::string> RegionOf(const ChainOptions& options);

}  // namespace lc2::cloud::aws
