#include "cli/time_option.h"

#include <fmt/core.h>

#include "base/time_format.h"

namespace lc2::cli {

Result<std::optional<Time>> ParseTimeOption(const std::string& text) {
  if (text.empty()) return std::optional<Time>();
  Result<Time> time = ParseRfc3339(text.size() == 10 ? text + "T00:00:00Z" : text);
  if (time.has_value()) return std::optional(*time);
  return Error{.kind = ErrorKind::kInvalid,
               .code = "cli.bad_time",
               .message = fmt::format("'{}' is neither a time nor a day", text),
               .hint = "write a day as 2025-11-09, or a time as 2025-11-09T14:30:00Z"};
}

}  // namespace lc2::cli
