#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/context.h"
#include "codec/json.h"
#include "storage/object_store.h"
#include "vault/control_log.h"

// What became of a request, told line by line: what was decided of its run (from the control log),
// and between that what the run's attempts said (vault/run_log.h).
namespace lc2::control {

// The first run of a backup by its id, or of a request by its name; restores have no id. Errors:
// kNotFound "logs.unknown_run", those of the store.
Result<RunId> FindFirstRun(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                           vault::RunKind kind, const std::string& name);

class RunLogs {
 public:
  // `attempt`: only what is told of this one. `store` must outlive it.
  RunLogs(ObjectStore& store, EnvironmentId env, RunId first_run, std::optional<AttemptId> attempt)
      : store_(store), env_(std::move(env)), first_run_(std::move(first_run)), only_(attempt) {}

  // One line: `time`, `level`, `event`, and text by name, as in docs/format.md section 5.1.
  using OnLine = std::function<Result<void>(const codec::JsonObject&)>;
  // Gives what is new since the last call. A piece that cannot be read is told of by a line of its
  // own. Memory does not grow with the log. Errors: those of the control log, and of `on_line`.
  Result<void> Read(const Context& ctx, const OnLine& on_line);

  // The run as of the last Read(). Once it is closed all of it has been given.
  const vault::RunFacts& run() const { return run_; }

 private:
  Result<void> ReadAttempt(const Context& ctx, const AttemptId& attempt, const OnLine& on_line);
  Result<void> TellEntry(const vault::LogEntry& entry, const OnLine& on_line) const;

  ObjectStore& store_;
  const EnvironmentId env_;
  const RunId first_run_;
  const std::optional<AttemptId> only_;
  vault::RunFacts run_;
  std::size_t told_ = 0;                          // entries of the control log
  std::map<AttemptId, std::int64_t> last_piece_;  // of attempts that were told of; -1: none yet
};

// The error that closed the run; nothing of a run that is open or ended well.
std::optional<Error> ErrorOf(const vault::RunFacts& run);

}  // namespace lc2::control
