#include "vault/run.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "vault/backup.h"
#include "vault/reservation.h"
#include "vault/rules_internal.h"

namespace lc2::vault {
namespace {

constexpr int kMaxSuccessors = 32;

Error TooManySuccessors(const RunId& first) {
  return Error{.kind = ErrorKind::kConflict,
               .code = "vault.superseded",
               .message = fmt::format("the request's run '{}' was superseded {} times: its base "
                                      "was deleted each time",
                                      first.str(), kMaxSuccessors),
               .hint = "make a new request"};
}

// Does what a run is incremental to still exist?
Result<bool> BaseAlive(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                       const Base& base) {
  RunId backup_run = base.backup_run.value_or(RunId());
  if (base.restore_run) {
    LC2_ASSIGN_OR_RETURN(const ControlLog log, ReadControlLog(ctx, store, env, *base.restore_run));
    const RunFacts restore = Fold(log);
    if (!restore.finished || !restore.finished->map_digest || !restore.opened->source) return false;
    const RestoreSource& source = *restore.opened->source;
    if (source.project_id != env.project || source.environment != env.environment) return false;
    backup_run = source.run_id;
  }
  LC2_ASSIGN_OR_RETURN(const ControlLog log, ReadControlLog(ctx, store, env, backup_run));
  return Fold(log).alive();
}

// Two runs whose ids begin alike would share pool names.
Result<bool> SharesPoolNames(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                             const RunId& run) {
  const std::string runs = RunsPrefix(env);
  LC2_ASSIGN_OR_RETURN(const auto listing, store.List(ctx, {.prefix = runs + Run8(run)}));
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, listing->Read());
    if (batch.empty()) return false;
    for (const Entry& entry : batch) {
      if (!entry.key.starts_with(runs + run.str() + "/")) return true;
    }
  }
}

Error AttemptTaken(const RunFacts& facts) {
  return Error{
      .kind = ErrorKind::kConflict,
      .code = "vault.attempt_taken",
      .message = fmt::format("somebody else launched an attempt of run '{}'", facts.run.str()),
      .hint = "look at the run's present state and decide again"};
}

class Starter {
 public:
  Starter(const Context& ctx, const Vault& vault, const EnvironmentId& env,
          const StartRunRequest& request, const ChooseBase& choose, const internal::Rules& rules)
      : ctx_(ctx), vault_(vault), env_(env), request_(request), choose_(choose), rules_(rules) {}

  Result<StartedRun> Start() {
    for (int i = 0; i < kMaxSuccessors; ++i) {
      LC2_RETURN_IF_ERROR(ctx_.Check());
      LC2_ASSIGN_OR_RETURN(ControlLog log,
                           CurrentRun(ctx_, vault_.store, env_, request_.first_run));
      if (log.empty()) {
        LC2_ASSIGN_OR_RETURN(log, Open(log.run));
      }
      LC2_ASSIGN_OR_RETURN(log, LookAfterwards(std::move(log)));
      RunFacts facts = Fold(log);
      if (IsSuperseded(facts)) continue;
      StartedRun started{.run = log.run, .log = std::move(log), .facts = std::move(facts)};
      LC2_ASSIGN_OR_RETURN(started.inherited,
                           internal::InheritedRun(ctx_, vault_.store, env_, started.facts, rules_));
      return started;
    }
    return TooManySuccessors(request_.first_run);
  }

  static bool IsSuperseded(const RunFacts& facts) {
    return facts.abandoned && facts.abandoned->reason == AbandonReason::kSuperseded;
  }

