#include "control/restore_status.h"

#include "base/hash.h"
#include "codec/described.h"
#include "control/backup_status.h"
#include "control/run_error.h"
#include "control/status_writer.h"

namespace lc2::control {

namespace {

using api::ConditionStatus;

class StatusBuilder : public StatusWriter<api::RestoreRequest, api::DeriveRestoreState> {
 public:
  StatusBuilder(const api::RestoreRequest& request, Time now) : StatusWriter(request, now) {
    status().error.reset();
  }

  void SetError(const Error& error) {
    status().error = api::ToErrorStatus(error);
    status().error->message = Recordable(status().error->message);
    status().error->hint = Recordable(status().error->hint);
  }
  void SetPlan(const engine::RestorePlan& plan) {
    status().plan = codec::Encode(plan);
    status().plan_digest = Sha256Tagged(codec::CanonicalJson(status().plan));
  }
};

void FillAbandoned(StatusBuilder& builder, const vault::Abandoned& abandoned) {
  const Error error = DecodeError(abandoned.error);
  builder.SetError(error);
  builder.Set("Succeeded", ConditionStatus::kFalse, ReasonOf(abandoned), MessageOf(error));
}

}  // namespace

api::RestoreRequestStatus MakeRestoreStatus(const api::RestoreRequest& request,
                                            const RestoreView& view, Time now) {
  StatusBuilder builder(request, now);
  const vault::RunFacts& run = *view.run;
  api::RestoreRequestStatus& status = builder.status();
  status.start_time = run.opened->timestamp;
  status.completion_time = run.closed_at;
  status.initiator = run.opened->initiator;
  status.attempts = static_cast<std::int64_t>(run.attempts.size());
  builder.Set("Accepted", ConditionStatus::kTrue, "Accepted");
  if (run.open()) {
    if (view.plan != nullptr) builder.SetPlan(*view.plan);
    if (view.progress) status.progress = ToStatus(*view.progress);
    builder.Set("Reconciling", ConditionStatus::kTrue,
                view.waits_for_safeguard ? "Safeguard" : "Running");
    builder.Set("Succeeded", ConditionStatus::kUnknown, "Running");
    return builder.Finish();
  }
  status.progress.reset();
  builder.Set("Reconciling", ConditionStatus::kFalse, "Done");
  if (run.abandoned) {
    FillAbandoned(builder, *run.abandoned);
    return builder.Finish();
  }
  if (!view.report.is_null()) status.plan = view.report;
  builder.Set("Succeeded", ConditionStatus::kTrue, "Restored");
  builder.Set("ReindexNeeded", ConditionStatus::kTrue, "SearchIndexNotBackedUp",
              "start the portal and reindex: Control Panel > Search > Index Actions");
  return builder.Finish();
}

api::RestoreRequestStatus MakePlannedStatus(const api::RestoreRequest& request,
                                            const engine::RestorePlan& plan, Time now) {
  StatusBuilder builder(request, now);
  builder.SetPlan(plan);
  builder.Set("Accepted", ConditionStatus::kTrue, "Planned");
  builder.Set("Planned", ConditionStatus::kTrue, "DryRun");
  builder.Set("Succeeded", ConditionStatus::kTrue, "Planned", "a dry run: nothing was changed");
  return builder.Finish();
}

api::RestoreRequestStatus MakeRefusedStatus(const api::RestoreRequest& request,
                                            const engine::RestorePlan* plan,
                                            const std::string& reason, const Error& error,
                                            Time now) {
  StatusBuilder builder(request, now);
  if (plan != nullptr) builder.SetPlan(*plan);
  builder.SetError(error);
  builder.Set("Accepted", ConditionStatus::kFalse, reason, MessageOf(error));
  builder.Set("Reconciling", ConditionStatus::kFalse, reason);
  return builder.Finish();
}

api::RestoreRequestStatus MakeStalledStatus(const api::RestoreRequest& request, const Error& error,
                                            Time now) {
  StatusBuilder builder(request, now);
  builder.SetError(error);
  builder.Set("Stalled", ConditionStatus::kTrue, std::string(FactsOf(error.kind).name),
              MessageOf(error));
  return builder.Finish();
}

}  // namespace lc2::control
