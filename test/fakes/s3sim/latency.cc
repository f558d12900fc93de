#include "s3sim/latency.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "s3sim/mix_internal.h"

namespace lc2::s3sim {

std::chrono::nanoseconds LatencyOf(const LatencyOptions& options, std::uint64_t dice,
                                   std::int64_t bytes) {
  using Micros = std::chrono::duration<double, std::micro>;
  const Micros wire(static_cast<double>(options.per_mib.count()) * static_cast<double>(bytes) /
                    1'048'576);
  Micros waits(static_cast<double>(options.median.count()));
  if (options.p99 > options.median && options.median.count() > 0) {
    constexpr double kQuantile99 = 2.3263;  // of the normal distribution
    const double sigma = std::log(static_cast<double>(options.p99.count()) /
                                  static_cast<double>(options.median.count())) /
                         kQuantile99;
    // Box and Muller's way to a normal number from two uniform ones.
    const double first = std::max(Fraction(Mix(dice)), 1e-12);
    const double second = Fraction(Mix(Mix(dice)));
    waits *=
        std::exp(sigma * std::sqrt(-2 * std::log(first)) * std::cos(2 * std::numbers::pi * second));
  }
  return std::chrono::duration_cast<std::chrono::nanoseconds>(waits + wire);
}

}  // namespace lc2::s3sim
