#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "api/backup_location.h"
#include "api/liferay_environment.h"
#include "base/context.h"
#include "engine/log_buffer.h"
#include "provider/provider.h"
#include "storage/object_store.h"
#include "vault/run_log.h"

namespace lc2::engine {

// Whose log, and where its vault lies.
struct AttemptLogTarget {
  vault::RunLogName name;
  const api::BackupLocation& location;
};
// Of a BackupRun or a RestoreRun, which must outlive it.
template <class Run>
AttemptLogTarget LogTargetOf(const Run& run) {
  return {.name = {.env = api::IdOf(run.environment), .run = run.run, .attempt = run.attempt},
          .location = run.location};
}

// How long lines of an attempt wait before they are written that began `age` ago: 5 seconds at
// first, so that somebody who follows sees something, 2 minutes later. Pure.
std::chrono::milliseconds LogPause(std::chrono::milliseconds age);

// The log of one attempt: each line goes to the logger of its process with environment, run and
// attempt added, and from level Info up also into the vault, in pieces, from a thread of its own.
// As a progress sink it notes each step that begins, and from time to time how far it is.
//
// Writing never fails an attempt and never makes it wait but for the last piece: what cannot be
// written is tried again with the next piece, memory is bounded (LogBufferLimits), what is dropped
// is counted, and the process's log is told once. Thread-safe.
class AttemptLog final : public Logger, public ProgressSink {
 public:
  // All arguments must outlive it.
  AttemptLog(const Clock& clock, Logger& log, ProgressSink& progress, provider::Provider& provider,
             const AttemptLogTarget& target, const LogBufferLimits& limits = {});
  ~AttemptLog() override;

  void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override;
  void Report(const Progress& progress) override;

  // Notes how the attempt ended and writes what waits; once. Returns after at most half a minute,
  // as far as the store keeps to deadlines.
  void Finish(const std::optional<lc2::Error>& error);

 private:
  using Fields = std::initializer_list<LogField>;
  void Tell(LogLevel level, std::string_view event, Fields fields);
  void Keep(LogLevel level, std::string_view event, Fields fields);
  std::string MakeLine(LogLevel level, std::string_view event, Fields fields) const;
  void NoteProgress();
  void WritePieces();
  Result<void> OpenStore();
  Result<void> WriteWaiting();
  Result<void> EncodePiece();
  Result<void> PutPiece();
  void End();

  const Clock& clock_;
  Logger& log_;
  ProgressSink& progress_sink_;
  provider::Provider& provider_;
  const AttemptLogTarget target_;
  const SteadyTime began_;

  std::mutex mutex_;
  std::condition_variable changed_;
  LogBuffer buffer_;   // guarded by mutex_, as what follows
  Progress progress_;  // the latest
  Progress noted_;     // the latest that a line tells of
  bool ended_ = false;

  // Of the writing thread alone, and of End() once that has gone.
  std::unique_ptr<ObjectStore> store_;
  std::int64_t number_ = 0;  // of the next piece
  std::string piece_;        // encoded and not yet known to be written
  std::int64_t piece_lines_ = 0;
  std::optional<lc2::Error> failed_;  // the last try
  bool told_ = false;
  std::jthread writer_;  // last: uses all of the above
};

}  // namespace lc2::engine
