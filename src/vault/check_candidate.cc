#include <fmt/format.h>

#include "base/hash.h"
#include "storage/entry_json.h"
#include "vault/commit.h"
#include "vault/entries.h"
#include "vault/manifest_checks.h"
#include "vault/rules_internal.h"
#include "vault/spill.h"

// Is what a worker proposes complete? Every rule here stands between a bug and a false `Succeeded`.
namespace lc2::vault {
namespace {

Error Refuse(std::string_view code, std::string message) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = std::string(code),
               .message = std::move(message),
               .hint = "the attempt cannot be committed: start another one"};
}

Error Differs(std::string_view what, std::string_view expected, std::string_view found) {
  return Refuse("candidate.mismatch", fmt::format("the candidate's {} should be '{}', found '{}'",
                                                  what, expected, found));
}

class Checker {
 public:
  Checker(const Context& ctx, ObjectStore& store, const EnvironmentId& env, const RunFacts& facts,
          const AttemptId& attempt, const CheckOptions& options, const internal::Rules& rules)
      : ctx_(ctx),
        store_(store),
        env_(env),
        facts_(facts),
        attempt_(attempt),
        options_(options),
        rules_(rules) {}

  Result<void> Check(const Candidate& candidate) {
    LC2_RETURN_IF_ERROR(CheckIds(candidate));
    LC2_RETURN_IF_ERROR(CheckPlaces(candidate));
    LC2_RETURN_IF_ERROR(CheckDatabaseObjects(candidate));
    return candidate.document_library.layout == Layout::kPool
               ? CheckPoolEntries(candidate.document_library)
               : CheckFolderEntries(candidate.document_library);
  }

 private:
  const BackupId& id() const { return *facts_.opened->backup_id; }

  Result<void> CheckIds(const Candidate& candidate) const {
    struct Pair {
      std::string_view what;
      std::string_view expected;
      std::string_view found;
    };
    const Opened& opened = *facts_.opened;
    const std::string bucket = options_.source_bucket.empty()
                                   ? candidate.document_library.source_bucket
                                   : options_.source_bucket;
    const std::string provider = options_.provider.empty() ? candidate.provider : options_.provider;
    const Pair pairs[] = {
        {"runId", facts_.run.str(), candidate.run_id.str()},
        {"attempt", attempt_.str(), candidate.attempt.str()},
        {"backupId", id().str(), candidate.backup_id.str()},
        {"specDigest", opened.spec_digest, candidate.spec_digest},
        {"documentLibrary.sourceBucket", bucket, candidate.document_library.source_bucket},
        {"provider", provider, candidate.provider},
    };
    for (const Pair& pair : pairs) {
      if (pair.expected != pair.found) return Differs(pair.what, pair.expected, pair.found);
    }
    return {};
  }

  // Inside the environment is not enough: dumps and lists belong to this backup. A finished dump
  // may come from an earlier attempt of the run, the index never does.
  Result<void> CheckPlaces(const Candidate& candidate) const {
    const std::string database = BackupFolder(env_, id()) + "/database/";
    const auto below = [&](std::string_view what, const std::string& path) -> Result<void> {
      if (path.starts_with(database)) return {};
      return Differs(what, database + "...", path);
    };
    const DatabaseFacts& facts = candidate.database;
    if (facts.dump) LC2_RETURN_IF_ERROR(below("database.dump.path", facts.dump->path));
    if (facts.references)
      LC2_RETURN_IF_ERROR(below("database.references.path", facts.references->path));
    if (facts.type != "none" && !facts.references)
      return Differs("database.references", "a list", "nothing");
    if (candidate.consistency.findings)
      LC2_RETURN_IF_ERROR(below("consistency.findings.path", candidate.consistency.findings->path));
    const std::string index = LibraryFolder(env_, id(), attempt_) + "index.json";
    if (candidate.document_library.index && candidate.document_library.index->path != index)
      return Differs("documentLibrary.index.path", index, candidate.document_library.index->path);
    return {};
  }

