#pragma once

#include <string>
#include <string_view>

namespace lc2::net {

// Each byte that is not unreserved (RFC 3986, section 2.3: letters, digits, "-", ".", "_", "~")
// becomes %XX in upper case; those of `keep` stay as they are.
std::string PercentEncode(std::string_view text, std::string_view keep = {});

}  // namespace lc2::net
