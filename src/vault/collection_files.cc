// Files of one run beside the pool: dumps, indexes and shards, plain copies, records.
#include <fmt/format.h>

#include <algorithm>

#include "vault/collection_internal.h"
#include "vault/commit.h"

namespace lc2::vault::internal {
namespace {

// What a backup consists of beside the pool: files by name, folders with their slash. Files of one
// backup may come from several attempts of its run, and an attempt whose dump was taken over may
// have left more than that.
std::set<std::string> PartsOf(const EnvironmentId& env, const Candidate& candidate) {
  std::set<std::string> parts;
  if (candidate.database.dump) {
    parts.insert(candidate.database.dump->path);
    if (candidate.database.dump->index) parts.insert(candidate.database.dump->index->path);
  }
  if (candidate.database.references) parts.insert(candidate.database.references->path);
  if (candidate.consistency.findings) parts.insert(candidate.consistency.findings->path);
  if (candidate.document_library.index) {
    const std::string& index = candidate.document_library.index->path;
    parts.insert(index.substr(0, index.rfind('/') + 1));  // and its shards
  }
  const BackupId& id = candidate.backup_id;
  parts.insert(LibraryFolder(env, id, candidate.attempt));
  parts.insert(FolderLayoutPrefix(env, id, candidate.attempt));
  parts.insert(AttemptFolder(env, candidate.run_id, candidate.attempt));
  return parts;
}

bool IsPart(const std::set<std::string>& parts, const std::string& key) {
  return std::any_of(parts.begin(), parts.end(), [&](const std::string& part) {
    return key == part || (part.ends_with('/') && key.starts_with(part));
  });
}

class RunFiles {
 public:
  RunFiles(const Context& ctx, ObjectStore& store, const EnvironmentId& env, const RunFacts& run,
           Findings& findings)
      : ctx_(ctx), store_(store), env_(env), run_(run), findings_(findings) {}

  // Everything, or what is no part of what is in use.
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
                           if (IsPart(in_use, object.key)) {
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
    if (runs.MapIsBase(facts) || (!facts.finished->map_digest && !runs.RestoredWhatIsGone(facts))) {
      return files.Drop({AttemptFolder(env, run, facts.finished->attempt)},
                        Left(facts, "a lost attempt"),
                        {.reason = fmt::format("kept: restore {} left it", run.str())});
    }
    return files.Drop({}, Left(facts, "records of a deleted backup's restore, that"));
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
  return files.Drop(PartsOf(env, *candidate), Left(facts, "a lost attempt"), keep);
}

}  // namespace lc2::vault::internal
