#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "cli/session.h"
#include "vault/control_log.h"

namespace lc2::cli {

// A name for a request that nobody has used: `name_at` of now, or of one of the next seconds where
// another request was quicker, of this home or of another one that shares the vault. Names in the
// vault count, since the same name with the same spec is not run again but adopted (design.md
// section 4). `kind` is the resource's.
Result<std::string> FreshName(Session& session, vault::RunKind kind, const std::string& name_space,
                              const std::function<std::string(Time)>& name_at);

}  // namespace lc2::cli
