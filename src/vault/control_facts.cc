#include <fmt/format.h>

#include <algorithm>

#include "base/time_format.h"
#include "vault/control_log.h"

// What a control log says, and what may follow. Pure.
namespace lc2::vault {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::string StateOf(const RunFacts& facts) {
  if (!facts.opened) return "not opened";
  if (facts.deleted) return "deleted";
  if (facts.committed) return "committed";
  if (facts.finished) return "finished";
  if (facts.abandoned) return "abandoned";
  return "open";
}

Error Refuse(const RunFacts& facts, std::string_view event, std::string_view why) {
  return Error{.kind = ErrorKind::kConflict,
               .code = "vault.log_transition",
               .message = fmt::format("'{}' cannot follow in the log of run '{}', which is {}: {}",
                                      event, facts.run.str(), StateOf(facts), why),
               .hint = "look at the run's present state and decide again"};
}

Error Contradiction(std::string_view event, std::string_view why) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "vault.log_event",
               .message = fmt::format("the event '{}' contradicts itself: {}", event, why)};
}

bool IsDigest(std::string_view text) {
  return text.size() == 71 && text.starts_with("sha256:") &&
         text.find_first_not_of("0123456789abcdef", 7) == std::string_view::npos;
}

bool IsWholeSecond(Time time) { return time == std::chrono::floor<std::chrono::seconds>(time); }

Result<void> CheckBase(const Base& base) {
  if (base.backup_id.has_value() == base.restore_run.has_value() ||
      base.backup_id.has_value() != base.backup_run.has_value())
    return Contradiction("opened", "a base is a backup and its run, or a restore run");
  if (base.backup_id) LC2_RETURN_IF_ERROR(CheckBackupId(*base.backup_id));
  return CheckRunId(base.backup_id ? *base.backup_run : *base.restore_run);
}

class Transition {
 public:
  explicit Transition(const RunFacts& facts) : facts_(facts) {}

  Result<void> operator()(const Opened& opened) const {
    if (facts_.opened) return Refuse(facts_, "opened", "it stands first and once");
    if (!IsDigest(opened.spec_digest)) return Contradiction("opened", "specDigest is no digest");
    if (!IsWholeSecond(opened.timestamp) ||
        (opened.expires_at && !IsWholeSecond(*opened.expires_at)))
      return Contradiction("opened", "times are whole seconds");
    if (opened.kind == RunKind::kBackup) {
      if (!opened.backup_id || !opened.expires_at || opened.source)
        return Contradiction("opened", "a backup has a backupId and expiresAt and no source");
      LC2_RETURN_IF_ERROR(CheckBackupId(*opened.backup_id));
    } else {
      if (!opened.source || opened.backup_id)
        return Contradiction("opened", "a restore has a source and no backupId");
      LC2_RETURN_IF_ERROR(CheckEnvironment(
          {.project = opened.source->project_id, .environment = opened.source->environment}));
      LC2_RETURN_IF_ERROR(CheckBackupId(opened.source->backup_id));
      LC2_RETURN_IF_ERROR(CheckRunId(opened.source->run_id));
    }
    if (opened.base) LC2_RETURN_IF_ERROR(CheckBase(*opened.base));
    if (opened.inherits) {
      LC2_RETURN_IF_ERROR(CheckRunId(*opened.inherits));
      if (*opened.inherits == facts_.run) return Contradiction("opened", "it inherits itself");
    }
    return {};
  }
  Result<void> operator()(const AttemptStarted& attempt) const {
    LC2_RETURN_IF_ERROR(NeedOpen("attempt"));
    LC2_RETURN_IF_ERROR(CheckAttemptId(attempt.id));
    if (Launched(attempt.id)) return Refuse(facts_, "attempt", "this attempt is there already");
    return {};
  }
  Result<void> operator()(const Committed& committed) const {
    LC2_RETURN_IF_ERROR(NeedOpen("committed"));
    if (facts_.opened->kind != RunKind::kBackup)
      return Refuse(facts_, "committed", "only a backup is committed");
    if (!Launched(committed.attempt))
      return Refuse(facts_, "committed",
                    fmt::format("attempt '{}' was never launched", committed.attempt.str()));
    if (!IsDigest(committed.candidate_digest) || !IsDigest(committed.manifest_digest))
      return Contradiction("committed", "a digest is missing");
    return {};
  }
  Result<void> operator()(const Abandoned& abandoned) const {
    LC2_RETURN_IF_ERROR(NeedOpen("abandoned"));
    if ((abandoned.reason == AbandonReason::kInherited) != abandoned.heir.has_value())
      return Contradiction("abandoned", "an heir is named if and only if the run was inherited");
    if (abandoned.heir) {
      LC2_RETURN_IF_ERROR(CheckRunId(*abandoned.heir));
      if (*abandoned.heir == facts_.run) return Contradiction("abandoned", "it is its own heir");
    }
    return {};
  }
  Result<void> operator()(const Finished& finished) const {
    LC2_RETURN_IF_ERROR(NeedOpen("finished"));
    if (facts_.opened->kind != RunKind::kRestore)
      return Refuse(facts_, "finished", "only a restore is finished");
    if (!Launched(finished.attempt))
      return Refuse(facts_, "finished",
                    fmt::format("attempt '{}' was never launched", finished.attempt.str()));
    if (finished.map_digest && !IsDigest(*finished.map_digest))
      return Contradiction("finished", "mapDigest is no digest");
    return {};
  }
  Result<void> operator()(const ControlStep& step) const {
    LC2_RETURN_IF_ERROR(NeedOpen("step"));
    if (facts_.opened->kind != RunKind::kRestore)
      return Refuse(facts_, "step", "only restores have control steps");
    if (step.name.empty() || step.state.empty())
      return Contradiction("step", "name and state are required");
    return {};
  }
  Result<void> operator()(const Hold& hold) const {
    LC2_RETURN_IF_ERROR(NeedAlive("hold"));
    if (!hold.on && !facts_.hold) return Refuse(facts_, "hold", "there is no hold to release");
    if (hold.on && hold.reason.empty()) return Contradiction("hold", "a hold has a reason");
    return {};
  }
  Result<void> operator()(const Extended& extended) const {
    LC2_RETURN_IF_ERROR(NeedAlive("extended"));
    if (!IsWholeSecond(extended.expires_at))
      return Contradiction("extended", "times are whole seconds");
    if (extended.expires_at <= facts_.expires_at)
      return Refuse(facts_, "extended",
                    fmt::format("it is kept until {} already", FormatRfc3339(*facts_.expires_at)));
    return {};
  }
  Result<void> operator()(const Verified& verified) const {
    LC2_RETURN_IF_ERROR(NeedAlive("verified"));
    if (verified.result != "Passed" && verified.result != "Damaged")
      return Contradiction("verified", "the result is Passed or Damaged");
    if (verified.level != "Exists" && verified.level != "Sample" && verified.level != "Full")
      return Contradiction("verified", "the level is Exists, Sample or Full");
    return {};
  }
  Result<void> operator()(const Proved& proved) const {
    LC2_RETURN_IF_ERROR(NeedAlive("proved"));
    return CheckRunId(proved.by);
  }
  Result<void> operator()(const DeletionRequested&) const {
    LC2_RETURN_IF_ERROR(NeedAlive("deletionRequested"));
    LC2_RETURN_IF_ERROR(NeedNoHold());
    if (facts_.delete_not_before)
      return Refuse(facts_, "deletionRequested", "it is requested already");
    return {};
  }
  Result<void> operator()(const DeletionWithdrawn&) const {
    LC2_RETURN_IF_ERROR(NeedAlive("deletionWithdrawn"));
    if (!facts_.delete_not_before)
      return Refuse(facts_, "deletionWithdrawn", "nobody requested it");
    return {};
  }
  Result<void> operator()(const Deleted&) const {
    LC2_RETURN_IF_ERROR(NeedAlive("deleted"));
    LC2_RETURN_IF_ERROR(NeedNoHold());
    if (!facts_.delete_not_before) return Refuse(facts_, "deleted", "nobody requested it");
    return {};
  }

