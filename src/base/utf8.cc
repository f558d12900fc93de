#include "base/utf8.h"

#include <cstdint>
#include <cstring>

namespace lc2 {

namespace {

unsigned char ByteAt(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool Continues(std::string_view text, std::size_t count) {
  if (text.size() <= count) return false;
  for (std::size_t i = 1; i <= count; ++i) {
    if ((ByteAt(text, i) & 0xC0) != 0x80) return false;
  }
  return true;
}

// How many of the leading bytes are ASCII, counted in words: nearly all text is nothing else.
std::size_t AsciiWords(std::string_view text) {
  std::size_t at = 0;
  std::uint64_t word = 0;
  while (text.size() - at >= sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & 0x8080808080808080U) != 0) break;
    at += sizeof word;
  }
  return at;
}

}  // namespace

// RFC 3629, section 4: the second byte decides what its lead byte alone leaves open.
std::size_t Utf8Length(std::string_view text) {
  if (text.empty()) return 0;
  const unsigned char lead = ByteAt(text, 0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  if (lead < 0xE0) return Continues(text, 1) ? 2 : 0;
  if (lead < 0xF0) {
    if (!Continues(text, 2)) return 0;
    const unsigned char second = ByteAt(text, 1);
    return (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ? 0 : 3;
  }
  if (!Continues(text, 3)) return 0;
  const unsigned char second = ByteAt(text, 1);
  return (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F) ? 0 : 4;
}

bool IsUtf8(std::string_view text) {
  while (true) {
    text.remove_prefix(AsciiWords(text));
    if (text.empty()) return true;
    const std::size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
}

std::string WithoutInvalidUtf8(std::string_view text) {
  if (IsUtf8(text)) return std::string(text);
  std::string valid;
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    valid += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return valid;
}

}  // namespace lc2
