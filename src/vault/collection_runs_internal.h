#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/context.h"
#include "base/result.h"
#include "base/strong.h"
#include "vault/control_log.h"
#include "vault/rules_internal.h"

// What a collection knows of an environment's runs, and what follows from it (docs/format.md,
// section 11).
namespace lc2::vault::internal {

// Two readings of all logs of an environment. An object is judged by what was *closed or deleted*
// in the first reading and what was *opened or committed* in the second: a run that names a deleted
// backup as base was either opened before the second reading and is seen there, or looks at its
// base afterwards, finds it deleted and gives up. Pure and immutable; thread-safe.
class RunsSeen {
 public:
  // Runs abandoned later than `abandoned_before` are left alone for now: somebody may still look at
  // what they left.
  RunsSeen(std::vector<RunFacts> closings, std::vector<RunFacts> openings, Time abandoned_before,
           const EnvironmentId& env, const Rules& rules = {});

  // By run id; as the second reading has them.
  const std::map<RunId, RunFacts>& runs() const { return openings_; }
  const Rules& rules() const { return rules_; }
  // Null for a run that no log tells of.
  const RunFacts* Find(const RunId& run) const;
  // The run whose pool names end in `run8`; nothing if none is known, or if several share it.
  const RunFacts* Owner(std::string_view run8) const;

  // Whether all that a run wrote is kept, whatever refers to it: it is unknown or open, or its heir
  // is. Otherwise what no kept backup refers to is garbage: VerdictOn(run).
  std::optional<Verdict> KeepsAll(const RunId& run) const;
  // On an object of a closed run to which no kept backup refers.
  Verdict Unreferred(const RunId& run) const;
  // On an object to which kept backup `by` refers.
  Verdict Referred(const RunId& by) const;

  // Deleted, closed and named by no open run as its base: it protects nothing any more.
  bool IsGone(const RunId& backup_run) const;
  // A committed backup whose entries protect: it is not deleted, or an open run names it as base.
  bool IsKept(const RunId& backup_run) const;
  // Of the kept ones, those that nobody deleted.
  bool IsAlive(const RunId& backup_run) const;
  std::vector<RunId> KeptBackups() const;
  // The nearest kept backups in the tree of bases, deleted ones passed through. Every backup that
  // refers to an object stands in one connected piece of this tree around the run that wrote it
  // (bases carry, heirs are single), so whatever kept backup refers to an object of `backup_run`,
  // one of these does.
  std::vector<RunId> Neighbours(const RunId& backup_run) const;
  // May the map of a finished restore still become, or is it, a base?
  bool MapIsBase(const RunFacts& restore) const;
  // It restored a backup of this environment that is deleted by now.
  bool RestoredWhatIsGone(const RunFacts& restore) const;

 private:
  // The run that made the backup which `base` stands for, a restore's map followed.
  std::optional<RunId> BackupOf(const Base& base) const;
  const RunFacts* Closing(const RunId& run) const;
  bool WasClosed(const RunId& run) const;
  bool WasDeleted(const RunId& run) const;

  EnvironmentId env_;
  std::map<RunId, RunFacts> closings_;
  std::map<RunId, RunFacts> openings_;
  std::map<std::string, std::optional<RunId>, std::less<>> owners_;  // none: several
  std::map<RunId, RunId> protected_;                                 // backup -> the open run
  std::set<RunId> maps_in_use_;                                      // restores: bases of open runs
  std::map<RunId, std::vector<RunId>> tree_;                         // both directions
  Time abandoned_before_;
  Rules rules_;
};

// Reads all logs twice. Error: kCorrupt "collection.unreadable_log" if any cannot be read: then
// nothing of the environment may go.
Result<RunsSeen> ReadRuns(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                          Time abandoned_before, const Rules& rules = {});

}  // namespace lc2::vault::internal
