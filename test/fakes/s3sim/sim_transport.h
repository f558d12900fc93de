#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "net/transport.h"
#include "s3sim/simulator.h"

namespace lc2::s3sim {

struct SimTransportOptions {
  // Answers before Submit() returns, on the caller's thread; else on one of the transport's own.
  bool answers_at_once = false;
  // Answers come as late as the simulator says; else at once, and what would be waited for is added
  // up. Not together with answers_at_once.
  bool waits = false;
};

// Requests that reach a simulator without sockets, and come to the ends that net::Transport has:
// broken connections are "net.broken", what stalls or takes longer than the limits allow is
// "net.timeout". The simulator must outlive it. Thread-safe.
class SimTransport final : public net::Transport {
 public:
  explicit SimTransport(Simulator& simulator, const SimTransportOptions& options = {});
  ~SimTransport() override;  // whatever is under way ends as cancelled

  void Submit(const Context& ctx, net::HttpRequest request, const net::ExchangeLimits& limits,
              Completion done) override;

  // Time that was not waited for, of all exchanges together.
  std::chrono::nanoseconds skipped_wait() const;
  // How many were under way at once, at most.
  std::int64_t most_under_way() const;

 private:
  class Loop;
  const std::unique_ptr<Loop> loop_;
};

}  // namespace lc2::s3sim
