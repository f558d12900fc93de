#pragma once

#include <cstdint>
#include <memory>

#include "resources/resource_store.h"

namespace lc2 {

// How many of a hundred calls misbehave.
struct Unreliability {
  int stale_reads = 25;
  int conflicts = 25;
  int resets = 10;
};

// `store` with what any ResourceStore is allowed to do, more often: reads that miss the last write,
// conflicts, watches that start anew. Equal seeds misbehave equally. No object is read stale more
// than twice in a row, so whoever retries gets on. For tests of reconcilers.
std::unique_ptr<ResourceStore> MakeUnreliable(ResourceStore& store, std::uint64_t seed,
                                              const Unreliability& unreliability = {});

}  // namespace lc2
