#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace lc2::cli {

// An option that is a day (its midnight in UTC) or a time (RFC 3339); empty: nothing. Error:
// kInvalid "cli.bad_time".
Result<std::optional<Time>> ParseTimeOption(const std::string& text);

}  // namespace lc2::cli
