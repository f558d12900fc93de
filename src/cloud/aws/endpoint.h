#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cloud/aws/sigv4.h"

namespace lc2::cloud::aws {

// Where a service answers, and the region that its requests are signed for.
struct Endpoint {
  std::string scheme = "https";
  std::string host;  // with a port where it has one
  std::string region;

  // "sts.eu-west-1.amazonaws.com": one of Amazon's own, in a region of any of its partitions. The
  // service as its host calls it.
  static Endpoint OfAmazon(std::string_view service, std::string region);
  // "https://minio.example:9000", with or without a slash behind it. Error: kInvalid
  // "aws.endpoint": not http or https, a path, a user name.
  static Result<Endpoint> Parse(std::string_view url, std::string region);
};

// A call of a service that speaks the query protocol (STS, RDS): a form that is posted to "/".
UnsignedRequest QueryCall(const Endpoint& endpoint, const std::vector<QueryParameter>& form);

}  // namespace lc2::cloud::aws
