#include "base/context.h"

#include <algorithm>

namespace lc2 {

Context::Context(const Clock& clock, Logger& log, ProgressSink* progress)
    : clock_(&clock), log_(&log), progress_(progress) {}

Context Context::WithTimeout(std::chrono::milliseconds timeout) const {
  Context child = *this;
  const SteadyTime now = clock_->SteadyNow();
  const auto reach = std::chrono::floor<std::chrono::milliseconds>(SteadyTime::max() - now);
  if (timeout <= std::chrono::milliseconds::zero()) {
    child.deadline_ = std::min(deadline_, now);
  } else if (timeout < reach) {
    child.deadline_ = std::min(deadline_, now + timeout);
  }
  return child;
}

Context Context::WithStop(std::stop_token stop) const {
  Context child = *this;
  child.stop_ = std::make_shared<const StopChain>(StopChain{std::move(stop), stop_});
  return child;
}

Context Context::WithProgress(ProgressSink& sink) const {
  Context child = *this;
  child.progress_ = &sink;
  return child;
}

bool Context::stopped() const {
  for (const StopChain* at = stop_.get(); at != nullptr; at = at->parent.get()) {
    if (at->token.stop_requested()) return true;
  }
  return false;
}

Result<void> Context::Check() const {
  if (stopped()) {
    return Error{.kind = ErrorKind::kCancelled, .code = "call.cancelled", .message = "cancelled"};
  }
  if (deadline_ != SteadyTime::max() && clock_->SteadyNow() >= deadline_) {
    return Error{.kind = ErrorKind::kTimeout, .code = "call.timeout", .message = "out of time"};
  }
  return {};
}

std::chrono::milliseconds Context::Remaining(std::chrono::milliseconds unlimited) const {
  if (deadline_ == SteadyTime::max()) return unlimited;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - clock_->SteadyNow());
  return std::clamp(left, std::chrono::milliseconds(0), unlimited);
}

}  // namespace lc2
