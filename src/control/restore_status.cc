#include "control/restore_status.h"

#include "base/hash.h"
#include "codec/described.h"
#include "control/backup_status.h"
#include "control/run_error.h"

namespace lc2::control {

namespace {

using api::ConditionStatus;

class StatusBuilder {
 public:
  StatusBuilder(const api::RestoreRequest& request, Time now)
      : request_(request), status_(request.status), now_(now) {
    status_.observed_generation = request.metadata.generation;
    // What one look sets, the next one takes back unless it still holds.
    std::erase_if(status_.conditions, [](const auto& known) { return known.type == "Stalled"; });
    status_.error.reset();
  }

  void Set(std::string type, ConditionStatus status, std::string reason, std::string message = {}) {
    status_.conditions = api::SetCondition(std::move(status_.conditions),
                                           {.type = std::move(type),
                                            .status = status,
                                            .reason = std::move(reason),
                                            .message = std::move(message),
                                            .observed_generation = request_.metadata.generation},
                                           now_);
  }
  void SetError(const Error& error) {
    status_.error = api::ToErrorStatus(error);
    status_.error->message = Recordable(status_.error->message);
    status_.error->hint = Recordable(status_.error->hint);
  }
  void SetPlan(const engine::RestorePlan& plan) {
    status_.plan = codec::Encode(plan);
    status_.plan_digest = Sha256Tagged(codec::CanonicalJson(status_.plan));
  }

  api::RestoreRequestStatus& status() { return status_; }

  api::RestoreRequestStatus Finish() {
    api::RestoreRequest with = request_;
    with.status = status_;
    status_.state = api::DeriveRestoreState(with);
    return std::move(status_);
  }

 private:
  const api::RestoreRequest& request_;
  api::RestoreRequestStatus status_;
  const Time now_;
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
