#include "control/upkeep.h"

#include "control/apply_retention.h"

namespace lc2::control {

namespace {

Result<void> KeepRetention(const Context& ctx, const Deps& deps,
                           const api::LiferayEnvironment& environment) {
  Result<EnvironmentVault> at =
      OpenEnvironment(ctx, deps, api::IdOf(environment), provider::VaultAccess::kWrite);
  // Before the first backup there is no vault, and nothing to keep.
  if (!at.has_value() && at.error().kind == ErrorKind::kNotFound) return {};
  if (!at.has_value()) return at.error();
  LC2_ASSIGN_OR_RETURN(const RetentionReport report, ApplyRetention(ctx, deps, *at));
  if (report.requested + report.withdrawn + report.deleted > 0) {
    ctx.log().Info("retention", {{"environment", at->id().str()},
                                 {"requested", std::to_string(report.requested)},
                                 {"withdrawn", std::to_string(report.withdrawn)},
                                 {"deleted", std::to_string(report.deleted)}});
  }
  return {};
}

}  // namespace

std::vector<PeriodicTask> UpkeepTasks(const Deps& deps) {
  return {{.name = "retention",
           .every = std::chrono::hours(1),
           .run = [&deps](const Context& ctx, const api::LiferayEnvironment& environment) {
             return KeepRetention(ctx, deps, environment);
           }}};
}

}  // namespace lc2::control
