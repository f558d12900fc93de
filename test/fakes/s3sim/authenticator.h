#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "s3sim/access.h"
#include "s3sim/request.h"

namespace lc2::s3sim {

// Tells who sent a request, by its signature of version 4 in the `Authorization` header or in the
// query. Shares no code with the client's signer, which it is to find the mistakes of. Thread-safe.
//
// Refusals: 403 AccessDenied (not signed, a header that is not, URL expired), InvalidAccessKeyId,
// SignatureDoesNotMatch, RequestTimeTooSkewed; 400 AuthorizationHeaderMalformed (with the region),
// InvalidToken, ExpiredToken, XAmzContentSHA256Mismatch, AuthorizationQueryParametersError.
class Authenticator {
 public:
  explicit Authenticator(std::vector<AccessKey> keys) : keys_(std::move(keys)) {}

  // The key lives as long as this. `region`: the one that a request must be signed for.
  std::variant<const AccessKey*, Refusal> Identify(const S3Request& request,
                                                   std::string_view region, Time now) const;

 private:
  std::string SigningKey(const AccessKey& key, const std::string& day,
                         const std::string& region) const;

  const std::vector<AccessKey> keys_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::string> derived_;  // by key id, day and region
};

}  // namespace lc2::s3sim
