#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cloud/aws/s3_bucket.h"
#include "cloud/aws/s3_refusal.h"
#include "net/transport.h"

namespace lc2::cloud::aws {

// One call about a bucket or an object in it, whatever the place where the bucket is found.
struct S3Call {
  std::string method = "GET";
  std::optional<std::string> key;  // byte for byte; nothing: about the bucket itself
  std::vector<QueryParameter> query;
  std::vector<net::HttpHeader> headers;
  std::string body;

  std::string what;                // for people: "list bucket 'b'"
  S3Body promised = S3Body::kAny;  // of a success
  bool create_only = false;        // its condition is that there is no object yet
  // Sent again when nobody knows whether it took effect. Not so what no name would find.
  bool repeatable = true;
  net::ExchangeLimits limits{.total = std::chrono::milliseconds(180'000)};
};

// The call as a request to where the bucket is.
UnsignedRequest RequestOf(const S3Bucket& bucket, const S3Call& call);

}  // namespace lc2::cloud::aws
