#include "control/upkeep.h"

#include "base/hash.h"
#include "control/apply_retention.h"
#include "control/collect.h"
#include "control/schedule_reconciler.h"

namespace lc2::control {

namespace {

// Before the first backup there is no vault, and nothing to keep or collect.
Result<void> NothingThere(const Error& error) {
  return error.kind == ErrorKind::kNotFound ? Result<void>() : Result<void>(error);
}

Result<void> RunSchedules(const Context& ctx, const Deps& deps,
                          const api::LiferayEnvironment& environment) {
  const Result<void> done = ReconcileSchedules(ctx, deps, environment);
  // Somebody else wrote at the same time: the next look comes soon.
  if (!done.has_value() && done.error().kind == ErrorKind::kConflict) return {};
  return done;
}

Result<void> KeepRetention(const Context& ctx, const Deps& deps,
                           const api::LiferayEnvironment& environment) {
  Result<EnvironmentVault> at =
      OpenEnvironment(ctx, deps, api::IdOf(environment), provider::VaultAccess::kWrite);
  if (!at.has_value()) return NothingThere(at.error());
  LC2_ASSIGN_OR_RETURN(const RetentionReport report, ApplyRetention(ctx, deps, *at));
  if (report.requested + report.withdrawn + report.deleted > 0) {
    ctx.log().Info("retention", {{"environment", at->id().str()},
                                 {"requested", std::to_string(report.requested)},
                                 {"withdrawn", std::to_string(report.withdrawn)},
                                 {"deleted", std::to_string(report.deleted)}});
  }
  return {};
}

Result<void> CollectGarbage(const Context& ctx, const Deps& deps,
                            const api::LiferayEnvironment& environment) {
  const EnvironmentId env = api::IdOf(environment);
  const Result<CollectionReport> report =
      CollectEnvironment(ctx, deps, env, {.full = IsFullMergeDay(env, ctx.clock().Now())});
  if (!report.has_value()) return NothingThere(report.error());
  if (report->removed_objects > 0) {
    ctx.log().Info("collection", {{"environment", report->env.str()},
                                  {"objects", std::to_string(report->removed_objects)},
                                  {"bytes", std::to_string(report->removed_bytes)}});
  }
  return {};
}

}  // namespace

bool IsFullMergeDay(const EnvironmentId& env, Time now) {
  constexpr unsigned kDays = 28;  // of the shortest month
  const std::string digest = Sha256Hex(env.str());
  const auto day = std::stoul(digest.substr(0, 8), nullptr, 16) % kDays + 1;
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
  return static_cast<unsigned>(today.day()) == day;
}

std::vector<PeriodicTask> UpkeepTasks(const Deps& deps) {
  return {{.name = "schedules",
           .every = std::chrono::seconds(5),
           .run =
               [&deps](const Context& ctx, const api::LiferayEnvironment& environment) {
                 return RunSchedules(ctx, deps, environment);
               }},
          {.name = "retention",
           .every = std::chrono::hours(1),
           .run =
               [&deps](const Context& ctx, const api::LiferayEnvironment& environment) {
                 return KeepRetention(ctx, deps, environment);
               }},
          {.name = "collection",
           .every = std::chrono::hours(24),
           .run = [&deps](const Context& ctx, const api::LiferayEnvironment& environment) {
             return CollectGarbage(ctx, deps, environment);
           }}};
}

}  // namespace lc2::control
