// What an S3 service, or a proxy in its place, answers: pages of listings, results and refusals.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "cloud/aws/s3_bucket_settings.h"
#include "cloud/aws/s3_list.h"
#include "cloud/aws/s3_multipart.h"
#include "cloud/aws/s3_object.h"
#include "cloud/aws/s3_refusal.h"
#include "cloud/aws/s3_versions.h"

namespace aws = lc2::cloud::aws;

namespace {

// Headers are lines "name:value" in front of an empty line, what follows is the body.
lc2::net::HttpResponse ResponseOf(std::string_view bytes) {
  lc2::net::HttpResponse response{.status = 206};
  while (!bytes.empty()) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) break;
    response.headers.push_back(
        {std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
  }
  response.body = bytes;
  return response;
}

void ReadResults(std::string_view bytes) {
  const lc2::net::HttpResponse answer{.status = 200, .body = std::string(bytes)};
  const auto versions = aws::ParseVersionPage(bytes);
  LC2_CHECK(versions.has_value() || versions.error().code == "s3.bad_page");
  if (versions.has_value()) {
    for (const aws::ObjectVersion& one : versions->versions) {
      LC2_CHECK(!one.key.empty() && !one.version.empty() && one.size >= 0);
    }
  }
  const auto uploads = aws::ReadUploadPage(answer);
  LC2_CHECK(uploads.has_value() || uploads.error().code == "s3.bad_answer");
  const auto part = aws::ReadCopiedPart(answer, 1);
  LC2_CHECK(!part.has_value() || !part->etag.empty());
  const auto made = aws::ReadCompleted(answer);
  LC2_CHECK(!made.has_value() || !made->etag.empty());
  (void)aws::ReadUndeleted(answer);
  (void)aws::ReadUploadId(answer);
  (void)aws::ReadCopy(answer);
  (void)aws::ReadTags(answer);
  (void)aws::ReadVersioning(answer);
  (void)aws::ReadObjectLock(answer);
  const auto head = aws::ReadObjectHead(ResponseOf(bytes));
  LC2_CHECK(!head.has_value() || head->size >= 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto page = aws::ParseListPage(bytes);
  if (page.has_value()) {
    for (const aws::ListedObject& object : page->objects) {
      LC2_CHECK(!object.key.empty() && object.size >= 0);
    }
  } else {
    LC2_CHECK(page.error().code == "s3.bad_page");
  }
  for (const int status : {200, 400, 404, 503}) {
    const auto refusal = aws::RefusalOf({.status = status, .body = std::string(bytes)}, "fuzz",
                                        aws::S3Body::kResult);
    LC2_CHECK(status == 200 || refusal.has_value());
    LC2_CHECK(!refusal || !refusal->error.code.empty());
  }
  ReadResults(bytes);
  return 0;
}
