#include "control/collect.h"

#include <boost/json/object.hpp>

#include "control/backup_actions.h"
#include "control/vault_session.h"
#include "vault/backup.h"
#include "vault/run.h"

namespace lc2::control {
namespace {

class Collector {
 public:
  Collector(const Context& ctx, const Deps& deps, EnvironmentVault& at,
            const CollectOptions& options)
      : ctx_(ctx), deps_(deps), at_(at), options_(options) {
    report_.env = at.id();
  }

  Result<CollectionReport> Collect() {
    LC2_RETURN_IF_ERROR(Resume());
    LC2_RETURN_IF_ERROR(CloseStaleRuns());
    if (!options_.dry_run) ShowClosedRuns();
    const vault::CollectionOptions how{
        .full = options_.full,
        .max_objects = options_.max_objects,
        .abandoned_before = ctx_.clock().Now() - options_.keep_abandoned,
        .on_object = options_.on_object};
    LC2_ASSIGN_OR_RETURN(report_.plan, vault::PlanCollection(ctx_, store(), at_.id(), how));
    if (options_.dry_run || report_.plan.items.empty()) return std::move(report_);
    LC2_ASSIGN_OR_RETURN(const std::int64_t number,
                         vault::WriteCollection(ctx_, store(), at_.id(), report_.plan.items));
    report_.list = number;
    LC2_RETURN_IF_ERROR(Audit(number));
    LC2_RETURN_IF_ERROR(CarryOut(number));
    return std::move(report_);
  }

 private:
  ObjectStore& store() { return at_.session->store(); }

  Result<void> CarryOut(std::int64_t number) {
    LC2_ASSIGN_OR_RETURN(const vault::CollectionDone done,
                         vault::CarryOutCollection(ctx_, store(), at_.id(), number));
    report_.removed_objects += done.objects;
    report_.removed_bytes += done.bytes;
    return {};
  }

  Result<void> Resume() {
    LC2_ASSIGN_OR_RETURN(const std::vector<std::int64_t> left,
                         vault::UnfinishedCollections(ctx_, store(), at_.id()));
    for (const std::int64_t number : left) {
      ++report_.resumed_lists;
      if (!options_.dry_run) LC2_RETURN_IF_ERROR(CarryOut(number));
    }
    return {};
  }

  // Nobody runs it any more, as far as anybody can tell.
  Result<bool> IsStale(const vault::RunFacts& run) {
    if (!run.open() || run.opened->kind != vault::RunKind::kBackup) return false;
    const auto age = std::chrono::hours(at_.environment.spec.limits.max_run_hours);
    if (ctx_.clock().Now() - run.opened->timestamp < age) return false;
    const AttemptId last = run.attempts.empty() ? vault::MakeAttemptId(1) : run.attempts.back();
    LC2_ASSIGN_OR_RETURN(const AttemptStatus status,
                         deps_.platform.Status(ctx_, {.run = run.run, .attempt = last}));
    return status.phase == AttemptPhase::kLost;
  }

  Result<void> CloseStaleRuns() {
    // A damaged log stops the collection later, which says so; it is none of these.
    LC2_ASSIGN_OR_RETURN(const vault::RunList list, vault::ListRuns(ctx_, store(), at_.id()));
    for (const vault::RunFacts& run : list.runs) {
      const Result<bool> stale = IsStale(run);
      if (!stale.has_value()) {
        ctx_.log().Warning("collection.run_left_open",
                           {{"run", run.run.str()}, {"error", Describe(stale.error())}});
        continue;
      }
      if (!*stale) continue;
      if (!options_.dry_run) LC2_RETURN_IF_ERROR(Close(run));
      report_.closed_runs.push_back(run.run);
    }
    return {};
  }

  // What was closed here is told to lists and to whoever asked for it; also by the next collection,
  // should this one be killed before.
  void ShowClosedRuns() {
    const auto page = deps_.catalog.List(ctx_, {.project_id = at_.id().project.str(),
                                                .environment = at_.id().environment.str(),
                                                .states = {catalog::BackupState::kInProgress},
                                                .limit = 1'000});
    if (!page.has_value()) {
      ctx_.log().Warning("catalogue not read, rebuild it with `lc2 catalog rebuild`",
                         {{"error", Describe(page.error())}});
      return;
    }
    for (const catalog::BackupRecord& record : page->records) {
      const Result<vault::RunFacts> run =
          vault::FindRun(ctx_, store(), at_.id(), BackupId(record.backup_id));
      if (run.has_value() && run->closed()) ShowBackup(ctx_, deps_, at_, *run);
    }
  }

  Result<void> Close(const vault::RunFacts& run) {
    const Result<vault::RunFacts> closed = vault::AbandonRun(
        ctx_, at_.session->vault(), at_.id(), run.run, {.reason = vault::AbandonReason::kLost},
        deps_.who, "nobody runs it any more");
    // Committed meanwhile: all the better.
    if (!closed.has_value() && closed.error().kind != ErrorKind::kConflict) return closed.error();
    return {};
  }

  Result<void> Audit(std::int64_t number) {
    vault::AuditLog* audit = at_.session->vault().audit;
    if (audit == nullptr) return {};
    LC2_RETURN_IF_ERROR(audit->Append(ctx_, {.action = "collection.decided",
                                             .who = deps_.who,
                                             .environment = at_.id().str(),
                                             .subject = std::to_string(number),
                                             .detail = {{"objects", report_.plan.garbage_objects},
                                                        {"bytes", report_.plan.garbage_bytes},
                                                        {"full", options_.full}}}));
    return {};
  }

  const Context& ctx_;
  const Deps& deps_;
  EnvironmentVault& at_;
  const CollectOptions& options_;
  CollectionReport report_;
};

}  // namespace

Result<CollectionReport> CollectEnvironment(const Context& ctx, const Deps& deps,
                                            const EnvironmentId& env,
                                            const CollectOptions& options) {
  LC2_ASSIGN_OR_RETURN(EnvironmentVault at,
                       OpenEnvironment(ctx, deps, env, provider::VaultAccess::kWrite));
  return Collector(ctx, deps, at, options).Collect();
}

}  // namespace lc2::control
