#include "library/ordered_work.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include "testing/fake_clock.h"

namespace lc2::library {
namespace {

using testing::TestContext;

TEST(OrderedWork, HandsJobsBackInTheirOrder) {
  std::atomic<int> done{0};
  OrderedWork<int> work(TestContext(), 3, 8, [&](const Context&, int& job) -> Result<void> {
    ++done;
    job *= 10;
    return {};
  });
  int popped = 0;
  const auto pop = [&] {
    const int expected = popped % 3 == 0 ? popped : popped * 10;
    EXPECT_EQ(work.Pop().value(), expected);
    ++popped;
  };
  for (int i = 0; i < 1'000; ++i) {
    if (work.full()) pop();
    work.Push(i, i % 3 != 0);
  }
  while (!work.empty()) pop();
  EXPECT_EQ(popped, 1'000);
  EXPECT_EQ(done, 666);
}

TEST(OrderedWork, HandsErrorsBackInPlace) {
  OrderedWork<int> work(TestContext(), 2, 8, [](const Context&, int& job) -> Result<void> {
    if (job == 1) return Error{.kind = ErrorKind::kDenied, .code = "test.no"};
    if (job == 2) throw std::runtime_error("boom");
    return {};
  });
  for (int i = 0; i < 4; ++i) work.Push(i, true);
  EXPECT_EQ(work.Pop().value(), 0);
  EXPECT_EQ(work.Pop().error().code, "test.no");
  EXPECT_EQ(work.Pop().error().code, "library.exception");
  EXPECT_EQ(work.Pop().value(), 3);
}

TEST(OrderedWork, StopsWorkThatNobodyWaitsFor) {
  std::atomic<int> started{0};
  std::atomic<bool> saw_stop{false};
  {
    OrderedWork<int> work(TestContext(), 1, 8, [&](const Context& ctx, int&) -> Result<void> {
      ++started;
      while (!ctx.stopped()) std::this_thread::yield();
      saw_stop = true;
      return {};
    });
    for (int i = 0; i < 5; ++i) work.Push(i, true);
    while (started == 0) std::this_thread::yield();
  }
  EXPECT_TRUE(saw_stop);
  EXPECT_EQ(started, 1);
}

}  // namespace
}  // namespace lc2::library
