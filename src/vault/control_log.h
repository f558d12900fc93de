#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/describe.hpp>

#include "base/clock.h"
#include "base/context.h"
#include "base/result.h"
#include "base/strong.h"
#include "codec/json.h"
#include "vault/paths.h"
#include "vault/vault.h"

// The control log: a run's life as decisions that no two writers can both take (design.md
// section 5, rule 2). Entries are create-only objects with the numbers 0, 1, 2, ...
namespace lc2::vault {

BOOST_DESCRIBE_ENUM(RunKind, kBackup, kRestore)

struct RequestRef {
  std::string name_space;  // "namespace" in JSON
  std::string name;
  bool operator==(const RequestRef&) const = default;
};

// What a backup is incremental to: a backup (and the run that made it), or the map that a restore
// left. Exactly one of backup_id and restore_run is set.
struct Base {
  std::optional<BackupId> backup_id;
  std::optional<RunId> backup_run;
  std::optional<RunId> restore_run;
  bool operator==(const Base&) const = default;
};
BOOST_DESCRIBE_STRUCT(Base, (), (backup_id, backup_run, restore_run))

// Which backup a restore reads.
struct RestoreSource {
  ProjectId project_id;
  EnvironmentName environment;
  BackupId backup_id;
  RunId run_id;  // that made the backup
  bool operator==(const RestoreSource&) const = default;
};
BOOST_DESCRIBE_STRUCT(RestoreSource, (), (project_id, environment, backup_id, run_id))

// Number 0 of every log. What a manifest takes from the control plane is here, so that its bytes
// depend on nothing else.
struct Opened {
  RunKind kind = RunKind::kBackup;
  RequestRef request;
  std::string spec_digest;              // "sha256:..."
  std::optional<BackupId> backup_id;    // backups: the reserved id
  std::optional<RestoreSource> source;  // restores
  std::string initiator;
  Time timestamp{};                // whole seconds
  std::optional<Time> expires_at;  // backups; whole seconds
  std::optional<Base> base;
  std::optional<RunId> inherits;  // wanted; won only if that run's log names this heir
  std::string schedule;           // backups: the schedule that asked for it; empty: a person did
  bool operator==(const Opened&) const = default;
};
struct AttemptStarted {
  AttemptId id;
};
BOOST_DESCRIBE_STRUCT(AttemptStarted, (), (id))

// Closes a backup run: this attempt's candidate is the backup.
struct Committed {
  AttemptId attempt;
  std::string candidate_digest;  // "sha256:..." of candidate.json
  std::string manifest_digest;   // "sha256:..." of manifest.json
  bool operator==(const Committed&) const = default;
};
BOOST_DESCRIBE_STRUCT(Committed, (), (attempt, candidate_digest, manifest_digest))

enum class AbandonReason {
  kFailed,
  kCancelled,
  kLost,        // nobody answers for it any more
  kInherited,   // another run took it over: `heir`
  kSuperseded,  // its base was deleted before it looked; the request goes on as NextRunId()
};
BOOST_DESCRIBE_ENUM(AbandonReason, kFailed, kCancelled, kLost, kInherited, kSuperseded)

// Closes a run without result.
struct Abandoned {
  AbandonReason reason = AbandonReason::kFailed;
  std::optional<RunId> heir;
  codec::Json error;        // the run's error as JSON, null if there is none
  codec::Json consistency;  // the verdict that failed it, as in a manifest; null if there is none
};
BOOST_DESCRIBE_STRUCT(Abandoned, (), (reason, heir, error, consistency))

// Closes a restore run with success.
struct Finished {
  AttemptId attempt;
  std::optional<std::string> map_digest;  // "sha256:..." of map.ndjson.zst as stored
  bool operator==(const Finished&) const = default;
};
BOOST_DESCRIBE_STRUCT(Finished, (), (attempt, map_digest))

// A control step of an open restore run that has effects outside: freeze, switch, thaw, undo.
// Written before the effect ("Begun", with what is needed to take it back) and after ("Done").
struct ControlStep {
  std::string name;
  std::string state;
  codec::Json facts;
};
BOOST_DESCRIBE_STRUCT(ControlStep, (), (name, state, facts))

struct Hold {
  bool on = true;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(Hold, (), (on, reason))
struct Extended {
  Time expires_at{};  // later than before
};
BOOST_DESCRIBE_STRUCT(Extended, (), (expires_at))
struct Verified {
  std::string level;                 // Exists | Sample | Full
  std::string result;                // Passed | Damaged
  std::vector<std::string> damaged;  // the first 100 keys that are
};
BOOST_DESCRIBE_STRUCT(Verified, (), (level, result, damaged))
// A drill restored it: the strongest thing that can be said of a backup.
struct Proved {
  RunId by;  // the drill's restore run
};
BOOST_DESCRIBE_STRUCT(Proved, (), (by))
struct DeletionRequested {
  Time not_before{};
};
BOOST_DESCRIBE_STRUCT(DeletionRequested, (), (not_before))
struct DeletionWithdrawn {};
BOOST_DESCRIBE_STRUCT(DeletionWithdrawn, (), ())
struct Deleted {};
BOOST_DESCRIBE_STRUCT(Deleted, (), ())

using EventBody =
    std::variant<Opened, AttemptStarted, Committed, Abandoned, Finished, ControlStep, Hold,
                 Extended, Verified, Proved, DeletionRequested, DeletionWithdrawn, Deleted>;
// "opened", "attempt", "committed", ..., "deletionRequested", "deleted".
std::string_view EventWord(const EventBody& body);

// What somebody wants to append.
struct Event {
  EventBody body;
  std::string who;  // the person or component that decided
  std::string why;
};

struct LogEntry {
  std::int64_t number = 0;
  std::string writer;  // token of one append: tells two writers of equal facts apart
  Time at{};           // for people; no decision reads it
  std::string who;
  std::string why;
  EventBody body;
};

struct ControlLog {
  EnvironmentId env;
  RunId run;
  std::vector<LogEntry> entries;
  bool empty() const { return entries.empty(); }
};

inline constexpr std::int64_t kMaxLogEntryBytes = 1 << 20;
inline constexpr std::int64_t kMaxLogEntries = 100'000;

// The bytes of one entry, and back. Errors: kCorrupt "vault.log_entry".
std::string EncodeLogEntry(const EnvironmentId& env, const RunId& run, const LogEntry& entry);
Result<LogEntry> ParseLogEntry(const EnvironmentId& env, const RunId& run, std::int64_t number,
                               std::string_view bytes);

// What a log says. Pure.
struct RunFacts {
  RunId run;
  std::int64_t entries = 0;      // how many the log has
  std::optional<Opened> opened;  // nothing: no such run (yet)
  std::vector<AttemptId> attempts;
  std::optional<Committed> committed;
  std::optional<Abandoned> abandoned;
  std::optional<Finished> finished;
  std::optional<Time> closed_at;  // when it was committed, abandoned or finished
  std::vector<ControlStep> steps;
  std::optional<Time> expires_at;         // extensions included
  std::optional<std::string> hold;        // the reason, while held
  std::optional<Time> delete_not_before;  // while a deletion is requested
  std::string delete_requested_by;        // `who` of that request
  std::optional<Verified> verified;       // the latest
  std::optional<Time> verified_at;
  std::optional<Proved> proved;
  bool deleted = false;
  bool open() const { return opened && !closed(); }
  bool closed() const { return committed || abandoned || finished; }
  // A backup that lists show and restores may read.
  bool alive() const { return committed && !deleted; }
};
RunFacts Fold(const ControlLog& log);
// One entry more. It has passed CheckTransition.
void Apply(RunFacts& facts, const LogEntry& entry);

// May this be appended to a log that reads so? Pure. Error: kConflict "vault.log_transition"
// ("vault.held" for a deletion under hold), kInvalid "vault.log_event" for a body that contradicts
// itself.
Result<void> CheckTransition(const RunFacts& facts, const EventBody& body);

// Reads a whole log; an empty one if the run does not exist. Errors: kCorrupt "vault.log_gap"
// (a number is missing), "vault.log_entry" (an entry is unreadable), "vault.log_foreign" (a name
// that is no entry), "vault.log_order" (entries that CheckTransition would have refused).
Result<ControlLog> ReadControlLog(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                                  const RunId& run);

// Parses the bytes of the next entry, checks that it may follow, and adds it to log and facts.
Result<void> AddEntry(ControlLog& log, RunFacts& facts, std::string_view bytes);

// Decides on what the log says: an event to append, nothing (it already says what it should), or an
// error that is handed on.
using Decide = std::function<Result<std::optional<Event>>(const ControlLog&, const RunFacts&)>;

// Reads the log, asks `decide`, and appends under the number after the last one read; if somebody
// else took it, reads on and asks again. Returns the log as it is afterwards (ours included).
// Errors: those of ReadControlLog, decide and CheckTransition; kUnavailable "vault.unknown_outcome"
// (the caller reads the log again before it believes anything).
Result<ControlLog> AppendEvent(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                               const RunId& run, const Decide& decide);

}  // namespace lc2::vault
