#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace lc2 {
namespace {

TEST(BoundedQueue, KeepsTheOrder) {
  BoundedQueue<int> queue(3);
  EXPECT_TRUE(queue.Push(1) && queue.Push(2) && queue.Push(3));
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.Pop(), 2);
}

TEST(BoundedQueue, ClosedItRunsDryAndTakesNothing) {
  BoundedQueue<std::unique_ptr<int>> queue(2);
  EXPECT_TRUE(queue.Push(std::make_unique<int>(1)));
  queue.Close();
  EXPECT_FALSE(queue.Push(std::make_unique<int>(2)));
  EXPECT_EQ(**queue.Pop(), 1);
  EXPECT_FALSE(queue.Pop().has_value());
  EXPECT_FALSE(queue.Pop().has_value());
}

TEST(BoundedQueue, CloseWakesWhoeverWaits) {
  BoundedQueue<int> full(1);
  ASSERT_TRUE(full.Push(1));
  BoundedQueue<int> empty(1);
  std::thread pusher([&] { EXPECT_FALSE(full.Push(2)); });
  std::thread popper([&] { EXPECT_FALSE(empty.Pop().has_value()); });
  full.Close();
  empty.Close();
  pusher.join();
  popper.join();
}

TEST(BoundedQueue, EveryItemArrivesOnceBetweenManyThreads) {
  constexpr int kItems = 2000;
  BoundedQueue<int> queue(2);
  std::vector<std::atomic<int>> seen(4 * kItems);
  std::vector<std::thread> threads;
  for (int reader = 0; reader < 3; ++reader) {
    threads.emplace_back([&] {
      while (const auto item = queue.Pop()) ++seen[static_cast<std::size_t>(*item)];
    });
  }
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < kItems; ++i) EXPECT_TRUE(queue.Push(writer * kItems + i));
    });
  }
  for (std::thread& writer : writers) writer.join();
  queue.Close();
  for (std::thread& thread : threads) thread.join();
  for (const auto& count : seen) ASSERT_EQ(count.load(), 1);
}

TEST(BoundedQueueDeathTest, WithoutRoomForOneItIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(BoundedQueue<int>(0), "capacity > 0");
}

}  // namespace
}  // namespace lc2
