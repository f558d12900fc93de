#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/platform.h"

namespace lc2::control::testing {

// A platform that does what a test says. An attempt runs until the test ends it; one that was never
// launched, or was forgotten, is lost.
class ScriptedPlatform final : public Platform {
 public:
  std::function<void(const AttemptWork&)> on_launch;  // after it is known as running
  std::function<void()> on_wait;
  std::optional<Error> unreachable;  // what every call answers
  std::optional<Error> refuses;      // what Launch() answers
  std::vector<AttemptWork> launched;
  std::vector<AttemptName> cancelled;
  std::vector<std::chrono::milliseconds> waits;  // a stopped context does not wait at all

  Result<void> Launch(const Context&, const AttemptWork& work) override {
    if (unreachable) return *unreachable;
    if (refuses) return *refuses;
    const AttemptName name = NameOf(work);
    if (attempts_.contains(name)) return {};
    attempts_[name] = {.phase = AttemptPhase::kRunning};
    launched.push_back(work);
    if (on_launch) on_launch(work);
    return {};
  }
  Result<AttemptStatus> Status(const Context&, const AttemptName& name) override {
    if (unreachable) return *unreachable;
    const auto found = attempts_.find(name);
    return found == attempts_.end() ? AttemptStatus{.phase = AttemptPhase::kLost} : found->second;
  }
  Result<void> Cancel(const Context&, const AttemptName& name) override {
    if (unreachable) return *unreachable;
    cancelled.push_back(name);
    if (attempts_.contains(name)) {
      attempts_[name] = {
          .phase = AttemptPhase::kFailed,
          .error = Error{
              .kind = ErrorKind::kCancelled, .code = "call.cancelled", .message = "cancelled"}};
    }
    return {};
  }
  void Wait(const Context& ctx, std::chrono::milliseconds wait) override {
    waits.push_back(ctx.stopped() ? std::chrono::milliseconds(0) : wait);
    if (on_wait) on_wait();
  }

  void End(const AttemptName& name, AttemptStatus status) { attempts_[name] = std::move(status); }
  // Its process died.
  void Lose(const AttemptName& name) { attempts_.erase(name); }
  void LoseAll() { attempts_.clear(); }
  AttemptName last() const { return NameOf(launched.back()); }

 private:
  std::map<AttemptName, AttemptStatus> attempts_;
};

}  // namespace lc2::control::testing
