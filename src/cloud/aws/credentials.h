#pragma once

#include <string>

#include "base/secret.h"

namespace lc2::cloud::aws {

// What signs a request. Without a session token the keys are those of a user, with one those of a
// role that was taken on for a time.
struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;
};

}  // namespace lc2::cloud::aws
