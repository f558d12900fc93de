#pragma once

#include <optional>
#include <string>

#include "base/context.h"
#include "control/deps.h"

namespace lc2::control {

// What one look at a request came to.
struct Reconciled {
  bool terminal = false;       // nothing will happen to it any more by itself
  std::optional<Error> error;  // of a terminal request that did not succeed
};

// Brings a BackupRequest one step further: accepts it, opens its run, launches attempts, commits
// the candidate or closes the run, and shows all of it in the status. Level-triggered: it looks at
// the vault each time and may be called at any time, by anybody, also with a stale request.
// Errors: those of a store or vault that cannot be reached, which decide nothing: the request is
// then as it was; and those that nobody gets past without acting, a damaged log for example: the
// request then says Stalled=True.
Result<Reconciled> ReconcileBackup(const Context& ctx, const Deps& deps,
                                   const std::string& name_space, const std::string& name);

}  // namespace lc2::control
