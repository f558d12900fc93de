#include "library/sample.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "library/tests/streams.h"

namespace lc2::library {
namespace {

std::string Key(int number) { return std::to_string(100'000 + number); }

std::vector<std::string> Choose(std::uint64_t seed, int count, std::size_t limit) {
  Sample sample(seed, limit);
  std::set<std::string> others;
  for (int i = 0; i < count; ++i) {
    const std::optional<Entry> other = sample.Add(Listed(Key(i), i));
    if (other.has_value()) {
      EXPECT_TRUE(others.insert(other->key).second);
    }
  }
  EXPECT_EQ(sample.seen(), count);
  std::vector<std::string> keys;
  for (const Entry& entry : std::move(sample).Take()) keys.push_back(entry.key);
  // Each entry is chosen or handed back, never both.
  for (const std::string& key : keys) EXPECT_FALSE(others.contains(key));
  EXPECT_EQ(keys.size() + others.size(), static_cast<std::size_t>(count));
  return keys;
}

TEST(Sample, TakesAllUpToTheLimit) {
  EXPECT_EQ(Choose(1, 0, 10).size(), 0U);
  EXPECT_EQ(Choose(1, 10, 10).size(), 10U);
  EXPECT_EQ(Choose(1, 999, kSampleSize).size(), 999U);
}

TEST(Sample, ChoosesTheLimitInOrderWithoutRepeats) {
  const std::vector<std::string> chosen = Choose(7, 5'000, kSampleSize);
  EXPECT_EQ(chosen.size(), kSampleSize);
  EXPECT_EQ(std::set<std::string>(chosen.begin(), chosen.end()).size(), kSampleSize);
  EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
}

TEST(Sample, DependsOnTheSeedAlone) {
  EXPECT_EQ(Choose(7, 5'000, 50), Choose(7, 5'000, 50));
  EXPECT_NE(Choose(7, 5'000, 50), Choose(8, 5'000, 50));
}

TEST(Sample, GivesEachEntryTheSameChance) {
  std::map<std::string, int> times;
  for (std::uint64_t seed = 0; seed < 4'000; ++seed) {
    for (const std::string& key : Choose(seed, 40, 10)) ++times[key];
  }
  ASSERT_EQ(times.size(), 40U);
  // Expected 1,000 each; the standard deviation is 27.
  for (const auto& [key, count] : times) EXPECT_NEAR(count, 1'000, 140) << key;
}

TEST(SeedFrom, IsTheSameOnEveryMachine) {
  EXPECT_EQ(SeedFrom(""), 0xe3b0c44298fc1c14U);  // the start of SHA-256 of nothing
  EXPECT_NE(SeedFrom("a"), SeedFrom("b"));
}

}  // namespace
}  // namespace lc2::library
