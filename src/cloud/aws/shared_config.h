#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cloud/aws/credentials.h"

// The files ~/.aws/config and ~/.aws/credentials
// (https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html). Pure.
namespace lc2::cloud::aws {

// What LC2 reads of a profile; "" and nothing: not said.
struct SharedProfile {
  std::string region;
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;
  std::string role_arn;  // to be taken on, with the credentials of one of the next three
  std::string source_profile;
  std::string credential_source;  // Environment, EcsContainer, Ec2InstanceMetadata
  std::string web_identity_token_file;
  std::string role_session_name;
  std::string external_id;
  std::optional<std::chrono::seconds> duration;

  bool has_keys() const { return !access_key_id.empty() && !secret_access_key.empty(); }
};

using SharedProfiles = std::map<std::string, SharedProfile, std::less<>>;

// Both files as one; where both name a key, the credentials file's holds. Sections of other kinds
// and settings that LC2 has no use for are passed over. Errors: kInvalid "aws.config" with file and
// line: no section, no "=", a duration that is none. No message holds a value.
Result<SharedProfiles> ParseSharedConfig(std::string_view config, std::string_view credentials);

}  // namespace lc2::cloud::aws
