#include "control/rebuild.h"

#include "vault/backup.h"
#include "vault/commit.h"

namespace lc2::control {

namespace {

// The manifest is there if and only if its backup lives.
Result<bool> IsSettled(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                       const vault::RunFacts& run) {
  const auto manifest = store.Head(ctx, vault::ManifestKey(env, *run.opened->backup_id));
  if (!manifest.has_value() && manifest.error().kind != ErrorKind::kNotFound) {
    return manifest.error();
  }
  return manifest.has_value() == run.alive();
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
      const auto finished = vault::FinishCommit(ctx, session.vault(), env, run.run);
      if (finished.has_value()) continue;
      if (FactsOf(finished.error().kind).retryable) return finished.error();
      ctx.log().Warning("backup not finished", {{"backup", run.opened->backup_id->str()},
                                                {"error", Describe(finished.error())}});
    }
  }
  return deps.catalog.Rebuild(ctx, session.location(), store);
}

}  // namespace lc2::control
