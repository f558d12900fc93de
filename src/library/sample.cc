#include "library/sample.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace lc2::library {

std::uint64_t SeedFrom(std::string_view text) {
  Sha256 hash;
  hash.Update(text);
  const Sha256Digest digest = hash.Finish();
  std::uint64_t seed = 0;
  for (std::size_t i = 0; i < sizeof seed; ++i) seed = seed << 8 | digest[i];
  return seed;
}

// Reservoir sampling (Vitter's algorithm R): the n-th entry is taken with probability limit/n and
// then pushes out one of those chosen so far.
std::optional<Entry> Sample::Add(Entry entry) {
  ++seen_;
  if (chosen_.size() < limit_) {
    chosen_.push_back(std::move(entry));
    return std::nullopt;
  }
  const auto place = static_cast<std::size_t>(random_.Between(0, seen_ - 1));
  if (place < limit_) std::swap(chosen_[place], entry);
  return entry;
}

std::vector<Entry> Sample::Take() && {
  std::sort(chosen_.begin(), chosen_.end(),
            [](const Entry& a, const Entry& b) { return a.key < b.key; });
  return std::move(chosen_);
}

}  // namespace lc2::library
