#include "s3sim/sim_transport.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "s3sim/text_internal.h"

namespace lc2::s3sim {

namespace {

using SteadyClock = std::chrono::steady_clock;

// A context's stop token wakes nobody: what waits looks at it this often.
constexpr std::chrono::milliseconds kLook{50};

Error Broken() {
  return Error{.kind = ErrorKind::kUnavailable,
               .code = "net.broken",
               .message = "the simulated exchange broke off"};
}
Error TimedOut() {
  return Error{.kind = ErrorKind::kTimeout,
               .code = "net.timeout",
               .message = "no whole response in time from the simulator"};
}
Error Cancelled() {
  return Error{.kind = ErrorKind::kCancelled, .code = "call.cancelled", .message = "cancelled"};
}

Result<net::HttpResponse> ResponseOf(Exchange exchange, const net::ExchangeLimits& limits) {
  switch (exchange.delivery) {
    case Delivery::kNothing:
    case Delivery::kHeaders:
    case Delivery::kCut:
      return Broken();
    case Delivery::kStalled:
      return TimedOut();
    case Delivery::kWhole:
      break;
  }
  std::int64_t length = exchange.reply.body.size();
  // A reader of HTTP takes what the header says, and never sees what comes behind it.
  if (const std::string* said = exchange.reply.Header("content-length")) {
    length = std::min(length, NumberOf(*said).value_or(length));
  }
  if (length > limits.max_response_bytes) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "net.too_large",
                 .message = "the simulator's response is larger than is allowed"};
  }
  net::HttpResponse response{.status = exchange.reply.status,
                             .headers = std::move(exchange.reply.headers),
                             .body = exchange.Bytes(0, length)};
  return response;
}

}  // namespace

class SimTransport::Loop {
 public:
  Loop(Simulator& simulator, const SimTransportOptions& options)
      : simulator_(simulator), options_(options) {
    LC2_CHECK(!(options.answers_at_once && options.waits));
    if (!options.answers_at_once) {
      thread_ = std::jthread([this](const std::stop_token& stop) { Drive(stop); });
    }
  }

  ~Loop() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
  }

  void Submit(const Context& ctx, net::HttpRequest request, const net::ExchangeLimits& limits,
              Completion done) {
    if (const Result<void> wanted = ctx.Check(); !wanted.has_value()) return done(wanted.error());
    Job job{.ctx = ctx,
            .request = std::move(request),
            .limits = limits,
            .done = std::move(done),
            .end = SteadyClock::now() + ctx.Remaining(limits.total)};
    if (options_.answers_at_once) {
      job.exchange = simulator_.Handle(std::move(job.request));
      AddSkipped(job);
      return Finish(std::move(job));
    }
    bool wakes = false;
    {
      const std::lock_guard lock(mutex_);
      wakes = submitted_.empty();
      submitted_.push_back(std::move(job));
      ++under_way_;
      most_under_way_ = std::max(most_under_way_, under_way_);
    }
    if (wakes) ready_.notify_one();
  }

  std::chrono::nanoseconds skipped_wait() const {
    const std::lock_guard lock(mutex_);
    return skipped_;
  }
  std::int64_t most_under_way() const {
    const std::lock_guard lock(mutex_);
    return most_under_way_;
  }

 private:
  struct Job {
    Context ctx;
    net::HttpRequest request;
    net::ExchangeLimits limits;
    Completion done;
    SteadyTime end{};  // of the patience
    Exchange exchange{};
  };

  void AddSkipped(const Job& job) {
    const std::lock_guard lock(mutex_);
    skipped_ += job.exchange.latency;
  }

  static void Finish(Job job) {
    // What was not waited for counts all the same.
    if (job.exchange.latency > job.ctx.Remaining(job.limits.total)) return job.done(TimedOut());
    job.done(ResponseOf(std::move(job.exchange), job.limits));
  }

  void Leave() {
    const std::lock_guard lock(mutex_);
    --under_way_;
  }

  void Drive(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      for (Job& job : TakeSubmitted(stop)) Begin(std::move(job), stop);
      EndWaits();
    }
    // A completion may submit once more, until it is told that nothing goes any more.
    while (!waiting_.empty()) End(waiting_.begin(), [](const Job& job) { job.done(Cancelled()); });
    for (auto late = TakeLate(); !late.empty(); late = TakeLate()) {
      for (Job& job : late) job.done(Cancelled());
    }
  }

  std::deque<Job> TakeLate() {
    const std::lock_guard lock(mutex_);
    return std::exchange(submitted_, {});
  }

  // Blocks until there is something, or a wait ends.
  std::deque<Job> TakeSubmitted(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto has_work = [this] { return !submitted_.empty(); };
    if (waiting_.empty()) {
      ready_.wait(lock, stop, has_work);
    } else {
      const auto look = SteadyClock::now() + kLook;
      ready_.wait_until(lock, stop, std::min(waiting_.begin()->first, look), has_work);
    }
    return std::exchange(submitted_, {});
  }

  void Begin(Job job, const std::stop_token& stop) {
    if (stop.stop_requested()) {
      Leave();
      return job.done(Cancelled());
    }
    job.exchange = simulator_.Handle(std::move(job.request));
    if (!options_.waits) {
      AddSkipped(job);
      Leave();
      return Finish(std::move(job));
    }
    const SteadyTime answered = SteadyClock::now() + job.exchange.latency;
    const bool never = job.exchange.delivery == Delivery::kStalled || answered > job.end;
    if (never) {
      job.exchange.delivery = Delivery::kStalled;
      waiting_.emplace(job.end, std::move(job));
    } else {
      waiting_.emplace(answered, std::move(job));
    }
  }

  void EndWaits() {
    const SteadyTime now = SteadyClock::now();
    while (!waiting_.empty() && waiting_.begin()->first <= now) {
      End(waiting_.begin(),
          [](Job job) { job.done(ResponseOf(std::move(job.exchange), job.limits)); });
    }
    if (now < next_look_) return;
    next_look_ = now + kLook;
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      const auto next = std::next(at);
      if (at->second.ctx.stopped()) End(at, [](const Job& job) { job.done(Cancelled()); });
      at = next;
    }
  }

  template <class How>
  void End(std::multimap<SteadyTime, Job>::iterator which, How how) {
    Job job = std::move(which->second);
    waiting_.erase(which);
    Leave();
    how(std::move(job));
  }

  Simulator& simulator_;
  const SimTransportOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<Job> submitted_;  // guarded by mutex_, as the next three
  std::int64_t under_way_ = 0;
  std::int64_t most_under_way_ = 0;
  std::chrono::nanoseconds skipped_{};
  std::multimap<SteadyTime, Job> waiting_;  // by the time they end; of the thread alone
  SteadyTime next_look_{};
  std::jthread thread_;
};

SimTransport::SimTransport(Simulator& simulator, const SimTransportOptions& options)
    : loop_(std::make_unique<Loop>(simulator, options)) {}
SimTransport::~SimTransport() = default;

void SimTransport::Submit(const Context& ctx, net::HttpRequest request,
                          const net::ExchangeLimits& limits, Completion done) {
  loop_->Submit(ctx, std::move(request), limits, std::move(done));
}

std::chrono::nanoseconds SimTransport::skipped_wait() const { return loop_->skipped_wait(); }
std::int64_t SimTransport::most_under_way() const { return loop_->most_under_way(); }

}  // namespace lc2::s3sim
