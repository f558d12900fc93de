#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace lc2::s3sim {

// Some of the operations on some of the keys. Who may not "ListObjectsV2" gets 403 in place of 404,
// as with S3.
struct AccessRule {
  // Names of operations, "*" at the end stands for any rest: "GetObject", "Put*", "*". As with
  // policies, "GetObject" is HeadObject too, and "PutObject" is also CreateMultipartUpload,
  // UploadPart and CompleteMultipartUpload; a copy asks for "GetObject" of its source besides.
  std::vector<std::string> operations{"*"};
  std::string bucket = "*";  // its name, or "*"
  // What the key must begin with. For listings: what their prefix must begin with.
  std::string prefix;
};

// Who may send requests, and which.
struct AccessKey {
  std::string id;
  std::string secret;
  std::string session_token;          // "": those of a user
  std::optional<Time> expires;        // of a session
  std::vector<AccessRule> allow{{}};  // any of them
};

}  // namespace lc2::s3sim
