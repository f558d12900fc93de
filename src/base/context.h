#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"

namespace lc2 {

// How far a long task is. Totals are 0 while unknown.
struct Progress {
  std::string step;
  std::int64_t objects_done = 0;
  std::int64_t objects_total = 0;
  std::int64_t bytes_done = 0;
  std::int64_t bytes_total = 0;
};

class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  // Called often and from any thread; must be cheap.
  virtual void Report(const Progress& progress) = 0;
};

// The first parameter of everything that may block: who wants it, until when, and who may stop it.
// Children narrow it (an earlier deadline, one more way to stop), nobody widens it. Copies are
// cheap. The clock, logger and sink must outlive it.
class Context {
 public:
  // A context without deadline or stop token, on the given clock.
  explicit Context(const Clock& clock, Logger& log = NullLogger(),
                   ProgressSink* progress = nullptr);

  // A timeout beyond what the clock can count (milliseconds::max()) is no deadline at all.
  Context WithTimeout(std::chrono::milliseconds timeout) const;
  Context WithStop(std::stop_token stop) const;
  Context WithProgress(ProgressSink& sink) const;

  // kCancelled when any stop token in the chain was asked to stop, kTimeout when the deadline has
  // passed, else success.
  Result<void> Check() const;
  bool stopped() const;
  // Time to the deadline, rounded up, so that it is zero only when Check() says kTimeout; at most
  // `unlimited` (not negative), which is also the answer where there is no deadline.
  std::chrono::milliseconds Remaining(std::chrono::milliseconds unlimited) const;

  const Clock& clock() const { return *clock_; }
  Logger& log() const { return *log_; }
  void Report(const Progress& progress) const {
    if (progress_ != nullptr) progress_->Report(progress);
  }

 private:
  struct StopChain {
    std::stop_token token;
    std::shared_ptr<const StopChain> parent;
  };

  const Clock* clock_;
  Logger* log_;
  ProgressSink* progress_;
  std::shared_ptr<const StopChain> stop_;
  SteadyTime deadline_ = SteadyTime::max();
};

}  // namespace lc2
