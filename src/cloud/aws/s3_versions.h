#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cloud/aws/s3_call.h"

// Versions of objects
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html). Pure.
namespace lc2::cloud::aws {

struct ObjectVersion {
  std::string key;
  std::string version;  // "null" of what was written while no versions were kept
  bool latest = false;
  bool delete_marker = false;  // has neither size nor etag
  std::int64_t size = 0;
  std::string etag;
  Time last_modified{};
};

// Keys ascending, of one key the newest first.
struct VersionPage {
  std::vector<ObjectVersion> versions;
  std::string next_key;  // both empty: this is the last page
  std::string next_version;
};

struct VersionQuery {
  std::string prefix;
  std::string key_marker;  // behind this version of this key
  std::string version_marker;
  int max_keys = 1000;
};
S3Call ListVersionsCall(const VersionQuery& query);
// Errors: kUnavailable "s3.bad_page": ask again.
Result<VersionPage> ParseVersionPage(std::string_view body);

// Removes up to 1,000 versions, or objects where a version is empty, in one call. A key that XML
// cannot hold (most control characters) needs a call of its own: kInvalid "xml.text".
struct DoomedObject {
  std::string key;
  std::string version;
};
Result<S3Call> DeleteObjectsCall(const std::vector<DoomedObject>& doomed);
// Those that were not removed; all others were, or were not there.
struct Undeleted {
  std::string key;
  std::string version;
  std::string code;  // the vendor's: "AccessDenied" of what is locked, too
  std::string message;
};
Result<std::vector<Undeleted>> ReadUndeleted(const net::HttpResponse& response);

}  // namespace lc2::cloud::aws
