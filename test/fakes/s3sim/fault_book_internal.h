#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "s3sim/fault_plan.h"

namespace lc2::s3sim {

// Counts how often each request came, which the plan does not. Thread-safe.
class FaultBook {
 public:
  struct Drawn {
    std::int64_t nth = 1;
    std::optional<Fault> fault;
  };

  explicit FaultBook(FaultOptions options) : plan_(std::move(options)) {}
  const FaultPlan& plan() const { return plan_; }

  Drawn Next(const S3Request& request) {
    if (!plan_.options().any()) return {};
    const std::uint64_t identity = FaultPlan::IdentityOf(request);
    const std::lock_guard lock(mutex_);
    Page& page = pages_[identity];
    Drawn drawn{.nth = ++page.times};
    drawn.fault = plan_.Draw(identity, request, drawn.nth, page.failed);
    page.failed = drawn.fault ? page.failed + 1 : 0;
    return drawn;
  }

 private:
  struct Page {
    std::int32_t times = 0;
    std::int32_t failed = 0;  // in a row
  };

  const FaultPlan plan_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Page> pages_;
};

// Writes that will come a second time. Thread-safe.
class Duplicates {
 public:
  // Behind the `after`th request about its key from now on.
  void Add(const S3Request& request, int after) {
    const std::lock_guard lock(mutex_);
    waiting_[{request.bucket, request.key}].push_back({request, after});
  }
  // Those that come behind this request.
  std::vector<S3Request> TakeBehind(const S3Request& request) {
    std::vector<S3Request> due;
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find({request.bucket, request.key});
    if (found == waiting_.end()) return due;
    std::erase_if(found->second, [&](Waiting& one) {
      if (--one.left > 0) return false;
      due.push_back(std::move(one.request));
      return true;
    });
    if (found->second.empty()) waiting_.erase(found);
    return due;
  }
  // By their keys: in what order they came is a matter of threads.
  std::vector<S3Request> TakeAll() {
    std::vector<S3Request> all;
    const std::lock_guard lock(mutex_);
    for (auto& [name, ones] : waiting_) {
      for (Waiting& one : ones) all.push_back(std::move(one.request));
    }
    waiting_.clear();
    return all;
  }

 private:
  struct Waiting {
    S3Request request;
    int left = 0;  // requests about its key until it comes
  };
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::vector<Waiting>> waiting_;  // bucket and key
};

}  // namespace lc2::s3sim
