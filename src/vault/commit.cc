#include "vault/commit.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "vault/audit.h"
#include "vault/create_only.h"
#include "vault/entries.h"
#include "vault/tracker.h"

namespace lc2::vault {
namespace {

Error NotCommitted(const RunFacts& facts) {
  return Error{.kind = ErrorKind::kConflict,
               .code = "vault.log_transition",
               .message = fmt::format("run '{}' is not committed", facts.run.str()),
               .hint = "look at the run's present state and decide again"};
}

// A create-only object that must hold exactly these bytes.
Result<void> CreateExactly(const Context& ctx, ObjectStore& store, const std::string& key,
                           const std::string& bytes) {
  LC2_ASSIGN_OR_RETURN(const Created created, CreateDecision(ctx, store, key, bytes));
  if (created.outcome == CreateOutcome::kUnknown) return UnknownOutcome(key, created);
  if (created.outcome == CreateOutcome::kOurs) return {};
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "manifest.foreign",
               .message = fmt::format("'{}' holds other bytes than the run's log calls for", key),
               .hint = "somebody wrote or changed it: move it away by hand, then repeat"};
}

// A create-only object whose other writers are as good as we.
Result<void> CreateUnlessThere(const Context& ctx, ObjectStore& store, const std::string& key,
                               const std::string& bytes) {
  LC2_ASSIGN_OR_RETURN(const Created created, CreateDecision(ctx, store, key, bytes));
  if (created.outcome == CreateOutcome::kUnknown) return UnknownOutcome(key, created);
  if (created.outcome == CreateOutcome::kNotOurs)
    ctx.log().Warning("vault.kept_other", {{"key", key}});
  return {};
}

class Publisher {
 public:
  Publisher(const Context& ctx, const Vault& vault, const EnvironmentId& env, const RunFacts& facts)
      : ctx_(ctx), vault_(vault), env_(env), facts_(facts), id_(*facts.opened->backup_id) {}

  Result<void> Publish() {
    LC2_ASSIGN_OR_RETURN(const Candidate candidate,
                         ReadCommittedCandidate(ctx_, vault_.store, env_, facts_));
    const ManifestBytes manifest = BuildManifest(candidate, *facts_.opened);
    if (manifest.digest != facts_.committed->manifest_digest) {
      return Error{
          .kind = ErrorKind::kCorrupt,
          .code = "candidate.digest",
          .message = fmt::format("the manifest of backup '{}' should have digest {}, this "
                                 "lc2 makes {}",
                                 id_.str(), facts_.committed->manifest_digest, manifest.digest),
          .hint = "finish it with the version of lc2 that committed it"};
    }
    const std::string key = ManifestKey(env_, id_);
    const Result<ObjectFacts> there = vault_.store.Head(ctx_, key);
    if (!there.has_value() && there.error().kind != ErrorKind::kNotFound) return there.error();
    // Before the manifest, so that a crash between the two repeats the entry and never loses it.
    if (!there.has_value()) LC2_RETURN_IF_ERROR(Audit());
    LC2_RETURN_IF_ERROR(CreateExactly(ctx_, vault_.store, key, manifest.bytes));
    LC2_RETURN_IF_ERROR(Sign(manifest.bytes));
    if (!vault_.lcp_trackers) return {};
    LC2_ASSIGN_OR_RETURN(const Manifest parsed, ParseManifest(manifest.bytes, env_, key));
    return CreateUnlessThere(ctx_, vault_.store, TrackerKey(id_), EncodeTracker(parsed));
  }

 private:
  Result<void> Audit() {
    if (vault_.audit == nullptr) return {};
    const AuditEvent event{.action = "backup.committed",
                           .who = facts_.opened->initiator,
                           .environment = env_.str(),
                           .subject = id_.str(),
                           .detail = {{"runId", facts_.run.str()},
                                      {"manifestDigest", facts_.committed->manifest_digest}}};
    LC2_RETURN_IF_ERROR(vault_.audit->Append(ctx_, event));
    return {};
  }

  Result<void> Sign(const std::string& bytes) {
    if (vault_.signing_key == nullptr) return {};
    LC2_RETURN_IF_ERROR(PublishKey(ctx_, vault_.store, vault_.signing_key->public_key()));
    return CreateUnlessThere(ctx_, vault_.store, SignatureKey(env_, id_),
                             vault_.signing_key->Sign(bytes));
  }

  const Context& ctx_;
  const Vault& vault_;
  const EnvironmentId& env_;
  const RunFacts& facts_;
  const BackupId id_;
};

}  // namespace

