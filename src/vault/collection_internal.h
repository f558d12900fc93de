#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "vault/candidate.h"
#include "vault/collection_runs_internal.h"
#include "vault/paths.h"

// The parts that the quick way and the full merge share.
namespace lc2::vault::internal {

// What will be on the list, each object once, and what was said of those that will not.
class Findings {
 public:
  Findings(const CollectionOptions& options, CollectionPlan& plan)
      : options_(options), plan_(plan) {}
  void Keep(const std::string& key, std::int64_t size, const Verdict& verdict) {
    Say(key, size, verdict);
  }
  void Drop(const std::string& key, std::int64_t size, const Verdict& verdict);
  bool Names(const std::string& key) const { return items_.contains(key); }
  std::int64_t count() const { return static_cast<std::int64_t>(items_.size()); }
  bool full() const { return count() >= options_.max_objects; }
  // Moves everything into the plan.
  void Finish();

 private:
  void Say(const std::string& key, std::int64_t size, const Verdict& verdict);
  const CollectionOptions& options_;
  CollectionPlan& plan_;
  std::map<std::string, CollectionItem> items_;
};

// A kept backup's entries, read from the candidate of its committed attempt. Errors as
// PlanCollection.
Result<std::unique_ptr<EntryReader>> OpenKeptEntries(const Context& ctx, ObjectStore& store,
                                                     const EnvironmentId& env, const RunsSeen& runs,
                                                     const RunId& backup);

using OnEntry = std::function<Result<void>(const Entry&)>;
Result<void> ForEachEntry(EntryReader& reader, const OnEntry& on_entry);
using OnListed = std::function<Result<bool>(const Entry&)>;  // false: enough
Result<void> ForEachListed(const Context& ctx, ObjectStore& store, const ListQuery& query,
                           const OnListed& on_listed);

// The runs that have a folder below runs/, whatever lies in it: one short listing each.
Result<std::set<RunId>> RunsWithRecords(const Context& ctx, ObjectStore& store,
                                        const EnvironmentId& env);

// The files of one closed run beside the pool: what its backup still needs stays. `data_done`: all
// of the run's pool objects that are garbage are on the list, so that a gone backup's own list may
// go after them.
Result<void> FindFiles(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                       const RunsSeen& runs, const RunId& run, bool data_done, Findings& findings);

// What deleted backups and abandoned runs left in the pool. `pool` has the names of abandoned runs.
struct PoolObject {
  std::string key;
  std::int64_t size = 0;
};
struct QuickResult {
  std::set<RunId> incomplete;  // runs that have more garbage than the list may name
};
Result<QuickResult> FindQuickly(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                                const RunsSeen& runs, const std::set<RunId>& with_records,
                                const std::vector<PoolObject>& pool, bool pool_cut,
                                std::int64_t room, Findings& findings);

// All kept backups against the whole pool.
Result<void> MergeFully(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                        const CollectionOptions& options, const Rules& rules, CollectionPlan& plan,
                        Findings& findings);

}  // namespace lc2::vault::internal
