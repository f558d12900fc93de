#include "control/restore_reconciler.h"

#include <fmt/core.h>

#include "api/backup_id.h"
#include "api/restore_request.h"
#include "api/rules.h"
#include "api/spec_hash.h"
#include "base/hash.h"
#include "codec/described.h"
#include "control/backup_status.h"
#include "engine/restore.h"
#include "vault/deletion.h"
#include "vault/request_record.h"
#include "vault/run.h"

namespace lc2::control {

namespace {

using api::ConditionStatus;

constexpr std::size_t kMaxAttempts = 3;
constexpr std::string_view kSafeguardStep = "safeguard";

// The backup request that a restore's log asked for as safeguard, and whether it is done.
struct Safeguard {
  std::string request;
  bool done = false;
};
std::optional<Safeguard> SafeguardOf(const vault::RunFacts& run) {
  std::optional<Safeguard> found;
  for (const vault::ControlStep& step : run.steps) {
    if (step.name != kSafeguardStep || !step.facts.is_object()) continue;
    const codec::Json* name = step.facts.get_object().if_contains("backupRequest");
    if (name == nullptr || !name->is_string()) continue;
    found = Safeguard{.request = std::string(name->get_string()), .done = step.state == "Done"};
  }
  return found;
}

class RestoreReconciler {
 public:
  RestoreReconciler(const Context& ctx, const Deps& deps, api::RestoreRequest request)
      : ctx_(ctx), deps_(deps), request_(std::move(request)) {}

  Result<Reconciled> Run() {
    Result<EnvironmentVault> at =
        OpenNamespace(ctx_, deps_, request_.metadata.namespace_, provider::VaultAccess::kWrite);
    if (!at.has_value()) return RefuseUnlessTransient(at.error());
    at_.emplace(std::move(at).value());
    if (const auto allowed = CheckAllowed(); !allowed.has_value()) {
      return Refuse("NotAllowed", allowed.error());
    }
    const auto record =
        vault::ReadRequestRecord(ctx_, store(), env(), vault::RunKind::kRestore,
                                 request_.metadata.name);
    if (!record.has_value() && record.error().kind != ErrorKind::kNotFound) return record.error();
    // A request that was accepted before is adopted: its target is not empty any more.
    if (request_.spec.dry_run || !record.has_value()) {
      LC2_ASSIGN_OR_RETURN(const bool go_on, Plan());
      if (!go_on) return ShowPlan();
    }
    LC2_ASSIGN_OR_RETURN(const vault::AcceptedRequest accepted,
                         vault::AcceptRequest(ctx_, vault(), env(), vault::RunKind::kRestore,
                                              Ref(), api::SpecHash(request_)));
    if (accepted.acceptance == vault::Acceptance::kNameReused) return RefuseName();
    return GoOn(accepted.record);
  }

 private:
  const vault::Vault& vault() const { return at_->session->vault(); }
  ObjectStore& store() const { return at_->session->store(); }
  EnvironmentId env() const { return at_->id(); }
  vault::RequestRef Ref() const {
    return {.name_space = request_.metadata.namespace_, .name = request_.metadata.name};
  }
  bool Confirmed() const {
    return request_.spec.strategy == api::RestoreStrategy::kOverwrite &&
           request_.spec.confirm == "Overwrite";
  }

  Result<void> CheckAllowed() const {
    const api::Faults faults = api::CheckAgainstEnvironment(request_, at_->environment);
    if (!faults.empty()) {
      return api::FaultsError(fmt::format("restore request '{}' names what its environment does not",
                                          request_.metadata.name),
                              faults);
    }
    if (api::SourceOf(request_, at_->environment) != env()) {
      return NotSupported("restoring the backup of another environment",
                          "restore it into the environment that it came from");
    }
    if (request_.spec.engine != api::RestoreEngine::kBuiltin) {
      return NotSupported("engine 'argo'", "use engine 'builtin'");
    }
    if (request_.spec.database.point_in_time) {
      return NotSupported("restoring to a point in time", "choose a backup instead");
    }
    if (at_->environment.spec.restore.required_approvals > 0) {
      return NotSupported("an environment whose restores need approvals",
                          "set restore.requiredApprovals to 0");
    }
    return {};
  }

