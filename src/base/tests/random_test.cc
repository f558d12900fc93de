#include "base/random.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace lc2 {
namespace {

class Scripted final : public Random {
 public:
  std::uint64_t Next() override { return next++; }
  std::uint64_t next = 0x0123456789abcdef;
};

TEST(Random, HexGivesTwoDigitsAByteAndDrawsAWordForEight) {
  Scripted random;
  EXPECT_EQ(random.Hex(0), "");
  EXPECT_EQ(random.Hex(3), "efcdab");
  EXPECT_EQ(random.Hex(9), "f0cdab8967452301f1");
  EXPECT_EQ(SystemRandom().Hex(16).size(), 32U);
}

TEST(Random, BetweenStaysWithinAndReachesBothEnds) {
  SeededRandom random(7);
  bool low = false;
  bool high = false;
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t value = random.Between(-2, 2);
    ASSERT_GE(value, -2);
    ASSERT_LE(value, 2);
    low = low || value == -2;
    high = high || value == 2;
  }
  EXPECT_TRUE(low && high);
  EXPECT_EQ(random.Between(5, 5), 5);
}

TEST(Random, BetweenTakesTheWholeRange) {
  Scripted random;
  random.next = 5;
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(random.Between(kMin, kMax), kMin + 5);
}

TEST(Random, ASeedRepeatsItselfAndTheSystemDoesNot) {
  SeededRandom a(1);
  SeededRandom b(1);
  EXPECT_EQ(a.Hex(32), b.Hex(32));
  SystemRandom system;
  EXPECT_NE(system.Hex(16), system.Hex(16));
}

}  // namespace
}  // namespace lc2
