// A dump comes from storage, or from a program that may have been killed. However its bytes are cut
// into reads, the verdict is the same; what is called whole stops being whole when it loses a byte.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "database/pg_archive.h"

namespace {

struct Verdict {
  bool whole = false;
  std::int64_t head = 0;
  std::int64_t data_entries = 0;
  bool operator==(const Verdict&) const = default;
};

Verdict Judge(std::string_view bytes, std::size_t step) {
  lc2::database::ArchiveChecker checker;
  Verdict verdict;
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, std::min(step, bytes.size()));
    const lc2::Result<std::size_t> head = checker.Consume(part);
    if (!head.has_value()) return {};
    verdict.head += static_cast<std::int64_t>(*head);
    bytes.remove_prefix(part.size());
  }
  const lc2::Result<lc2::database::ArchiveFacts> facts = checker.Finish();
  if (!facts.has_value()) return {};
  verdict.whole = true;
  verdict.data_entries = facts->data_entries;
  return verdict;
}

void TryPlain(std::string_view bytes) {
  lc2::database::PlainDumpChecker at_once;
  at_once.Consume(bytes);
  lc2::database::PlainDumpChecker in_parts;
  for (std::size_t i = 0; i < bytes.size(); i += 7) in_parts.Consume(bytes.substr(i, 7));
  LC2_CHECK(at_once.Finish().has_value() == in_parts.Finish().has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Verdict verdict = Judge(bytes, std::max<std::size_t>(size, 1));
  LC2_CHECK(verdict == Judge(bytes, 1) && verdict == Judge(bytes, 13));
  if (verdict.whole && verdict.data_entries > 0) {
    LC2_CHECK(!Judge(bytes.substr(0, size - 1), 64).whole);
  }
  TryPlain(bytes);
  return 0;
}
