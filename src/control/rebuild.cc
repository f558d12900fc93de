#include "control/rebuild.h"

#include "vault/backup.h"
#include "vault/commit.h"
#include "vault/deletion.h"

namespace lc2::control {

namespace {

Result<bool> IsThere(const Context& ctx, ObjectStore& store, const std::string& key) {
  const auto facts = store.Head(ctx, key);
  if (facts.has_value()) return true;
  if (facts.error().kind != ErrorKind::kNotFound) return facts.error();
  return false;
}

// The manifest is there if and only if its backup lives, and of a deleted one neither tracker nor
// signature: each may have come back by itself, as a write that was delayed on its way.
Result<bool> IsSettled(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                       const vault::RunFacts& run) {
  const BackupId& id = *run.opened->backup_id;
  LC2_ASSIGN_OR_RETURN(const bool manifest, IsThere(ctx, store, vault::ManifestKey(env, id)));
  if (manifest != run.alive()) return false;
  if (run.alive()) return true;
  LC2_ASSIGN_OR_RETURN(const bool tracker, IsThere(ctx, store, vault::TrackerKey(id)));
  if (tracker) return false;
  LC2_ASSIGN_OR_RETURN(const bool signature, IsThere(ctx, store, vault::SignatureKey(env, id)));
  return !signature;
}

// Carries out what the log says; a deletion's audit entry may be missing too.
Result<void> Finish(const Context& ctx, const Deps& deps, VaultSession& session,
                    const EnvironmentId& env, const vault::RunFacts& run) {
  if (run.deleted) {
    LC2_RETURN_IF_ERROR(
        vault::ExecuteDeletion(ctx, session.vault(), env, run.run,
                               {.who = deps.who, .why = "the deletion was cut short"}));
    return {};
  }
  LC2_RETURN_IF_ERROR(vault::FinishCommit(ctx, session.vault(), env, run.run));
  return {};
}

}  // namespace

Result<catalog::RebuildReport> RebuildCatalog(const Context& ctx, const Deps& deps,
                                              VaultSession& session) {
  ObjectStore& store = session.store();
  LC2_ASSIGN_OR_RETURN(const auto environments, vault::ListEnvironments(ctx, store));
  for (const EnvironmentId& env : environments) {
    LC2_ASSIGN_OR_RETURN(const vault::RunList list, vault::ListBackups(ctx, store, env));
    for (const vault::RunFacts& run : list.runs) {
      if (!run.committed) continue;
      LC2_ASSIGN_OR_RETURN(const bool settled, IsSettled(ctx, store, env, run));
      if (settled) continue;
      const Result<void> finished = Finish(ctx, deps, session, env, run);
      if (finished.has_value()) continue;
      if (FactsOf(finished.error().kind).retryable) return finished.error();
      ctx.log().Warning("backup not finished", {{"backup", run.opened->backup_id->str()},
                                                {"error", Describe(finished.error())}});
    }
  }
  return deps.catalog.Rebuild(ctx, session.location(), store);
}

}  // namespace lc2::control
