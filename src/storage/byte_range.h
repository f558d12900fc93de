#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "storage/object_store.h"

namespace lc2::storage {

// The part of an object of `size` bytes that `wanted` asks for. Error: kInvalid "store.bad_range".
inline Result<ByteRange> ResolveRange(const std::optional<ByteRange>& wanted, std::int64_t size,
                                      std::string_view key) {
  if (!wanted) return ByteRange{.offset = 0, .length = size};
  if (wanted->offset < 0 || wanted->length <= 0 || wanted->offset >= size) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "store.bad_range",
                 .message = "no part of " + std::to_string(wanted->length) +
                            " bytes starts at byte " + std::to_string(wanted->offset) + " of '" +
                            std::string(key) + "', which has " + std::to_string(size)};
  }
  return ByteRange{.offset = wanted->offset,
                   .length = std::min(wanted->length, size - wanted->offset)};
}

}  // namespace lc2::storage
