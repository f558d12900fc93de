#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/transport.h"

// What S3 means by a response that is no success
// (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html). Pure.
namespace lc2::cloud::aws {

// What a client does before it tells anybody. Each but the first two is worth one more try.
enum class S3Remedy {
  kNone,
  kRetry,               // later, the same request
  kSlowDown,            // later, and fewer of them
  kRefreshCredentials,  // they have expired
  kCorrectClock,        // the response's `Date` is the time to sign with
  kChangeRegion,        // to `region`; ask the bucket for it where that is empty
};

struct S3Refusal {
  Error error;  // with the vendor's code and request id
  S3Remedy remedy = S3Remedy::kNone;
  std::string region;  // where the bucket is, if the response says it
};

// What a body of a success has to be.
enum class S3Body {
  kAny,     // an object's bytes, or nothing
  kResult,  // XML: S3 sends "200" first and may find out later that it failed
};

// Nothing for a success. `what` names the call for people: "list bucket 'b'". A result that is
// missing, cut or an <Error> of status 200 is as good as status 500.
//
// Errors: kNotFound "s3.not_found"; kAlreadyExists "s3.exists" (412 on a create-only write, whose
// request says so by `create_only`); kConflict "s3.changed" (412 otherwise), "s3.busy" (409),
// "s3.archived"; kDenied "s3.denied", "s3.expired"; kInvalid "s3.invalid", "s3.region", "s3.clock",
// "s3.unsupported"; kThrottled "s3.throttled"; kUnavailable "s3.unavailable".
std::optional<S3Refusal> RefusalOf(const net::HttpResponse& response, std::string_view what,
                                   S3Body promised = S3Body::kAny, bool create_only = false);

}  // namespace lc2::cloud::aws