Result<Candidate> ReadCommittedCandidate(const Context& ctx, ObjectStore& store,
                                         const EnvironmentId& env, const RunFacts& facts) {
  if (!facts.committed) return NotCommitted(facts);
  const std::string key = CandidateKey(env, facts.run, facts.committed->attempt);
  Result<std::string> bytes = store.Get(ctx, key, kMaxManifestBytes);
  if (!bytes.has_value() && bytes.error().kind == ErrorKind::kNotFound) {
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "candidate.lost",
                 .message = fmt::format("the committed candidate '{}' is not there", key),
                 .hint = "restore an older version of this object",
                 .cause = Share(std::move(bytes).error())};
  }
  if (!bytes.has_value()) return std::move(bytes).error();
  if (const std::string digest = Sha256Tagged(*bytes);
      digest != facts.committed->candidate_digest) {
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "candidate.digest",
                 .message = fmt::format("'{}' should have digest {}, found {}", key,
                                        facts.committed->candidate_digest, digest),
                 .hint = "restore an older version of this object"};
  }
  return ParseCandidate(*bytes, env, key);
}

Result<std::unique_ptr<EntryReader>> OpenBaseEntries(const Context& ctx, ObjectStore& store,
                                                     const EnvironmentId& env, const Base& base) {
  RunId run = base.backup_run.value_or(RunId());
  if (base.restore_run) {
    LC2_ASSIGN_OR_RETURN(const ControlLog log, ReadControlLog(ctx, store, env, *base.restore_run));
    const RunFacts restore = Fold(log);
    if (!restore.finished || !restore.opened->source) return NotCommitted(restore);
    run = restore.opened->source->run_id;
  }
  LC2_ASSIGN_OR_RETURN(const ControlLog log, ReadControlLog(ctx, store, env, run));
  LC2_ASSIGN_OR_RETURN(const Candidate candidate,
                       ReadCommittedCandidate(ctx, store, env, Fold(log)));
  return OpenEntries(ctx, store, env, candidate.document_library);
}

Result<CommitFacts> Commit(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                           const RunId& run, const CheckedCandidate& checked,
                           const std::string& who) {
  const Committed committed{.attempt = checked.candidate.attempt,
                            .candidate_digest = checked.digest,
                            .manifest_digest = checked.manifest.digest};
  LC2_RETURN_IF_ERROR(AppendEvent(
      ctx, vault, env, run,
      [&](const ControlLog&, const RunFacts& facts) -> Result<std::optional<Event>> {
        if (facts.committed == committed) return std::optional<Event>();
        return std::optional<Event>(Event{.body = committed, .who = who, .why = "checked"});
      }));
  return FinishCommit(ctx, vault, env, run);
}

Result<CommitFacts> FinishCommit(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                                 const RunId& run) {
  LC2_ASSIGN_OR_RETURN(ControlLog log, ReadControlLog(ctx, vault.store, env, run));
  RunFacts facts = Fold(log);
  if (!facts.committed) return NotCommitted(facts);
  if (!facts.deleted) {
    LC2_RETURN_IF_ERROR(Publisher(ctx, vault, env, facts).Publish());
    // A deletion may have come and gone while we wrote: then what we wrote is removed again.
    LC2_ASSIGN_OR_RETURN(log, ReadControlLog(ctx, vault.store, env, run));
    facts = Fold(log);
  }
  const BackupId& id = *facts.opened->backup_id;
  if (facts.deleted) LC2_RETURN_IF_ERROR(RemovePublished(ctx, vault.store, env, id));
  return CommitFacts{.facts = facts,
                     .manifest_key = ManifestKey(env, id),
                     .manifest_digest = facts.committed->manifest_digest};
}

Result<bool> RemovePublished(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                             const BackupId& id) {
  bool any = false;
  // The tracker goes first: LCP's tools must not find a backup whose manifest is gone.
  for (const std::string& key : {TrackerKey(id), ManifestKey(env, id), SignatureKey(env, id)}) {
    const Result<ObjectFacts> there = store.Head(ctx, key);
    if (!there.has_value() && there.error().kind == ErrorKind::kNotFound) continue;
    if (!there.has_value()) return there.error();
    any = true;
    LC2_RETURN_IF_ERROR(store.Delete(ctx, key, there->version));
  }
  if (any) LC2_RETURN_IF_ERROR(store.Barrier(ctx));  // or a power cut may bring them back
  return any;
}

Result<void> PublishKey(const Context& ctx, ObjectStore& store, const PublicKey& key) {
  return CreateExactly(ctx, store, PublicKeyKey(key.id()), key.ToPem());
}

}  // namespace lc2::vault
