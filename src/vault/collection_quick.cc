// What deleted backups and abandoned runs left in the pool, by looking at their neighbours alone.
#include <fmt/format.h>

#include <latch>

#include "storage/sorted_stream.h"
#include "vault/collection_internal.h"
#include "vault/commit.h"
#include "vault/entries.h"

namespace lc2::vault::internal {
namespace {

// A pool object to which, so far, nobody refers.
struct Suspect {
  std::int64_t size = 0;
  RunId of;  // the deleted backup or the abandoned run that led to it
};

// Some kept backups' entries side by side, in key order.
class SideBySide {
 public:
  static Result<SideBySide> Open(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                                 const RunsSeen& runs, const std::vector<RunId>& backups) {
    SideBySide all;
    for (const RunId& backup : backups) {
      LC2_ASSIGN_OR_RETURN(auto reader, OpenKeptEntries(ctx, store, env, runs, backup));
      all.readers_.push_back(std::move(reader));
      all.cursors_.emplace_back(*all.readers_.back());
      LC2_RETURN_IF_ERROR(all.cursors_.back().Advance());
    }
    return all;
  }

  // Whether one of them has this entry, under the same key. Entries come in key order.
  Result<bool> Have(const Entry& entry) {
    bool found = false;
    for (Cursor<Entry>& cursor : cursors_) {
      while (cursor.get() != nullptr && cursor.get()->key < entry.key)
        LC2_RETURN_IF_ERROR(cursor.Advance());
      const Entry* theirs = cursor.get();
      found =
          found || (theirs != nullptr && theirs->key == entry.key && theirs->path == entry.path);
    }
    return found;
  }

 private:
  std::vector<std::unique_ptr<EntryReader>> readers_;
  std::vector<Cursor<Entry>> cursors_;
};

class QuickWay {
 public:
  QuickWay(const Context& ctx, ObjectStore& store, const EnvironmentId& env, const RunsSeen& runs,
           Findings& findings)
      : ctx_(ctx), store_(store), env_(env), runs_(runs), findings_(findings) {}

  void TakeAbandoned(const std::vector<PoolObject>& pool, bool cut) {
    for (const PoolObject& object : pool) {
      const RunFacts* owner = runs_.Owner(ParsePoolKey(env_, object.key)->run8);
      if (owner == nullptr || !owner->abandoned) continue;
      if (const std::optional<Verdict> kept = runs_.KeepsAll(owner->run)) {
        findings_.Keep(object.key, object.size, *kept);
        continue;
      }
      suspects_.emplace(object.key, Suspect{.size = object.size, .of = owner->run});
      if (owner->abandoned->heir && runs_.rules().heirs_heard)
        AddWitnesses(*owner->abandoned->heir);
    }
    if (!cut) return;
    for (const auto& [id, run] : runs_.runs()) {
      if (run.abandoned) result_.incomplete.insert(id);
    }
  }

  // What a gone backup refers to and none of its neighbours does, under the same key.
  Result<void> TakeDeleted(const RunId& backup, std::int64_t room) {
    const Result<Candidate> candidate =
        ReadCommittedCandidate(ctx_, store_, env_, *runs_.Find(backup));
    if (!candidate.has_value() && candidate.error().code == "candidate.lost") return {};
    if (!candidate.has_value()) return candidate.error();
    LC2_ASSIGN_OR_RETURN(const auto entries,
                         OpenEntries(ctx_, store_, env_, candidate->document_library));
    const std::vector<RunId> neighbours = runs_.Neighbours(backup);
    LC2_ASSIGN_OR_RETURN(SideBySide beside,
                         SideBySide::Open(ctx_, store_, env_, runs_, neighbours));
    std::vector<PoolObject> batch;
    bool any = false;
    const auto room_left = [&] { return static_cast<std::int64_t>(suspects_.size()) < room; };
    LC2_RETURN_IF_ERROR(ForEachEntry(*entries, [&](const Entry& entry) -> Result<void> {
      LC2_ASSIGN_OR_RETURN(const bool shared, beside.Have(entry));
      if (shared || !ParsePoolKey(env_, entry.path)) return {};
      if (!room_left()) {
        result_.incomplete.insert(backup);
        return {};
      }
      any = true;
      batch.push_back({.key = entry.path, .size = entry.size});
      return batch.size() < kBatch ? Result<void>() : TakePresent(batch, backup);
    }));
    LC2_RETURN_IF_ERROR(TakePresent(batch, backup));
    if (!any) return {};
    for (const RunId& neighbour : neighbours) witnesses_.insert(neighbour);
    return {};
  }

