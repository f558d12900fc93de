#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/secret.h"

namespace lc2::cloud::aws {

// What signs a request. Without a session token the keys are those of a user, with one those of a
// role that was taken on for a time.
struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;

  // The same keys, not merely keys of the same user.
  bool Same(const Credentials& other) const {
    return access_key_id == other.access_key_id &&
           secret_access_key.Expose() == other.secret_access_key.Expose() &&
           session_token.Expose() == other.session_token.Expose();
  }
};

struct TimedCredentials {
  Credentials keys;
  std::optional<Time> expires;  // nothing: nobody said that they ever do
};

}  // namespace lc2::cloud::aws
