#include "control/schedule_reconciler.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/time_format.h"
#include "control/schedule.h"

namespace lc2::control {

namespace {

// A schedule's request that is gone meanwhile is nothing to worry about.
Result<void> UnlessGone(Result<void> done) {
  if (done.has_value() || done.error().kind != ErrorKind::kNotFound) return done;
  return {};
}

class ScheduleReconciler {
 public:
  ScheduleReconciler(const Context& ctx, const Deps& deps,
                     const api::LiferayEnvironment& environment, api::BackupSchedule schedule)
      : ctx_(ctx),
        deps_(deps),
        environment_(environment),
        schedule_(std::move(schedule)),
        status_(schedule_.status),
        now_(ctx.clock().Now()) {}

  Result<void> Run() {
    LC2_ASSIGN_OR_RETURN(
        requests_,
        ListAs<api::BackupRequest>(ctx_, deps_.resources, schedule_.metadata.namespace_,
                                   {{std::string(api::kScheduleLabel), schedule_.metadata.name}}));
    const Result<Timetable> timetable = Timetable::Of(schedule_);
    if (!timetable.has_value()) {
      SetReady(api::ConditionStatus::kFalse, "BadSchedule", Describe(timetable.error()));
      status_.next_time.reset();
    } else {
      LC2_RETURN_IF_ERROR(Advance(*timetable));
    }
    Show();
    LC2_RETURN_IF_ERROR(Publish());
    return Tidy();
  }

 private:
  Result<void> Advance(const Timetable& timetable) {
    const ScheduleDecision decision = DecideSchedule(schedule_, timetable, Unfinished(), now_);
    if (schedule_.spec.suspend) {
      SetReady(api::ConditionStatus::kTrue, "Suspended");
    } else if (decision.action == ScheduleAction::kWait) {
      SetReady(api::ConditionStatus::kTrue, "Waiting",
               fmt::format("the backup of {} is made when those before it are finished",
                           FormatRfc3339(*decision.firing)));
    } else {
      SetReady(api::ConditionStatus::kTrue, "Scheduled");
    }
    if (decision.missed) Miss(*decision.missed);
    if (decision.action == ScheduleAction::kStart) LC2_RETURN_IF_ERROR(Start(decision));
    status_.decided_until = decision.decided_until;
    status_.decided_for = decision.decided_for;
    status_.next_time = schedule_.spec.suspend ? std::nullopt : timetable.NextStart(now_);
    return {};
  }

  // Before its status says so: a crash in between finds the request by its name.
  Result<void> Start(const ScheduleDecision& decision) {
    for (const std::string& name : decision.replace) LC2_RETURN_IF_ERROR(Cancel(name));
    const Time firing = *decision.firing;
    api::BackupRequest request =
        api::RequestFrom(schedule_, environment_, FiringName(schedule_.metadata.name, firing));
    request.metadata.annotations[std::string(api::kScheduledTimeAnnotation)] =
        FormatRfc3339(firing);
    const auto created = CreateAs(ctx_, deps_.resources, request);
    if (created.has_value()) {
      ctx_.log().Info("scheduled", {{"schedule", Name()}, {"request", request.metadata.name}});
      requests_.push_back(*created);
    } else if (created.error().kind == ErrorKind::kAlreadyExists) {
      LC2_ASSIGN_OR_RETURN(const bool ours, IsOurs(request.metadata.name));
      if (!ours) {
        SetReady(api::ConditionStatus::kFalse, "NameTaken",
                 fmt::format("a request '{}' is there that this schedule has not made",
                             request.metadata.name));
        Miss(firing);
        return {};
      }
    } else {
      return created.error();
    }
    status_.last_schedule_time = std::max(status_.last_schedule_time.value_or(firing), firing);
    return {};
  }

  Result<bool> IsOurs(const std::string& name) {
    const auto found =
        GetAs<api::BackupRequest>(ctx_, deps_.resources, schedule_.metadata.namespace_, name);
    // It went between the two calls: the next look decides anew.
    if (!found.has_value()) return found.error();
    return api::ScheduleOf(*found) == schedule_.metadata.name;
  }

  Result<void> Cancel(const std::string& name) {
    auto request =
        GetAs<api::BackupRequest>(ctx_, deps_.resources, schedule_.metadata.namespace_, name);
    if (!request.has_value()) return UnlessGone(request.error());
    if (request->spec.cancel || api::IsTerminal(*request)) return {};
    request->spec.cancel = true;
    const auto changed = UpdateAs(ctx_, deps_.resources, *request);
    return changed.has_value() ? Result<void>() : UnlessGone(changed.error());
  }