  // One object may stand under several keys: content has one name, and a file that moves keeps it.
  // So the neighbours are read once more, for their paths alone.
  Result<void> HearWitnesses() {
    for (const RunId& witness : witnesses_) {
      if (suspects_.empty()) break;
      LC2_ASSIGN_OR_RETURN(const auto entries, OpenKeptEntries(ctx_, store_, env_, runs_, witness));
      LC2_RETURN_IF_ERROR(ForEachEntry(*entries, [&](const Entry& entry) -> Result<void> {
        const auto suspect = suspects_.find(entry.path);
        if (suspect == suspects_.end()) return {};
        findings_.Keep(entry.path, suspect->second.size, runs_.Referred(witness));
        suspects_.erase(suspect);
        return {};
      }));
    }
    return {};
  }

  QuickResult Decide() {
    for (const auto& [key, suspect] : suspects_) {
      const RunFacts* owner = runs_.Owner(ParsePoolKey(env_, key)->run8);
      const Verdict verdict =
          owner != nullptr ? runs_.Unreferred(owner->run)
                           : Verdict{.reason = "kept: no log tells of the run that wrote it"};
      if (verdict.garbage) {
        findings_.Drop(key, suspect.size, verdict);
      } else {
        findings_.Keep(key, suspect.size, verdict);
      }
    }
    return std::move(result_);
  }

 private:
  static constexpr std::size_t kBatch = 1000;

  // Those that earlier collections have not taken yet.
  Result<void> TakePresent(std::vector<PoolObject>& batch, const RunId& of) {
    std::vector<std::optional<Result<OperationResult>>> answers(batch.size());
    std::latch all(static_cast<std::ptrdiff_t>(batch.size()));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      store_.Submit(ctx_, HeadOperation{.key = batch[i].key},
                    [&answers, &all, i](Result<OperationResult> answer) {
                      answers[i].emplace(std::move(answer));
                      all.count_down();
                    });
    }
    all.wait();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Result<OperationResult>& answer = *answers[i];
      if (answer.has_value()) {
        suspects_.emplace(batch[i].key, Suspect{.size = batch[i].size, .of = of});
      } else if (answer.error().kind != ErrorKind::kNotFound) {
        return answer.error();
      }
    }
    batch.clear();
    return {};
  }

  // Who may refer to what an inherited run wrote: its heir's backup, or what stands around it.
  void AddWitnesses(const RunId& heir) {
    if (runs_.IsKept(heir)) {
      witnesses_.insert(heir);
      return;
    }
    for (const RunId& neighbour : runs_.Neighbours(heir)) witnesses_.insert(neighbour);
  }

  const Context& ctx_;
  ObjectStore& store_;
  const EnvironmentId& env_;
  const RunsSeen& runs_;
  Findings& findings_;
  std::unordered_map<std::string, Suspect> suspects_;
  std::set<RunId> witnesses_;
  QuickResult result_;
};

}  // namespace

Result<QuickResult> FindQuickly(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                                const RunsSeen& runs, const std::set<RunId>& with_records,
                                const std::vector<PoolObject>& pool, bool pool_cut,
                                std::int64_t room, Findings& findings) {
  QuickWay way(ctx, store, env, runs, findings);
  way.TakeAbandoned(pool, pool_cut);
  for (const RunId& run : with_records) {
    if (runs.IsGone(run)) LC2_RETURN_IF_ERROR(way.TakeDeleted(run, room));
  }
  LC2_RETURN_IF_ERROR(way.HearWitnesses());
  return way.Decide();
}

}  // namespace lc2::vault::internal
