#include "net/http_date.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/time_format.h"

namespace lc2::net {

Result<Time> ParseHttpDate(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Error bad{.kind = ErrorKind::kInvalid,
                  .code = "net.date",
                  .message = "a date is not in the form of HTTP"};
  // "Sun, 06 Nov 1994 08:49:37 GMT"
  //  0    5  8   12   17
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") return bad;
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  if (month == kMonths.end() || text[7] != ' ' || text[11] != ' ' || text[16] != ' ') return bad;
  auto time =
      ParseRfc3339(fmt::format("{}-{:02}-{}T{}Z", text.substr(12, 4), month - kMonths.begin() + 1,
                               text.substr(5, 2), text.substr(17, 8)));
  if (!time.has_value()) return bad;
  return time;
}

}  // namespace lc2::net
