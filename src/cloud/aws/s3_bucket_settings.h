#pragma once

#include "cloud/aws/s3_call.h"

// What a bucket is set to. Pure.
namespace lc2::cloud::aws {

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html
S3Call GetVersioningCall();
// True while versions are kept; false also where that was suspended, though old ones are there.
bool ReadVersioning(const net::HttpResponse& response);

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLockConfiguration.html; kNotFound
// where the bucket has none.
S3Call GetObjectLockCall();
bool ReadObjectLock(const net::HttpResponse& response);

}  // namespace lc2::cloud::aws
