#pragma once

#include <memory>
#include <string>

#include "base/context.h"
#include "base/result.h"
#include "base/strong.h"
#include "storage/sorted_stream.h"
#include "vault/candidate.h"
#include "vault/control_log.h"
#include "vault/vault.h"

// How a candidate becomes a backup (design.md section 5, rule 3). Control plane only.
namespace lc2::vault {

struct CheckOptions {
  // What the environment says; empty: not compared.
  std::string source_bucket;
  std::string provider;
  // Read the dump again and compare its digest. A control plane that must not move bulk data
  // clears it: then existence and size are checked, and the bytes are left to the verify step.
  bool dump_digest = true;
};

struct CheckedCandidate {
  Candidate candidate;
  std::string digest;  // "sha256:..." of candidate.json
  ManifestBytes manifest;
};

// Checks the candidate that `attempt` left: ids and spec digest against `opened`; every path inside
// the environment, and where it belongs; digests of index and shards; dump, references and findings
// by size and digest; objects that this run wrote by listing; carried entries against the base,
// whose own commit proved them. Changes nothing. Errors: kCorrupt "candidate.*", "index.*",
// "shard.*", "manifest.escapes"; kConflict "vault.log_transition" (the run is closed, or the
// attempt is not one of its log); kNotFound "candidate.absent"; those of the store.
Result<CheckedCandidate> CheckCandidate(const Context& ctx, ObjectStore& store,
                                        const EnvironmentId& env, const RunId& run,
                                        const AttemptId& attempt, const CheckOptions& options = {});

// The candidate that a committed run's log names by digest; it is there as long as anything of the
// backup is, also when the manifest is deleted. Errors: kCorrupt "candidate.digest",
// "candidate.lost".
Result<Candidate> ReadCommittedCandidate(const Context& ctx, ObjectStore& store,
                                         const EnvironmentId& env, const RunFacts& facts);

// The entries that prove what a run may carry from its base: those of the base's committed
// candidate; of a restore's map, those of the backup that it restored.
Result<std::unique_ptr<EntryReader>> OpenBaseEntries(const Context& ctx, ObjectStore& store,
                                                     const EnvironmentId& env, const Base& base);

struct CommitFacts {
  RunFacts facts;
  std::string manifest_key;
  std::string manifest_digest;
};

// Appends `committed` and finishes. Committing the same candidate again succeeds; kConflict
// "vault.log_transition" if the run was closed in another way meanwhile.
Result<CommitFacts> Commit(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                           const RunId& run, const CheckedCandidate& checked,
                           const std::string& who);

// Makes storage agree with a log: creates manifest, signature and tracker of a committed run that
// lack, removes those of a deleted one. Idempotent; for whoever sees a difference. Errors:
// kConflict "vault.log_transition" if the run is not committed; kCorrupt "candidate.digest" (the
// candidate is not the one that was committed), "manifest.foreign" (another manifest lies there).
Result<CommitFacts> FinishCommit(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                                 const RunId& run);

// Removes what `deleted` takes away: tracker, manifest, signature, in this order. For deletion and
// FinishCommit. Returns whether any of it was there.
Result<bool> RemovePublished(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                             const BackupId& id);

// Publishes the signing key's public half at keys/<id>.pem. Idempotent.
Result<void> PublishKey(const Context& ctx, ObjectStore& store, const PublicKey& key);

}  // namespace lc2::vault
