#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "base/clock.h"

namespace lc2::net {

// Runs functions on a thread of its own, each when its time has come, those of one time in the
// order in which they were given. For what has to wait where nobody may: between two tries of a
// request, for credentials. Thread-safe.
class Later {
 public:
  using Work = std::function<void()>;

  Later();
  // Hurries, and waits until all is run.
  ~Later();
  Later(const Later&) = delete;
  Later& operator=(const Later&) = delete;

  // `work` may give more, itself included.
  void Run(std::chrono::milliseconds from_now, Work work);
  // From now on nothing waits for its time: work that must not be done any more has to know it.
  void Hurry();

 private:
  void Drive();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<SteadyTime, Work> waiting_;  // guarded by mutex_
  bool hurried_ = false;                     // guarded by mutex_
  bool closed_ = false;                      // guarded by mutex_
  std::jthread thread_;                      // last: it uses all of the above
};

}  // namespace lc2::net
