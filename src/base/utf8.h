#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lc2 {

// How many bytes the first character of `text` has, 0 where there is no valid one: UTF-8 as RFC
// 3629 has it, without overlong forms, surrogates and anything above U+10FFFF.
std::size_t Utf8Length(std::string_view text);

bool IsUtf8(std::string_view text);

// `text` with U+FFFD for each byte that belongs to no valid character.
std::string WithoutInvalidUtf8(std::string_view text);

}  // namespace lc2
