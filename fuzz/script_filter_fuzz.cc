// A plain dump may be anything that somebody uploaded. However it is cut into reads, the filter
// gives the same text, takes out nothing but the lines that it names, and never adds any.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/io.h"
#include "database/script_filter.h"

namespace {

class Pieces final : public lc2::ByteSource {
 public:
  Pieces(std::string_view text, std::size_t step) : rest_(text), step_(step) {}
  lc2::Result<std::size_t> Read(std::span<char> buffer) override {
    const std::size_t count = std::min({step_, buffer.size(), rest_.size()});
    std::copy_n(rest_.begin(), count, buffer.begin());
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
  const std::size_t step_;
};

std::string Filtered(std::string_view text, std::size_t step) {
  Pieces pieces(text, step);
  lc2::database::ScriptFilter filter(pieces, "");
  return lc2::ReadAll(filter, 1 << 30).value();
}

bool MayGo(std::string_view line) {
  return line.rfind("\\restrict ", 0) == 0 || line.rfind("\\unrestrict ", 0) == 0 ||
         line == "SET transaction_timeout = 0;";
}

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string filtered = Filtered(text, size + 1);
  LC2_CHECK(filtered == Filtered(text, 1) && filtered == Filtered(text, 11));
  const std::vector<std::string_view> after = Lines(filtered);
  std::size_t at = 0;
  for (const std::string_view line : Lines(text)) {
    if (at < after.size() && after[at] == line) {
      ++at;
    } else {
      LC2_CHECK(MayGo(line));
    }
  }
  LC2_CHECK(at == after.size() || (at + 1 == after.size() && after[at].empty()));
  return 0;
}
