#include "control/collect.h"

#include <boost/json/object.hpp>

#include "control/backup_actions.h"
#include "control/vault_session.h"
#include "vault/backup.h"
#include "vault/commit.h"
#include "vault/deletion.h"
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
    if (!options_.dry_run) FinishWhatWasCutShort();
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
    LC2_ASSIGN_OR_RETURN(vault::RunList list, vault::ListRuns(ctx_, store(), at_.id()));
    for (vault::RunFacts& run : list.runs) {
      const Result<bool> stale = IsStale(run);
      if (!stale.has_value()) {
        Warn("collection.run_left_open", run.run.str(), stale.error());
      } else if (*stale) {
        if (!options_.dry_run) LC2_RETURN_IF_ERROR(Close(run));
        report_.closed_runs.push_back(run.run);
      }
      runs_.emplace(run.run, std::move(run));
    }
    return {};
  }

  // Decisions that the catalogue does not tell of were cut short, here, in another home, or by an
  // earlier collection that closed a run: what follows from them is done, and lists and whoever
  // asked are told.
  void FinishWhatWasCutShort() {
    catalog::BackupFilter filter{
        .project_id = at_.id().project.str(),
        .environment = at_.id().environment.str(),
        .location = at_.environment.spec.backup_location,
        .states = {catalog::BackupState::kInProgress, catalog::BackupState::kSucceeded,
                   catalog::BackupState::kDeleting},
        .limit = 1'000};
    do {
      const auto page = deps_.catalog.List(ctx_, filter);
      if (!page.has_value()) return Warn("catalogue not read", "", page.error());
      for (const catalog::BackupRecord& record : page->records) {
        const auto run = runs_.find(RunId(record.run_id));
        if (run == runs_.end()) continue;
        const bool known = record.state == catalog::BackupState::kInProgress ? run->second.open()
                                                                             : !run->second.deleted;
        if (!known) FinishRun(run->second);
      }
      filter.cursor = page->next_cursor;
    } while (!filter.cursor.empty());
  }

  void FinishRun(const vault::RunFacts& run) {
    const vault::Vault& vault = at_.session->vault();
    Result<void> done;
    if (run.deleted) {
      const auto deleted = vault::ExecuteDeletion(
          ctx_, vault, at_.id(), run.run, {.who = deps_.who, .why = "the deletion was cut short"});
      if (!deleted.has_value()) done = deleted.error();
    } else if (run.committed) {
      const auto finished = vault::FinishCommit(ctx_, vault, at_.id(), run.run);
      if (!finished.has_value()) done = finished.error();
    }
    // The catalogue goes on telling otherwise, so that the next collection tries again.
    if (!done.has_value()) return Warn("decision not carried out", run.run.str(), done.error());
    ShowBackup(ctx_, deps_, at_, run);
  }

  void Warn(std::string_view what, const std::string& run, const Error& error) {
    ctx_.log().Warning(what, {{"run", run}, {"error", Describe(error)}});
  }

  Result<void> Close(vault::RunFacts& run) {
    Result<vault::RunFacts> closed = vault::AbandonRun(
        ctx_, at_.session->vault(), at_.id(), run.run, {.reason = vault::AbandonReason::kLost},
        deps_.who, "nobody runs it any more");
    // Committed meanwhile: all the better.
    if (!closed.has_value() && closed.error().kind != ErrorKind::kConflict) return closed.error();
    if (!closed.has_value()) return {};
    run = std::move(closed).value();
    FinishRun(run);
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
  std::map<RunId, vault::RunFacts> runs_;  // as they were at the beginning, closed ones closed
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
