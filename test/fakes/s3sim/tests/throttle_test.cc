#include "s3sim/throttle.h"

#include <algorithm>

#include "s3sim/latency.h"
#include "s3sim/mix_internal.h"
#include "s3sim/simulator.h"
#include "s3sim_test_support.h"

namespace lc2::s3sim {
namespace {

S3Request Ask(Operation operation, std::string key) {
  return {.operation = operation, .bucket = "b", .key = std::move(key)};
}

TEST(Throttle, ServesARateAndABurstOfIt) {
  testing::FakeClock clock;
  Throttle throttle({.writes_per_second = 10, .burst_seconds = 2}, clock);
  const auto admitted = [&](int asked) {
    int count = 0;
    for (int i = 0; i < asked; ++i) count += throttle.Admit(Ask(Operation::kPutObject, "a/k"));
    return count;
  };
  EXPECT_EQ(admitted(100), 20);
  clock.Advance(std::chrono::milliseconds(500));
  EXPECT_EQ(admitted(100), 5);
  clock.Advance(std::chrono::hours(1));
  EXPECT_EQ(admitted(100), 20);
  // Reads have a rate of their own, here none.
  EXPECT_TRUE(throttle.Admit(Ask(Operation::kGetObject, "a/k")));
}

TEST(Throttle, PartsABucketByTheFirstSegments) {
  testing::FakeClock clock;
  Throttle throttle({.reads_per_second = 1, .depth = 2}, clock);
  const auto admit = [&](const char* key) {
    return throttle.Admit(Ask(Operation::kGetObject, key));
  };
  EXPECT_TRUE(admit("a/b/c"));
  EXPECT_FALSE(admit("a/b/d"));
  EXPECT_TRUE(admit("a/c/d"));
  EXPECT_TRUE(admit("b"));
  EXPECT_FALSE(admit("b"));
}

TEST(Throttle, IsRefusedWith503AndCounted) {
  testing::FakeClock clock;
  Simulator simulator({.throttle = {.writes_per_second = 1}}, clock);
  simulator.service().CreateBucket("b");
  const net::HttpRequest put{.method = "PUT", .url = "http://sim.example/b/k", .body = "abc"};
  EXPECT_EQ(simulator.Handle(put).reply.status, 200);
  EXPECT_EQ(Refused(simulator.Handle(put).reply), "503 SlowDown");
  const Counters counters = simulator.counters();
  EXPECT_EQ(counters.throttled, 1);
  EXPECT_EQ(counters.of(Operation::kPutObject), 2);
  EXPECT_EQ(counters.all(), 2);
  EXPECT_EQ(counters.bytes_in, 6);
}

TEST(Latency, HasItsMedianAndItsTail) {
  const LatencyOptions options{.median = std::chrono::milliseconds(20),
                               .p99 = std::chrono::milliseconds(200)};
  std::vector<std::chrono::nanoseconds> drawn;
  for (std::uint64_t i = 0; i < 10'000; ++i) drawn.push_back(LatencyOf(options, Mix(i), 0));
  std::sort(drawn.begin(), drawn.end());
  EXPECT_NEAR(static_cast<double>(drawn[5'000].count()), 20e6, 2e6);
  EXPECT_NEAR(static_cast<double>(drawn[9'900].count()), 200e6, 40e6);
  EXPECT_EQ(LatencyOf(options, 1, 0), LatencyOf(options, 1, 0));
  EXPECT_EQ(LatencyOf({}, 1, 1 << 20), std::chrono::nanoseconds(0));
  EXPECT_EQ(LatencyOf({.per_mib = std::chrono::milliseconds(8)}, 1, 2 << 20),
            std::chrono::milliseconds(16));
}

}  // namespace
}  // namespace lc2::s3sim
