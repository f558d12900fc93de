#include "vault/collection.h"

#include <fmt/format.h>

#include <utility>

#include "vault/backup.h"
#include "vault/collection_internal.h"
#include "vault/commit.h"
#include "vault/entries.h"

namespace lc2::vault {
namespace internal {

void Findings::Say(const std::string& key, std::int64_t size, const Verdict& verdict) {
  ++plan_.verdicts[verdict.reason];
  if (options_.on_object) options_.on_object(key, size, verdict);
}

void Findings::Drop(const std::string& key, std::int64_t size, const Verdict& verdict) {
  const auto [item, added] =
      items_.try_emplace(key, CollectionItem{.key = key, .size = size, .reason = verdict.reason});
  if (added) Say(key, size, verdict);
}

void Findings::Finish() {
  for (auto& [key, item] : items_) {
    ++plan_.garbage_objects;
    plan_.garbage_bytes += item.size;
    plan_.items.push_back(std::move(item));
  }
  items_.clear();
}

Result<std::unique_ptr<EntryReader>> OpenKeptEntries(const Context& ctx, ObjectStore& store,
                                                     const EnvironmentId& env, const RunsSeen& runs,
                                                     const RunId& backup) {
  Result<Candidate> candidate = ReadCommittedCandidate(ctx, store, env, *runs.Find(backup));
  if (!candidate.has_value() && candidate.error().code == "candidate.lost" &&
      !runs.IsAlive(backup)) {
    if (!runs.rules().lost_lists_stop)
      return std::unique_ptr<EntryReader>(
          std::make_unique<VectorReader<Entry>>(std::vector<Entry>()));
    return Error{
        .kind = ErrorKind::kCorrupt,
        .code = "collection.base_lost",
        .message = fmt::format("nothing of environment '{}' is collected: an open run has "
                               "the deleted backup of run '{}' as base, whose list is gone",
                               env.str(), backup.str()),
        .hint = "cancel the request of that open run, or let it end",
        .cause = Share(std::move(candidate).error())};
  }
  if (!candidate.has_value()) return std::move(candidate).error();
  return OpenEntries(ctx, store, env, candidate->document_library);
}

Result<void> ForEachEntry(EntryReader& reader, const OnEntry& on_entry) {
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, reader.Read());
    if (batch.empty()) return {};
    for (const Entry& entry : batch) LC2_RETURN_IF_ERROR(on_entry(entry));
  }
}

Result<void> ForEachListed(const Context& ctx, ObjectStore& store, const ListQuery& query,
                           const OnListed& on_listed) {
  LC2_ASSIGN_OR_RETURN(const auto listing, store.List(ctx, query));
  while (true) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, listing->Read());
    if (batch.empty()) return {};
    for (const Entry& object : batch) {
      LC2_ASSIGN_OR_RETURN(const bool more, on_listed(object));
      if (!more) return {};
    }
  }
}

Result<std::set<RunId>> RunsWithRecords(const Context& ctx, ObjectStore& store,
                                        const EnvironmentId& env) {
  const std::string prefix = RunFoldersPrefix(env);
  std::set<RunId> found;
  std::string after;
  while (true) {
    std::string first;
    LC2_RETURN_IF_ERROR(ForEachListed(ctx, store, {.prefix = prefix, .start_after = after},
                                      [&](const Entry& object) -> Result<bool> {
                                        first = object.key;
                                        return false;
                                      }));
    if (first.empty()) return found;
    const std::string name =
        first.substr(prefix.size(), first.find('/', prefix.size()) - prefix.size());
    if (CheckRunId(RunId(name)).has_value()) found.insert(RunId(name));
    after = prefix + name + '0';  // '0' follows '/': past all that lies in this folder
    if (after <= first) after = first;
  }
}

}  // namespace internal

namespace {

// Whose pool objects the quick way has to find by listing: nothing but their names tells of them.
std::set<std::string> AbandonedWithRecords(const std::vector<RunFacts>& runs,
                                           const std::set<RunId>& with_records) {
  std::set<std::string> run8s;
  for (const RunFacts& run : runs) {
    if (run.abandoned && with_records.contains(run.run)) run8s.insert(Run8(run.run));
  }
  return run8s;
}

}  // namespace

Result<CollectionPlan> internal::PlanCollection(const Context& ctx, ObjectStore& store,
                                                const EnvironmentId& env,
                                                const CollectionOptions& options,
                                                const Rules& rules) {
  LC2_RETURN_IF_ERROR(CheckEnvironment(env));
  CollectionPlan plan;
  internal::Findings findings(options, plan);
  LC2_ASSIGN_OR_RETURN(const std::set<RunId> with_records,
                       internal::RunsWithRecords(ctx, store, env));
  // A look ahead, which says only what to look for in the pool.
  LC2_ASSIGN_OR_RETURN(const RunList ahead, ListAllRuns(ctx, store, env));
  const std::set<std::string> wanted = AbandonedWithRecords(ahead.runs, with_records);
  std::vector<internal::PoolObject> pool;
  bool cut = false;
  if (!wanted.empty()) {
    LC2_RETURN_IF_ERROR(internal::ForEachListed(
        ctx, store, {.prefix = PoolPrefix(env)}, [&](const Entry& object) -> Result<bool> {
          const std::optional<PoolName> name = ParsePoolKey(env, object.key);
          if (!name || !wanted.contains(name->run8)) return true;
          cut = static_cast<std::int64_t>(pool.size()) >= options.max_objects;
          if (!cut) pool.push_back({.key = object.key, .size = object.size});
          return !cut;
        }));
  }
  LC2_ASSIGN_OR_RETURN(const internal::RunsSeen runs,
                       internal::ReadRuns(ctx, store, env, options.abandoned_before, rules));
  LC2_ASSIGN_OR_RETURN(const internal::QuickResult quick,
                       internal::FindQuickly(ctx, store, env, runs, with_records, pool, cut,
                                             options.max_objects, findings));
  const std::int64_t foreseen = findings.count();
  if (options.full)
    LC2_RETURN_IF_ERROR(internal::MergeFully(ctx, store, env, options, rules, plan, findings));
  plan.unforeseen_objects = findings.count() - foreseen;
  for (const RunId& run : with_records) {
    LC2_RETURN_IF_ERROR(
        internal::FindFiles(ctx, store, env, runs, run, !quick.incomplete.contains(run), findings));
  }
  plan.more = plan.more || !quick.incomplete.empty();
  findings.Finish();
  return plan;
}

Result<CollectionPlan> PlanCollection(const Context& ctx, ObjectStore& store,
                                      const EnvironmentId& env, const CollectionOptions& options) {
  return internal::PlanCollection(ctx, store, env, options, {});
}

}  // namespace lc2::vault
