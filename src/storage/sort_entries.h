#pragma once

#include <cstddef>
#include <memory>

#include "base/context.h"
#include "storage/sorted_stream.h"

namespace lc2 {

// Reads all of `source`, whatever its order, and gives it in the order of key bytes. Keeps at most
// `in_memory` entries in memory, more lie in a temporary folder meanwhile, compressed. Of a key
// that comes more than once the last is given: a listing that began anew has it twice.
// Errors: those of the source and of ctx.Check(), and of files.
Result<std::unique_ptr<EntryReader>> SortEntries(const Context& ctx, EntryReader& source,
                                                 std::size_t in_memory = 100'000);

}  // namespace lc2
