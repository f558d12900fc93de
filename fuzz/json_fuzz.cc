// JSON comes from storage, users and servers. What is accepted has one canonical form, whichever
// way it was written down in between; that form is what checksums cover.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "codec/json.h"
#include "codec/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace codec = lc2::codec;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const lc2::Result<codec::Json> value = codec::ParseJson(text);
  if (!value.has_value()) {
    LC2_CHECK(value.error().kind == lc2::ErrorKind::kInvalid);
    LC2_CHECK(lc2::IsUtf8(value.error().message));
    return 0;
  }
  const std::string canonical = codec::CanonicalJson(*value);
  for (const std::string& written :
       {canonical, codec::PrettyJson(*value), codec::CompactJson(*value)}) {
    const lc2::Result<codec::Json> again = codec::ParseJson(written, {.max_bytes = 256 << 20});
    LC2_CHECK(again.has_value() && codec::CanonicalJson(*again) == canonical);
  }
  // People see resources as YAML and hand them in again.
  const auto documents = codec::ParseYaml(codec::PrintYaml(*value), {.max_bytes = 256 << 20});
  if (documents.has_value() && !documents->empty()) {
    LC2_CHECK(codec::CanonicalJson(documents->front().value) == canonical);
  }
  return 0;
}
