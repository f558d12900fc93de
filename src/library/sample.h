#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "storage/entry.h"

namespace lc2::library {

// How many objects `verify: Sample` reads (design.md section 4).
inline constexpr std::size_t kSampleSize = 1'000;

// A seed that depends on the text alone (a run id), on every machine the same.
std::uint64_t SeedFrom(std::string_view text);

// Chooses entries from a stream of unknown length: all of them up to `limit`, else `limit`, each
// with the same probability. Memory is that of the sample. The same seed and stream give the same
// choice.
class Sample {
 public:
  explicit Sample(std::uint64_t seed, std::size_t limit = kSampleSize)
      : random_(seed), limit_(limit) {}

  // Returns the entry that is not chosen for good: this one, or the one that it pushed out.
  std::optional<Entry> Add(Entry entry);
  std::int64_t seen() const { return seen_; }
  // The chosen entries in key order.
  std::vector<Entry> Take() &&;

 private:
  SeededRandom random_;
  const std::size_t limit_;
  std::int64_t seen_ = 0;
  std::vector<Entry> chosen_;
};

}  // namespace lc2::library
