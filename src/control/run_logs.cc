#include "control/run_logs.h"

#include <fmt/core.h>

#include <utility>

#include <boost/json.hpp>

#include "codec/described.h"
#include "control/run_error.h"
#include "vault/request_record.h"
#include "vault/reservation.h"
#include "vault/run.h"
#include "vault/run_log.h"

namespace lc2::control {

namespace {

struct Told {
  LogLevel level = LogLevel::kInfo;
  std::string event;
  codec::JsonObject fields;
  std::optional<AttemptId> attempt;
};

Told TellOpened(const vault::Opened& opened) {
  Told told{.event = "run opened"};
  told.fields["request"] = opened.request.name;
  if (opened.backup_id) told.fields["backup"] = opened.backup_id->str();
  if (opened.source) told.fields["backup"] = opened.source->backup_id.str();
  if (opened.base && opened.base->backup_id) told.fields["base"] = opened.base->backup_id->str();
  told.fields["initiator"] = opened.initiator;
  return told;
}

Told TellAbandoned(const vault::Abandoned& abandoned) {
  Told told{.event = "run abandoned"};
  const bool failed = abandoned.reason == vault::AbandonReason::kFailed ||
                      abandoned.reason == vault::AbandonReason::kLost;
  if (failed) told.level = LogLevel::kError;
  if (abandoned.reason == vault::AbandonReason::kCancelled) told.level = LogLevel::kWarning;
  told.fields["reason"] = codec::Word(abandoned.reason);
  if (abandoned.heir) told.fields["heir"] = abandoned.heir->str();
  if (!abandoned.error.is_object()) return told;
  const Error error = DecodeError(abandoned.error);
  told.fields["code"] = error.code;
  told.fields["error"] = error.message;
  if (!error.hint.empty()) told.fields["hint"] = error.hint;
  return told;
}

// Nothing for what comes after the end of a run: that is the backup's story, not the run's.
std::optional<Told> Tell(const vault::EventBody& body) {
  if (const auto* opened = std::get_if<vault::Opened>(&body)) return TellOpened(*opened);
  if (const auto* attempt = std::get_if<vault::AttemptStarted>(&body)) {
    return Told{.event = "attempt launched", .attempt = attempt->id};
  }
  if (const auto* committed = std::get_if<vault::Committed>(&body)) {
    return Told{.event = "run committed", .attempt = committed->attempt};
  }
  if (const auto* abandoned = std::get_if<vault::Abandoned>(&body)) {
    return TellAbandoned(*abandoned);
  }
  if (const auto* finished = std::get_if<vault::Finished>(&body)) {
    return Told{.event = "run finished", .attempt = finished->attempt};
  }
  if (const auto* step = std::get_if<vault::ControlStep>(&body)) {
    Told told{.event = "control step"};
    told.fields["step"] = step->name;
    told.fields["state"] = step->state;
    return told;
  }
  return std::nullopt;
}

}  // namespace

Result<RunId> FindFirstRun(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                           vault::RunKind kind, const std::string& name) {
  const bool backup = kind == vault::RunKind::kBackup;
  if (backup && vault::CheckBackupId(BackupId(name)).has_value()) {
    Result<RunId> reserved = vault::ReadReservation(ctx, store, env, BackupId(name));
    if (reserved.has_value() || reserved.error().kind != ErrorKind::kNotFound) return reserved;
  }
  if (vault::CheckRequestName(name).has_value()) {
    Result<vault::RequestRecord> record = vault::ReadRequestRecord(ctx, store, env, kind, name);
    if (record.has_value()) return record->run_id;
    if (record.error().kind != ErrorKind::kNotFound) return std::move(record).error();
  }
  return Error{
      .kind = ErrorKind::kNotFound,
      .code = "logs.unknown_run",
      .message = fmt::format("environment '{}' has run no {} '{}'", env.str(),
                             backup ? "backup or backup request" : "restore request", name),
      .hint = backup ? "see `lc2 backup list` and `lc2 get backuprequests`"
                     : "see `lc2 get restorerequests`"};
}

Result<void> RunLogs::Read(const Context& ctx, const OnLine& on_line) {
  LC2_ASSIGN_OR_RETURN(const vault::ControlLog log,
                       vault::CurrentRun(ctx, store_, env_, first_run_));
  if (log.run != run_.run) {
    told_ = 0;
    last_piece_.clear();
  }
  // Before the log was read everything lay in the vault that a closed run's attempts had to say.
  run_ = vault::Fold(log);
  run_.run = log.run;
  std::vector<AttemptId> known;
  for (const auto& [attempt, piece] : last_piece_) known.push_back(attempt);
  for (const AttemptId& attempt : known) {
    LC2_RETURN_IF_ERROR(ReadAttempt(ctx, attempt, on_line));
  }
  while (told_ < log.entries.size()) {
    const vault::LogEntry& entry = log.entries[told_];
    LC2_RETURN_IF_ERROR(TellEntry(entry, on_line));
    ++told_;
    const auto* attempt = std::get_if<vault::AttemptStarted>(&entry.body);
    if (attempt == nullptr || (only_ && *only_ != attempt->id)) continue;
    last_piece_.emplace(attempt->id, -1);
    LC2_RETURN_IF_ERROR(ReadAttempt(ctx, attempt->id, on_line));
  }
  return {};
}

Result<void> RunLogs::ReadAttempt(const Context& ctx, const AttemptId& attempt,
                                  const OnLine& on_line) {
  const vault::RunLogName name{.env = env_, .run = run_.run, .attempt = attempt};
  std::int64_t& last = last_piece_.at(attempt);
  LC2_ASSIGN_OR_RETURN(const std::vector<std::int64_t> numbers,
                       vault::ListRunLog(ctx, store_, name, last));
  for (const std::int64_t number : numbers) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    const auto lines = vault::ReadRunLogPiece(ctx, store_, name, number);
    if (lines.has_value()) {
      for (const codec::JsonObject& line : *lines) LC2_RETURN_IF_ERROR(on_line(line));
    } else if (lines.error().kind == ErrorKind::kCorrupt ||
               lines.error().kind == ErrorKind::kNotFound) {
      codec::JsonObject line = vault::RunLogLine(ctx.clock().Now(), LogLevel::kWarning,
                                                 "log not readable", env_, run_.run);
      line["attempt"] = attempt.str();
      line["error"] = Describe(lines.error());
      LC2_RETURN_IF_ERROR(on_line(line));
    } else {
      return lines.error();
    }
    last = number;
  }
  return {};
}

Result<void> RunLogs::TellEntry(const vault::LogEntry& entry, const OnLine& on_line) const {
  const std::optional<Told> told = Tell(entry.body);
  if (!told || (only_ && told->attempt != only_)) return {};
  codec::JsonObject line = vault::RunLogLine(entry.at, told->level, told->event, env_, run_.run);
  if (told->attempt) line["attempt"] = told->attempt->str();
  for (const auto& [name, value] : told->fields) line[name] = value;
  return on_line(line);
}

std::optional<Error> ErrorOf(const vault::RunFacts& run) {
  if (!run.abandoned) return std::nullopt;
  return DecodeError(run.abandoned->error);
}

}  // namespace lc2::control
