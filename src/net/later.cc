#include "net/later.h"

#include <utility>

namespace lc2::net {

Later::Later() : thread_([this] { Drive(); }) {}

Later::~Later() {
  Hurry();
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_one();
  }
  thread_.join();
}

void Later::Hurry() {
  const std::lock_guard lock(mutex_);
  hurried_ = true;
  changed_.notify_one();
}

void Later::Run(std::chrono::milliseconds from_now, Work work) {
  const std::lock_guard lock(mutex_);
  waiting_.emplace(std::chrono::steady_clock::now() + from_now, std::move(work));
  changed_.notify_one();
}

void Later::Drive() {
  std::unique_lock lock(mutex_);
  while (!closed_ || !waiting_.empty()) {
    const auto first = waiting_.begin();
    if (first == waiting_.end()) {
      changed_.wait(lock);
    } else if (!hurried_ && first->first > std::chrono::steady_clock::now()) {
      changed_.wait_until(lock, first->first);
    } else {
      const Work work = std::move(first->second);
      waiting_.erase(first);
      lock.unlock();
      work();
      lock.lock();
    }
  }
}

}  // namespace lc2::net
