#include "control/backup_reconciler.h"

#include <fmt/core.h>

#include "api/backup_id.h"
#include "api/backup_schedule.h"
#include "api/rules.h"
#include "api/spec_hash.h"
#include "codec/described.h"
#include "control/backup_status.h"
#include "control/choose_base.h"
#include "control/run_error.h"
#include "control/safeguard.h"
#include "control/vault_session.h"
#include "control/wishes.h"
#include "engine/backup.h"
#include "vault/commit.h"
#include "vault/request_record.h"
#include "vault/run.h"
#include "vault/step_records.h"

namespace lc2::control {

namespace {

class BackupReconciler {
 public:
  BackupReconciler(const Context& ctx, const Deps& deps, api::BackupRequest request)
      : ctx_(ctx), deps_(deps), request_(std::move(request)) {}

  Result<Reconciled> Run() {
    Result<EnvironmentVault> at =
        OpenNamespace(ctx_, deps_, request_.metadata.namespace_, provider::VaultAccess::kCreate);
    if (!at.has_value()) return RefuseUnlessTransient(at.error());
    at_.emplace(std::move(at).value());
    const Result<void> allowed = CheckAllowed();
    if (!allowed.has_value()) {
      if (FactsOf(allowed.error().kind).retryable) return allowed.error();
      // What was accepted before stays accepted: an environment that changed since hides no backup.
      LC2_ASSIGN_OR_RETURN(const bool known, KnownToVault());
      if (!known) return Refuse("NotAllowed", allowed.error());
    }
    LC2_ASSIGN_OR_RETURN(const vault::AcceptedRequest accepted,
                         vault::AcceptRequest(ctx_, vault(), env(), vault::RunKind::kBackup, Ref(),
                                              api::SpecHash(request_)));
    if (accepted.acceptance == vault::Acceptance::kNameReused) return RefuseName();
    LC2_ASSIGN_OR_RETURN(const vault::StartedRun started, Start(accepted.record));
    run_ = started.facts;
    inherited_ = started.inherited;
    if (run_.open()) {
      LC2_RETURN_IF_ERROR(
          allowed.has_value() ? Advance() : Stop(vault::AbandonReason::kFailed, allowed.error()));
    }
    if (run_.committed) LC2_RETURN_IF_ERROR(Settle());
    return Publish();
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

  Result<void> CheckAllowed() const {
    const api::Faults faults =
        api::CheckAgainstEnvironment(request_, at_->environment, at_->location);
    if (!faults.empty()) {
      return api::FaultsError(fmt::format("backup request '{}' names what its environment does not",
                                          request_.metadata.name),
                              faults);
    }
    return deps_.provider.CheckApart(at_->environment, at_->location);
  }

  Result<bool> KnownToVault() const {
    return vault::WasAccepted(ctx_, store(), env(), vault::RunKind::kBackup,
                              request_.metadata.name);
  }

  Result<vault::StartedRun> Start(const vault::RequestRecord& record) {
    const Time now = std::chrono::floor<std::chrono::seconds>(ctx_.clock().Now());
    const std::string& name = request_.metadata.name;
    const BackupId wanted =
        api::IsOwnBackupIdForm(env(), name, now) ? BackupId(name) : api::MakeBackupId(env(), now);
    return vault::StartRun(
        ctx_, vault(), env(),
        {.first_run = record.run_id,
         .kind = vault::RunKind::kBackup,
         .request = Ref(),
         .spec_digest = record.spec_digest,
         .backup_id = wanted,
         .source = {},
         .initiator = request_.spec.requested_by.empty() ? deps_.who : request_.spec.requested_by,
         .timestamp = now,
         .expires_at = now + std::chrono::days(request_.spec.retention_days),
         .schedule = api::ScheduleOf(request_),
         .who = deps_.who},
        [this](const Context& ctx) { return ChooseBase(ctx, vault(), env()); });
  }

  // An open run: cancel it, launch an attempt, or take up what the attempt came to.
  Result<void> Advance() {
    if (request_.spec.cancel) {
      return Stop(vault::AbandonReason::kCancelled, {.kind = ErrorKind::kCancelled,
                                                     .code = "call.cancelled",
                                                     .message = "the backup was cancelled"});
    }
    if (run_.attempts.empty()) return LaunchNext();
    const AttemptName attempt{run_.run, run_.attempts.back()};
    LC2_ASSIGN_OR_RETURN(const AttemptStatus status, deps_.platform.Status(ctx_, attempt));
    progress_ = status.progress;
    switch (status.phase) {
      case AttemptPhase::kRunning:
        return {};
      case AttemptPhase::kFailed:
        return Close(vault::AbandonReason::kFailed, *status.error);
      case AttemptPhase::kSucceeded:
        return Commit(attempt.attempt);
      case AttemptPhase::kLost:
        break;
    }
    return AfterLoss(attempt.attempt);
  }

  // A process that died may have left its candidate as its last act.
  Result<void> AfterLoss(const AttemptId& attempt) {
    const auto checked = vault::CheckCandidate(ctx_, store(), env(), run_.run, attempt, Checks());
    if (checked.has_value()) return CommitChecked(*checked);
    if (FactsOf(checked.error().kind).retryable) return checked.error();
    if (run_.attempts.size() < kMaxAttempts) return LaunchNext();
    return Close(vault::AbandonReason::kLost,
                 {.kind = ErrorKind::kUnavailable,
                  .code = "attempt.lost",
                  .message = fmt::format("{} attempts ended without a word", kMaxAttempts),
                  .hint = "were they killed, for want of memory perhaps?"});
  }

  Result<void> LaunchNext() {
    LC2_ASSIGN_OR_RETURN(const bool safeguard, IsSafeguard(ctx_, *at_, request_.metadata));
    std::vector<AttemptId> earlier = run_.attempts;
    LC2_ASSIGN_OR_RETURN(
        const AttemptId attempt,
        vault::StartAttempt(ctx_, vault(), env(), run_.run, deps_.who, earlier.size()));
    run_.attempts.push_back(attempt);
    const Result<void> launched = deps_.platform.Launch(
        ctx_, engine::BackupRun{
                  .run = run_.run,
                  .attempt = attempt,
                  .earlier = std::move(earlier),
                  .backup_id = *run_.opened->backup_id,
                  .spec_digest = run_.opened->spec_digest,
                  .base = run_.opened->base,
                  .inherited = inherited_,
                  .environment = at_->environment,
                  .location = at_->location,
                  .database = api::EffectiveBackupType(request_, at_->environment),
                  .exclude_generated = request_.spec.document_library.exclude_generated_files,
                  .verify = request_.spec.verify,
                  .automatic = !run_.opened->schedule.empty(),
                  .safeguard = safeguard});
    if (launched.has_value() || FactsOf(launched.error().kind).retryable) return launched;
    return Close(vault::AbandonReason::kFailed, launched.error());
  }

  vault::CheckOptions Checks() const {
    return {.source_bucket = at_->environment.spec.document_library.bucket,
            .provider = codec::Word(at_->environment.spec.provider),
            // The verify step has read the dump already; here it would be read twice.
            .dump_digest = request_.spec.verify == api::VerifyLevel::kExists};
  }

  Result<void> Commit(const AttemptId& attempt) {
    const auto checked = vault::CheckCandidate(ctx_, store(), env(), run_.run, attempt, Checks());
    if (checked.has_value()) return CommitChecked(*checked);
    if (FactsOf(checked.error().kind).retryable) return checked.error();
    return Close(vault::AbandonReason::kFailed, checked.error());
  }

  Result<void> CommitChecked(const vault::CheckedCandidate& checked) {
    if (deps_.signing_key != nullptr) {
      LC2_RETURN_IF_ERROR(vault::PublishKey(ctx_, store(), deps_.signing_key->public_key()));
    }
    LC2_ASSIGN_OR_RETURN(const vault::CommitFacts committed,
                         vault::Commit(ctx_, vault(), env(), run_.run, checked, deps_.who));
    run_ = committed.facts;
    return {};
  }

  // Ends the attempt, then the run.
  Result<void> Stop(vault::AbandonReason reason, const Error& error) {
    if (!run_.attempts.empty()) {
      LC2_RETURN_IF_ERROR(
          deps_.platform.Cancel(ctx_, {.run = run_.run, .attempt = run_.attempts.back()}));
    }
    return Close(reason, error);
  }

  Result<void> Close(vault::AbandonReason reason, const Error& error) {
    vault::Abandoned abandoned{.reason = reason, .heir = {}, .error = EncodeError(error)};
    if (!run_.attempts.empty()) {
      const auto record = vault::ReadRecord(ctx_, store(),
                                            {.env = env(),
                                             .run = run_.run,
                                             .attempt = run_.attempts.back(),
                                             .name = engine::kCrosscheckRecord});
      if (record.has_value() && record->is_object()) {
        if (const codec::Json* facts = record->get_object().if_contains("consistency")) {
          abandoned.consistency = *facts;
        }
      }
    }
    LC2_ASSIGN_OR_RETURN(run_, vault::AbandonRun(ctx_, vault(), env(), run_.run,
                                                 std::move(abandoned), deps_.who, error.code));
    return {};
  }

  // A commit that was cut short is finished, and what the spec may change later is carried out.
  Result<void> Settle() {
    const Result<vault::CommitFacts> finished = vault::FinishCommit(ctx_, vault(), env(), run_.run);
    if (finished.has_value()) {
      run_ = finished->facts;
      manifest_path_ = finished->manifest_key;
    } else if (finished.error().kind == ErrorKind::kCorrupt) {
      damage_ = finished.error();
    } else {
      return finished.error();
    }
    if (run_.deleted) return {};
    LC2_ASSIGN_OR_RETURN(
        run_, ApplyWishes(ctx_, vault(), env(), std::move(run_), request_.spec, deps_.who));
    return {};
  }

  Result<Reconciled> Publish() {
    BackupView view{.run = &run_,
                    .backup = {},
                    .progress = progress_,
                    .copied_objects = {},
                    .manifest_path = manifest_path_};
    std::optional<vault::OpenedBackup> backup;
    if (run_.alive() && !damage_) {
      LC2_ASSIGN_OR_RETURN(backup, OpenUndamaged());
    }
    if (backup) {
      view.backup = &*backup;
      view.copied_objects = CopiedObjects();
    }
    if (damage_) view.damage = &*damage_;
    LC2_RETURN_IF_ERROR(KeepRecord(ctx_, deps_,
                                   catalog::MakeRecord(at_->session->location(), env(), run_,
                                                       backup ? &backup->manifest : nullptr)));
    request_.status = MakeBackupStatus(request_, view, ctx_.clock().Now());
    LC2_ASSIGN_OR_RETURN(request_, UpdateStatusAs(ctx_, deps_.resources, request_));
    if (!run_.open()) {
      for (const AttemptId& attempt : run_.attempts) deps_.platform.Release({run_.run, attempt});
    }
    Reconciled reconciled{.terminal = !run_.open(), .error = damage_};
    if (run_.abandoned) reconciled.error = DecodeError(run_.abandoned->error);
    return reconciled;
  }

  // Nothing, and the damage noted, where the manifest is not what the log says.
  Result<std::optional<vault::OpenedBackup>> OpenUndamaged() {
    Result<vault::OpenedBackup> backup =
        OpenTrusted(ctx_, deps_, *at_, *run_.opened->backup_id, false);
    if (backup.has_value()) return std::optional(std::move(backup).value());
    if (backup.error().kind != ErrorKind::kCorrupt) return std::move(backup).error();
    damage_ = std::move(backup).error();
    return std::optional<vault::OpenedBackup>();
  }

  std::optional<std::int64_t> CopiedObjects() {
    const auto record = vault::ReadRecord(ctx_, store(),
                                          {.env = env(),
                                           .run = run_.run,
                                           .attempt = run_.committed->attempt,
                                           .name = engine::kLibraryRecord});
    if (!record.has_value() || !record->is_object()) return std::nullopt;
    const codec::Json* copied = record->get_object().if_contains("copiedObjects");
    if (copied == nullptr || !copied->is_int64()) return std::nullopt;
    return copied->get_int64();
  }

  Result<Reconciled> Refuse(const std::string& reason, const Error& error) {
    request_.status = MakeRefusedStatus(request_, reason, error, ctx_.clock().Now());
    LC2_ASSIGN_OR_RETURN(request_, UpdateStatusAs(ctx_, deps_.resources, request_));
    return Reconciled{.terminal = true, .error = error};
  }

  Result<Reconciled> RefuseUnlessTransient(const Error& error) {
    if (FactsOf(error.kind).retryable) return error;
    return Refuse(std::string(FactsOf(error.kind).name), error);
  }

  Result<Reconciled> RefuseName() {
    return Refuse("NameReused",
                  {.kind = ErrorKind::kAlreadyExists,
                   .code = "request.name_reused",
                   .message = fmt::format("a backup request '{}' with another spec was accepted "
                                          "before",
                                          request_.metadata.name),
                   .hint = "choose another name"});
  }

  const Context& ctx_;
  const Deps& deps_;
  api::BackupRequest request_;
  std::optional<EnvironmentVault> at_;
  vault::RunFacts run_;
  std::optional<RunId> inherited_;
  std::optional<Progress> progress_;
  std::string manifest_path_;
  std::optional<Error> damage_;
};

}  // namespace

Result<Reconciled> ReconcileBackup(const Context& ctx, const Deps& deps,
                                   const std::string& name_space, const std::string& name) {
  LC2_ASSIGN_OR_RETURN(api::BackupRequest request,
                       GetAs<api::BackupRequest>(ctx, deps.resources, name_space, name));
  BackupReconciler reconciler(ctx, deps, std::move(request));
  Result<Reconciled> look = reconciler.Run();
  if (!look.has_value() && NeedsSomebody(look.error())) reconciler.ShowStalled(look.error());
  return look;
}

}  // namespace lc2::control
