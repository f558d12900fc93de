#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "control/deps.h"
#include "vault/collection.h"

namespace lc2::control {

struct CollectOptions {
  bool dry_run = false;  // says what would go and changes nothing
  bool full = false;     // the monthly merge: vault::CollectionOptions::full
  std::int64_t max_objects = 50'000;
  // What an abandoned run left stays so long: a person may accept the losses it found, or look at
  // its records.
  std::chrono::hours keep_abandoned = std::chrono::hours(24 * 7);
  vault::OnObject on_object;
};

struct CollectionReport {
  EnvironmentId env;
  std::vector<RunId> closed_runs;  // stale ones that were abandoned as lost (dry run: would be)
  // Lists of earlier collections that were carried out first; in a dry run, that are pending.
  std::int64_t resumed_lists = 0;
  std::optional<std::int64_t> list;  // the number of the new one
  std::int64_t removed_objects = 0;  // of both; 0 in a dry run
  std::int64_t removed_bytes = 0;
  vault::CollectionPlan plan;
};

// Collects an environment's garbage: carries out lists that were left, closes runs that nobody runs
// any more, decides, writes a list, and carries it out. A run is closed only if it is a backup that
// was requested longer ago than the environment's maxRunHours and whose last attempt is kLost to
// the platform; what an unanswered question leaves open stays open. A run closed here is collected
// by a later collection. Safe beside backups, restores, deletions and other collections; to be
// repeated after a kill at any point. Decisions of others that the catalogue does not tell of are
// carried out and shown on the way: a deletion that was cut short leaves no manifest behind.
// Errors: those of OpenEnvironment, vault::PlanCollection and vault::CarryOutCollection.
Result<CollectionReport> CollectEnvironment(const Context& ctx, const Deps& deps,
                                            const EnvironmentId& env,
                                            const CollectOptions& options = {});

}  // namespace lc2::control