 private:
  Result<Opened> MakeOpened() {
    LC2_ASSIGN_OR_RETURN(const RunChoice choice, choose_(ctx_));
    Opened opened{.kind = request_.kind,
                  .request = request_.request,
                  .spec_digest = request_.spec_digest,
                  .source = request_.source,
                  .initiator = request_.initiator,
                  .timestamp = std::chrono::floor<std::chrono::seconds>(request_.timestamp),
                  .base = choice.base,
                  .inherits = choice.inherits};
    if (request_.kind == RunKind::kBackup) {
      opened.schedule = request_.schedule;
      LC2_ASSIGN_OR_RETURN(opened.backup_id, ReserveBackupId(ctx_, vault_, env_, request_.backup_id,
                                                             request_.first_run));
      if (request_.expires_at)
        opened.expires_at = std::chrono::floor<std::chrono::seconds>(*request_.expires_at);
    } else if (ReadsThisEnvironment()) {
      // The restored backup is the run's base: that keeps its objects until the run is closed.
      opened.base =
          Base{.backup_id = request_.source->backup_id, .backup_run = request_.source->run_id};
    }
    if (!opened.base) return opened;
    if (opened.base->backup_id && !opened.base->backup_run) {
      LC2_ASSIGN_OR_RETURN(const RunFacts made,
                           FindRun(ctx_, vault_.store, env_, *opened.base->backup_id));
      opened.base->backup_run = made.run;
    }
    LC2_ASSIGN_OR_RETURN(const bool alive, BaseAlive(ctx_, vault_.store, env_, *opened.base));
    if (alive) return opened;
    if (request_.kind == RunKind::kRestore) {
      return Error{.kind = ErrorKind::kNotFound,
                   .code = "backup.deleted",
                   .message = fmt::format("backup '{}' cannot be restored: it was deleted or never "
                                          "committed",
                                          request_.source->backup_id.str()),
                   .hint = "'lc2 backup list' shows those that exist"};
    }
    opened.base.reset();  // a full backup then
    return opened;
  }

  bool ReadsThisEnvironment() const {
    return request_.source && request_.source->project_id == env_.project &&
           request_.source->environment == env_.environment;
  }

  Result<ControlLog> Open(const RunId& run) {
    LC2_ASSIGN_OR_RETURN(const Opened opened, MakeOpened());
    return AppendEvent(
        ctx_, vault_, env_, run,
        [&](const ControlLog&, const RunFacts& facts) -> Result<std::optional<Event>> {
          if (facts.opened) return std::optional<Event>();
          return std::optional<Event>(
              Event{.body = opened, .who = request_.who, .why = "accepted"});
        });
  }

  // Only now that `opened` is written: are base and inherited run still what they were? An attempt
  // in the log means that somebody has looked.
  Result<ControlLog> LookAfterwards(ControlLog log) {
    const RunFacts facts = Fold(log);
    if (facts.opened->request != request_.request || facts.opened->kind != request_.kind) {
      return Error{.kind = ErrorKind::kConflict,
                   .code = "vault.run_foreign",
                   .message = fmt::format("run '{}' belongs to request '{}'", log.run.str(),
                                          facts.opened->request.name),
                   .hint = "the request's record does not fit the run's log: look at both"};
    }
    if (facts.closed() || !facts.attempts.empty()) return log;
    std::string gone;
    LC2_ASSIGN_OR_RETURN(const bool shares, SharesPoolNames(ctx_, vault_.store, env_, log.run));
    if (shares) gone = "another run's id begins alike";
    if (gone.empty() && facts.opened->base && rules_.look_afterwards) {
      LC2_ASSIGN_OR_RETURN(const bool alive,
                           BaseAlive(ctx_, vault_.store, env_, *facts.opened->base));
      if (!alive) gone = "its base was deleted";
    }
    if (!gone.empty()) return GiveUp(log.run, gone);
    if (facts.opened->inherits) LC2_RETURN_IF_ERROR(Inherit(*facts.opened->inherits, log.run));
    return log;
  }

  Result<ControlLog> GiveUp(const RunId& run, const std::string& why) {
    return AppendEvent(
        ctx_, vault_, env_, run,
        [&](const ControlLog&, const RunFacts& facts) -> Result<std::optional<Event>> {
          if (facts.closed() || !facts.attempts.empty()) return std::optional<Event>();
          return std::optional<Event>(Event{.body = Abandoned{.reason = AbandonReason::kSuperseded},
                                            .who = request_.who,
                                            .why = why});
        });
  }

  // Closes the other run's log as its heir: only one can.
  Result<void> Inherit(const RunId& other, const RunId& heir) {
    const Result<ControlLog> log =
        AppendEvent(ctx_, vault_, env_, other,
                    [&](const ControlLog&, const RunFacts& facts) -> Result<std::optional<Event>> {
                      if (!facts.open() || facts.opened->kind != RunKind::kBackup)
                        return std::optional<Event>();
                      return std::optional<Event>(Event{
                          .body = Abandoned{.reason = AbandonReason::kInherited, .heir = heir},
                          .who = request_.who,
                          .why = "taken over by a later run"});
                    });
    if (!log.has_value()) return log.error();
    return {};
  }

