#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace lc2 {

// RFC 3339 in UTC with whole seconds: "2025-11-09T14:30:00Z". Fractions are cut, not rounded.
std::string FormatRfc3339(Time time);
// With milliseconds: "2025-11-09T14:30:00.250Z".
std::string FormatRfc3339Millis(Time time);
// RFC 3339 with "Z" or a numeric offset and any number of fraction digits (those beyond nanoseconds
// are cut). A leap second (":60") is the first moment of the next minute. Years 1700 to 2260: times
// are nanoseconds in 64 bits. Error: kInvalid.
Result<Time> ParseRfc3339(std::string_view text);

// "20251109-143000", the form inside backup ids and their folders.
std::string FormatCompactTime(Time time);
// Takes what FormatCompactTime gives and nothing else: no two folders mean one time. Error:
// kInvalid.
Result<Time> ParseCompactTime(std::string_view text);

// "1.5 s", "2 min 5 s", "3 h 12 min": for people.
std::string FormatDuration(std::chrono::milliseconds duration);
// "512 B", "1.4 MiB": for people, in binary units.
std::string FormatBytes(std::int64_t bytes);

}  // namespace lc2
