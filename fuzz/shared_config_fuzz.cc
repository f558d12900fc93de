// The files of the AWS tools: somebody's text. The first half is the config file, the rest that of
// credentials.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "cloud/aws/shared_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto profiles =
      lc2::cloud::aws::ParseSharedConfig(bytes.substr(0, size / 2), bytes.substr(size / 2));
  if (!profiles.has_value()) {
    LC2_CHECK(profiles.error().code == "aws.config");
    return 0;
  }
  for (const auto& [name, profile] : *profiles) LC2_CHECK(!name.empty());
  return 0;
}
