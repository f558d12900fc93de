#include <curl/curl.h>

#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "net/curl_exchange_internal.h"
#include "net/transport.h"

namespace lc2::net {

namespace {

// A context's stop token wakes nobody, so it is looked at this often while something is under way.
constexpr int kLookMillis = 100;
constexpr int kIdleMillis = 60'000;

Error Stopped() {
  return Error{.kind = ErrorKind::kCancelled, .code = "call.cancelled", .message = "cancelled"};
}

// One thread that drives a libcurl multi handle.
class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(HttpTransportOptions options) : options_(std::move(options)) {
    // Thread-safe and counted since libcurl 7.84 (curl_global_init(3)).
    LC2_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    multi_ = curl_multi_init();
    LC2_CHECK(multi_ != nullptr);
    curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      static_cast<long>(options_.max_connections));
    thread_ = std::jthread([this](const std::stop_token& stop) { Drive(stop); });
  }

  ~CurlTransport() override {
    thread_.request_stop();
    curl_multi_wakeup(multi_);
    thread_.join();
    curl_multi_cleanup(multi_);
    curl_global_cleanup();
  }

  void Submit(const Context& ctx, HttpRequest request, const ExchangeLimits& limits,
              Completion done) override {
    if (const Result<void> wanted = ctx.Check(); !wanted.has_value()) return done(wanted.error());
    auto exchange =
        std::make_unique<CurlExchange>(ctx, std::move(request), limits, std::move(done));
    if (const Result<void> ready = exchange->Prepare(options_); !ready.has_value()) {
      return exchange->Finish(ready.error());
    }
    {
      const std::lock_guard lock(mutex_);
      submitted_.push_back(std::move(exchange));
    }
    curl_multi_wakeup(multi_);
  }

 private:
  using Exchange = std::unique_ptr<CurlExchange>;

  void Drive(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      TakeSubmitted();
      int running = 0;
      LC2_CHECK(curl_multi_perform(multi_, &running) == CURLM_OK);
      FinishEnded();
      FinishStopped();
      const int wait = active_.empty() ? kIdleMillis : kLookMillis;
      LC2_CHECK(curl_multi_poll(multi_, nullptr, 0, wait, nullptr) == CURLM_OK);
    }
    TakeSubmitted();
    while (!active_.empty()) Take(active_.begin()->first)->Finish(Stopped());
  }

  void TakeSubmitted() {
    std::vector<Exchange> submitted;
    {
      const std::lock_guard lock(mutex_);
      submitted.swap(submitted_);
    }
    for (Exchange& exchange : submitted) {
      CURL* const handle = exchange->handle();
      LC2_CHECK(curl_multi_add_handle(multi_, handle) == CURLM_OK);
      active_.emplace(handle, std::move(exchange));
    }
  }

  Exchange Take(CURL* handle) {
    const auto found = active_.find(handle);
    LC2_CHECK(found != active_.end());
    Exchange exchange = std::move(found->second);
    active_.erase(found);
    curl_multi_remove_handle(multi_, handle);
    return exchange;
  }

  void FinishEnded() {
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;  // the message goes with the handle
      Take(message->easy_handle)->Finish(code);
    }
  }

  void FinishStopped() {
    std::vector<CURL*> stopped;
    for (const auto& [handle, exchange] : active_) {
      if (exchange->stopped()) stopped.push_back(handle);
    }
    for (CURL* const handle : stopped) Take(handle)->Finish(Stopped());
  }

  const HttpTransportOptions options_;
  CURLM* multi_ = nullptr;
  std::mutex mutex_;
  std::vector<Exchange> submitted_;   // guarded by mutex_
  std::map<CURL*, Exchange> active_;  // of the thread alone
  std::jthread thread_;
};

}  // namespace

std::unique_ptr<Transport> MakeHttpTransport(const HttpTransportOptions& options) {
  return std::make_unique<CurlTransport>(options);
}

}  // namespace lc2::net
