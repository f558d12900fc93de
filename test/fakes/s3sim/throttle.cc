#include "s3sim/throttle.h"

#include <algorithm>

namespace lc2::s3sim {

namespace {

std::string PartitionOf(const S3Request& request, int depth) {
  const std::string key = request.key.empty() ? request.QueryOr("prefix") : request.key;
  std::size_t end = 0;
  for (int i = 0; i < depth && end < key.size(); ++i) {
    end = std::min(key.find('/', end), key.size() - 1) + 1;
  }
  return (IsWrite(request.operation) ? "w/" : "r/") + request.bucket + "/" + key.substr(0, end);
}

}  // namespace

bool Throttle::Admit(const S3Request& request) {
  const double rate =
      IsWrite(request.operation) ? options_.writes_per_second : options_.reads_per_second;
  if (rate <= 0) return true;
  const double most = std::max(1.0, rate * options_.burst_seconds);
  const SteadyTime now = clock_.SteadyNow();
  const std::lock_guard lock(mutex_);
  const auto [place, fresh] = partitions_.try_emplace(PartitionOf(request, options_.depth));
  Tokens& tokens = place->second;
  if (fresh) tokens = {.left = most, .filled = now};
  const std::chrono::duration<double> passed = now - tokens.filled;
  tokens.left = std::min(most, tokens.left + rate * passed.count());
  tokens.filled = now;
  if (tokens.left < 1) return false;
  tokens.left -= 1;
  return true;
}

}  // namespace lc2::s3sim
