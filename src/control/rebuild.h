#pragma once

#include "base/context.h"
#include "control/deps.h"
#include "control/vault_session.h"

namespace lc2::control {

// Makes the catalogue's records of a location anew from its vault alone. Whoever looks finishes: a
// commit without its manifest gets it, a deleted backup's manifest goes; what cannot be finished is
// shown as the catalogue shows damage. Errors: those of catalog::Rebuild().
Result<catalog::RebuildReport> RebuildCatalog(const Context& ctx, const Deps& deps,
                                              VaultSession& session);

}  // namespace lc2::control
