#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cloud/aws/s3_call.h"
#include "cloud/aws/s3_object.h"

// An object that is written in parts
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html). Pure.
namespace lc2::cloud::aws {

// Each part but the last has at least kMinPartBytes; an object is at most kMaxParts of them.
inline constexpr std::int64_t kMinPartBytes = 5 << 20;
inline constexpr int kMaxParts = 10'000;

// With a checksum over the whole object, CRC-64/NVME, where `checksum` wants it. Not repeatable: an
// upload has no name of ours, and one whose answer was lost is found by ListUploadsCall.
S3Call CreateUploadCall(const std::string& key, const ObjectTraits& traits, bool checksum);
Result<std::string> ReadUploadId(const net::HttpResponse& response);

struct UploadedPart {
  int number = 0;  // from 1
  std::string etag;
  std::string checksum;  // CRC-64/NVME in base64; "" without
};
// `checksum`: CRC-64/NVME of the body in base64; "" without.
S3Call UploadPartCall(const std::string& key, const std::string& upload, int number,
                      std::string body, const std::string& checksum);
UploadedPart ReadPart(const net::HttpResponse& response, int number);

// A part out of another object: `first` its first byte, `count` how many.
struct PartSource {
  std::string bucket;
  std::string key;
  std::string version;
  std::string etag;
  std::int64_t first = 0;
  std::int64_t count = 0;
};
S3Call CopyPartCall(const std::string& key, const std::string& upload, int number,
                    const PartSource& source);
Result<UploadedPart> ReadCopiedPart(const net::HttpResponse& response, int number);

// Parts in ascending order. `checksum`: of the whole object, CRC-64/NVME in base64; "" without.
S3Call CompleteUploadCall(const std::string& key, const std::string& upload,
                          const std::vector<UploadedPart>& parts, std::int64_t size,
                          const std::string& checksum, bool create_only);
Result<WrittenObject> ReadCompleted(const net::HttpResponse& response);

// kNotFound: it is gone already. A part on its way may arrive behind it: call until it is not
// found.
S3Call AbortUploadCall(const std::string& key, const std::string& upload);

struct Upload {
  std::string key;
  std::string id;
  Time initiated{};
};
struct UploadPage {
  std::vector<Upload> uploads;
  std::string next_key;  // both empty: this is the last page
  std::string next_upload;
};
// Those that are open below a prefix, behind a place.
S3Call ListUploadsCall(const std::string& prefix, const std::string& key_marker = {},
                       const std::string& upload_marker = {});
Result<UploadPage> ReadUploadPage(const net::HttpResponse& response);

}  // namespace lc2::cloud::aws
