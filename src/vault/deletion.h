#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/context.h"
#include "base/result.h"
#include "base/strong.h"
#include "vault/control_log.h"
#include "vault/vault.h"

// What happens to a backup after its commit (design.md section 5, rules 2 and 7). All are decisions
// in its control log, safe to repeat: what the log says already is a success. They return what the
// log says afterwards. Errors: those of AppendEvent, above all kConflict "vault.log_transition".
namespace lc2::vault {

struct By {
  std::string who;
  std::string why;
  // What was decided from a log with so many entries is not recorded in a longer one: kConflict
  // "vault.log_moved". Nothing: whatever the log says.
  std::optional<std::int64_t> seen = {};
};

Result<RunFacts> SetHold(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                         const RunId& run, const Hold& hold, const By& by);
// Later than now only: kInvalid "vault.retention_shortened".
Result<RunFacts> ExtendRetention(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                                 const RunId& run, Time expires_at, const By& by);
Result<RunFacts> RecordVerified(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                                const RunId& run, const Verified& verified, const By& by);
Result<RunFacts> RecordProved(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                              const RunId& run, const Proved& proved, const By& by);

// kConflict "vault.held" while the backup is held.
Result<RunFacts> RequestDeletion(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                                 const RunId& run, Time not_before, const By& by);
Result<RunFacts> WithdrawDeletion(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                                  const RunId& run, const By& by);
// Appends `deleted`, then removes tracker, manifest and signature; data is left to collection. A
// deletion cut short is taken up again. kConflict "vault.held", "vault.deletion_early" (the delay
// has not passed on the context's clock), "vault.log_transition" (nobody requested it).
Result<RunFacts> ExecuteDeletion(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                                 const RunId& run, const By& by);

}  // namespace lc2::vault
