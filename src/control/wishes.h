#pragma once

#include <string>

#include "api/backup_request.h"
#include "base/context.h"
#include "vault/control_log.h"
#include "vault/vault.h"

namespace lc2::control {

// Brings a committed backup to what the mutable part of its request asks for: its hold and a longer
// retention. A hold that a person set is left alone: an empty reason in a request, which is also
// what a request says that never heard of the hold, must not release it. Returns what the log says
// afterwards.
Result<vault::RunFacts> ApplyWishes(const Context& ctx, const vault::Vault& vault,
                                    const EnvironmentId& env, vault::RunFacts run,
                                    const api::BackupRequestSpec& spec, const std::string& who);

}  // namespace lc2::control
