#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "s3sim/request.h"

namespace lc2::s3sim {

// How many requests a second S3 takes below one prefix, and how it parts a bucket
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html).
struct ThrottleOptions {
  double writes_per_second = 0;  // 0: as many as come
  double reads_per_second = 0;
  double burst_seconds = 1;  // so much of a second's rate may come at once
  int depth = 1;             // keys with the same first segments share a rate; 0: the whole bucket
};

// A bucket of tokens a partition, filled by the clock's steady time. Thread-safe.
class Throttle {
 public:
  Throttle(const ThrottleOptions& options, const Clock& clock) : options_(options), clock_(clock) {}

  // Whether the request is served; it has used up a token then.
  bool Admit(const S3Request& request);

 private:
  struct Tokens {
    double left = 0;
    SteadyTime filled{};
  };

  const ThrottleOptions options_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Tokens> partitions_;
};

}  // namespace lc2::s3sim
