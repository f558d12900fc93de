#include "control/choose_base.h"

#include <algorithm>
#include <map>

#include "engine/base_entries.h"
#include "vault/backup.h"
#include "vault/commit.h"

namespace lc2::control {

namespace {

bool LeftMap(const vault::RunFacts& run) { return run.finished && run.finished->map_digest; }

// The runs that stand in one tree of bases, each tree with the time of the last damage found in it.
class Trees {
 public:
  explicit Trees(const std::vector<vault::RunFacts>& runs) {
    for (const vault::RunFacts& run : runs) {
      if (!run.opened) continue;
      if (const auto& base = run.opened->base) {
        Join(run.run, base->restore_run ? *base->restore_run : base->backup_run.value_or(run.run));
      }
      if (run.opened->source) Join(run.run, run.opened->source->run_id);
    }
    for (const vault::RunFacts& run : runs) {
      if (!run.verified || run.verified->result != "Damaged") continue;
      Time& damaged = damaged_at_[RootOf(run.run)];
      damaged = std::max(damaged, run.verified_at.value_or(Time::max()));
    }
  }

  // No damage is known that the run's backup could share.
  bool IsSound(const vault::RunFacts& run) {
    const auto damaged = damaged_at_.find(RootOf(run.run));
    if (damaged == damaged_at_.end()) return true;
    return run.verified && run.verified->result == "Passed" && run.verified->level == "Full" &&
           run.verified_at > damaged->second;
  }

 private:
  RunId RootOf(RunId run) {
    for (auto above = above_.find(run); above != above_.end(); above = above_.find(run)) {
      // Shortens the way for the next one: chains of incremental backups are long.
      if (const auto next = above_.find(above->second); next != above_.end()) {
        above->second = next->second;
      }
      run = above->second;
    }
    return run;
  }
  void Join(const RunId& a, const RunId& b) {
    const RunId root_a = RootOf(a);
    const RunId root_b = RootOf(b);
    if (root_a != root_b) above_[root_a] = root_b;
  }

  std::map<RunId, RunId> above_;
  std::map<RunId, Time> damaged_at_;  // by root
};

bool CanBeBase(const vault::RunFacts& run) {
  if (!run.opened) return false;
  return LeftMap(run) || (run.alive() && !run.delete_not_before && run.opened->backup_id);
}

// Opens the base as the attempt will; a commit that was cut short is finished first.
Result<void> TryBase(const Context& ctx, const vault::Vault& vault, const EnvironmentId& env,
                     const vault::Base& base) {
  auto entries = engine::OpenBase(ctx, vault.store, env, base);
  if (!entries.has_value() && entries.error().code == "backup.unfinished") {
    LC2_RETURN_IF_ERROR(vault::FinishCommit(ctx, vault, env, *base.backup_run));
    entries = engine::OpenBase(ctx, vault.store, env, base);
  }
  if (!entries.has_value()) return entries.error();
  return {};
}

// Whether what the base consists of can be read. What merely cannot be reached decides nothing.
Result<bool> IsReadable(const Context& ctx, const vault::Vault& vault, const EnvironmentId& env,
                        const vault::Base& base) {
  const Result<void> tried = TryBase(ctx, vault, env, base);
  if (tried.has_value()) return true;
  const Error& error = tried.error();
  const bool transient = FactsOf(error.kind).retryable || error.kind == ErrorKind::kCancelled;
  if (transient && error.kind != ErrorKind::kConflict)
    return error;  // kConflict: deleted meanwhile
  ctx.log().Warning("base not readable, the backup will be a full one",
                    {{"error", Describe(error)}});
  return false;
}

}  // namespace

std::optional<vault::Base> DecideBase(const std::vector<vault::RunFacts>& runs) {
  Trees trees(runs);
  const vault::RunFacts* best = nullptr;
  for (const vault::RunFacts& run : runs) {
    if (!CanBeBase(run) || !trees.IsSound(run)) continue;
    if (best == nullptr || run.closed_at > best->closed_at) best = &run;
  }
  if (best == nullptr) return std::nullopt;
  if (LeftMap(*best)) return vault::Base{.restore_run = best->run};
  return vault::Base{.backup_id = best->opened->backup_id, .backup_run = best->run};
}

Result<vault::RunChoice> ChooseBase(const Context& ctx, const vault::Vault& vault,
                                    const EnvironmentId& env) {
  LC2_ASSIGN_OR_RETURN(const vault::RunList list, vault::ListRuns(ctx, vault.store, env));
  vault::RunChoice choice{.base = DecideBase(list.runs), .inherits = {}};
  if (!choice.base) return choice;
  LC2_ASSIGN_OR_RETURN(const bool readable, IsReadable(ctx, vault, env, *choice.base));
  if (!readable) choice.base.reset();
  return choice;
}

}  // namespace lc2::control
