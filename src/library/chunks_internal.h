#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/io.h"
#include "base/result.h"

namespace lc2::library {

// Reads to the end and gives each piece to `take` (Result<void>(std::string_view)), which may stop
// it with an error. The buffer is no larger than an object of `expected_size` needs.
template <class Take>
Result<void> ForEachChunk(const Context& ctx, ByteSource& source, std::int64_t expected_size,
                          Take&& take) {
  constexpr std::int64_t kLargestBuffer = 256 << 10;
  const std::int64_t wanted = std::min(expected_size + 1, kLargestBuffer);
  std::vector<char> buffer(static_cast<std::size_t>(std::max(wanted, std::int64_t{1})));
  while (true) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    LC2_ASSIGN_OR_RETURN(const std::size_t count, source.Read(buffer));
    if (count == 0) return {};
    LC2_RETURN_IF_ERROR(take(std::string_view(buffer.data(), count)));
  }
}

}  // namespace lc2::library
