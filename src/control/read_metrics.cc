#include "control/read_metrics.h"

#include "api/backup_schedule.h"
#include "control/schedule.h"

namespace lc2::control {

namespace {

Result<void> AddLastSucceeded(const Context& ctx, const Deps& deps,
                              const api::LiferayEnvironment& environment, MetricsInput& input) {
  LC2_ASSIGN_OR_RETURN(const catalog::BackupPage page,
                       deps.catalog.List(ctx, {.project_id = environment.spec.project_id,
                                               .environment = environment.spec.environment,
                                               .location = {},
                                               .states = {catalog::BackupState::kSucceeded},
                                               .backup_type = {},
                                               .database_type = {},
                                               .since = {},
                                               .until = {},
                                               .limit = 1,
                                               .cursor = {}}));
  input.last_succeeded.insert(input.last_succeeded.end(), page.records.begin(), page.records.end());
  return {};
}

Result<void> AddSchedules(const Context& ctx, const Deps& deps,
                          const api::LiferayEnvironment& environment, MetricsInput& input) {
  LC2_ASSIGN_OR_RETURN(
      const auto schedules,
      ListAs<api::BackupSchedule>(ctx, deps.resources, api::NamespaceOf(environment)));
  for (const api::BackupSchedule& schedule : schedules) {
    ScheduleFigures figures{.project_id = environment.spec.project_id,
                            .environment = environment.spec.environment,
                            .schedule = schedule.metadata.name,
                            .expected_interval = {},
                            .last_missed = schedule.status.last_missed_time};
    const auto timetable = Timetable::Of(schedule);
    if (timetable.has_value() && !schedule.spec.suspend) {
      figures.expected_interval = ExpectedInterval(*timetable, ctx.clock().Now());
    }
    input.schedules.push_back(std::move(figures));
  }
  return {};
}

}  // namespace

Result<MetricsInput> ReadMetrics(const Context& ctx, const Deps& deps) {
  LC2_ASSIGN_OR_RETURN(const auto environments,
                       ListAs<api::LiferayEnvironment>(ctx, deps.resources));
  MetricsInput input;
  for (const api::LiferayEnvironment& environment : environments) {
    LC2_RETURN_IF_ERROR(AddLastSucceeded(ctx, deps, environment, input));
    LC2_RETURN_IF_ERROR(AddSchedules(ctx, deps, environment, input));
  }
  return input;
}

}  // namespace lc2::control
