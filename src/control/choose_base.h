#pragma once

#include <optional>

#include "base/context.h"
#include "storage/object_store.h"
#include "vault/run.h"

namespace lc2::control {

// What the next backup of an environment is incremental to, from what its runs say: the newest
// sound backup or the map of a restore after it, whichever is later. A backup that a verification
// found damaged is no base, so that the next one copies everything anew. Pure.
std::optional<vault::Base> DecideBase(const std::vector<vault::RunFacts>& runs);

// A stale open run of this request's environment is not inherited here: an embedded run that died
// is taken up again under its own name.
Result<vault::RunChoice> ChooseBase(const Context& ctx, ObjectStore& store,
                                    const EnvironmentId& env);

}  // namespace lc2::control