  static Error NotSupported(std::string_view what, std::string hint) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "restore.not_supported",
                 .message = fmt::format("{} is not supported by this release", what),
                 .hint = std::move(hint)};
  }

  // True if the restore may begin. Otherwise the plan or the refusal is in the status.
  Result<bool> Plan() {
    Result<vault::OpenedBackup> backup =
        OpenTrusted(ctx_, deps_, *at_, BackupId(request_.spec.backup_id),
                    at_->environment.spec.restore.require_signature);
    if (!backup.has_value()) {
      if (FactsOf(backup.error().kind).retryable) return std::move(backup).error();
      refusal_ = backup.error();
      refusal_reason_ = FactsOf(backup.error().kind).name;
      return false;
    }
    const bool overwrite = Confirmed();
    Result<engine::RestorePlan> plan =
        engine::PlanRestore(ctx_, deps_.provider, store(), *backup,
                            {.environment = at_->environment,
                             .location = at_->location,
                             .type = request_.spec.restore_type,
                             .overwrite = overwrite,
                             .database = request_.spec.database,
                             .library = request_.spec.document_library});
    if (!plan.has_value()) {
      refusal_ = plan.error();
      refusal_reason_ = FactsOf(plan.error().kind).name;
      return false;
    }
    plan_ = std::move(plan).value();
    backup_run_ = backup->facts.run;
    if (!plan_->conflicts.empty()) {
      const engine::PlanConflict& first = plan_->conflicts.front();
      refusal_reason_ = first.reason;
      refusal_ = Error{.kind = ErrorKind::kConflict,
                       .code = "restore.conflict",
                       .message = first.message,
                       .hint = first.hint};
    }
    return !request_.spec.dry_run && plan_->conflicts.empty();
  }

  Result<Reconciled> ShowPlan() {
    if (plan_) {
      request_.status.plan = codec::Encode(*plan_);
      request_.status.plan_digest = Sha256Tagged(codec::CanonicalJson(request_.status.plan));
    }
    if (refusal_) return Refuse(refusal_reason_, *refusal_);
    Set("Accepted", ConditionStatus::kTrue, "Planned");
    Set("Planned", ConditionStatus::kTrue, "DryRun");
    Set("Succeeded", ConditionStatus::kTrue, "Planned", "a dry run: nothing was changed");
    return Publish({.terminal = true, .error = {}});
  }

  Result<Reconciled> GoOn(const vault::RequestRecord& record) {
    LC2_ASSIGN_OR_RETURN(const vault::ControlLog log,
                         vault::CurrentRun(ctx_, store(), env(), record.run_id));
    run_ = vault::Fold(log);
    if (!run_.opened) LC2_RETURN_IF_ERROR(Open(record));
    std::optional<Error> failed;
    if (run_.open()) {
      LC2_ASSIGN_OR_RETURN(const bool ready, SafeguardReady());
      if (ready) LC2_RETURN_IF_ERROR(Advance());
    }
    return ShowRun();
  }

  Result<void> Open(const vault::RequestRecord& record) {
    if (!plan_) {
      // Accepted, but never opened: whoever accepted it died in between.
      LC2_ASSIGN_OR_RETURN(const bool go_on, Plan());
      if (!go_on) return refusal_.value_or(Error{});
    }
    const Time now = std::chrono::floor<std::chrono::seconds>(ctx_.clock().Now());
    LC2_ASSIGN_OR_RETURN(
        const vault::StartedRun started,
        vault::StartRun(
            ctx_, vault(), env(),
            {.first_run = record.run_id,
             .kind = vault::RunKind::kRestore,
             .request = Ref(),
             .spec_digest = record.spec_digest,
             .backup_id = {},
             .source = vault::RestoreSource{.project_id = env().project,
                                            .environment = env().environment,
                                            .backup_id = BackupId(request_.spec.backup_id),
                                            .run_id = *backup_run_},
             .initiator =
                 request_.spec.requested_by.empty() ? deps_.who : request_.spec.requested_by,
             .timestamp = now,
             .expires_at = {},
             .who = deps_.who},
            [](const Context&) { return Result<vault::RunChoice>(vault::RunChoice{}); }));
    run_ = started.facts;
    if (plan_->target_filled && request_.spec.safeguard) {
      return RecordStep("Begun", api::MakeBackupId(env(), now).str());
    }
    return {};
  }

