#include "storage/key_text.h"

#include <cstddef>

#include "base/utf8.h"

namespace lc2::storage {

bool IsPlainText(std::string_view text) {
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    if (first < 0x20 || first == 0x7F) return false;
    const std::size_t length = first < 0x80 ? 1 : Utf8Length(text);
    const bool c1_control =
        first == 0xC2 && length == 2 && static_cast<unsigned char>(text[1]) < 0xA0;
    if (length == 0 || c1_control) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string EscapeName(std::string_view name) {
  if (IsPlainText(name)) return std::string(name);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string escaped;
  escaped.reserve(name.size() * 2);
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F && c != '\\') {
      escaped += c;
    } else {
      escaped += "\\x";
      escaped += kDigits[byte >> 4];
      escaped += kDigits[byte & 15];
    }
  }
  return escaped;
}

}  // namespace lc2::storage
