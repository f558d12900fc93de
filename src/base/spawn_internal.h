#pragma once

#include <sys/types.h>

#include "base/file.h"
#include "base/process.h"
#include "base/result.h"

// How process.cc starts a program; for nobody else.
namespace lc2::internal {

struct Pipe {
  UniqueFd read, write;
};

// Both ends of all that may join us with a child. `report` carries the errno of a failed exec.
struct Pipes {
  Pipe in, out, err, report;
  UniqueFd null;
};
Result<Pipes> MakePipes();

struct Spawned {
  int failure = 0;  // errno; the rest is set where it is 0
  pid_t pid = -1;   // also the child's process group
  UniqueFd pidfd;
};
// Starts options.argv[0] in a new session, on the child's ends of `pipes`. Closes our end of
// `report`. To be called with all signals blocked, from a thread that outlives the child.
Spawned Spawn(ProcessOptions& options, Pipes& pipes);

// Waits for the end of our child `pid`.
ExitStatus Reap(pid_t pid);

}  // namespace lc2::internal