  Result<void> RecordStep(const std::string& state, const std::string& request) {
    LC2_ASSIGN_OR_RETURN(
        const vault::ControlLog log,
        vault::AppendEvent(
            ctx_, vault(), env(), run_.run,
            [&](const vault::ControlLog&, const vault::RunFacts& facts)
                -> Result<std::optional<vault::Event>> {
              const std::optional<Safeguard> seen = SafeguardOf(facts);
              if (seen && (seen->done || state == "Begun")) return std::optional<vault::Event>();
              return std::optional(vault::Event{
                  .body = vault::ControlStep{.name = std::string(kSafeguardStep),
                                             .state = state,
                                             .facts = codec::JsonObject{{"backupRequest", request}}},
                  .who = deps_.who,
                  .why = "restore of a target that is not empty"});
            }));
    run_ = vault::Fold(log);
    return {};
  }

  // The target's own backup, made before anything of it is replaced.
  Result<bool> SafeguardReady() {
    const std::optional<Safeguard> safeguard = SafeguardOf(run_);
    if (!safeguard || safeguard->done) return true;
    if (request_.spec.cancel) return true;
    api::BackupRequest backup;
    backup.metadata.name = safeguard->request;
    backup.metadata.namespace_ = request_.metadata.namespace_;
    backup.metadata.labels = api::StandardLabels(env());
    backup.metadata.annotations[kSafeguardAnnotation] = request_.metadata.name;
    backup.spec.project_id = env().project.str();
    backup.spec.environment = env().environment.str();
    const auto created = CreateAs(ctx_, deps_.resources, backup);
    if (!created.has_value() && created.error().kind != ErrorKind::kAlreadyExists) {
      return created.error();
    }
    LC2_ASSIGN_OR_RETURN(const Reconciled made,
                         ReconcileBackup(ctx_, deps_, backup.metadata.namespace_,
                                         backup.metadata.name));
    if (!made.terminal) {
      waiting_for_safeguard_ = true;
      return false;
    }
    if (made.error) {
      LC2_RETURN_IF_ERROR(
          Close(vault::AbandonReason::kFailed,
                {.kind = made.error->kind,
                 .code = "restore.safeguard_failed",
                 .message = fmt::format("the safeguard backup '{}' of the target failed",
                                        safeguard->request),
                 .hint = "nothing was changed; restore with `--no-safeguard` to go without it",
                 .cause = Share(*made.error)}));
      return false;
    }
    LC2_RETURN_IF_ERROR(RecordStep("Done", safeguard->request));
    return true;
  }

  Result<void> Advance() {
    if (request_.spec.cancel) return Cancel();
    if (run_.attempts.empty()) return LaunchNext();
    const AttemptName attempt{run_.run, run_.attempts.back()};
    LC2_ASSIGN_OR_RETURN(const AttemptStatus status, deps_.platform.Status(ctx_, attempt));
    progress_ = status.progress;
    switch (status.phase) {
      case AttemptPhase::kRunning: return {};
      case AttemptPhase::kFailed: return Close(vault::AbandonReason::kFailed, *status.error);
      case AttemptPhase::kSucceeded: return Finish(attempt.attempt, status.result);
      case AttemptPhase::kLost: break;
    }
    // What a lost attempt wrote cannot be told from what somebody else wrote since: only who agreed
    // to overwrite gets another one by itself.
    if (Confirmed() && run_.attempts.size() < kMaxAttempts) return LaunchNext();
    return Close(vault::AbandonReason::kLost,
                 {.kind = ErrorKind::kUnavailable,
                  .code = "attempt.lost",
                  .message = "the restore's attempt ended without a word",
                  .hint = "look at the target; restore again with strategy Overwrite and `--yes` to "
                          "replace what it left"});
  }

