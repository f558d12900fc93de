#include "control/soundness.h"

#include <algorithm>

namespace lc2::control {

Soundness::Soundness(const std::vector<vault::RunFacts>& runs) {
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

bool Soundness::IsSound(const vault::RunFacts& run) {
  const auto damaged = damaged_at_.find(RootOf(run.run));
  if (damaged == damaged_at_.end()) return true;
  return run.verified && run.verified->result == "Passed" && run.verified->level == "Full" &&
         run.verified_at > damaged->second;
}

RunId Soundness::RootOf(RunId run) {
  for (auto above = above_.find(run); above != above_.end(); above = above_.find(run)) {
    // Shortens the way for the next one: chains of incremental backups are long.
    if (const auto next = above_.find(above->second); next != above_.end()) {
      above->second = next->second;
    }
    run = above->second;
  }
  return run;
}

void Soundness::Join(const RunId& a, const RunId& b) {
  const RunId root_a = RootOf(a);
  const RunId root_b = RootOf(b);
  if (root_a != root_b) above_[root_a] = root_b;
}

}  // namespace lc2::control
