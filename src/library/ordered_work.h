#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/bounded_queue.h"
#include "base/context.h"
#include "base/result.h"

namespace lc2::library {

// Does jobs on a few threads and hands them back in the order they came, so that what is sorted
// stays sorted. Holds at most `window` jobs: the owner pops before it pushes more. Push and Pop are
// for one thread; `work` runs on several.
template <class Job>
class OrderedWork {
 public:
  using Work = std::function<Result<void>(const Context&, Job&)>;

  OrderedWork(const Context& ctx, int threads, int window, Work work)
      : ctx_(ctx.WithStop(stop_.get_token())),
        work_(std::move(work)),
        window_(static_cast<std::size_t>(window)),
        queue_(window_) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { RunJobs(); });
  }
  OrderedWork(const OrderedWork&) = delete;
  OrderedWork& operator=(const OrderedWork&) = delete;
  // Stops what is under way and forgets what is not popped.
  ~OrderedWork() {
    stop_.request_stop();
    queue_.Close();
  }

  bool full() const { return slots_.size() >= window_; }
  bool empty() const { return slots_.empty(); }

  // A job with nothing to do only keeps its place.
  void Push(Job job, bool has_work) {
    slots_.emplace_back(std::move(job), !has_work);
    if (has_work) queue_.Push(&slots_.back());
  }

  // Waits for the oldest job and takes it out, or the error that its work ended with.
  Result<Job> Pop() {
    Slot& oldest = slots_.front();
    {
      std::unique_lock lock(mutex_);
      done_.wait(lock, [&oldest] { return oldest.done; });
    }
    Slot slot = std::move(oldest);
    slots_.pop_front();
    if (!slot.result.has_value()) return slot.result.error();
    return std::move(slot.job);
  }

 private:
  struct Slot {
    Slot(Job taken, bool is_done) : job(std::move(taken)), done(is_done) {}
    Job job;
    Result<void> result = {};
    bool done;
  };

  void RunJobs() {
    while (const std::optional<Slot*> slot = queue_.Pop()) {
      Result<void> result = Do((*slot)->job);
      {
        const std::lock_guard lock(mutex_);
        (*slot)->result = std::move(result);
        (*slot)->done = true;
      }
      done_.notify_one();
    }
  }

  // No exception may leave a thread.
  Result<void> Do(Job& job) {
    LC2_RETURN_IF_ERROR(ctx_.Check());
    try {
      return work_(ctx_, job);
    } catch (const std::exception& problem) {
      return Error{.kind = ErrorKind::kInternal,
                   .code = "library.exception",
                   .message = std::string("copying an object failed: ") + problem.what(),
                   .hint = "this is a fault of LC2 or a lack of memory; please report it"};
    }
  }

  std::stop_source stop_;
  const Context ctx_;
  const Work work_;
  const std::size_t window_;
  std::deque<Slot> slots_;  // addresses hold while it grows and shrinks at its ends
  std::mutex mutex_;        // guards result and done of slots that are being worked on
  std::condition_variable done_;
  BoundedQueue<Slot*> queue_;
  std::vector<std::jthread> threads_;  // last: joined before anything they use goes
};

}  // namespace lc2::library
