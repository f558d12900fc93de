// What hands out credentials: STS in XML, a container's agent or an instance's service in JSON.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "cloud/aws/metadata_service.h"
#include "cloud/aws/sts.h"

namespace aws = lc2::cloud::aws;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  for (const int status : {200, 400, 403, 500}) {
    const lc2::net::HttpResponse answer{.status = status, .body = body};
    const auto role = aws::ParseRoleCredentials(answer, "fuzz");
    LC2_CHECK(status == 200 || !role.has_value());
    LC2_CHECK(!role.has_value() || (role->expires && !role->keys.secret_access_key.empty()));
    const auto given = aws::ParseMetadataCredentials(answer);
    LC2_CHECK(status == 200 || !given.has_value());
    LC2_CHECK(!given.has_value() || !given->keys.secret_access_key.empty());
    const auto caller = aws::ParseCallerIdentity(answer);
    LC2_CHECK(status == 200 || !caller.has_value());
  }
  return 0;
}
