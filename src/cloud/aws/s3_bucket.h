#pragma once

#include <string>

#include "cloud/aws/endpoint.h"

namespace lc2::cloud::aws {

// Where a bucket is found, and how it is addressed.
struct S3Bucket {
  std::string name;
  Endpoint endpoint;        // of the service, without the bucket
  bool in_the_path = true;  // "host/bucket/key"; else "bucket.host/key"

  // One of Amazon's own, in a region of any of its partitions. A name with a dot is put into the
  // path: no certificate covers it as part of the host.
  static S3Bucket OfAmazon(std::string name, std::string region);
};

// A request about the bucket itself, or about an object in it. The key is taken byte for byte.
UnsignedRequest BucketRequest(const S3Bucket& bucket, std::string method = "GET");
UnsignedRequest ObjectRequest(const S3Bucket& bucket, const std::string& key,
                              std::string method = "GET");

}  // namespace lc2::cloud::aws