 private:
  bool Launched(const AttemptId& attempt) const {
    return std::find(facts_.attempts.begin(), facts_.attempts.end(), attempt) !=
           facts_.attempts.end();
  }
  Result<void> NeedOpen(std::string_view event) const {
    if (facts_.open()) return {};
    return Refuse(facts_, event, "the run is not open");
  }
  Result<void> NeedAlive(std::string_view event) const {
    if (facts_.alive()) return {};
    return Refuse(facts_, event, "it is no backup that exists");
  }
  Result<void> NeedNoHold() const {
    if (!facts_.hold) return {};
    return Error{.kind = ErrorKind::kConflict,
                 .code = "vault.held",
                 .message = fmt::format("backup '{}' is held ('{}') and cannot be deleted",
                                        facts_.opened->backup_id->str(), *facts_.hold),
                 .hint = "release it first: 'lc2 backup hold --release'"};
  }

  const RunFacts& facts_;
};

}  // namespace

Result<void> CheckTransition(const RunFacts& facts, const EventBody& body) {
  return std::visit(Transition(facts), body);
}

void Apply(RunFacts& facts, const LogEntry& entry) {
  std::visit(Overloaded{
                 [&](const Opened& e) {
                   facts.opened = e;
                   facts.expires_at = e.expires_at;
                 },
                 [&](const AttemptStarted& e) { facts.attempts.push_back(e.id); },
                 [&](const Committed& e) { facts.committed = e; },
                 [&](const Abandoned& e) { facts.abandoned = e; },
                 [&](const Finished& e) { facts.finished = e; },
                 [&](const ControlStep& e) { facts.steps.push_back(e); },
                 [&](const Hold& e) {
                   facts.hold = e.on ? std::optional<std::string>(e.reason) : std::nullopt;
                 },
                 [&](const Extended& e) { facts.expires_at = e.expires_at; },
                 [&](const Verified& e) {
                   facts.verified = e;
                   facts.verified_at = entry.at;
                 },
                 [&](const Proved& e) { facts.proved = e; },
                 [&](const DeletionRequested& e) {
                   facts.delete_not_before = e.not_before;
                   facts.delete_requested_by = entry.who;
                 },
                 [&](const DeletionWithdrawn&) {
                   facts.delete_not_before.reset();
                   facts.delete_requested_by.clear();
                 },
                 [&](const Deleted&) { facts.deleted = true; },
             },
             entry.body);
  if (facts.closed() && !facts.closed_at) facts.closed_at = entry.at;
  ++facts.entries;
}

RunFacts Fold(const ControlLog& log) {
  RunFacts facts;
  facts.run = log.run;
  for (const LogEntry& entry : log.entries) Apply(facts, entry);
  return facts;
}

}  // namespace lc2::vault
