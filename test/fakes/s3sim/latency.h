#pragma once

#include <chrono>
#include <cstdint>

namespace lc2::s3sim {

// How long the service takes for a request: log-normal, so that most are near the median and a few
// far above it.
struct LatencyOptions {
  std::chrono::microseconds median{0};
  std::chrono::microseconds p99{0};      // of a hundred, one takes longer
  std::chrono::microseconds per_mib{0};  // more for each MiB that goes over the wire

  bool any() const { return median.count() > 0 || per_mib.count() > 0; }
};

// Pure: `dice` decides. Zero for a median of zero, but for the bytes.
std::chrono::nanoseconds LatencyOf(const LatencyOptions& options, std::uint64_t dice,
                                   std::int64_t bytes);

}  // namespace lc2::s3sim
