#pragma once

#include <string>

#include "codec/json.h"

namespace lc2::cli {

// A line of a run's log (docs/format.md section 5.1) for people, without a line break:
// `2025-11-09T14:30:00.250Z info    a1  step begins step=database`. Environment and run are named
// only if `wide`; nothing in it can drive a terminal.
std::string LogLineText(const codec::JsonObject& line, bool wide);

}  // namespace lc2::cli
