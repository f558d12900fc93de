#include "storage/operation_pool.h"

#include <chrono>
#include <exception>
#include <optional>
#include <utility>

namespace lc2::storage {

namespace {

// Which pool the current thread works for. A plain pointer: nothing to construct.
thread_local const OperationPool* worker_of = nullptr;

// How often a caller that waits for room looks at its context, which has nothing to wait on.
constexpr auto kLook = std::chrono::milliseconds(50);

}  // namespace

Result<OperationResult> RunGuarded(const Job& job) {
  try {
    return job();
  } catch (const std::exception& problem) {
    return Error{.kind = ErrorKind::kInternal,
                 .code = "store.failed",
                 .message = std::string("an operation of the store failed: ") + problem.what()};
  }
}

OperationPool::OperationPool(int threads, int window) : window_(static_cast<std::size_t>(window)) {
  LC2_CHECK(threads > 0 && window > 0);
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

OperationPool::~OperationPool() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

bool OperationPool::IsOwnThread() const { return worker_of == this; }

Result<void> OperationPool::Enter(const Context& ctx) {
  std::unique_lock lock(mutex_);
  while (in_flight_ >= window_ && !IsOwnThread()) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    changed_.wait_for(lock, kLook);
  }
  ++in_flight_;
  return {};
}

void OperationPool::Submit(const Context& ctx, Job job, Completion done) {
  if (const Result<void> entered = Enter(ctx); !entered.has_value()) {
    done(entered.error());
    return;
  }
  const std::lock_guard lock(mutex_);
  queue_.push_back({std::move(job), std::move(done)});
  changed_.notify_all();
}

void OperationPool::Work() {
  worker_of = this;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closed_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Item item = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    Result<OperationResult> result = RunGuarded(item.job);
    lock.lock();
    --in_flight_;  // before the completion, which may submit the next operation
    changed_.notify_all();
    lock.unlock();
    item.done(std::move(result));
    item = {};
    lock.lock();
  }
}

}  // namespace lc2::storage
