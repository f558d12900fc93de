#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/context.h"
#include "storage/object_store.h"

namespace lc2::storage {

using Job = std::function<Result<OperationResult>()>;

// Calls the job; an exception out of it is an error (kInternal "store.failed").
Result<OperationResult> RunGuarded(const Job& job);

// Runs operations on a few threads, within a window. Thread-safe.
class OperationPool {
 public:
  OperationPool(int threads, int window);
  // Completes what was submitted.
  ~OperationPool();
  OperationPool(const OperationPool&) = delete;
  OperationPool& operator=(const OperationPool&) = delete;

  // Queues the job and calls `done` once. Waits while the window is full, unless it is called from
  // a completion: the thread that would wait is then one that has to make room.
  void Submit(const Context& ctx, Job job, Completion done);

 private:
  struct Item {
    Job job;
    Completion done;
  };
  bool IsOwnThread() const;
  Result<void> Enter(const Context& ctx);
  void Work();

  const std::size_t window_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> queue_;             // guarded by mutex_
  std::size_t in_flight_ = 0;          // guarded by mutex_
  bool closed_ = false;                // guarded by mutex_
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

}  // namespace lc2::storage
