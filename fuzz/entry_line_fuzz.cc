// A line of a shard or of references comes from storage. The quick reader and the general one must
// read the same from it, and what was read must survive being written.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "storage/entry_json.h"
#include "storage/entry_line.h"

namespace {

std::string_view WithoutBreak(std::string_view line) { return line.substr(0, line.size() - 1); }

void TryEntry(std::string_view line) {
  const lc2::Result<lc2::Entry> entry = lc2::ParseEntryLine(line);
  const lc2::Result<lc2::codec::Json> json = lc2::codec::ParseJson(line);
  const bool general = json.has_value() && lc2::DecodeEntry(json.value(), {}).has_value();
  LC2_CHECK(entry.has_value() == general);
  if (!general) return;
  LC2_CHECK(lc2::DecodeEntry(json.value(), {}).value() == entry.value());
  // Writing cuts times to whole seconds of the years 1700 to 2260; from then on nothing changes.
  std::string first;
  lc2::AppendEntryLine(first, entry.value());
  const lc2::Result<lc2::Entry> again = lc2::ParseEntryLine(WithoutBreak(first));
  LC2_CHECK(again.has_value() && again.value().key == entry.value().key &&
            again.value().size == entry.value().size && again.value().path == entry.value().path &&
            again.value().folder == entry.value().folder &&
            again.value().checksum == entry.value().checksum);
  std::string second;
  lc2::AppendEntryLine(second, again.value());
  LC2_CHECK(first == second);
}

void TryReference(std::string_view line) {
  const lc2::Result<lc2::Reference> reference = lc2::ParseReferenceLine(line);
  if (!reference.has_value()) return;
  LC2_CHECK(lc2::codec::ParseJson(line).has_value());
  std::string written;
  lc2::AppendReferenceLine(written, reference.value());
  LC2_CHECK(lc2::ParseReferenceLine(WithoutBreak(written)).value() == reference.value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  TryEntry(line);
  TryReference(line);
  return 0;
}
