#include "cloud/aws/s3_bucket.h"

#include <utility>

namespace lc2::cloud::aws {

S3Bucket S3Bucket::OfAmazon(std::string name, std::string region) {
  const bool dotted = name.find('.') != std::string::npos;
  Endpoint endpoint = Endpoint::OfAmazon("s3", std::move(region));
  return {.name = std::move(name), .endpoint = std::move(endpoint), .in_the_path = dotted};
}

UnsignedRequest BucketRequest(const S3Bucket& bucket, std::string method) {
  return {
      .method = std::move(method),
      .scheme = bucket.endpoint.scheme,
      .host = bucket.in_the_path ? bucket.endpoint.host : bucket.name + "." + bucket.endpoint.host,
      .path = bucket.in_the_path ? "/" + bucket.name : "/"};
}

UnsignedRequest ObjectRequest(const S3Bucket& bucket, const std::string& key, std::string method) {
  UnsignedRequest request = BucketRequest(bucket, std::move(method));
  if (bucket.in_the_path) request.path += "/";
  request.path += key;
  return request;
}

}  // namespace lc2::cloud::aws
