#include "library/merge_join.h"

#include <fmt/core.h>

namespace lc2::library {

Error UnsortedError(const std::string& key, const std::string& last_key) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "library.unsorted",
               .message = fmt::format("a list of objects is out of order: '{}' came after '{}'",
                                      key, last_key),
               .hint =
                   "lists must be sorted by the bytes of their keys; was one of the files "
                   "changed by hand, or is the store's listing broken?"};
}

}  // namespace lc2::library
