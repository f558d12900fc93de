#include "s3sim/simulator.h"

#include <algorithm>
#include <mutex>
#include <numeric>

#include "s3sim/copy_source_internal.h"
#include "s3sim/fault_book_internal.h"
#include "s3sim/injection_internal.h"
#include "s3sim/mix_internal.h"
#include "s3sim/text_internal.h"

namespace lc2::s3sim {

namespace {

constexpr std::size_t kLongestLog = 100'000;

Refusal SlowDown() { return {503, "SlowDown", "reduce the rate of requests"}; }

// So far as the client sees it.
std::int64_t BytesDelivered(const Exchange& exchange) {
  switch (exchange.delivery) {
    case Delivery::kWhole:
      return exchange.reply.body.size();
    case Delivery::kNothing:
    case Delivery::kHeaders:
      return 0;
    case Delivery::kCut:
    case Delivery::kStalled:
      break;
  }
  return exchange.delivered;
}

}  // namespace

std::string Exchange::Bytes(std::int64_t offset, std::int64_t length) const {
  std::string bytes = reply.body.Read(offset, length);
  if (flipped >= offset && flipped - offset < static_cast<std::int64_t>(bytes.size())) {
    char& byte = bytes[static_cast<std::size_t>(flipped - offset)];
    byte = static_cast<char>(byte ^ 0x10);
  }
  return bytes;
}

std::int64_t Counters::all() const {
  return std::accumulate(requests.begin(), requests.end(), std::int64_t{0});
}

struct Simulator::Parts {
  Parts(SimulatorOptions options, const Clock& clock)
      : service(std::move(options.service), clock),
        faults(std::move(options.faults)),
        throttle(options.throttle, clock),
        latency(options.latency) {}

  Service service;
  FaultBook faults;
  Throttle throttle;
  const LatencyOptions latency;
  Duplicates duplicates;
  mutable std::mutex mutex;
  Counters counters;  // guarded by mutex, as the next
  std::vector<FaultRecord> log;

  void Record(const S3Request& request, FaultKind kind, std::int64_t nth) {
    const std::lock_guard lock(mutex);
    ++counters.faults[static_cast<std::size_t>(kind)];
    if (log.size() < kLongestLog) {
      log.push_back({kind, request.operation, request.bucket, request.key, nth});
    }
  }

  void Count(const Exchange& exchange, std::int64_t bytes_in, bool throttled) {
    const std::lock_guard lock(mutex);
    ++counters.requests[static_cast<std::size_t>(exchange.operation)];
    counters.bytes_in += bytes_in;
    counters.bytes_out += BytesDelivered(exchange);
    counters.throttled += throttled ? 1 : 0;
  }
};

Simulator::Simulator(SimulatorOptions options, const Clock& clock)
    : parts_(std::make_unique<Parts>(std::move(options), clock)) {}
Simulator::~Simulator() = default;

Service& Simulator::service() { return parts_->service; }

Exchange Simulator::Handle(net::HttpRequest request) {
  const auto bytes_in = static_cast<std::int64_t>(request.body.size());
  auto parsed = parts_->service.Parse(std::move(request));
  Exchange exchange;
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) {
    exchange.reply = parts_->service.Refuse({}, *refusal);
    parts_->Count(exchange, bytes_in, false);
    return exchange;
  }
  auto& asked = std::get<S3Request>(parsed);
  exchange.operation = asked.operation;
  // Before any fault is drawn: what time it is must not decide which fault comes.
  if (!parts_->throttle.Admit(asked)) {
    exchange.reply = parts_->service.Refuse(asked, SlowDown());
    parts_->Count(exchange, bytes_in, true);
    return exchange;
  }
  const FaultBook::Drawn drawn = parts_->faults.Next(asked);
  if (drawn.fault) {
    const bool happened = Inject(*drawn.fault, parts_->faults.plan().options(), asked,
                                 parts_->service, parts_->duplicates, exchange);
    if (happened) parts_->Record(asked, drawn.fault->kind, drawn.nth);
  } else {
    exchange.reply = parts_->service.Handle(asked);
    for (const S3Request& again : parts_->duplicates.TakeBehind(asked)) {
      parts_->service.Handle(again, /*trusted=*/true);
    }
  }
  if (parts_->latency.any()) {
    const auto dice = Mix(FaultPlan::IdentityOf(asked), static_cast<std::uint64_t>(drawn.nth));
    exchange.latency += LatencyOf(parts_->latency, dice, bytes_in + exchange.reply.body.size());
  }
  parts_->Count(exchange, bytes_in, false);
  return exchange;
}

void Simulator::Settle() {
  for (const S3Request& again : parts_->duplicates.TakeAll()) {
    parts_->service.Handle(again, /*trusted=*/true);
  }
}

Counters Simulator::counters() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->counters;
}

std::vector<FaultRecord> Simulator::fault_log() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->log;
}

}  // namespace lc2::s3sim
