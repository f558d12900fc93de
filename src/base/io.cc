#include "base/io.h"

#include <algorithm>
#include <vector>

namespace lc2 {

namespace {
constexpr std::size_t kChunk = 256 * 1024;
}

Result<std::size_t> StringSource::Read(std::span<char> buffer) {
  const std::size_t count = rest_.copy(buffer.data(), buffer.size());
  rest_.remove_prefix(count);
  return count;
}

Result<std::string> ReadAll(ByteSource& source, std::int64_t limit) {
  std::string text;
  std::vector<char> buffer(std::min<std::size_t>(kChunk, static_cast<std::size_t>(limit) + 1));
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::size_t count, source.Read(buffer));
    if (count == 0) return text;
    text.append(buffer.data(), count);
    if (static_cast<std::int64_t>(text.size()) > limit) {
      return Error{.kind = ErrorKind::kInvalid,
                   .code = "io.too_large",
                   .message = "larger than the limit of " + std::to_string(limit) + " bytes"};
    }
  }
}

Result<std::int64_t> Pump(ByteSource& source, ByteSink& sink) {
  std::vector<char> buffer(kChunk);
  std::int64_t total = 0;
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::size_t count, source.Read(buffer));
    if (count == 0) return total;
    LC2_RETURN_IF_ERROR(sink.Write(std::string_view(buffer.data(), count)));
    total += static_cast<std::int64_t>(count);
  }
}

}  // namespace lc2
