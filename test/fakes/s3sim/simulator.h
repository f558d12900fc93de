#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "s3sim/fault_plan.h"
#include "s3sim/latency.h"
#include "s3sim/service.h"
#include "s3sim/throttle.h"

namespace lc2::s3sim {

struct SimulatorOptions {
  ServiceOptions service;
  FaultOptions faults;
  ThrottleOptions throttle;
  LatencyOptions latency;
};

// Reads faults, throttle and latency from JSON, whose form README.md shows. Errors: kInvalid (no
// JSON, a name that means nothing, a rate that is none).
Result<SimulatorOptions> ParseSimulatorOptions(std::string_view json);

// What becomes of a reply on its way.
enum class Delivery {
  kWhole,
  kNothing,  // the connection breaks before the headers
  kHeaders,  // it breaks behind them
  kCut,      // it breaks behind `delivered` bytes of the body
  kStalled,  // behind these nothing comes any more
};

struct Exchange {
  Operation operation = Operation::kUnknown;
  Reply reply;
  Delivery delivery = Delivery::kWhole;
  std::int64_t delivered = 0;
  std::int64_t flipped = -1;  // offset of a byte of the body that arrives as another; -1: none
  std::chrono::nanoseconds latency{};

  // The body that sets off, with its flipped byte. It may be longer than Content-Length says.
  std::string Bytes(std::int64_t offset, std::int64_t length) const;
};

struct FaultRecord {
  FaultKind kind{};
  Operation operation = Operation::kUnknown;
  std::string bucket;
  std::string key;
  std::int64_t nth = 0;  // time that this was asked for
};

struct Counters {
  std::array<std::int64_t, kOperations> requests{};  // by operation, refused ones too
  std::array<std::int64_t, kFaultKinds> faults{};    // that happened, by kind
  std::int64_t throttled = 0;
  std::int64_t bytes_in = 0;   // of bodies
  std::int64_t bytes_out = 0;  // of bodies, so far as they were delivered

  std::int64_t all() const;
  std::int64_t of(Operation operation) const {
    return requests[static_cast<std::size_t>(operation)];
  }
};

// The service with all that goes wrong around it; how requests come and replies go is the business
// of SimTransport and SimServer. The clock must outlive it. Thread-safe.
class Simulator {
 public:
  Simulator(SimulatorOptions options, const Clock& clock);
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  Service& service();
  Exchange Handle(net::HttpRequest request);
  // Applies the duplicates that have not come yet. Else one comes behind the first, second or third
  // later request about its key.
  void Settle();

  Counters counters() const;
  std::vector<FaultRecord> fault_log() const;  // the first 100,000, in the order of their happening

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace lc2::s3sim
