// What an S3 service, or a proxy in its place, answers: pages of listings and refusals.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "cloud/aws/s3_list.h"
#include "cloud/aws/s3_refusal.h"

namespace aws = lc2::cloud::aws;

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
  return 0;
}
