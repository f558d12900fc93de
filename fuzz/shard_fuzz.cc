// A shard is read as a stream before its digest is known: any bytes must be refused or read in
// order, in bounded memory.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/io.h"
#include "storage/entry_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  constexpr std::int64_t kEnough = 100'000;
  const auto reader = lc2::ReadNdjson<lc2::Entry>(std::make_unique<lc2::StringSource>(bytes));
  std::string last;
  for (std::int64_t count = 0; count < kEnough;) {
    const auto batch = reader->Read();
    if (!batch.has_value() || batch->empty()) break;
    for (const lc2::Entry& entry : *batch) {
      LC2_CHECK(count == 0 || last < entry.key);
      last = entry.key;
      ++count;
    }
  }
  // The same bytes as plain lines: what the decompressor would refuse reaches the line parser.
  const auto entry = lc2::ParseEntryLine(bytes);
  if (entry.has_value()) {
    std::string line;
    lc2::AppendEntryLine(line, *entry);
    LC2_CHECK(lc2::ParseEntryLine(std::string_view(line).substr(0, line.size() - 1)).has_value());
  }
  return 0;
}
