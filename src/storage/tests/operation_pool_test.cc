#include "storage/operation_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <stdexcept>

#include "testing/fake_clock.h"

namespace lc2::storage {
namespace {

Result<OperationResult> Nothing() { return OperationResult{}; }

TEST(OperationPool, TheDestructorCompletesAll) {
  std::atomic<int> done = 0;
  {
    OperationPool pool(2, 100);
    for (int i = 0; i < 100; ++i) {
      pool.Submit(lc2::testing::TestContext(), Nothing, [&](const auto&) { ++done; });
    }
  }
  EXPECT_EQ(done, 100);
}

TEST(OperationPool, AnExceptionIsAnError) {
  std::promise<Result<OperationResult>> answer;
  OperationPool pool(1, 1);
  pool.Submit(
      lc2::testing::TestContext(),
      []() -> Result<OperationResult> { throw std::runtime_error("no memory"); },
      [&](Result<OperationResult> result) { answer.set_value(std::move(result)); });
  const Result<OperationResult> result = answer.get_future().get();
  EXPECT_EQ(result.error().kind, ErrorKind::kInternal);
  EXPECT_NE(result.error().message.find("no memory"), std::string::npos);
}

TEST(OperationPool, AFullWindowHoldsTheCallerUntilItsContextEnds) {
  std::latch release(1);
  std::atomic<int> done = 0;
  std::stop_source stop;
  OperationPool pool(1, 1);
  pool.Submit(
      lc2::testing::TestContext(),
      [&]() -> Result<OperationResult> {
        release.wait();
        return Nothing();
      },
      [&](const auto&) { ++done; });
  stop.request_stop();
  std::optional<ErrorKind> refused;
  pool.Submit(lc2::testing::TestContext().WithStop(stop.get_token()), Nothing,
              [&](const Result<OperationResult>& result) { refused = result.error().kind; });
  EXPECT_EQ(refused, ErrorKind::kCancelled);
  EXPECT_EQ(done, 0);
  release.count_down();
}

// Each completion submits the next operations: with all threads inside completions nobody else
// could make room.
TEST(OperationPool, CompletionsMaySubmitWithoutWaiting) {
  std::atomic<int> left = 300;
  std::promise<void> all;
  OperationPool pool(2, 2);
  std::function<void(int)> fan_out = [&](int depth) {
    pool.Submit(lc2::testing::TestContext(), Nothing, [&, depth](const auto&) {
      if (depth > 0) {
        fan_out(depth - 1);
        fan_out(depth - 1);
      }
      if (--left == 300 - 127) all.set_value();
    });
  };
  fan_out(6);  // 2^7 - 1 operations
  all.get_future().wait();
}

}  // namespace
}  // namespace lc2::storage
