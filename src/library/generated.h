#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lc2 {

// What kind of thing lies under a key of a library (domain.md 5.4).
enum class KeyClass {
  kContent,    // real data, and whatever is not known to be something else
  kGenerated,  // the portal can make it again: previews, thumbnails, adaptive media, ".index" files
  kStoreOwn,   // the store's own: README.txt in the root, the area of deleted files
};

// Tells the class of one library's keys, which must come in ascending order of their bytes.
//
// A file `X.index` is generated only if `X` exists. `X` sorts before it, but other keys may lie in
// between (`1.0`, `1.0-x`, `1.0.index`). All of those start with `X`, so it is enough to remember
// which beginnings of the last key were keys themselves: memory does not grow.
class KeyClassifier {
 public:
  KeyClass Classify(std::string_view key);

 private:
  std::string last_key_;
  std::vector<std::size_t> key_ends_;  // ascending: last_key_ up to here is a key that was seen
};

}  // namespace lc2
