#include "control/restore_reconciler.h"

#include <fmt/core.h>

#include "api/restore_request.h"
#include "api/spec_hash.h"
#include "codec/described.h"
#include "control/refusal.h"
#include "control/restore_status.h"
#include "control/run_error.h"
#include "control/safeguard.h"
#include "control/vault_session.h"
#include "engine/restore.h"
#include "vault/audit.h"
#include "vault/request_record.h"
#include "vault/run.h"

namespace lc2::control {

namespace {

class RestoreReconciler {
 public:
  RestoreReconciler(const Context& ctx, const Deps& deps, api::RestoreRequest request)
      : ctx_(ctx), deps_(deps), request_(std::move(request)) {}

  Result<Reconciled> Run() {
    Result<EnvironmentVault> at =
        OpenNamespace(ctx_, deps_, request_.metadata.namespace_, provider::VaultAccess::kWrite);
    if (!at.has_value()) return RefuseUnlessTransient(at.error());
    at_.emplace(std::move(at).value());
    const std::optional<Refusal> forbidden = CheckAllowed(request_, at_->environment);
    LC2_ASSIGN_OR_RETURN(const bool known, KnownToVault());
    // What was accepted before stays accepted: its target is not empty any more, and an environment
    // that changed since does not unmake what was done.
    if (request_.spec.dry_run || !known) {
      if (forbidden) return Refuse(*forbidden);
      LC2_RETURN_IF_ERROR(Plan());
      if (refusal_) return Refuse(*refusal_);
      if (request_.spec.dry_run) return ShowPlan();
    }
    LC2_ASSIGN_OR_RETURN(const vault::AcceptedRequest accepted,
                         vault::AcceptRequest(ctx_, vault(), env(), vault::RunKind::kRestore, Ref(),
                                              api::SpecHash(request_)));
    if (accepted.acceptance == vault::Acceptance::kNameReused) return RefuseName();
    LC2_ASSIGN_OR_RETURN(const vault::ControlLog log,
                         vault::CurrentRun(ctx_, store(), env(), accepted.record.run_id));
    run_ = vault::Fold(log);
    if (!run_.opened) {
      // It may have been accepted, but never opened, by somebody who died in between.
      if (!plan_) LC2_RETURN_IF_ERROR(Plan());
      if (refusal_) return Refuse(*refusal_);
      LC2_RETURN_IF_ERROR(Open(accepted.record));
    }
    if (run_.open()) {
      LC2_RETURN_IF_ERROR(forbidden ? Stop(vault::AbandonReason::kFailed, forbidden->error)
                                    : Advance());
    }
    return ShowRun();
  }

