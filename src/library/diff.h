#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "library/merge_join.h"
#include "storage/entry.h"

namespace lc2::library {

enum class Change { kAdded, kRemoved, kChanged };

struct Difference {
  std::string key;
  Change change = Change::kChanged;
  std::optional<std::int64_t> old_size;
  std::optional<std::int64_t> new_size;
  bool operator==(const Difference&) const = default;
};

// Whether two entries hold the same bytes: by size and checksum where both were computed with one
// algorithm, else by size and the source's identity.
bool HasSameContent(const Entry& a, const Entry& b);

// What lies between two backups, key by key, in constant memory. The readers must outlive it.
class EntryDiff {
 public:
  EntryDiff(EntryReader& older, EntryReader& newer) : join_(&older, &newer) {}
  // The next difference; nothing at the end.
  Result<std::optional<Difference>> Next();

 private:
  MergeJoin<Entry, Entry> join_;
};

}  // namespace lc2::library
