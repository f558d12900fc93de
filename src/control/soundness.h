#pragma once

#include <map>
#include <vector>

#include "base/clock.h"
#include "vault/control_log.h"

namespace lc2::control {

// Which backups of an environment can be relied on. Backups that stand in one tree of bases share
// objects, so damage that a verification found in one of them may be in all: none of the tree is
// sound any more, unless a later verification read every byte of it and passed. Pure.
class Soundness {
 public:
  explicit Soundness(const std::vector<vault::RunFacts>& runs);  // all of the environment
  // No damage is known that the run's backup could share.
  bool IsSound(const vault::RunFacts& run);

 private:
  RunId RootOf(RunId run);
  void Join(const RunId& a, const RunId& b);

  std::map<RunId, RunId> above_;      // towards the root of a run's tree
  std::map<RunId, Time> damaged_at_;  // by root: when damage was found last
};

}  // namespace lc2::control
