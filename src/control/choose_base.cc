#include "control/choose_base.h"

#include "control/soundness.h"
#include "engine/base_entries.h"
#include "vault/backup.h"
#include "vault/commit.h"

namespace lc2::control {

namespace {

bool LeftMap(const vault::RunFacts& run) { return run.finished && run.finished->map_digest; }

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
  Soundness soundness(runs);
  const vault::RunFacts* best = nullptr;
  for (const vault::RunFacts& run : runs) {
    if (!CanBeBase(run) || !soundness.IsSound(run)) continue;
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
