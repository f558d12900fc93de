#pragma once

#include <optional>
#include <string>

#include "api/liferay_environment.h"
#include "api/restore_request.h"
#include "base/error.h"

namespace lc2::control {

// Why a request is not accepted: the reason of `Accepted=False`, and what a person is told.
struct Refusal {
  std::string reason;
  Error error;
};

// With the error's kind as reason.
Refusal RefusalFor(const Error& error);

// What keeps a restore from being accepted, whatever its target looks like: "NotAllowed" for what
// its environment does not name, "NotSupported" for what this release does not do. Pure.
std::optional<Refusal> CheckAllowed(const api::RestoreRequest& request,
                                    const api::LiferayEnvironment& environment);

}  // namespace lc2::control
