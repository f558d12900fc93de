#pragma once

#include "vault/collection.h"
#include "vault/commit.h"
#include "vault/run.h"

// The rules that keep backups whole while runs begin, end, are deleted and collected all at once
// (docs/format.md, section 11).
namespace lc2::vault::internal {

// All of them hold. Only a test leaves one out, and then has to see that a backup loses something:
// the names are those of the defects in test/model/vault_model.py, turned round.
struct Rules {
  bool second_pass = true;        // a collection reads openings in a pass of their own
  bool closings_first = true;     // closings and deletions before openings
  bool open_runs_protect = true;  // their base, and what they inherited
  bool look_afterwards = true;    // a run looks at its base's log once more after `opened`
  bool heirs_win = true;          // only whose name closed a run's log may adopt what it wrote
  bool adoption_checked = true;   // a commit refuses what neither its runs nor its base have
  bool pass_deleted = true;       // the nearest kept backups may lie beyond deleted ones
  bool lost_lists_stop = true;    // nothing is garbage while a list that may keep it is gone
  bool heirs_heard = true;        // what an heir's backup refers to stays
};

// The public functions of the same names are these, with all rules.
Result<StartedRun> StartRun(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                            const StartRunRequest& request, const ChooseBase& choose,
                            const Rules& rules);
Result<std::optional<RunId>> InheritedRun(const Context& ctx, ObjectStore& store,
                                          const EnvironmentId& env, const RunFacts& facts,
                                          const Rules& rules);
Result<CheckedCandidate> CheckCandidate(const Context& ctx, ObjectStore& store,
                                        const EnvironmentId& env, const RunId& run,
                                        const AttemptId& attempt, const CheckOptions& options,
                                        const Rules& rules);
Result<CollectionPlan> PlanCollection(const Context& ctx, ObjectStore& store,
                                      const EnvironmentId& env, const CollectionOptions& options,
                                      const Rules& rules);

}  // namespace lc2::vault::internal
