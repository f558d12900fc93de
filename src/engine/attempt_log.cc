#include "engine/attempt_log.h"

#include <fmt/core.h>

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "base/utf8.h"
#include "codec/json.h"

namespace lc2::engine {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kFirstPause = seconds(5);
constexpr milliseconds kLongestPause = seconds(120);
constexpr int kPausePart = 10;                   // of the attempt's age
constexpr std::int64_t kEarlyBytes = 256 << 10;  // so much is written without waiting
constexpr milliseconds kWriteTimeout = seconds(30);
constexpr std::size_t kMaxValue = 8 << 10;
// A piece has room for the line that tells of lost ones.
constexpr std::int64_t kPieceBytes = vault::kMaxRunLogPiece - (64 << 10);

std::string Shortened(const std::string& value) {
  if (value.size() <= kMaxValue) return WithoutInvalidUtf8(value);
  return WithoutInvalidUtf8(value.substr(0, kMaxValue)) + " ...";
}

// A logger takes a list whose length is part of the call; here it is known when it runs.
constexpr std::size_t kMaxFields = 16;

template <std::size_t... I>
void LogSome(Logger& log, LogLevel level, std::string_view event,
             [[maybe_unused]] const LogField* fields, std::index_sequence<I...>) {
  log.Log(level, event, {fields[I]...});
}

template <std::size_t... N>
void LogAll(Logger& log, LogLevel level, std::string_view event,
            const std::vector<LogField>& fields, std::index_sequence<N...>) {
  const std::size_t count = std::min(fields.size(), kMaxFields);
  ((N == count &&
    (LogSome(log, level, event, fields.data(), std::make_index_sequence<N>()), true)) ||
   ...);
}

Error ByException(const std::exception& problem) {
  return Error{.kind = ErrorKind::kInternal,
               .code = "run_log.exception",
               .message = fmt::format("writing it ended by an exception: {}", problem.what())};
}

bool IsSame(const Progress& a, const Progress& b) {
  return a.step == b.step && a.objects_done == b.objects_done && a.bytes_done == b.bytes_done;
}

}  // namespace

milliseconds LogPause(milliseconds age) {
  return std::clamp(age / kPausePart, kFirstPause, kLongestPause);
}

AttemptLog::AttemptLog(const Clock& clock, Logger& log, ProgressSink& progress,
                       provider::Provider& provider, const AttemptLogTarget& target,
                       const LogBufferLimits& limits)
    : clock_(clock),
      log_(log),
      progress_sink_(progress),
      provider_(provider),
      target_(target),
      began_(clock.SteadyNow()),
      buffer_(limits) {
  try {
    writer_ = std::jthread([this] { WritePieces(); });
  } catch (const std::system_error&) {
    // No thread to be had: all is written at the end.
  }
}

AttemptLog::~AttemptLog() { End(); }

void AttemptLog::Log(LogLevel level, std::string_view event, Fields fields) {
  Tell(level, event, fields);
  Keep(level, event, fields);
}

void AttemptLog::Report(const Progress& progress) {
  bool begins = false;
  {
    const std::lock_guard lock(mutex_);
    begins = progress.step != progress_.step;
    progress_ = progress;
    if (begins) noted_ = progress;
  }
  if (begins) Info("step begins", {{"step", progress.step}});
  progress_sink_.Report(progress);
}

void AttemptLog::Finish(const std::optional<lc2::Error>& error) {
  if (!error) {
    Info("attempt ended");
  } else {
    // Whoever asked for the run is told its error by other means: here it is no fault of the
    // process.
    const bool cancelled = error->kind == ErrorKind::kCancelled;
    const char* const event = cancelled ? "attempt cancelled" : "attempt failed";
    const Fields fields{{"kind", std::string(FactsOf(error->kind).name)},
                        {"code", error->code},
                        {"error", Describe(*error)},
                        {"hint", HintOf(*error)}};
    Tell(LogLevel::kInfo, event, fields);
    Keep(cancelled ? LogLevel::kWarning : LogLevel::kError, event, fields);
  }
  End();
}

// To the log of the process.
void AttemptLog::Tell(LogLevel level, std::string_view event, Fields fields) {
  std::vector<LogField> all{{"environment", target_.name.env.str()},
                            {"run", target_.name.run.str()},
                            {"attempt", target_.name.attempt.str()}};
  all.insert(all.end(), fields.begin(), fields.end());
  LogAll(log_, level, event, all, std::make_index_sequence<kMaxFields + 1>());
}

void AttemptLog::Keep(LogLevel level, std::string_view event, Fields fields) {
  if (level == LogLevel::kDebug) return;
  const std::lock_guard lock(mutex_);  // also for the time: lines stand in its order
  buffer_.Add(MakeLine(level, event, fields), level == LogLevel::kError);
  if (buffer_.waiting_bytes() >= kEarlyBytes) changed_.notify_one();
}