  Result<void> CheckDatabaseObjects(const Candidate& candidate) const {
    const DatabaseFacts& facts = candidate.database;
    if (facts.dump) {
      LC2_ASSIGN_OR_RETURN(const ObjectFacts there, HeadNeeded(facts.dump->path));
      if (there.size != facts.dump->size_bytes)
        return Differs("database.dump.sizeBytes", std::to_string(there.size),
                       std::to_string(facts.dump->size_bytes));
      if (options_.dump_digest)
        LC2_RETURN_IF_ERROR(CheckDigest(facts.dump->path, facts.dump->sha256));
    }
    if (facts.references)
      LC2_RETURN_IF_ERROR(CheckDigest(facts.references->path, facts.references->sha256));
    if (candidate.consistency.findings)
      LC2_RETURN_IF_ERROR(CheckDigest(candidate.consistency.findings->path,
                                      candidate.consistency.findings->sha256));
    return {};
  }

  Result<ObjectFacts> HeadNeeded(const std::string& path) const {
    Result<ObjectFacts> there = store_.Head(ctx_, path);
    if (!there.has_value() && there.error().kind == ErrorKind::kNotFound)
      return Refuse("candidate.object_lost",
                    fmt::format("the backup needs '{}': it is not there", path));
    return there;
  }

  Result<void> CheckDigest(const std::string& path, const std::string& expected) const {
    LC2_RETURN_IF_ERROR(HeadNeeded(path));
    LC2_ASSIGN_OR_RETURN(const auto source, store_.OpenReader(ctx_, path));
    Sha256 hash;
    std::vector<char> buffer(256 << 10);
    while (true) {
      LC2_RETURN_IF_ERROR(ctx_.Check());
      LC2_ASSIGN_OR_RETURN(const std::size_t size, source->Read(buffer));
      if (size == 0) break;
      hash.Update(std::string_view(buffer.data(), size));
    }
    const std::string found = hash.FinishHex();
    if (found == expected) return {};
    return Refuse("candidate.object_digest",
                  fmt::format("'{}' should have SHA-256 {}, found {}", path, expected, found));
  }

  // Entries in key order against the base's: what this run did not write, the base must hold under
  // the same key. What it did write must all be in the worker's sets, and the sets in the pool.
  Result<void> CheckPoolEntries(const LibraryFacts& library) {
    LC2_ASSIGN_OR_RETURN(const std::optional<RunId> inherited,
                         internal::InheritedRun(ctx_, store_, env_, facts_, rules_));
    const OwnRuns own{.run = facts_.run, .inherited = inherited};
    LC2_ASSIGN_OR_RETURN(const auto entries, OpenEntries(ctx_, store_, env_, library));
    std::unique_ptr<EntryReader> base_entries =
        std::make_unique<VectorReader<Entry>>(std::vector<Entry>());
    if (facts_.opened->base) {
      LC2_ASSIGN_OR_RETURN(base_entries, OpenBaseEntries(ctx_, store_, env_, *facts_.opened->base));
    }
    Cursor<Entry> base(*base_entries);
    LC2_RETURN_IF_ERROR(base.Advance());
    PairSum written;
    while (true) {
      LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, entries->Read());
      if (batch.empty()) break;
      for (const Entry& entry : batch) {
        const std::optional<PoolName> pool = ParsePoolKey(env_, entry.path);
        LC2_CHECK(pool.has_value());  // CheckEntry has seen to it
        if (own.Owns(pool->run8)) {
          written.Add(pool->hash + "-" + pool->run8, entry.size);
          continue;
        }
        while (base.get() != nullptr && base.get()->key < entry.key)
          LC2_RETURN_IF_ERROR(base.Advance());
        if (rules_.adoption_checked) LC2_RETURN_IF_ERROR(CheckCarried(entry, base.get()));
      }
    }
    // The base's reader proves its own shards at their ends only: read them out.
    while (base.get() != nullptr) LC2_RETURN_IF_ERROR(base.Advance());

