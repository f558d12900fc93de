#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/context.h"
#include "base/io.h"
#include "library/finding.h"
#include "storage/entry.h"
#include "storage/object_store.h"

namespace lc2::library {

struct HashedBytes {
  std::string sha256;  // hex
  std::int64_t size = 0;
};
// Reads an object to its end.
Result<HashedBytes> HashObject(const Context& ctx, ObjectStore& store, const std::string& key,
                               std::int64_t expected_size);

// Moves the backup's copy of an entry into the sink and compares size and SHA-256 on the way.
// Nothing if it is sound; kLostInBackup if it is not there, kDamaged if its bytes are others. The
// sink has taken bytes that nobody vouches for until this has returned nothing; it is never given
// more than the entry's size. Errors: those of store and sink; kInvalid
// "library.checksum_unsupported" if the entry has no SHA-256.
Result<std::optional<Finding>> CopyChecked(const Context& ctx, ObjectStore& vault,
                                           const Entry& entry, ByteSink& sink);

// The same with nowhere to go: for verify.
Result<std::optional<Finding>> CheckObject(const Context& ctx, ObjectStore& vault,
                                           const Entry& entry);

}  // namespace lc2::library
