#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/context.h"
#include "library/copy.h"
#include "library/finding.h"
#include "library/restore_plan.h"
#include "storage/object_store.h"
#include "storage/sorted_stream.h"

namespace lc2::library {

struct RestoreSinks {
  // The map of a restore: one entry for each object of the backup that now lies in the target, with
  // the target's facts and the backup's path and checksum. It is the base of the next backup.
  EntryWriter* map = nullptr;
  FindingSink* findings = nullptr;
  // Called when everything up to this key is durable.
  std::function<Result<void>(const std::string& last_key)> on_batch = {};
};

struct RestoreOptions {
  int workers = 2;
  int window = 256;
  std::int64_t batch_objects = 10'000;
  std::int64_t batch_bytes = std::int64_t{1} << 30;
  std::int64_t whole_limit = std::int64_t{8} << 20;
  std::int64_t objects_total = 0;
  std::int64_t bytes_total = 0;
};

struct RestoreSummary {
  ObjectCount written;
  ObjectCount left;                // equal already
  ObjectCount kept;                // extra in the target
  ObjectCount removed;             // extra in the target
  std::int64_t damaged = 0;        // in the backup: not restored, the target's object is untouched
  std::vector<std::string> named;  // the first ten of those
};

// Brings the target to the state of the backup, within the join's scope. The bytes of an object are
// checked against its recorded SHA-256 before it becomes visible in the target. A damaged object is
// a finding and the rest goes on. Errors: those of the stores and sinks, kCancelled, kTimeout,
// kUnavailable "restore.not_durable" if a written object is not there after the barrier.
Result<RestoreSummary> RestoreLibrary(const Context& ctx, RestoreJoin& join, ObjectStore& vault,
                                      ObjectStore& target, const RestoreSinks& sinks = {},
                                      const RestoreOptions& options = {});

// kCorrupt "restore.damaged", naming up to ten keys, if anything could not be restored.
Result<void> JudgeRestore(const RestoreSummary& summary);

}  // namespace lc2::library