    LC2_ASSIGN_OR_RETURN(
        const PairSum owed,
        CheckWrittenObjects(ctx_, store_, env_, WrittenFolder(env_, facts_.run, attempt_), own));
    if (owed == written) return {};
    return Refuse("candidate.written_mismatch",
                  fmt::format("the candidate's entries name {} objects that this run wrote, its "
                              "lists of written objects {}; they are not the same",
                              written.count(), owed.count()));
  }

  Result<void> CheckCarried(const Entry& entry, const Entry* base) const {
    if (base == nullptr || base->key != entry.key) {
      return Refuse("candidate.carried_unknown",
                    fmt::format("entry '{}' refers to '{}' of another run, and the run's base does "
                                "not hold this key",
                                entry.key, entry.path));
    }
    const bool same = base->path == entry.path && base->size == entry.size &&
                      (!base->checksum || !entry.checksum || base->checksum == entry.checksum);
    if (same) return {};
    return Refuse("candidate.carried_mismatch",
                  fmt::format("entry '{}' should be '{}' with {} bytes as in the run's base, found "
                              "'{}' with {} bytes",
                              entry.key, base->path, base->size, entry.path, entry.size));
  }

  // Layout Folder: a plain copy below dl/<attempt>/, all of it this attempt's.
  Result<void> CheckFolderEntries(const LibraryFacts& library) const {
    const std::string prefix = FolderLayoutPrefix(env_, id(), attempt_);
    LC2_ASSIGN_OR_RETURN(const auto entries, OpenEntries(ctx_, store_, env_, library));
    LC2_ASSIGN_OR_RETURN(const auto listing, store_.List(ctx_, {.prefix = prefix}));
    Cursor<Entry> there(*listing);
    LC2_RETURN_IF_ERROR(there.Advance());
    while (true) {
      LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, entries->Read());
      if (batch.empty()) return {};
      for (const Entry& entry : batch) {
        if (entry.path != prefix + entry.key)
          return Differs("path of an entry", prefix + entry.key, entry.path);
        while (there.get() != nullptr && there.get()->key < entry.path)
          LC2_RETURN_IF_ERROR(there.Advance());
        if (there.get() == nullptr || there.get()->key != entry.path)
          return Refuse("candidate.object_lost",
                        fmt::format("the backup needs '{}': it is not there", entry.path));
        if (there.get()->size != entry.size)
          return Refuse("candidate.object_size",
                        fmt::format("the backup needs '{}' with {} bytes, found {}", entry.path,
                                    entry.size, there.get()->size));
      }
    }
  }

  const Context& ctx_;
  ObjectStore& store_;
  const EnvironmentId& env_;
  const RunFacts& facts_;
  const AttemptId& attempt_;
  const CheckOptions& options_;
  const internal::Rules& rules_;
};

}  // namespace

Result<CheckedCandidate> internal::CheckCandidate(const Context& ctx, ObjectStore& store,
                                                  const EnvironmentId& env, const RunId& run,
                                                  const AttemptId& attempt,
                                                  const CheckOptions& options, const Rules& rules) {
  LC2_RETURN_IF_ERROR(CheckAttemptId(attempt));
  LC2_ASSIGN_OR_RETURN(const ControlLog log, ReadControlLog(ctx, store, env, run));
  const RunFacts facts = Fold(log);
  const std::string digest_to_be = "sha256:" + std::string(64, '0');
  LC2_RETURN_IF_ERROR(CheckTransition(facts, Committed{.attempt = attempt,
                                                       .candidate_digest = digest_to_be,
                                                       .manifest_digest = digest_to_be}));
  const std::string key = CandidateKey(env, run, attempt);
  Result<std::string> bytes = store.Get(ctx, key, kMaxManifestBytes);
  if (!bytes.has_value() && bytes.error().kind == ErrorKind::kNotFound) {
    return Error{.kind = ErrorKind::kNotFound,
                 .code = "candidate.absent",
                 .message = fmt::format("attempt '{}' of run '{}' left no candidate", attempt.str(),
                                        run.str()),
                 .hint = "it ended before its last step: back up again",
                 .cause = Share(std::move(bytes).error())};
  }
  if (!bytes.has_value()) return std::move(bytes).error();
  LC2_ASSIGN_OR_RETURN(Candidate candidate, ParseCandidate(*bytes, env, key));
  LC2_RETURN_IF_ERROR(Checker(ctx, store, env, facts, attempt, options, rules).Check(candidate));
  ManifestBytes manifest = BuildManifest(candidate, *facts.opened);
  // What cannot be read back is not written.
  LC2_RETURN_IF_ERROR(
      ParseManifest(manifest.bytes, env, ManifestKey(env, *facts.opened->backup_id)));
  return CheckedCandidate{.candidate = std::move(candidate),
                          .digest = Sha256Tagged(*bytes),
                          .manifest = std::move(manifest)};
}

Result<CheckedCandidate> CheckCandidate(const Context& ctx, ObjectStore& store,
                                        const EnvironmentId& env, const RunId& run,
                                        const AttemptId& attempt, const CheckOptions& options) {
  return internal::CheckCandidate(ctx, store, env, run, attempt, options, {});
}

}  // namespace lc2::vault
