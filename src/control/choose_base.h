#pragma once

#include <optional>

#include "base/context.h"
#include "vault/run.h"
#include "vault/vault.h"

namespace lc2::control {

// What the next backup of an environment is incremental to, from what its runs say: the newest
// sound backup (control/soundness.h) or the map of a restore after it, whichever is later. Without
// a sound one the next backup copies everything anew. Pure.
std::optional<vault::Base> DecideBase(const std::vector<vault::RunFacts>& runs);

// The same from the vault. A commit that was cut short is finished; a base whose manifest or map
// cannot be read is none. A stale open run of this request's environment is not inherited here: an
// embedded run that died is taken up again under its own name.
Result<vault::RunChoice> ChooseBase(const Context& ctx, const vault::Vault& vault,
                                    const EnvironmentId& env);

}  // namespace lc2::control
