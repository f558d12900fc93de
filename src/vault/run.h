#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/result.h"
#include "base/strong.h"
#include "vault/control_log.h"
#include "vault/vault.h"

// The beginning and the end of runs (design.md section 5, rules 2 and 6).
namespace lc2::vault {

RunId NewRunId(Random& random);
// The run that goes on with a request whose run was superseded. Pure, so that every controller
// finds the same.
RunId NextRunId(const RunId& run);
// Follows superseded runs from a request's first run to the one that counts. Its log may be empty:
// then it is still to be opened.
Result<ControlLog> CurrentRun(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                              const RunId& first_run);

// Chosen anew each time a run is opened, from what logs say now.
struct RunChoice {
  std::optional<Base> base;
  std::optional<RunId> inherits;  // a stale open run of the same environment
};
using ChooseBase = std::function<Result<RunChoice>(const Context&)>;

struct StartRunRequest {
  RunId first_run;  // of the request's record
  RunKind kind = RunKind::kBackup;
  RequestRef request;
  std::string spec_digest;
  BackupId backup_id;                   // backups: wanted; reserved here
  std::optional<RestoreSource> source;  // restores
  std::string initiator;
  Time timestamp{};
  std::optional<Time> expires_at;  // backups
  std::string schedule = {};       // backups: that asked for it
  std::string who;                 // recorded in the log
};

struct StartedRun {
  RunId run;
  ControlLog log;
  RunFacts facts;                  // facts.opened holds the backup's id and base
  std::optional<RunId> inherited;  // won: its pool objects may be adopted
};

// Opens a request's run, or takes up the one that is there: `opened` with base and inheritance is
// appended first, their logs are looked at afterwards. A base that is gone by then supersedes the
// run and opens the next one with a new choice; an inheritance is won by closing the other run's
// log as its heir, and lost silently. A run that is closed already comes back as it is. Safe to
// call again at any time, by anybody. Errors: those of AppendEvent, ReserveBackupId and `choose`.
Result<StartedRun> StartRun(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                            const StartRunRequest& request, const ChooseBase& choose);

// The run whose heir this run became, if it did.
Result<std::optional<RunId>> InheritedRun(const Context& ctx, ObjectStore& store,
                                          const EnvironmentId& env, const RunFacts& facts);

// Appends the next attempt and returns its id. With `after`: only as the one that follows so many,
// so that two controllers that saw the same log do not both launch. kConflict
// "vault.log_transition" on a closed run, "vault.attempt_taken" if somebody else appended one
// meanwhile.
Result<AttemptId> StartAttempt(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                               const RunId& run, const std::string& who,
                               std::optional<std::size_t> after = {});

// Closes the run without result; a run that is abandoned already is left as it is. kConflict
// "vault.log_transition" if it is committed or finished. Returns what the log says.
Result<RunFacts> AbandonRun(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                            const RunId& run, Abandoned abandoned, const std::string& who,
                            const std::string& why);

// Closes a restore run with success. kConflict if it is closed in another way.
Result<RunFacts> FinishRestore(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                               const RunId& run, const Finished& finished, const std::string& who);

}  // namespace lc2::vault