  Result<void> LaunchNext() {
    LC2_ASSIGN_OR_RETURN(const vault::OpenedBackup backup,
                         OpenTrusted(ctx_, deps_, *at_, BackupId(request_.spec.backup_id),
                                     at_->environment.spec.restore.require_signature));
    LC2_ASSIGN_OR_RETURN(const AttemptId attempt,
                         vault::StartAttempt(ctx_, vault(), env(), run_.run, deps_.who));
    // A restore reads everything that the environment holds: who asked for it is on record.
    LC2_RETURN_IF_ERROR(
        vault().audit->Append(ctx_, {.action = "restore.read",
                                     .who = run_.opened->initiator,
                                     .environment = env().str(),
                                     .subject = request_.spec.backup_id,
                                     .detail = codec::JsonObject{{"run", run_.run.str()}}}));
    return deps_.platform.Launch(
        ctx_, engine::RestoreRun{.run = run_.run,
                                 .attempt = attempt,
                                 .backup_id = BackupId(request_.spec.backup_id),
                                 .manifest_digest = backup.manifest_digest,
                                 .environment = at_->environment,
                                 .location = at_->location,
                                 .type = request_.spec.restore_type,
                                 .overwrite = Confirmed(),
                                 .database = request_.spec.database,
                                 .library = request_.spec.document_library});
  }

  Result<void> Finish(const AttemptId& attempt, const codec::Json& result) {
    LC2_ASSIGN_OR_RETURN(const auto report, codec::Decode<engine::RestoreReport>(result));
    vault::Finished finished{.attempt = attempt, .map_digest = {}};
    // Only a map of the whole library is a base for the next backup.
    const api::RestoreType type = request_.spec.restore_type;
    if (type == api::RestoreType::kFull || type == api::RestoreType::kStorageOnly) {
      finished.map_digest = report.map_digest;
    }
    LC2_ASSIGN_OR_RETURN(run_, vault::FinishRestore(ctx_, vault(), env(), run_.run, finished,
                                                    deps_.who));
    request_.status.plan = result;
    return {};
  }

  Result<void> Cancel() {
    if (!run_.attempts.empty()) {
      LC2_RETURN_IF_ERROR(
          deps_.platform.Cancel(ctx_, {.run = run_.run, .attempt = run_.attempts.back()}));
    }
    return Close(vault::AbandonReason::kCancelled, {.kind = ErrorKind::kCancelled,
                                                    .code = "call.cancelled",
                                                    .message = "the restore was cancelled"});
  }

  Result<void> Close(vault::AbandonReason reason, const Error& error) {
    LC2_ASSIGN_OR_RETURN(
        run_, vault::AbandonRun(
                  ctx_, vault(), env(), run_.run,
                  {.reason = reason, .heir = {}, .error = EncodeError(error), .consistency = {}},
                  deps_.who, error.code));
    return {};
  }

  Result<Reconciled> ShowRun() {
    api::RestoreRequestStatus& status = request_.status;
    status.start_time = run_.opened->timestamp;
    status.completion_time = run_.closed_at;
    status.initiator = run_.opened->initiator;
    status.attempts = static_cast<std::int64_t>(run_.attempts.size());
    if (plan_ && run_.open()) {
      status.plan = codec::Encode(*plan_);
      status.plan_digest = Sha256Tagged(codec::CanonicalJson(status.plan));
    }
    Set("Accepted", ConditionStatus::kTrue, "Accepted");
    if (run_.open()) {
      Set("Reconciling", ConditionStatus::kTrue, waiting_for_safeguard_ ? "Safeguard" : "Running");
      if (progress_) status.progress = ToStatus(*progress_);
      return Publish({.terminal = false, .error = {}});
    }
    status.progress.reset();
    Set("Reconciling", ConditionStatus::kFalse, "Done");
    if (run_.finished) {
      Set("Succeeded", ConditionStatus::kTrue, "Restored");
      Set("ReindexNeeded", ConditionStatus::kTrue, "SearchIndexNotBackedUp",
          "start the portal and reindex: Control Panel > Search > Index Actions");
      return Publish({.terminal = true, .error = {}});
    }
    const Error error = DecodeError(run_.abandoned->error);
    status.error = api::ToErrorStatus(error);
    Set("Succeeded", ConditionStatus::kFalse,
        run_.abandoned->reason == vault::AbandonReason::kCancelled
            ? "Cancelled"
            : std::string(FactsOf(error.kind).name),
        Describe(error));
    return Publish({.terminal = true, .error = error});
  }

