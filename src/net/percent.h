#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace lc2::net {

// Each byte that is not unreserved (RFC 3986, section 2.3: letters, digits, "-", ".", "_", "~")
// becomes %XX in upper case; those of `keep` stay as they are.
std::string PercentEncode(std::string_view text, std::string_view keep = {});

// The bytes that a form's encoding (application/x-www-form-urlencoded) stands for: %XX in either
// case, and "+" for a space. Error: kInvalid "net.percent" (a "%" without two hex digits).
Result<std::string> FormDecode(std::string_view text);

}  // namespace lc2::net
