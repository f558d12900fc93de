#include "net/later.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <vector>

namespace lc2::net {
namespace {

using namespace std::chrono_literals;

TEST(Later, RunsInTheOrderOfTime) {
  std::vector<int> order;
  std::promise<void> done;
  Later later;
  // The first holds the thread until all are given, so that their times alone decide.
  std::promise<void> given;
  later.Run(0ms, [&] { given.get_future().wait(); });
  later.Run(30ms, [&] {
    order.push_back(3);
    done.set_value();
  });
  later.Run(1ms, [&] { order.push_back(1); });
  later.Run(20ms, [&] { order.push_back(2); });
  given.set_value();
  done.get_future().wait();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(Later, WorkMayGiveMore) {
  std::promise<int> done;
  int left = 100;
  std::function<void()> again;
  Later later;
  again = [&] {
    if (--left == 0) return done.set_value(100);
    later.Run(0ms, again);
  };
  later.Run(0ms, again);
  EXPECT_EQ(done.get_future().get(), 100);
}

TEST(Later, AtItsEndItRunsWhatIsLeft) {
  std::atomic<int> ran = 0;
  {
    Later later;
    later.Run(1h, [&] { ++ran; });
    later.Run(0ms, [&] { later.Run(2h, [&] { ++ran; }); });
  }
  EXPECT_EQ(ran, 2);
}

TEST(Later, HurriedItStillTakesWork) {
  std::promise<void> first;
  std::promise<void> second;
  Later later;
  later.Run(1h, [&] { first.set_value(); });
  later.Hurry();
  first.get_future().wait();
  later.Run(1h, [&] { second.set_value(); });
  second.get_future().wait();
}

}  // namespace
}  // namespace lc2::net
