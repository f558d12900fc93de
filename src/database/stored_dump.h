#pragma once

#include <cstdint>
#include <memory>

#include "base/context.h"
#include "base/io.h"
#include "database/facts.h"
#include "storage/object_store.h"

namespace lc2::database {

// The raw bytes of a stored dump. The end is reported only when everything is proven: size and
// SHA-256 of the stored bytes, the checksums of all frames, the number of raw bytes, the structure
// of the archive or the end of the plain dump. A reader that has seen the end has seen the dump.
// Errors: kCorrupt "database.dump_damaged" with the reason as cause.
class StoredDump : public ByteSource {
 public:
  // `store` must outlive it. Error: kInvalid "database.unknown_format".
  static Result<std::unique_ptr<StoredDump>> Open(const Context& ctx, ObjectStore& store,
                                                  const DumpFacts& facts);
  virtual std::int64_t raw_bytes() const = 0;  // so far
};

// Reads the stored bytes once and compares size and SHA-256: what is not ours is never fed to a
// client program, which would run whatever SQL it holds. Errors: kCorrupt "database.dump_damaged".
Result<void> CheckStoredHash(const Context& ctx, ObjectStore& store, const DumpFacts& facts);

}  // namespace lc2::database
