#include <fmt/format.h>

#include <utility>

#include "codec/described.h"
#include "vault/backup.h"
#include "vault/collection_runs_internal.h"

namespace lc2::vault::internal {
namespace {

std::map<RunId, RunFacts> ById(std::vector<RunFacts> runs) {
  std::map<RunId, RunFacts> by_id;
  for (RunFacts& run : runs) by_id.emplace(run.run, std::move(run));
  return by_id;
}

bool IsSuperseded(const RunFacts& run) {
  return run.abandoned && run.abandoned->reason == AbandonReason::kSuperseded;
}

Verdict Keep(std::string reason) { return {.reason = "kept: " + std::move(reason)}; }
Verdict Garbage(std::string reason) {
  return {.garbage = true, .reason = "garbage: " + std::move(reason)};
}

std::string NameOf(const RunFacts& run) {
  return run.opened && run.opened->backup_id ? "backup " + run.opened->backup_id->str()
                                             : "run " + run.run.str();
}

}  // namespace

RunsSeen::RunsSeen(std::vector<RunFacts> closings, std::vector<RunFacts> openings,
                   Time abandoned_before, const EnvironmentId& env, const Rules& rules)
    : env_(env),
      closings_(ById(std::move(closings))),
      openings_(ById(std::move(openings))),
      abandoned_before_(abandoned_before),
      rules_(rules) {
  for (const auto& [id, run] : openings_) {
    // A superseded run has no attempt, so it wrote nothing.
    if (!IsSuperseded(run)) {
      const auto [owner, added] = owners_.emplace(Run8(id), id);
      if (!added) owner->second.reset();
    }
    const std::optional<Base>& base = run.opened->base;
    if (!base) continue;
    const std::optional<RunId> backup = BackupOf(*base);
    if (!backup) continue;
    tree_[id].push_back(*backup);
    tree_[*backup].push_back(id);
    if (!run.open() || !rules_.open_runs_protect) continue;
    protected_.emplace(*backup, id);
    if (base->restore_run) maps_in_use_.insert(*base->restore_run);
  }
}

const RunFacts* RunsSeen::Find(const RunId& run) const {
  const auto found = openings_.find(run);
  return found == openings_.end() ? nullptr : &found->second;
}

const RunFacts* RunsSeen::Closing(const RunId& run) const {
  const auto found = closings_.find(run);
  return found == closings_.end() ? nullptr : &found->second;
}

bool RunsSeen::WasClosed(const RunId& run) const {
  const RunFacts* facts = Closing(run);
  return facts != nullptr && facts->closed();
}

bool RunsSeen::WasDeleted(const RunId& run) const {
  const RunFacts* facts = Closing(run);
  return facts != nullptr && facts->deleted;
}

const RunFacts* RunsSeen::Owner(std::string_view run8) const {
  const auto found = owners_.find(run8);
  return found == owners_.end() || !found->second ? nullptr : Find(*found->second);
}

std::optional<RunId> RunsSeen::BackupOf(const Base& base) const {
  if (base.backup_run) return base.backup_run;
  if (base.backup_id) {
    for (const auto& [id, run] : openings_) {
      if (run.opened->backup_id == base.backup_id && !IsSuperseded(run)) return id;
    }
    return std::nullopt;
  }
  if (!base.restore_run) return std::nullopt;
  const RunFacts* restore = Find(*base.restore_run);
  if (restore == nullptr || !restore->opened->source) return std::nullopt;
  const RestoreSource& source = *restore->opened->source;
  if (source.project_id != env_.project || source.environment != env_.environment)
    return std::nullopt;
  return source.run_id;
}

std::optional<Verdict> RunsSeen::KeepsAll(const RunId& run) const {
  const RunFacts* now = Find(run);
  if (now == nullptr) return Keep("no log tells of run " + run.str());
  if (!WasClosed(run)) return Keep(fmt::format("run {} is open", run.str()));
  if (!now->abandoned) return std::nullopt;
  if (now->closed_at && *now->closed_at > abandoned_before_)
    return Keep(fmt::format("run {} was abandoned a short while ago", run.str()));
  const std::optional<RunId>& heir = now->abandoned->heir;
  if (!heir || !rules_.open_runs_protect) return std::nullopt;
  const RunFacts* inherits = Find(*heir);
  if (inherits == nullptr || inherits->open())
    return Keep(fmt::format("open run {} inherited it", heir->str()));
  return std::nullopt;
}

Verdict RunsSeen::Unreferred(const RunId& run) const {
  if (std::optional<Verdict> kept = KeepsAll(run)) return *std::move(kept);
  const RunFacts& facts = *Find(run);
  if (facts.abandoned)
    return Garbage(
        fmt::format("run {} was abandoned ({})", run.str(), codec::Word(facts.abandoned->reason)));
  if (facts.committed && WasDeleted(run))
    return Garbage(fmt::format("only deleted backups refer to it, {} wrote it", NameOf(facts)));
  return Garbage(fmt::format("no backup refers to what {} left", NameOf(facts)));
}

Verdict RunsSeen::Referred(const RunId& by) const {
  const RunFacts& facts = *Find(by);
  if (IsAlive(by)) return Keep(NameOf(facts) + " refers to it");
  const auto open = protected_.find(by);
  return Keep(fmt::format("deleted {} is base of open run {}", NameOf(facts),
                          open == protected_.end() ? "?" : open->second.str()));
}

bool RunsSeen::IsAlive(const RunId& backup_run) const {
  const RunFacts* now = Find(backup_run);
  return now != nullptr && now->committed && !WasDeleted(backup_run);
}

bool RunsSeen::IsKept(const RunId& backup_run) const {
  const RunFacts* now = Find(backup_run);
  if (now == nullptr || !now->committed) return false;
  return !WasDeleted(backup_run) || protected_.contains(backup_run);
}

bool RunsSeen::IsGone(const RunId& backup_run) const {
  return WasDeleted(backup_run) && !protected_.contains(backup_run);
}

std::vector<RunId> RunsSeen::KeptBackups() const {
  std::vector<RunId> kept;
  for (const auto& [id, run] : openings_) {
    if (IsKept(id)) kept.push_back(id);
  }
  return kept;
}

std::vector<RunId> RunsSeen::Neighbours(const RunId& backup_run) const {
  std::vector<RunId> found;
  std::set<RunId> seen{backup_run};
  std::vector<RunId> todo{backup_run};
  while (!todo.empty()) {
    const RunId at = todo.back();
    todo.pop_back();
    const auto beside = tree_.find(at);
    if (beside == tree_.end()) continue;
    for (const RunId& next : beside->second) {
      if (!seen.insert(next).second) continue;
      if (IsKept(next)) {
        found.push_back(next);
      } else if (rules_.pass_deleted) {
        todo.push_back(next);
      }
    }
  }
  return found;
}

bool RunsSeen::MapIsBase(const RunFacts& restore) const {
  if (maps_in_use_.contains(restore.run)) return true;
  const std::optional<RunId> backup = BackupOf({.restore_run = restore.run});
  return backup && !WasDeleted(*backup);
}

bool RunsSeen::RestoredWhatIsGone(const RunFacts& restore) const {
  const std::optional<RunId> backup = BackupOf({.restore_run = restore.run});
  return backup && WasDeleted(*backup);
}

Result<RunsSeen> ReadRuns(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                          Time abandoned_before, const Rules& rules) {
  const auto read = [&]() -> Result<std::vector<RunFacts>> {
    LC2_ASSIGN_OR_RETURN(RunList list, ListAllRuns(ctx, store, env));
    if (list.damaged.empty()) return std::move(list.runs);
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "collection.unreadable_log",
                 .message = fmt::format("nothing of environment '{}' is collected: the log of one "
                                        "of its runs cannot be read ({} in all)",
                                        env.str(), list.damaged.size()),
                 .hint = "restore the damaged files below control/runs/ from older versions",
                 .cause = Share(std::move(list.damaged.front()))};
  };
  LC2_ASSIGN_OR_RETURN(std::vector<RunFacts> first, read());
  if (!rules.second_pass) {
    std::vector<RunFacts> same = first;
    return RunsSeen(std::move(first), std::move(same), abandoned_before, env, rules);
  }
  LC2_ASSIGN_OR_RETURN(std::vector<RunFacts> second, read());
  if (!rules.closings_first) std::swap(first, second);
  return RunsSeen(std::move(first), std::move(second), abandoned_before, env, rules);
}

}  // namespace lc2::vault::internal