  void Miss(Time firing) {
    if (status_.last_missed_time && *status_.last_missed_time >= firing) return;
    status_.last_missed_time = firing;
    ctx_.log().Warning("missed", {{"schedule", Name()}, {"time", FormatRfc3339(firing)}});
  }

  // What the requests say.
  void Show() {
    status_.observed_generation = schedule_.metadata.generation;
    status_.active = Unfinished();
    for (const api::BackupRequest& request : requests_) {
      if (!api::HasCondition(request.status.conditions, "Succeeded")) continue;
      const std::optional<Time>& ended = request.status.completion_time;
      if (ended) {
        status_.last_success_time = std::max(status_.last_success_time.value_or(*ended), *ended);
      }
    }
  }

  Result<void> Publish() {
    if (status_ == schedule_.status) return {};
    schedule_.status = status_;
    const auto shown = UpdateStatusAs(ctx_, deps_.resources, schedule_);
    return shown.has_value() ? Result<void>() : UnlessGone(shown.error());
  }

  Result<void> Tidy() {
    for (const api::BackupRequest& request : BeyondHistory(schedule_.spec, requests_)) {
      const api::ObjectMeta& metadata = request.metadata;
      const Result<void> removed = deps_.resources.Delete(
          ctx_, RefTo<api::BackupRequest>(metadata.namespace_, metadata.name),
          {.uid = metadata.uid, .resource_version = metadata.resource_version});
      LC2_RETURN_IF_ERROR(UnlessGone(removed));
    }
    return {};
  }

  std::vector<std::string> Unfinished() const {
    std::vector<std::string> names;
    for (const api::BackupRequest& request : requests_) {
      if (!api::IsTerminal(request)) names.push_back(request.metadata.name);
    }
    return names;
  }

  void SetReady(api::ConditionStatus status, std::string reason, std::string message = {}) {
    status_.conditions = api::SetCondition(std::move(status_.conditions),
                                           {.type = "Ready",
                                            .status = status,
                                            .reason = std::move(reason),
                                            .message = std::move(message),
                                            .observed_generation = schedule_.metadata.generation},
                                           now_);
  }

  std::string Name() const { return schedule_.metadata.namespace_ + "/" + schedule_.metadata.name; }

  const Context& ctx_;
  const Deps& deps_;
  const api::LiferayEnvironment& environment_;
  api::BackupSchedule schedule_;
  api::BackupScheduleStatus status_;  // as it will be shown
  const Time now_;
  std::vector<api::BackupRequest> requests_;
};

bool HasSucceeded(const api::BackupRequest& request) {
  return api::HasCondition(request.status.conditions, "Succeeded");
}

// Nobody waits for it, and nothing of its spec is still to be carried out.
bool IsHistory(const api::BackupRequest& request) {
  return api::IsTerminal(request) && request.spec.hold.reason.empty() &&
         request.status.observed_generation == request.metadata.generation;
}

}  // namespace

std::vector<api::BackupRequest> BeyondHistory(const api::BackupScheduleSpec& spec,
                                              std::vector<api::BackupRequest> requests) {
  std::erase_if(requests, [](const api::BackupRequest& request) { return !IsHistory(request); });
  const auto age = [](const api::BackupRequest& request) {
    return std::make_tuple(request.metadata.creation_timestamp, request.metadata.name);
  };
  std::sort(requests.begin(), requests.end(),
            [&](const auto& a, const auto& b) { return age(a) > age(b); });
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  std::erase_if(requests, [&](const api::BackupRequest& request) {
    return HasSucceeded(request) ? ++succeeded <= spec.successful_history_limit
                                 : ++failed <= spec.failed_history_limit;
  });
  std::reverse(requests.begin(), requests.end());
  return requests;
}

Result<void> ReconcileSchedules(const Context& ctx, const Deps& deps,
                                const api::LiferayEnvironment& environment) {
  LC2_ASSIGN_OR_RETURN(
      const std::vector<api::BackupSchedule> schedules,
      ListAs<api::BackupSchedule>(ctx, deps.resources, api::NamespaceOf(environment)));
  std::optional<Error> first;
  for (const api::BackupSchedule& schedule : schedules) {
    if (schedule.metadata.deletion_timestamp) continue;
    const Result<void> looked = ScheduleReconciler(ctx, deps, environment, schedule).Run();
    if (!looked.has_value() && !first) first = looked.error();
  }
  if (first) return *first;
  return {};
}

}  // namespace lc2::control
