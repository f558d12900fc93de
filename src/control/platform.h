#pragma once

#include <chrono>
#include <optional>
#include <variant>

#include "base/context.h"
#include "codec/json.h"
#include "engine/runs.h"

namespace lc2::control {

struct AttemptName {
  RunId run;
  AttemptId attempt;
  auto operator<=>(const AttemptName&) const = default;
};

using AttemptWork = std::variant<engine::BackupRun, engine::RestoreRun>;
AttemptName NameOf(const AttemptWork& work);

enum class AttemptPhase {
  kRunning,
  kSucceeded,
  kFailed,  // it ended by itself, with `error`
  kLost,    // nobody answers for it any more
};
struct AttemptStatus {
  AttemptPhase phase = AttemptPhase::kLost;
  std::optional<Error> error;
  codec::Json result;                // of a restore: its report
  std::optional<Progress> progress;  // the latest
};

// Where attempts run: threads of this process, or Jobs of a cluster. What it says is a claim; what
// counts lies in the vault. Thread-safe.
class Platform {
 public:
  virtual ~Platform() = default;
  // Starts an attempt. The same name again is the same attempt: nothing happens.
  virtual Result<void> Launch(const Context& ctx, const AttemptWork& work) = 0;
  virtual Result<AttemptStatus> Status(const Context& ctx, const AttemptName& name) = 0;
  // Asks the attempt to end and waits until it has. Without such an attempt: nothing. kUnavailable
  // "attempt.elsewhere" while another process runs it.
  virtual Result<void> Cancel(const Context& ctx, const AttemptName& name) = 0;
  // The run of this attempt is closed: nobody will ask for what it came to any more. An attempt
  // that still runs is kept.
  virtual void Release(const AttemptName&) {}
  // Returns when an attempt may have changed, at the latest after `wait`.
  virtual void Wait(const Context& ctx, std::chrono::milliseconds wait) = 0;
};

}  // namespace lc2::control
