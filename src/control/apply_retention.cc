#include "control/apply_retention.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "api/backup_schedule.h"
#include "control/backup_actions.h"
#include "control/soundness.h"
#include "vault/deletion.h"

namespace lc2::control {

namespace {

RunOutcome OutcomeOf(const vault::RunFacts& run, Soundness& soundness) {
  if (run.committed) return soundness.IsSound(run) ? RunOutcome::kGood : RunOutcome::kDamaged;
  return RunOutcome::kOpen;
}

RunToRetain ToRetain(const vault::RunFacts& run, Soundness& soundness) {
  RunToRetain retained{.id = *run.opened->backup_id,
                       .run = run.run,
                       .made_at = run.opened->timestamp,
                       .outcome = OutcomeOf(run, soundness),
                       .expires_at = run.expires_at,
                       .hold = run.hold,
                       .deleted = run.deleted};
  if (!run.opened->schedule.empty()) retained.schedule = run.opened->schedule;
  if (run.delete_not_before) {
    retained.deletion = PendingDeletion{.not_before = *run.delete_not_before,
                                        .requested_by = run.delete_requested_by};
  }
  return retained;
}

// An environment's logs and what follows from them.
struct Plan {
  std::map<RunId, std::int64_t> entries;  // of each log that it was made from
  std::vector<RetentionDecision> decisions;
};

// The rules of the schedules that are there now; a backup of one that is gone has none.
Result<RetentionPolicy> PolicyOf(const Context& ctx, const Deps& deps, const EnvironmentVault& at) {
  LC2_ASSIGN_OR_RETURN(
      const auto schedules,
      ListAs<api::BackupSchedule>(ctx, deps.resources, api::NamespaceOf(at.environment)));
  RetentionPolicy policy{.schedules = {},
                         .soft_delete = std::chrono::days(at.location.spec.soft_delete_days)};
  for (const api::BackupSchedule& schedule : schedules) {
    const api::ScheduleRetention& rules = schedule.spec.retention;
    policy.schedules[schedule.metadata.name] = {.last = rules.last,
                                                .hourly = rules.hourly,
                                                .daily = rules.daily,
                                                .weekly = rules.weekly,
                                                .monthly = rules.monthly,
                                                .yearly = rules.yearly};
  }
  return policy;
}

Result<Plan> MakePlan(const Context& ctx, const Deps& deps, EnvironmentVault& at, Time now) {
  LC2_ASSIGN_OR_RETURN(const vault::RunList list,
                       vault::ListRuns(ctx, at.session->store(), at.id()));
  if (!list.damaged.empty()) {
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "retention.unreadable_log",
                 .message = fmt::format("nothing is decided about the backups of '{}': {}",
                                        at.id().str(), Describe(list.damaged.front())),
                 .hint = "all backups stay; bring that log back from a copy of the vault"};
  }
  Soundness soundness(list.runs);
  Plan plan;
  std::vector<RunToRetain> runs;
  for (const vault::RunFacts& run : list.runs) {
    if (run.opened->kind != vault::RunKind::kBackup || run.abandoned) continue;
    plan.entries.emplace(run.run, run.entries);
    runs.push_back(ToRetain(run, soundness));
  }
  LC2_ASSIGN_OR_RETURN(const RetentionPolicy policy, PolicyOf(ctx, deps, at));
  plan.decisions = DecideRetention(runs, policy, now);
  return plan;
}

// Reasons as one text for the log.
std::string Joined(const std::vector<std::string>& reasons) {
  std::string text;
  for (const std::string& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
  return text;
}

class Retention {
 public:
  Retention(const Context& ctx, const Deps& deps, EnvironmentVault& at)
      : ctx_(ctx), deps_(deps), at_(at) {}

  Result<RetentionReport> Apply() {
    LC2_ASSIGN_OR_RETURN(Plan plan, MakePlan(ctx_, deps_, at_, ctx_.clock().Now()));
    for (const RetentionDecision& decision : plan.decisions) {
      LC2_RETURN_IF_ERROR(Write(decision, plan.entries.at(decision.run)));
    }
    report_.decisions = std::move(plan.decisions);
    LC2_RETURN_IF_ERROR(DeleteWhatIsDue());
    return std::move(report_);
  }

 private:
  // Requests and withdrawals: both can be undone.
  Result<void> Write(const RetentionDecision& decision, std::int64_t seen) {
    const vault::By by = ByOf(decision, seen);
    if (decision.action == RetentionAction::kRequestDeletion) {
      return Take(
          vault::RequestDeletion(ctx_, vault(), at_.id(), decision.run, *decision.not_before, by),
          report_.requested);
    }
    if (decision.action == RetentionAction::kWithdrawDeletion) {
      return Take(vault::WithdrawDeletion(ctx_, vault(), at_.id(), decision.run, by),
                  report_.withdrawn);
    }
    return {};
  }

  // One at a time, each from a plan of its own: the backup that made this one dispensable may be
  // found damaged meanwhile.
  Result<void> DeleteWhatIsDue() {
    std::set<RunId> tried;
    while (true) {
      LC2_RETURN_IF_ERROR(ctx_.Check());
      LC2_ASSIGN_OR_RETURN(const Plan plan, MakePlan(ctx_, deps_, at_, ctx_.clock().Now()));
      const auto due = std::find_if(
          plan.decisions.begin(), plan.decisions.end(), [&](const RetentionDecision& decision) {
            return decision.action == RetentionAction::kDelete && !tried.contains(decision.run);
          });
      if (due == plan.decisions.end()) return {};
      tried.insert(due->run);
      LC2_RETURN_IF_ERROR(Take(vault::ExecuteDeletion(ctx_, vault(), at_.id(), due->run,
                                                      ByOf(*due, plan.entries.at(due->run))),
                               report_.deleted));
    }
  }

  // Counts and shows what was recorded. Somebody else's decision on the same backup stands.
  Result<void> Take(const Result<vault::RunFacts>& recorded, std::int64_t& count) {
    if (!recorded.has_value()) {
      if (recorded.error().kind != ErrorKind::kConflict) return recorded.error();
      ctx_.log().Info("left for the next look", {{"error", Describe(recorded.error())}});
      ++report_.left;
      return {};
    }
    ++count;
    ShowBackup(ctx_, deps_, at_, *recorded);
    return {};
  }

  static vault::By ByOf(const RetentionDecision& decision, std::int64_t seen) {
    return {.who = kRetentionWho, .why = Joined(decision.reasons), .seen = seen};
  }
  const vault::Vault& vault() const { return at_.session->vault(); }

  const Context& ctx_;
  const Deps& deps_;
  EnvironmentVault& at_;
  RetentionReport report_;
};

}  // namespace

Result<std::vector<RetentionDecision>> PlanRetention(const Context& ctx, const Deps& deps,
                                                     EnvironmentVault& at, Time now) {
  LC2_ASSIGN_OR_RETURN(Plan plan, MakePlan(ctx, deps, at, now));
  return std::move(plan.decisions);
}

Result<RetentionReport> ApplyRetention(const Context& ctx, const Deps& deps, EnvironmentVault& at) {
  return Retention(ctx, deps, at).Apply();
}

}  // namespace lc2::control
