#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace lc2::net {

// "Sun, 06 Nov 1994 08:49:37 GMT": the form of `Date` and `Last-Modified` that a sender has to use
// (RFC 9110, section 5.6.7). The name of the day is not looked at. Error: kInvalid "net.date".
Result<Time> ParseHttpDate(std::string_view text);

}  // namespace lc2::net
