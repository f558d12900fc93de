#include "control/backup_actions.h"

#include <fmt/core.h>

#include "codec/described.h"
#include "control/backup_reconciler.h"
#include "control/retention.h"
#include "engine/losses.h"
#include "vault/deletion.h"
#include "vault/known_losses.h"

namespace lc2::control {

namespace {

constexpr std::size_t kRecordedKeys = 100;

vault::Verified ToRecord(const engine::VerifyReport& report, api::VerifyLevel level) {
  vault::Verified verified{.level = codec::Word(level),
                           .result = report.passed() ? "Passed" : "Damaged"};
  for (const engine::Damage& damage : report.damages) {
    if (verified.damaged.size() == kRecordedKeys) break;
    verified.damaged.push_back(damage.key.empty() ? damage.path : damage.key);
  }
  return verified;
}

// The file that keeps a backup from being opened.
std::string UnreadableFile(const EnvironmentId& env, const BackupId& id, const Error& error) {
  return error.code == "backup.bad_signature" ? vault::SignatureKey(env, id)
                                              : vault::ManifestKey(env, id);
}

}  // namespace

void ShowBackup(const Context& ctx, const Deps& deps, EnvironmentVault& at,
                const vault::RunFacts& run) {
  const auto warn = [&](const Error& error) {
    ctx.log().Warning("decision recorded, but not shown everywhere: `lc2 catalog rebuild`",
                      {{"run", run.run.str()}, {"error", Describe(error)}});
  };
  if (const auto fresh =
          deps.catalog.Refresh(ctx, at.session->location(), at.session->store(), at.id(), run.run);
      !fresh.has_value()) {
    warn(fresh.error());
  }
  const vault::RequestRef& request = run.opened->request;
  const auto shown = ReconcileBackup(ctx, deps, request.name_space, request.name);
  if (!shown.has_value() && shown.error().code != "resource.not_found") warn(shown.error());
}

Result<VerifyOutcome> VerifyBackup(const Context& ctx, const Deps& deps, EnvironmentVault& at,
                                   const BackupId& id, api::VerifyLevel level) {
  ObjectStore& store = at.session->store();
  LC2_ASSIGN_OR_RETURN(const vault::RunFacts run, vault::FindRun(ctx, store, at.id(), id));
  engine::VerifyReport report;
  const Result<vault::OpenedBackup> backup = OpenTrusted(ctx, deps, at, id, false);
  if (backup.has_value()) {
    LC2_ASSIGN_OR_RETURN(report,
                         engine::VerifyContents(ctx, store,
                                                {.env = at.id(),
                                                 .database = backup->manifest.database,
                                                 .library = backup->manifest.document_library,
                                                 .consistency = backup->manifest.consistency},
                                                level, run.run.str()));
  } else if (backup.error().kind == ErrorKind::kCorrupt) {
    report.damaged = 1;
    report.damages.push_back({.path = UnreadableFile(at.id(), id, backup.error()),
                              .key = {},
                              .what = Describe(backup.error())});
  } else {
    return backup.error();
  }
  LC2_ASSIGN_OR_RETURN(
      const vault::RunFacts after,
      vault::RecordVerified(ctx, at.session->vault(), at.id(), run.run, ToRecord(report, level),
                            {.who = deps.who, .why = "verification"}));
  ShowBackup(ctx, deps, at, after);
  return VerifyOutcome{.report = std::move(report), .run_id = run.run.str()};
}

Result<void> HoldBackup(const Context& ctx, const Deps& deps, EnvironmentVault& at,
                        const BackupId& id, bool on, const std::string& reason) {
  LC2_ASSIGN_OR_RETURN(const vault::RunFacts run,
                       vault::FindRun(ctx, at.session->store(), at.id(), id));
  LC2_ASSIGN_OR_RETURN(
      const vault::RunFacts after,
      vault::SetHold(ctx, at.session->vault(), at.id(), run.run, {.on = on, .reason = reason},
                     {.who = deps.who, .why = reason}));
  ShowBackup(ctx, deps, at, after);
  return {};
}

Result<Time> ExtendBackup(const Context& ctx, const Deps& deps, EnvironmentVault& at,
                          const BackupId& id, std::chrono::days retention, const std::string& why) {
  LC2_ASSIGN_OR_RETURN(const vault::RunFacts run,
                       vault::FindRun(ctx, at.session->store(), at.id(), id));
  LC2_ASSIGN_OR_RETURN(
      const vault::RunFacts after,
      vault::ExtendRetention(ctx, at.session->vault(), at.id(), run.run,
                             run.opened->timestamp + retention, {.who = deps.who, .why = why}));
  ShowBackup(ctx, deps, at, after);
  return *after.expires_at;
}

Result<std::optional<Time>> DeleteBackup(const Context& ctx, const Deps& deps, EnvironmentVault& at,
                                         const BackupId& id, const std::string& why) {
  const vault::Vault& vault = at.session->vault();
  LC2_ASSIGN_OR_RETURN(vault::RunFacts run, vault::FindRun(ctx, at.session->store(), at.id(), id));
  const vault::By by{.who = deps.who, .why = why};
  if (run.delete_requested_by == kRetentionWho) {
    // Retention takes back what it asked for, a person's wish it does not: make it one. It is due
    // as it was shown.
    const Time due = *run.delete_not_before;
    if (!run.hold) {
      LC2_ASSIGN_OR_RETURN(run, vault::WithdrawDeletion(ctx, vault, at.id(), run.run, by));
    }
    LC2_ASSIGN_OR_RETURN(run, vault::RequestDeletion(ctx, vault, at.id(), run.run, due, by));
  } else if (!run.deleted && !run.delete_not_before) {
    // Records keep whole seconds: never before the delay is over, and at once where there is none.
    const std::chrono::days delay(at.location.spec.soft_delete_days);
    const Time now = ctx.clock().Now();
    const Time due = delay == std::chrono::days(0)
                         ? std::chrono::floor<std::chrono::seconds>(now)
                         : std::chrono::ceil<std::chrono::seconds>(now) + delay;
    LC2_ASSIGN_OR_RETURN(run, vault::RequestDeletion(ctx, vault, at.id(), run.run, due, by));
  }
  std::optional<Time> waits;
  if (run.deleted || *run.delete_not_before <= ctx.clock().Now()) {
    LC2_ASSIGN_OR_RETURN(run, vault::ExecuteDeletion(ctx, vault, at.id(), run.run, by));
  } else {
    waits = run.delete_not_before;
  }
  ShowBackup(ctx, deps, at, run);
  return waits;
}

Result<void> KeepBackup(const Context& ctx, const Deps& deps, EnvironmentVault& at,
                        const BackupId& id, const std::string& why) {
  LC2_ASSIGN_OR_RETURN(const vault::RunFacts run,
                       vault::FindRun(ctx, at.session->store(), at.id(), id));
  LC2_ASSIGN_OR_RETURN(const vault::RunFacts after,
                       vault::WithdrawDeletion(ctx, at.session->vault(), at.id(), run.run,
                                               {.who = deps.who, .why = why}));
  ShowBackup(ctx, deps, at, after);
  return {};
}

Result<std::int64_t> AcceptMissing(const Context& ctx, const Deps& deps, EnvironmentVault& at,
                                   const BackupId& id, const std::string& why) {
  ObjectStore& store = at.session->store();
  LC2_ASSIGN_OR_RETURN(const vault::RunFacts run, vault::FindRun(ctx, store, at.id(), id));
  const Error nothing{
      .kind = ErrorKind::kConflict,
      .code = "losses.run_not_failed",
      .message = fmt::format("backup run '{}' did not fail for missing documents", id.str()),
      .hint = "name the id that the failed `lc2 backup create` printed"};
  if (!run.abandoned || run.abandoned->consistency.is_null()) return nothing;
  LC2_ASSIGN_OR_RETURN(const auto consistency,
                       codec::Decode<vault::ConsistencyFacts>(run.abandoned->consistency));
  if (!consistency.findings) return nothing;
  LC2_ASSIGN_OR_RETURN(std::vector<vault::KnownLoss> losses,
                       engine::ReadLosses(ctx, store, *consistency.findings));
  LC2_ASSIGN_OR_RETURN(const auto before, vault::ReadKnownLosses(ctx, store, at.id()));
  LC2_RETURN_IF_ERROR(
      vault::AcceptLosses(ctx, at.session->vault(), at.id(), id, std::move(losses), deps.who, why));
  LC2_ASSIGN_OR_RETURN(const auto after, vault::ReadKnownLosses(ctx, store, at.id()));
  return static_cast<std::int64_t>(after.size()) - static_cast<std::int64_t>(before.size());
}

}  // namespace lc2::control