  void ShowStalled(const Error& error) {
    request_.status = MakeStalledStatus(request_, error, ctx_.clock().Now());
    TryUpdateStatus(ctx_, deps_, request_);
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

  Result<bool> KnownToVault() const {
    return vault::WasAccepted(ctx_, store(), env(), vault::RunKind::kRestore,
                              request_.metadata.name);
  }

  // Sets the plan, or the refusal, or both. Errors: those of a vault that cannot be reached.
  Result<void> Plan() {
    const Result<vault::OpenedBackup> backup = OpenBackup();
    if (!backup.has_value()) {
      if (FactsOf(backup.error().kind).retryable) return backup.error();
      refusal_ = RefusalFor(backup.error());
      return {};
    }
    backup_run_ = backup->facts.run;
    Result<engine::RestorePlan> plan =
        engine::PlanRestore(ctx_, deps_.provider, store(), *backup,
                            {.environment = at_->environment,
                             .location = at_->location,
                             .type = request_.spec.restore_type,
                             .overwrite = Confirmed(),
                             .database = request_.spec.database,
                             .library = request_.spec.document_library});
    if (!plan.has_value()) {
      // Also a database that cannot be reached now: nothing was accepted yet, and a person waits.
      refusal_ = RefusalFor(plan.error());
      return {};
    }
    plan_ = std::move(plan).value();
    if (plan_->conflicts.empty()) return {};
    const engine::PlanConflict& first = plan_->conflicts.front();
    refusal_ = Refusal{.reason = first.reason,
                       .error = {.kind = ErrorKind::kConflict,
                                 .code = "restore.conflict",
                                 .message = first.message,
                                 .hint = first.hint}};
    return {};
  }

  Result<vault::OpenedBackup> OpenBackup() {
    return OpenTrusted(ctx_, deps_, *at_, BackupId(request_.spec.backup_id),
                       at_->environment.spec.restore.require_signature);
  }

  Result<void> Open(const vault::RequestRecord& record) {
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
    return {};
  }

  // An open run: cancel it, see to its safeguard, launch an attempt, or take up what it came to.
  Result<void> Advance() {
    if (request_.spec.cancel) {
      return Stop(vault::AbandonReason::kCancelled, {.kind = ErrorKind::kCancelled,
                                                     .code = "call.cancelled",
                                                     .message = "the restore was cancelled"});
    }
    if (run_.attempts.empty()) return Begin();
    const AttemptName attempt{run_.run, run_.attempts.back()};
    LC2_ASSIGN_OR_RETURN(AttemptStatus status, deps_.platform.Status(ctx_, attempt));
    progress_ = status.progress;
    switch (status.phase) {
      case AttemptPhase::kRunning:
        return {};
      case AttemptPhase::kFailed:
        return Close(vault::AbandonReason::kFailed, *status.error);
      case AttemptPhase::kSucceeded:
        return Finish(attempt.attempt, std::move(status.result));
      case AttemptPhase::kLost:
        break;
    }
    // What a lost attempt wrote cannot be told from what somebody else wrote since: only who agreed
    // to overwrite gets another one by itself.
    if (Confirmed() && run_.attempts.size() < kMaxAttempts) return LaunchNext();
    RemoveUnfinished();
    return Close(
        vault::AbandonReason::kLost,
        {.kind = ErrorKind::kUnavailable,
         .code = "attempt.lost",
         .message = "the restore's attempt ended without a word",
         .hint = "look at the target; restore again with strategy Overwrite and `--yes` to "
                 "replace what it left"});
  }

  // Nothing of the target is touched yet: its own backup is made before anything is replaced. A log
  // that does not name a safeguard may be that of somebody who died before writing it, so the
  // target is looked at anew.
  Result<void> Begin() {
    std::optional<Safeguard> safeguard = SafeguardOf(run_);
    if (!safeguard) {
      if (!plan_) LC2_RETURN_IF_ERROR(Plan());
      // What cannot be looked at now does not fail what was accepted.
      if (!plan_ && refusal_ && FactsOf(refusal_->error.kind).retryable) return refusal_->error;
      if (refusal_) return Close(vault::AbandonReason::kFailed, refusal_->error);
      if (plan_->target_filled && request_.spec.safeguard) {
        LC2_ASSIGN_OR_RETURN(run_,
                             RecordSafeguard(ctx_, deps_, *at_, run_.run,
                                             {.request = "safeguard-" + vault::Run8(run_.run)}));
        safeguard = SafeguardOf(run_);
      }
    }
    if (safeguard && !safeguard->done) {
      LC2_ASSIGN_OR_RETURN(const bool ready, MakeSafeguard(*safeguard));
      if (!ready) return {};
    }
    return LaunchNext();
  }

  // Whether the safeguard is done. If it failed, the run is closed.
  Result<bool> MakeSafeguard(const Safeguard& safeguard) {
    const std::string& name_space = request_.metadata.namespace_;
    const Result<void> requested =
        RequestSafeguard(ctx_, deps_, env(), name_space, request_.metadata.name, safeguard);
    if (!requested.has_value()) {
      if (requested.error().code != "restore.safeguard_foreign") return requested.error();
      LC2_RETURN_IF_ERROR(Close(vault::AbandonReason::kFailed, requested.error()));
      return false;
    }
    const Result<Reconciled> made = ReconcileBackup(ctx_, deps_, name_space, safeguard.request);
    // A read that missed the request just made: it will be seen.
    const bool unseen = !made.has_value() && made.error().code == "resource.not_found";
    if (!made.has_value() && !unseen) return made.error();
    waits_for_safeguard_ = unseen || !made->terminal;
    if (waits_for_safeguard_) return false;
    if (!made->error) {
      LC2_ASSIGN_OR_RETURN(run_, RecordSafeguard(ctx_, deps_, *at_, run_.run,
                                                 {.request = safeguard.request, .done = true}));
      return true;
    }
    LC2_RETURN_IF_ERROR(
        Close(vault::AbandonReason::kFailed,
              {.kind = made->error->kind,
               .code = "restore.safeguard_failed",
               .message =
                   fmt::format("the safeguard backup '{}' of the target failed", safeguard.request),
               .hint = "nothing was changed; restore with `--no-safeguard` to go without it",
               .cause = Share(*made->error)}));
    return false;
  }

  Result<void> LaunchNext() {
    const Result<vault::OpenedBackup> backup = OpenBackup();
    if (!backup.has_value()) return CloseUnlessTransient(backup.error());
    // A restore reads everything that the environment holds: who asked for it is on record.
    LC2_RETURN_IF_ERROR(
        vault().audit->Append(ctx_, {.action = "restore.read",
                                     .who = run_.opened->initiator,
                                     .environment = env().str(),
                                     .subject = request_.spec.backup_id,
                                     .detail = codec::JsonObject{{"run", run_.run.str()}}}));
    LC2_ASSIGN_OR_RETURN(
        const AttemptId attempt,
        vault::StartAttempt(ctx_, vault(), env(), run_.run, deps_.who, run_.attempts.size()));
    run_.attempts.push_back(attempt);
    const Result<void> launched = deps_.platform.Launch(
        ctx_, engine::RestoreRun{.run = run_.run,
                                 .attempt = attempt,
                                 .backup_id = BackupId(request_.spec.backup_id),
                                 .manifest_digest = backup->manifest_digest,
                                 .environment = at_->environment,
                                 .location = at_->location,
                                 .type = request_.spec.restore_type,
                                 .overwrite = Confirmed(),
                                 .database = request_.spec.database,
                                 .library = request_.spec.document_library});
    if (launched.has_value()) return {};
    return CloseUnlessTransient(launched.error());
  }

  Result<void> Finish(const AttemptId& attempt, codec::Json result) {
    LC2_ASSIGN_OR_RETURN(const auto report, codec::Decode<engine::RestoreReport>(result));
    vault::Finished finished{.attempt = attempt, .map_digest = {}};
    // Only a map of the whole library is a base for the next backup.
    const api::RestoreType type = request_.spec.restore_type;
    if (type == api::RestoreType::kFull || type == api::RestoreType::kStorageOnly) {
      finished.map_digest = report.map_digest;
    }
    LC2_ASSIGN_OR_RETURN(run_,
                         vault::FinishRestore(ctx_, vault(), env(), run_.run, finished, deps_.who));
    report_ = std::move(result);
    return {};
  }

  // Ends the attempt, then the run.
  Result<void> Stop(vault::AbandonReason reason, const Error& error) {
    if (!run_.attempts.empty()) {
      LC2_RETURN_IF_ERROR(
          deps_.platform.Cancel(ctx_, {.run = run_.run, .attempt = run_.attempts.back()}));
      RemoveUnfinished();
    }
    return Close(reason, error);
  }

  Result<void> CloseUnlessTransient(const Error& error) {
    if (FactsOf(error.kind).retryable) return error;
    return Close(vault::AbandonReason::kFailed, error);
  }

  Result<void> Close(vault::AbandonReason reason, const Error& error) {
    LC2_ASSIGN_OR_RETURN(
        run_, vault::AbandonRun(
                  ctx_, vault(), env(), run_.run,
                  {.reason = reason, .heir = {}, .error = EncodeError(error), .consistency = {}},
                  deps_.who, error.code));
    return {};
  }

  // An attempt that was killed left what it was loading. Before the run is closed, as nobody looks
  // at it afterwards; a server that cannot be reached keeps no run open.
  void RemoveUnfinished() {
    if (request_.spec.restore_type != api::RestoreType::kFull &&
        request_.spec.restore_type != api::RestoreType::kDatabaseOnly) {
      return;
    }
    const Result<void> removed = engine::RemoveUnfinished(ctx_, deps_.provider, at_->environment,
                                                          request_.spec.database, run_.run);
    if (removed.has_value()) return;
    ctx_.log().Warning("a database that was being loaded may be left beside the target",
                       {{"run", run_.run.str()}, {"error", Describe(removed.error())}});
  }

  Result<Reconciled> ShowRun() {
    request_.status = MakeRestoreStatus(request_,
                                        {.run = &run_,
                                         .plan = plan_ ? &*plan_ : nullptr,
                                         .progress = progress_,
                                         .report = std::move(report_),
                                         .waits_for_safeguard = waits_for_safeguard_},
                                        ctx_.clock().Now());
    Reconciled reconciled{.terminal = !run_.open(), .error = {}};
    if (run_.abandoned) reconciled.error = DecodeError(run_.abandoned->error);
    Result<Reconciled> published = Publish(std::move(reconciled));
    if (published.has_value() && published->terminal) {
      for (const AttemptId& attempt : run_.attempts) deps_.platform.Release({run_.run, attempt});
    }
    return published;
  }

  Result<Reconciled> ShowPlan() {
    request_.status = MakePlannedStatus(request_, *plan_, ctx_.clock().Now());
    return Publish({.terminal = true, .error = {}});
  }

  Result<Reconciled> Refuse(const Refusal& refusal) {
    request_.status = MakeRefusedStatus(request_, plan_ ? &*plan_ : nullptr, refusal.reason,
                                        refusal.error, ctx_.clock().Now());
    return Publish({.terminal = true, .error = refusal.error});
  }

  Result<Reconciled> RefuseUnlessTransient(const Error& error) {
    if (FactsOf(error.kind).retryable) return error;
    return Refuse(RefusalFor(error));
  }

  Result<Reconciled> Publish(Reconciled reconciled) {
    LC2_ASSIGN_OR_RETURN(request_, UpdateStatusAs(ctx_, deps_.resources, request_));
    return reconciled;
  }

  Result<Reconciled> RefuseName() {
    return Refuse(
        {.reason = "NameReused",
         .error = {.kind = ErrorKind::kAlreadyExists,
                   .code = "request.name_reused",
                   .message = fmt::format("a restore request '{}' with another spec was accepted "
                                          "before",
                                          request_.metadata.name),
                   .hint = "choose another name: a second restore is a request of its own"}});
  }

  const Context& ctx_;
  const Deps& deps_;
  api::RestoreRequest request_;
  std::optional<EnvironmentVault> at_;
  std::optional<engine::RestorePlan> plan_;
  std::optional<RunId> backup_run_;
  std::optional<Refusal> refusal_;
  vault::RunFacts run_;
  std::optional<Progress> progress_;
  codec::Json report_;
  bool waits_for_safeguard_ = false;
};

}  // namespace

Result<Reconciled> ReconcileRestore(const Context& ctx, const Deps& deps,
                                    const std::string& name_space, const std::string& name) {
  LC2_ASSIGN_OR_RETURN(api::RestoreRequest request,
                       GetAs<api::RestoreRequest>(ctx, deps.resources, name_space, name));
  RestoreReconciler reconciler(ctx, deps, std::move(request));
  Result<Reconciled> look = reconciler.Run();
  if (!look.has_value() && NeedsSomebody(look.error())) reconciler.ShowStalled(look.error());
  return look;
}

}  // namespace lc2::control