  void Set(std::string type, ConditionStatus state, std::string reason, std::string message = {}) {
    request_.status.conditions =
        api::SetCondition(std::move(request_.status.conditions),
                          {.type = std::move(type),
                           .status = state,
                           .reason = std::move(reason),
                           .message = std::move(message),
                           .observed_generation = request_.metadata.generation},
                          ctx_.clock().Now());
  }

  Result<Reconciled> Publish(Reconciled reconciled) {
    request_.status.observed_generation = request_.metadata.generation;
    request_.status.state = api::DeriveRestoreState(request_);
    LC2_ASSIGN_OR_RETURN(request_, UpdateStatusAs(ctx_, deps_.resources, request_));
    return reconciled;
  }

  Result<Reconciled> Refuse(const std::string& reason, const Error& error) {
    Set("Accepted", ConditionStatus::kFalse, reason, Describe(error));
    request_.status.error = api::ToErrorStatus(error);
    return Publish({.terminal = true, .error = error});
  }

  Result<Reconciled> RefuseUnlessTransient(const Error& error) {
    if (FactsOf(error.kind).retryable) return error;
    return Refuse(std::string(FactsOf(error.kind).name), error);
  }

  Result<Reconciled> RefuseName() {
    return Refuse("NameReused",
                  {.kind = ErrorKind::kAlreadyExists,
                   .code = "request.name_reused",
                   .message = fmt::format("a restore request '{}' with another spec was accepted "
                                          "before",
                                          request_.metadata.name),
                   .hint = "choose another name: a second restore is a request of its own"});
  }

  const Context& ctx_;
  const Deps& deps_;
  api::RestoreRequest request_;
  std::optional<EnvironmentVault> at_;
  std::optional<engine::RestorePlan> plan_;
  std::optional<RunId> backup_run_;
  std::optional<Error> refusal_;
  std::string refusal_reason_;
  vault::RunFacts run_;
  std::optional<Progress> progress_;
  bool waiting_for_safeguard_ = false;
};

}  // namespace

Result<Reconciled> ReconcileRestore(const Context& ctx, const Deps& deps,
                                    const std::string& name_space, const std::string& name) {
  LC2_ASSIGN_OR_RETURN(api::RestoreRequest request,
                       GetAs<api::RestoreRequest>(ctx, deps.resources, name_space, name));
  return RestoreReconciler(ctx, deps, std::move(request)).Run();
}

Result<bool> IsSafeguard(const Context& ctx, const Deps&, EnvironmentVault& at,
                         const api::ObjectMeta& request) {
  const auto found = request.annotations.find(kSafeguardAnnotation);
  if (found == request.annotations.end()) return false;
  const auto record = vault::ReadRequestRecord(ctx, at.session->store(), at.id(),
                                               vault::RunKind::kRestore, found->second);
  if (!record.has_value()) {
    if (FactsOf(record.error().kind).retryable) return record.error();
    return false;
  }
  LC2_ASSIGN_OR_RETURN(const vault::ControlLog log,
                       vault::CurrentRun(ctx, at.session->store(), at.id(), record->run_id));
  const std::optional<Safeguard> safeguard = SafeguardOf(vault::Fold(log));
  return safeguard && safeguard->request == request.name;
}

}  // namespace lc2::control
