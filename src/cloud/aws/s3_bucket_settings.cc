#include "cloud/aws/s3_bucket_settings.h"

#include <optional>

#include "codec/xml.h"

namespace lc2::cloud::aws {

namespace {

S3Call SettingCall(const char* setting, const char* what) {
  return {.query = {{setting, std::nullopt}}, .what = what, .promised = S3Body::kResult};
}

bool Says(const net::HttpResponse& response, const char* element, const char* value) {
  const auto root = codec::ParseXml(response.body);
  return root.has_value() && root->TextOf(element) == value;
}

}  // namespace

S3Call GetVersioningCall() {
  return SettingCall("versioning", "ask whether the bucket keeps versions");
}
bool ReadVersioning(const net::HttpResponse& response) {
  return Says(response, "Status", "Enabled");
}

S3Call GetObjectLockCall() {
  return SettingCall("object-lock", "ask whether the bucket locks objects");
}
bool ReadObjectLock(const net::HttpResponse& response) {
  return Says(response, "ObjectLockEnabled", "Enabled");
}

}  // namespace lc2::cloud::aws
