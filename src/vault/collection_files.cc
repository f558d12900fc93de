// Files of one run beside the pool: dumps, indexes and shards, plain copies, records.
#include <fmt/format.h>

#include "vault/collection_internal.h"
#include "vault/commit.h"

namespace lc2::vault::internal {
namespace {

// The attempt folders that a backup's parts lie in: files of one backup may come from several
// attempts of its run.
std::set<std::string> FoldersInUse(const EnvironmentId& env, const Candidate& candidate) {
  std::set<std::string> folders;
  const auto use = [&](const std::string& path) {
    folders.insert(path.substr(0, path.rfind('/') + 1));
  };
  if (candidate.database.dump) {
    use(candidate.database.dump->path);
    if (candidate.database.dump->index) use(candidate.database.dump->index->path);
  }
  if (candidate.database.references) use(candidate.database.references->path);
  if (candidate.consistency.findings) use(candidate.consistency.findings->path);
  if (candidate.document_library.index) use(candidate.document_library.index->path);
  const BackupId& id = candidate.backup_id;
  folders.insert(LibraryFolder(env, id, candidate.attempt));
  folders.insert(FolderLayoutPrefix(env, id, candidate.attempt));
  folders.insert(AttemptFolder(env, candidate.run_id, candidate.attempt));
  return folders;
}

bool LiesInOne(const std::set<std::string>& folders, const std::string& key) {
  const auto after = folders.upper_bound(key);
  return after != folders.begin() && key.starts_with(*std::prev(after));
}

class RunFiles {
 public:
  RunFiles(const Context& ctx, ObjectStore& store, const EnvironmentId& env, const RunFacts& run,
           Findings& findings)
      : ctx_(ctx), store_(store), env_(env), run_(run), findings_(findings) {}

  // Everything, or what lies in none of `in_use`.
  Result<void> Drop(const std::set<std::string>& in_use, const Verdict& verdict,
                    const Verdict& keep = {}) {
    if (run_.opened->backup_id)
      LC2_RETURN_IF_ERROR(
          DropBelow(BackupFolder(env_, *run_.opened->backup_id) + "/", in_use, verdict, keep));
    return DropBelow(RunFolder(env_, run_.run), in_use, verdict, keep);
  }

 private:
  Result<void> DropBelow(const std::string& prefix, const std::set<std::string>& in_use,
                         const Verdict& verdict, const Verdict& keep) {
    return ForEachListed(ctx_, store_, {.prefix = prefix},
                         [&](const Entry& object) -> Result<bool> {
                           // Manifest and signature are the deletion's business.
                           if (!IsCollectable(env_, object.key)) return true;
                           if (LiesInOne(in_use, object.key)) {
                             findings_.Keep(object.key, object.size, keep);
                           } else {
                             findings_.Drop(object.key, object.size, verdict);
                           }
                           return true;
                         });
  }

  const Context& ctx_;
  ObjectStore& store_;
  const EnvironmentId& env_;
  const RunFacts& run_;
  Findings& findings_;
};

Verdict Left(const RunFacts& run, std::string_view what) {
  return {.garbage = true, .reason = fmt::format("garbage: {} of run {}", what, run.run.str())};
}

}  // namespace

Result<void> FindFiles(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                       const RunsSeen& runs, const RunId& run, bool data_done, Findings& findings) {
  if (const std::optional<Verdict> kept = runs.KeepsAll(run)) {
    findings.Keep(RunFolder(env, run), 0, *kept);
    return {};
  }
  const RunFacts& facts = *runs.Find(run);
  RunFiles files(ctx, store, env, facts, findings);
  if (facts.abandoned) {
    if (!data_done) return {};
    return files.Drop({}, runs.Unreferred(run));
  }
  if (facts.finished) {
    // The map is all that a later run may need; without a base it goes, with the attempt's records.
    if (runs.MapIsBase(facts) || !facts.finished->map_digest) {
      return files.Drop({AttemptFolder(env, run, facts.finished->attempt)},
                        Left(facts, "a lost attempt"),
                        {.reason = fmt::format("kept: restore {} left it", run.str())});
    }
    return files.Drop({}, Left(facts, "the map of a deleted backup's restore, records"));
  }
  Result<Candidate> candidate = ReadCommittedCandidate(ctx, store, env, facts);
  const bool gone = runs.IsGone(run);
  const bool lost = !candidate.has_value() && candidate.error().code == "candidate.lost";
  // Collected already, but for what came afterwards.
  if (gone && lost) return files.Drop({}, runs.Unreferred(run));
  if (lost && !runs.rules().lost_lists_stop) return {};
  if (!candidate.has_value()) return std::move(candidate).error();
  if (gone && data_done) return files.Drop({}, runs.Unreferred(run));
  const Verdict keep =
      gone ? Verdict{.reason = fmt::format("kept: until all that deleted backup {} left is gone",
                                           facts.opened->backup_id->str())}
           : runs.Referred(run);
  return files.Drop(FoldersInUse(env, *candidate), Left(facts, "a lost attempt"), keep);
}

}  // namespace lc2::vault::internal
