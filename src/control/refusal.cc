#include "control/refusal.h"

#include <fmt/core.h>

#include "api/rules.h"

namespace lc2::control {

namespace {

Refusal NotSupported(std::string_view what, std::string hint) {
  return {.reason = "NotSupported",
          .error = {.kind = ErrorKind::kInvalid,
                    .code = "restore.not_supported",
                    .message = fmt::format("{} is not supported by this release", what),
                    .hint = std::move(hint)}};
}

}  // namespace

Refusal RefusalFor(const Error& error) {
  return {.reason = std::string(FactsOf(error.kind).name), .error = error};
}

std::optional<Refusal> CheckAllowed(const api::RestoreRequest& request,
                                    const api::LiferayEnvironment& environment) {
  const api::Faults faults = api::CheckAgainstEnvironment(request, environment);
  if (!faults.empty()) {
    return Refusal{.reason = "NotAllowed",
                   .error = api::FaultsError(
                       fmt::format("restore request '{}' names what its environment does not",
                                   request.metadata.name),
                       faults)};
  }
  if (api::SourceOf(request, environment) != api::IdOf(environment)) {
    return NotSupported("restoring the backup of another environment",
                        "restore it into the environment that it came from");
  }
  if (request.spec.engine != api::RestoreEngine::kBuiltin) {
    return NotSupported("engine 'argo'", "use engine 'builtin'");
  }
  if (request.spec.database.point_in_time) {
    return NotSupported("restoring to a point in time", "choose a backup instead");
  }
  if (environment.spec.restore.required_approvals > 0) {
    return NotSupported("an environment whose restores need approvals",
                        "set restore.requiredApprovals to 0");
  }
  return std::nullopt;
}

}  // namespace lc2::control