  const Context& ctx_;
  const Vault& vault_;
  const EnvironmentId& env_;
  const StartRunRequest& request_;
  const ChooseBase& choose_;
  const internal::Rules& rules_;
};

}  // namespace

RunId NewRunId(Random& random) { return RunId(random.Hex(16)); }

RunId NextRunId(const RunId& run) {
  return RunId(Sha256Hex("the run after " + run.str()).substr(0, 32));
}

Result<ControlLog> CurrentRun(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                              const RunId& first_run) {
  RunId run = first_run;
  for (int i = 0; i < kMaxSuccessors; ++i) {
    LC2_ASSIGN_OR_RETURN(ControlLog log, ReadControlLog(ctx, store, env, run));
    if (!Starter::IsSuperseded(Fold(log))) return log;
    run = NextRunId(run);
  }
  return TooManySuccessors(first_run);
}

Result<StartedRun> internal::StartRun(const Context& ctx, const Vault& vault,
                                      const EnvironmentId& env, const StartRunRequest& request,
                                      const ChooseBase& choose, const Rules& rules) {
  return Starter(ctx, vault, env, request, choose, rules).Start();
}

Result<StartedRun> StartRun(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                            const StartRunRequest& request, const ChooseBase& choose) {
  return internal::StartRun(ctx, vault, env, request, choose, {});
}

Result<std::optional<RunId>> internal::InheritedRun(const Context& ctx, ObjectStore& store,
                                                    const EnvironmentId& env, const RunFacts& facts,
                                                    const Rules& rules) {
  if (!facts.opened || !facts.opened->inherits) return std::optional<RunId>();
  if (!rules.heirs_win) return facts.opened->inherits;
  LC2_ASSIGN_OR_RETURN(const ControlLog log,
                       ReadControlLog(ctx, store, env, *facts.opened->inherits));
  const RunFacts other = Fold(log);
  if (!other.abandoned || other.abandoned->heir != facts.run) return std::optional<RunId>();
  return facts.opened->inherits;
}

Result<std::optional<RunId>> InheritedRun(const Context& ctx, ObjectStore& store,
                                          const EnvironmentId& env, const RunFacts& facts) {
  return internal::InheritedRun(ctx, store, env, facts, {});
}

Result<AttemptId> StartAttempt(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                               const RunId& run, const std::string& who,
                               std::optional<std::size_t> after) {
  AttemptId id;
  const Result<ControlLog> log =
      AppendEvent(ctx, vault, env, run,
                  [&](const ControlLog&, const RunFacts& facts) -> Result<std::optional<Event>> {
                    if (after && facts.attempts.size() != *after) return AttemptTaken(facts);
                    id = MakeAttemptId(static_cast<std::int64_t>(facts.attempts.size()) + 1);
                    return std::optional<Event>(
                        Event{.body = AttemptStarted{.id = id}, .who = who, .why = "launch"});
                  });
  if (!log.has_value()) return log.error();
  return id;
}

Result<RunFacts> AbandonRun(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                            const RunId& run, Abandoned abandoned, const std::string& who,
                            const std::string& why) {
  const Result<ControlLog> log =
      AppendEvent(ctx, vault, env, run,
                  [&](const ControlLog&, const RunFacts& facts) -> Result<std::optional<Event>> {
                    if (facts.abandoned) return std::optional<Event>();
                    return std::optional<Event>(Event{.body = abandoned, .who = who, .why = why});
                  });
  if (!log.has_value()) return log.error();
  return Fold(*log);
}

Result<RunFacts> FinishRestore(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                               const RunId& run, const Finished& finished, const std::string& who) {
  const Result<ControlLog> log = AppendEvent(
      ctx, vault, env, run,
      [&](const ControlLog&, const RunFacts& facts) -> Result<std::optional<Event>> {
        if (facts.finished == finished) return std::optional<Event>();
        return std::optional<Event>(Event{.body = finished, .who = who, .why = "restored"});
      });
  if (!log.has_value()) return log.error();
  return Fold(*log);
}

}  // namespace lc2::vault
