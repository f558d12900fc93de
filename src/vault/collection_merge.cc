// All kept backups against the whole pool.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/hash.h"
#include "vault/collection_internal.h"
#include "vault/commit.h"

namespace lc2::vault::internal {
namespace {

constexpr int kFolders = 256;
constexpr std::size_t kNamedLosses = 100;

// A pool name as bytes, so that many fit into memory.
struct Listed {
  std::array<char, 36> name;  // 32 of the hash, 4 of the run's id
  std::int32_t by = -1;       // index of the backup that refers to it; -1: none does
  std::int64_t size = 0;
};

std::array<char, 36> BytesOf(const PoolName& name) {
  const std::string bytes = ParseHex(name.hash + name.run8).value_or(std::string(36, '\0'));
  std::array<char, 36> out{};
  std::memcpy(out.data(), bytes.data(), out.size());
  return out;
}

bool Less(const std::array<char, 36>& a, const std::array<char, 36>& b) {
  return std::memcmp(a.data(), b.data(), a.size()) < 0;
}

class FullMerge {
 public:
  FullMerge(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
            const CollectionOptions& options, const Rules& rules, CollectionPlan& plan,
            Findings& findings)
      : ctx_(ctx),
        store_(store),
        env_(env),
        options_(options),
        rules_(rules),
        plan_(plan),
        findings_(findings) {}

  // Whole pool folders in turn, as many as fit into memory, each turn in the order that makes a
  // collection safe.
  Result<void> Merge() {
    for (int from = 0; from < kFolders;) {
      LC2_ASSIGN_OR_RETURN(const int to, ListFrom(from));
      LC2_ASSIGN_OR_RETURN(const RunsSeen runs,
                           ReadRuns(ctx_, store_, env_, options_.abandoned_before, rules_));
      const std::vector<RunId> kept = runs.KeptBackups();
      for (std::size_t i = 0; i < kept.size(); ++i)
        LC2_RETURN_IF_ERROR(Mark(runs, kept[i], static_cast<std::int32_t>(i), from, to));
      for (const Listed& object : listed_) LC2_RETURN_IF_ERROR(Judge(runs, kept, object));
      from = to;
    }
    return {};
  }

 private:
  // Lists folders until enough names are in memory; returns the first folder not listed.
  Result<int> ListFrom(int from) {
    listed_.clear();
    int folder = from;
    for (; folder < kFolders; ++folder) {
      if (folder > from && static_cast<std::int64_t>(listed_.size()) >= options_.pool_names) break;
      LC2_RETURN_IF_ERROR(ForEachListed(
          ctx_, store_, {.prefix = PoolFolder(env_, folder)},
          [&](const Entry& object) -> Result<bool> {
            const std::optional<PoolName> name = ParsePoolKey(env_, object.key);
            if (name) {
              listed_.push_back({.name = BytesOf(*name), .size = object.size});
            } else {
              findings_.Keep(object.key, object.size, {.reason = "kept: no name of the pool"});
            }
            return true;
          }));
    }
    return folder;
  }

  Result<void> Mark(const RunsSeen& runs, const RunId& backup, std::int32_t index, int from,
                    int to) {
    LC2_ASSIGN_OR_RETURN(const auto entries, OpenKeptEntries(ctx_, store_, env_, runs, backup));
    return ForEachEntry(*entries, [&](const Entry& entry) -> Result<void> {
      const std::optional<PoolName> name = ParsePoolKey(env_, entry.path);
      if (!name || name->hh < from || name->hh >= to) return {};
      const std::array<char, 36> bytes = BytesOf(*name);
      const auto found = std::lower_bound(
          listed_.begin(), listed_.end(), bytes,
          [](const Listed& a, const std::array<char, 36>& b) { return Less(a.name, b); });
      if (found == listed_.end() || found->name != bytes)
        return MissingFromListing(runs, backup, entry);
      if (found->by < 0) found->by = index;
      return {};
    });
  }

  // Written after the listing, or lost.
  Result<void> MissingFromListing(const RunsSeen& runs, const RunId& backup, const Entry& entry) {
    if (!runs.IsAlive(backup)) return {};
    const Result<ObjectFacts> there = store_.Head(ctx_, entry.path);
    if (there.has_value()) return {};
    if (there.error().kind != ErrorKind::kNotFound) return there.error();
    ++plan_.lost_objects;
    if (plan_.lost.size() < kNamedLosses && (plan_.lost.empty() || plan_.lost.back() != entry.path))
      plan_.lost.push_back(entry.path);
    return {};
  }

  std::string KeyOf(const Listed& object) const {
    const std::string hex = Hex(std::string_view(object.name.data(), object.name.size()));
    return fmt::format("{}{}/{}-{}", PoolPrefix(env_), hex.substr(0, 2), hex.substr(0, 64),
                       hex.substr(64));
  }

  Result<void> Judge(const RunsSeen& runs, const std::vector<RunId>& kept, const Listed& object) {
    const std::string key = KeyOf(object);
    const Verdict verdict = VerdictOn(runs, kept, object, key);
    if (!verdict.garbage) {
      if (findings_.Names(key)) return Contradiction(key, verdict);
      findings_.Keep(key, object.size, verdict);
    } else if (findings_.Names(key)) {
      return {};
    } else if (findings_.full()) {
      plan_.more = true;
    } else {
      findings_.Drop(key, object.size, verdict);
    }
    return {};
  }

  Verdict VerdictOn(const RunsSeen& runs, const std::vector<RunId>& kept, const Listed& object,
                    const std::string& key) const {
    if (object.by >= 0) return runs.Referred(kept[static_cast<std::size_t>(object.by)]);
    const RunFacts* owner = runs.Owner(ParsePoolKey(env_, key)->run8);
    if (owner == nullptr) return {.reason = "kept: no log tells of the run that wrote it"};
    return runs.Unreferred(owner->run);
  }

  Error Contradiction(const std::string& key, const Verdict& verdict) const {
    return Error{
        .kind = ErrorKind::kInternal,
        .code = "collection.contradiction",
        .message = fmt::format("nothing of environment '{}' is collected: '{}' looked like "
                               "garbage, but the full merge says '{}'",
                               env_.str(), key, verdict.reason),
        .hint = "report this with the output of 'lc2 gc --full --dry-run'"};
  }

  const Context& ctx_;
  ObjectStore& store_;
  const EnvironmentId& env_;
  const CollectionOptions& options_;
  const Rules& rules_;
  CollectionPlan& plan_;
  Findings& findings_;
  std::vector<Listed> listed_;  // ascending by name, as the store lists them
};

}  // namespace

Result<void> MergeFully(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                        const CollectionOptions& options, const Rules& rules, CollectionPlan& plan,
                        Findings& findings) {
  return FullMerge(ctx, store, env, options, rules, plan, findings).Merge();
}

}  // namespace lc2::vault::internal
