#include "vault/control_log.h"

#include <fmt/format.h>

#include "vault/bulk.h"
#include "vault/create_only.h"

namespace lc2::vault {
namespace {

Error DamagedLog(std::string_view code, std::string message) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = std::string(code),
               .message = std::move(message),
               .hint =
                   "control logs are written by lc2 alone: restore the folder from older "
                   "versions; nothing is deleted in this environment while it is damaged"};
}

// How many entries a listing shows: one more than the highest number.
Result<std::int64_t> CountEntries(const Context& ctx, ObjectStore& store,
                                  const std::string& prefix) {
  LC2_ASSIGN_OR_RETURN(const auto listing, store.List(ctx, {.prefix = prefix}));
  std::int64_t count = 0;
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, listing->Read());
    if (batch.empty()) return count;
    for (const Entry& object : batch) {
      const auto number = ParseNumberedName(std::string_view(object.key).substr(prefix.size()));
      if (!number || *number > kMaxLogEntries)
        return DamagedLog("vault.log_foreign",
                          fmt::format("'{}' is no entry of a control log", object.key));
      count = std::max(count, *number + 1);
    }
  }
}

Error LogBusy(const RunId& run) {
  return Error{
      .kind = ErrorKind::kConflict,
      .code = "vault.log_busy",
      .message = fmt::format("others write to the log of run '{}' without a pause", run.str()),
      .hint = "how many control planes serve this location?"};
}

}  // namespace

Result<void> AddEntry(ControlLog& log, RunFacts& facts, std::string_view bytes) {
  const auto number = static_cast<std::int64_t>(log.entries.size());
  LC2_ASSIGN_OR_RETURN(LogEntry entry, ParseLogEntry(log.env, log.run, number, bytes));
  if (const Result<void> allowed = CheckTransition(facts, entry.body); !allowed.has_value()) {
    Error error = DamagedLog(
        "vault.log_order",
        fmt::format("entry '{}' cannot be there", ControlEntryKey(log.env, log.run, number)));
    error.cause = Share(allowed.error());
    return error;
  }
  Apply(facts, entry);
  log.entries.push_back(std::move(entry));
  return {};
}

Result<ControlLog> ReadControlLog(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                                  const RunId& run) {
  LC2_RETURN_IF_ERROR(CheckEnvironment(env));
  LC2_RETURN_IF_ERROR(CheckRunId(run));
  LC2_ASSIGN_OR_RETURN(const std::int64_t count,
                       CountEntries(ctx, store, ControlLogPrefix(env, run)));
  // Every number up to the highest is read by name: one that a listing missed because it was
  // written meanwhile is found, one that is missing is a gap.
  std::vector<std::string> keys;
  for (std::int64_t i = 0; i < count; ++i) keys.push_back(ControlEntryKey(env, run, i));
  ControlLog log{.env = env, .run = run};
  RunFacts facts;
  facts.run = run;
  for (Result<std::string>& bytes : GetMany(ctx, store, keys, kMaxLogEntryBytes)) {
    if (!bytes.has_value() && bytes.error().kind == ErrorKind::kNotFound) {
      return DamagedLog(
          "vault.log_gap",
          fmt::format("control log entry '{}' is missing, later ones exist",
                      ControlEntryKey(env, run, static_cast<std::int64_t>(log.entries.size()))));
    }
    if (!bytes.has_value()) return std::move(bytes).error();
    LC2_RETURN_IF_ERROR(AddEntry(log, facts, *bytes));
  }
  return log;
}

Result<ControlLog> AppendEvent(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                               const RunId& run, const Decide& decide) {
  constexpr int kMaxRounds = 100;
  LC2_ASSIGN_OR_RETURN(ControlLog log, ReadControlLog(ctx, vault.store, env, run));
  RunFacts facts = Fold(log);
  for (int round = 0; round < kMaxRounds; ++round) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    LC2_ASSIGN_OR_RETURN(std::optional<Event> event, decide(log, facts));
    if (!event) return log;
    LC2_RETURN_IF_ERROR(CheckTransition(facts, event->body));
    const auto number = static_cast<std::int64_t>(log.entries.size());
    if (number > kMaxLogEntries) return LogBusy(run);
    const std::string key = ControlEntryKey(env, run, number);
    const std::string bytes = EncodeLogEntry(env, run,
                                             {.number = number,
                                              .writer = vault.random.Hex(16),
                                              .at = ctx.clock().Now(),
                                              .who = std::move(event->who),
                                              .why = std::move(event->why),
                                              .body = std::move(event->body)});
    // An entry that cannot be read again would make the whole log unreadable: see that it can
    // before it is written (a text that is no UTF-8, an error that is too long).
    if (Result<LogEntry> again = ParseLogEntry(env, run, number, bytes); !again.has_value()) {
      return Error{.kind = ErrorKind::kInvalid,
                   .code = "vault.log_event",
                   .message = "the event cannot be recorded",
                   .cause = Share(std::move(again).error())};
    }
    LC2_ASSIGN_OR_RETURN(const Created created, CreateDecision(ctx, vault.store, key, bytes));
    if (created.outcome == CreateOutcome::kUnknown) return UnknownOutcome(key, created);
    const bool ours = created.outcome == CreateOutcome::kOurs;
    LC2_RETURN_IF_ERROR(AddEntry(log, facts, ours ? bytes : created.found));
    if (ours) return log;
  }
  return LogBusy(run);
}

}  // namespace lc2::vault