std::string AttemptLog::MakeLine(LogLevel level, std::string_view event, Fields fields) const {
  const vault::RunLogName& name = target_.name;
  codec::JsonObject line = vault::RunLogLine(clock_.Now(), level, event, name.env, name.run);
  line["attempt"] = name.attempt.str();
  // What names the line cannot be said by a field.
  for (const LogField& field : fields) line.emplace(field.key, Shortened(field.value));
  return codec::CompactJson(line);
}

void AttemptLog::NoteProgress() {
  Progress now;
  {
    const std::lock_guard lock(mutex_);
    if (IsSame(progress_, noted_)) return;
    noted_ = now = progress_;
  }
  Info("progress", {{"step", now.step},
                    {"objects", std::to_string(now.objects_done)},
                    {"objectsTotal", std::to_string(now.objects_total)},
                    {"bytes", std::to_string(now.bytes_done)},
                    {"bytesTotal", std::to_string(now.bytes_total)}});
}

void AttemptLog::WritePieces() {
  // What fails here is tried again, and told of, with the first piece.
  (void)OpenStore();
  while (true) {
    const milliseconds age = std::chrono::duration_cast<milliseconds>(clock_.SteadyNow() - began_);
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, LogPause(age), [this] {
        return ended_ || (!failed_ && buffer_.waiting_bytes() >= kEarlyBytes);
      });
      if (ended_) return;
    }
    NoteProgress();
    const Result<void> written = WriteWaiting();
    failed_ = written.has_value() ? std::nullopt : std::optional(written.error());
    if (written.has_value() || std::exchange(told_, true)) continue;
    Tell(LogLevel::kWarning, "run log not written; the run goes on, and it is tried again",
         {{"error", Describe(written.error())}});
  }
}

// Once: a folder that is moved away or unmounted while the attempt runs is not looked for under its
// old name, where another one may lie by then.
Result<void> AttemptLog::OpenStore() {
  if (store_ != nullptr) return {};
  try {
    LC2_ASSIGN_OR_RETURN(store_,
                         provider_.OpenVault(target_.location, provider::VaultAccess::kWrite));
  } catch (const std::exception& problem) {
    return ByException(problem);
  }
  return {};
}

Result<void> AttemptLog::WriteWaiting() {
  try {
    while (true) {
      if (piece_.empty()) LC2_RETURN_IF_ERROR(EncodePiece());
      if (piece_.empty()) return {};
      LC2_RETURN_IF_ERROR(PutPiece());
      piece_.clear();
      piece_lines_ = 0;
      ++number_;
    }
  } catch (const std::exception& problem) {
    return ByException(problem);
  }
}

Result<void> AttemptLog::EncodePiece() {
  LogBuffer::Taken taken;
  {
    const std::lock_guard lock(mutex_);
    taken = buffer_.Take(kPieceBytes);
  }
  if (taken.count == 0 && taken.lost == 0) return {};
  if (taken.lost > 0) {
    taken.lines.insert(
        0, MakeLine(LogLevel::kWarning, "log lines lost", {{"lines", std::to_string(taken.lost)}}) +
               "\n");
  }
  piece_lines_ = taken.count + taken.lost;
  LC2_ASSIGN_OR_RETURN(piece_, vault::EncodeRunLogPiece(taken.lines));
  return {};
}

// Under a number of its own and never replaced. A piece that is there already is ours: its answer
// was lost, and the same bytes are put until one comes.
Result<void> AttemptLog::PutPiece() {
  LC2_RETURN_IF_ERROR(OpenStore());
  // A run that is cancelled has a log, too.
  const Context ctx = Context(clock_).WithTimeout(kWriteTimeout);
  const Result<ObjectFacts> put = store_->Put(
      ctx, {.key = vault::RunLogKey(target_.name, number_),
            .body = piece_,
            .mode = store_->features().create_only ? PutMode::kCreateOnly : PutMode::kRunOwned});
  if (put.has_value() || put.error().kind == ErrorKind::kAlreadyExists) return {};
  return put.error();
}

void AttemptLog::End() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(ended_, true)) return;
  }
  changed_.notify_one();
  if (writer_.joinable()) writer_.join();
  const Result<void> written = WriteWaiting();
  if (written.has_value()) return;
  const std::lock_guard lock(mutex_);
  Tell(LogLevel::kWarning, "run log incomplete; the run is none the worse",
       {{"lines", std::to_string(piece_lines_ + buffer_.waiting() + buffer_.lost())},
        {"error", Describe(written.error())}});
}

}  // namespace lc2::engine
