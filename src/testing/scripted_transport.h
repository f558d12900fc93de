#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/transport.h"

namespace lc2::testing {

// Answers requests as a test has written down beforehand; any other request fails the test.
//
//   ScriptedTransport http;
//   http.Expect("POST", "https://hooks.example/").Reply(204);
//   ...
//   EXPECT_TRUE(http.exhausted());
class ScriptedTransport final : public net::Transport {
 public:
  class Exchange {
   public:
    Exchange(std::string method, std::string url)
        : method_(std::move(method)), url_(std::move(url)) {}
    // Answers at once, from within Submit().
    void Reply(int status, std::string body = {}, std::vector<net::HttpHeader> headers = {}) {
      answer_ = net::HttpResponse{
          .status = status, .headers = std::move(headers), .body = std::move(body)};
    }
    void Fail(Error error) { answer_ = std::move(error); }
    // Answers once the test says AnswerHeld().
    void Hold() { answer_.reset(); }

   private:
    friend class ScriptedTransport;
    std::string method_;
    std::string url_;
    std::optional<Result<net::HttpResponse>> answer_;
  };

  // The next request of this method and URL. References stay valid.
  Exchange& Expect(std::string method, std::string url) {
    const std::lock_guard lock(mutex_);
    return expected_.emplace_back(std::move(method), std::move(url));
  }

  void Submit(const Context&, net::HttpRequest request, const net::ExchangeLimits&,
              Completion done) override {
    std::optional<Result<net::HttpResponse>> answer;
    {
      const std::lock_guard lock(mutex_);
      const auto found = std::find_if(expected_.begin(), expected_.end(), [&](const Exchange& one) {
        return one.method_ == request.method && one.url_ == request.url;
      });
      requests_.push_back(request);
      if (found == expected_.end()) {
        ADD_FAILURE() << "unexpected " << request.method << " " << request.url;
        answer = Error{.kind = ErrorKind::kInternal,
                       .code = "test.unexpected",
                       .message = "unexpected request"};
      } else {
        answer = found->answer_;
        expected_.erase(found);
        if (!answer) held_.push_back(done);
      }
    }
    if (answer) done(*std::move(answer));
  }

  // Answers the oldest request that is held.
  void AnswerHeld(Result<net::HttpResponse> answer) {
    Completion done;
    {
      const std::lock_guard lock(mutex_);
      ASSERT_FALSE(held_.empty());
      done = std::move(held_.front());
      held_.pop_front();
    }
    done(std::move(answer));
  }

  // All that were submitted so far.
  std::vector<net::HttpRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  bool exhausted() const {
    const std::lock_guard lock(mutex_);
    return expected_.empty();
  }

 private:
  mutable std::mutex mutex_;
  std::list<Exchange> expected_;
  std::deque<Completion> held_;
  std::vector<net::HttpRequest> requests_;
};

}  // namespace lc2::testing
