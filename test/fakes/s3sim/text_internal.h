#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace lc2::s3sim {

std::string LowerCase(std::string_view text);  // ASCII letters alone
std::string_view Trimmed(std::string_view text);

// All of `text` is one number that is not negative.
std::optional<std::int64_t> NumberOf(std::string_view text);

// "Fri, 27 Nov 2026 09:35:25 GMT" (RFC 9110, section 5.6.7), and back.
std::string HttpDate(Time time);
std::optional<Time> ParseHttpDate(std::string_view text);

// The bytes that %XX in a path stand for; "+" stays. Nothing where a "%" is not followed by two
// digits.
std::optional<std::string> PathDecode(std::string_view text);

// As the content of an element: S3 writes control characters as references, which no reader of XML
// 1.0 takes.
std::string XmlEscape(std::string_view text);

}  // namespace lc2::s3sim
