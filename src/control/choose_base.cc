#include "control/choose_base.h"

#include "vault/backup.h"

namespace lc2::control {

namespace {

bool IsSoundBackup(const vault::RunFacts& run) {
  return run.alive() && !run.delete_not_before && run.opened->backup_id &&
         !(run.verified && run.verified->result == "Damaged");
}

bool LeftMap(const vault::RunFacts& run) { return run.finished && run.finished->map_digest; }

}  // namespace

std::optional<vault::Base> DecideBase(const std::vector<vault::RunFacts>& runs) {
  const vault::RunFacts* best = nullptr;
  for (const vault::RunFacts& run : runs) {
    if (!run.opened || (!IsSoundBackup(run) && !LeftMap(run))) continue;
    if (best == nullptr || run.closed_at > best->closed_at) best = &run;
  }
  if (best == nullptr) return std::nullopt;
  if (LeftMap(*best)) return vault::Base{.restore_run = best->run};
  return vault::Base{.backup_id = best->opened->backup_id, .backup_run = best->run};
}

Result<vault::RunChoice> ChooseBase(const Context& ctx, ObjectStore& store,
                                    const EnvironmentId& env) {
  LC2_ASSIGN_OR_RETURN(const vault::RunList list, vault::ListRuns(ctx, store, env));
  vault::RunChoice choice{.base = DecideBase(list.runs), .inherits = {}};
  if (choice.base && choice.base->backup_id) {
    // A manifest that cannot be read or is gone is no base; a full backup is what helps then.
    const auto backup = vault::OpenBackup(ctx, store, env, *choice.base->backup_id);
    const bool unreadable = !backup.has_value() && (backup.error().kind == ErrorKind::kCorrupt ||
                                                    backup.error().code == "backup.unfinished");
    if (!backup.has_value() && !unreadable) return backup.error();
    if (!backup.has_value()) choice.base.reset();
  }
  return choice;
}

}  // namespace lc2::control
