#include "cloud/aws/s3_bucket.h"

#include <utility>

namespace lc2::cloud::aws {

S3Bucket S3Bucket::OfAmazon(std::string name, std::string region) {
  const std::string domain = region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
  const bool dotted = name.find('.') != std::string::npos;
  return {.name = std::move(name),
          .region = region,
          .host = "s3." + region + domain,
          .in_the_path = dotted};
}

UnsignedRequest BucketRequest(const S3Bucket& bucket, std::string method) {
  return {.method = std::move(method),
          .scheme = bucket.scheme,
          .host = bucket.in_the_path ? bucket.host : bucket.name + "." + bucket.host,
          .path = bucket.in_the_path ? "/" + bucket.name : "/"};
}

UnsignedRequest ObjectRequest(const S3Bucket& bucket, const std::string& key, std::string method) {
  UnsignedRequest request = BucketRequest(bucket, std::move(method));
  if (bucket.in_the_path) request.path += "/";
  request.path += key;
  return request;
}

}  // namespace lc2::cloud::aws
