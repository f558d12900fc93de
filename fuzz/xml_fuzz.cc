// XML comes from whatever answers in a storage service's place. Nothing of it may crash the reader,
// and what was read can be written and read again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "codec/xml.h"

namespace {

std::string Written(const lc2::codec::XmlElement& element, int depth) {
  LC2_CHECK(depth <= lc2::codec::kMaxXmlDepth);
  const auto text = lc2::codec::XmlText(element.text);
  LC2_CHECK(text.has_value());
  std::string written = "<" + element.name + ">" + *text;
  for (const auto& child : element.children) written += Written(child, depth + 1);
  return written + "</" + element.name + ">";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = lc2::codec::ParseXml(text);
  if (!read.has_value()) {
    LC2_CHECK(read.error().kind == lc2::ErrorKind::kInvalid);
    return 0;
  }
  const std::string written = Written(*read, 1);
  const auto again = lc2::codec::ParseXml(written);
  LC2_CHECK(again.has_value() && Written(*again, 1) == written);
  return 0;
}
