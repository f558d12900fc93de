#include "engine/log_buffer.h"

#include <gtest/gtest.h>

namespace lc2::engine {
namespace {

TEST(LogBuffer, GivesWholeLinesInOrder) {
  LogBuffer buffer;
  for (const char* line : {"one", "two", "three"}) buffer.Add(line);
  EXPECT_EQ(buffer.waiting_bytes(), 14);
  const LogBuffer::Taken first = buffer.Take(8);
  EXPECT_EQ(first.lines, "one\ntwo\n");
  EXPECT_EQ(first.count, 2);
  EXPECT_EQ(buffer.Take(8).lines, "three\n");
  EXPECT_EQ(buffer.Take(8).count, 0);
  EXPECT_EQ(buffer.waiting_bytes(), 0);
}

TEST(LogBuffer, GivesALineThatIsLongerThanAsked) {
  LogBuffer buffer;
  buffer.Add("a long line");
  buffer.Add("b");
  EXPECT_EQ(buffer.Take(3).lines, "a long line\n");
}

TEST(LogBuffer, DropsTheOldestAndCountsThem) {
  LogBuffer buffer({.waiting_bytes = 6});
  for (const char* line : {"1", "2", "3", "4", "5"}) buffer.Add(line);
  EXPECT_EQ(buffer.waiting_bytes(), 6);
  EXPECT_EQ(buffer.lost(), 2);
  const LogBuffer::Taken taken = buffer.Take(100);
  EXPECT_EQ(taken.lines, "3\n4\n5\n");
  EXPECT_EQ(taken.lost, 2);
  EXPECT_EQ(buffer.lost(), 0);
}

TEST(LogBuffer, KeepsTheNewestLineHoweverLong) {
  LogBuffer buffer({.waiting_bytes = 4});
  buffer.Add("1");
  buffer.Add("the error");
  const LogBuffer::Taken taken = buffer.Take(100);
  EXPECT_EQ(taken.lines, "the error\n");
  EXPECT_EQ(taken.lost, 1);
}

TEST(LogBuffer, TakesOnlyEssentialLinesOnceItHasItsSize) {
  LogBuffer buffer({.total_bytes = 4});
  buffer.Add("1");
  buffer.Add("2");
  (void)buffer.Take(100);
  buffer.Add("3");
  buffer.Add("the error", true);
  const LogBuffer::Taken taken = buffer.Take(100);
  EXPECT_EQ(taken.lines, "the error\n");
  EXPECT_EQ(taken.lost, 1);
}

}  // namespace
}  // namespace lc2::engine
