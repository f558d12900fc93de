#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/result.h"
#include "base/strong.h"
#include "storage/object_store.h"
#include "vault/collection_list.h"

// What of an environment is garbage (design.md section 5, rules 6 and 7; docs/format.md section
// 11). Planning changes nothing.
namespace lc2::vault {

struct Verdict {
  bool garbage = false;
  std::string reason;  // "kept: run <id> is open", "garbage: run <id> was abandoned (lost)"
};

// What one object's fate is and why; for `--dry-run`.
using OnObject = std::function<void(const std::string& key, std::int64_t size, const Verdict&)>;

struct CollectionOptions {
  // Every kept backup against the whole pool, instead of only what deleted backups and abandoned
  // runs left: finds what losing attempts left too, and proves the quick way's answer.
  bool full = false;
  // At most so many objects on one list; the rest is for the next one. What else lies beside a
  // deleted backup's last objects comes on top.
  std::int64_t max_objects = 50'000;
  // Pool names in memory at once, 48 bytes each; more are taken in turns of whole pool folders.
  std::int64_t pool_names = 500'000;
  // What runs left that were abandoned later than this stays.
  Time abandoned_before = Time::max();
  OnObject on_object;
};

struct CollectionPlan {
  std::vector<CollectionItem> items;             // sorted by key: what a list would name
  std::map<std::string, std::int64_t> verdicts;  // reason -> objects that were looked at
  std::int64_t garbage_objects = 0;
  std::int64_t garbage_bytes = 0;
  bool more = false;  // there is more garbage than one list may name
  // Full only: objects that backups refer to and the pool does not hold, the first 100 by name.
  std::vector<std::string> lost;
  std::int64_t lost_objects = 0;
  // Full only: garbage that the quick way does not look for.
  std::int64_t unforeseen_objects = 0;
};

// Reads in the order that makes it safe: the pool's listing, closings and deletions, openings,
// candidates. Errors: kCorrupt "collection.unreadable_log", "candidate.*", "index.*", "shard.*":
// what cannot be read may refer to anything, so nothing is garbage; kCorrupt "collection.base_lost"
// (an open run names a base whose list is gone); kInternal "collection.contradiction" (the full
// merge keeps what the quick way calls garbage).
Result<CollectionPlan> PlanCollection(const Context& ctx, ObjectStore& store,
                                      const EnvironmentId& env,
                                      const CollectionOptions& options = {});

}  // namespace lc2::vault
