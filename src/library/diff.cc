#include "library/diff.h"

#include "library/library_join.h"

namespace lc2::library {

bool HasSameContent(const Entry& a, const Entry& b) {
  if (a.size != b.size) return false;
  const bool comparable =
      a.checksum.has_value() && b.checksum.has_value() && a.checksum->alg == b.checksum->alg;
  return comparable ? a.checksum->value == b.checksum->value : IsUnchanged(a, b);
}

Result<std::optional<Difference>> EntryDiff::Next() {
  while (true) {
    LC2_ASSIGN_OR_RETURN(const bool more, join_.Next());
    if (!more) return std::optional<Difference>();
    const Entry* const before = join_.get<0>();
    const Entry* const after = join_.get<1>();
    if (before != nullptr && after != nullptr && HasSameContent(*before, *after)) continue;
    Difference difference{.key = join_.key()};
    if (before != nullptr) difference.old_size = before->size;
    if (after != nullptr) difference.new_size = after->size;
    if (before == nullptr) difference.change = Change::kAdded;
    if (after == nullptr) difference.change = Change::kRemoved;
    return std::optional(std::move(difference));
  }
}

}  // namespace lc2::library
