#pragma once

#include <string>
#include <string_view>

namespace lc2::storage {

// Valid UTF-8 without control characters (category Cc: C0, DEL, C1).
bool IsPlainText(std::string_view text);

// The name as it is where it is plain text, else with "\xNN" for each byte that is not printable
// ASCII (and for the backslash): safe on a terminal and in JSON.
std::string EscapeName(std::string_view name);

}  // namespace lc2::storage
