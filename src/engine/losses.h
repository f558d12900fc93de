#pragma once

#include <vector>

#include "base/context.h"
#include "library/crosscheck.h"
#include "storage/object_store.h"
#include "vault/known_losses.h"
#include "vault/manifest.h"

namespace lc2::engine {

// The losses at the source that a run's findings name, as what somebody may accept.
Result<std::vector<vault::KnownLoss>> ReadLosses(const Context& ctx, ObjectStore& vault,
                                                 const vault::ListFacts& findings);

// What was accepted for this environment, for the crosscheck.
Result<library::KnownLosses> ReadAccepted(const Context& ctx, ObjectStore& vault,
                                          const EnvironmentId& env);

}  // namespace lc2::engine
