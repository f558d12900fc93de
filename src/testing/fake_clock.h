#pragma once

#include <mutex>
#include <string_view>

#include "base/clock.h"
#include "base/context.h"
#include "base/time_format.h"

namespace lc2::testing {

// Time that moves only when a test says so. Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(std::string_view start = "2025-11-09T14:30:00Z")
      : now_(ParseRfc3339(start).value()) {}

  Time Now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  SteadyTime SteadyNow() const override {
    const std::lock_guard lock(mutex_);
    return steady_;
  }
  // Time passes: both clocks move.
  void Advance(std::chrono::nanoseconds by) {
    const std::lock_guard lock(mutex_);
    now_ += by;
    steady_ += std::chrono::duration_cast<SteadyTime::duration>(by);
  }
  // The wall clock jumps alone, as after an NTP step or a suspended machine.
  void JumpTo(std::string_view time) {
    const std::lock_guard lock(mutex_);
    now_ = ParseRfc3339(time).value();
  }

 private:
  mutable std::mutex mutex_;
  Time now_;
  SteadyTime steady_{};
};

// A context on the system clock that never ends; for tests that do not look at time.
inline Context TestContext() {
  static const SystemClock clock;
  return Context(clock);
}

}  // namespace lc2::testing
