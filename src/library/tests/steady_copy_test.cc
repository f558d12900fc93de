#include "library/steady_copy.h"

#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <thread>
#include <vector>

namespace lc2::library {
namespace {

Result<std::optional<ObjectFacts>> Wrote(std::string version) {
  return std::optional(ObjectFacts{.version = std::move(version)});
}

TEST(WrittenNames, LetsTheFirstWriteAndTheOthersShare) {
  WrittenNames names;
  std::atomic<int> writes = 0, first = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        const auto written = names.Once("pool/a", [&] {
          ++writes;
          return Wrote("v1");
        });
        ASSERT_TRUE(written.has_value() && written->has_value());
        EXPECT_EQ((*written)->version, "v1");
        if ((*written)->by_this) ++first;
      });
    }
  }
  EXPECT_EQ(writes, 1);
  EXPECT_EQ(first, 1);
}

TEST(WrittenNames, ForgetsAWriteThatDidNotHappen) {
  WrittenNames names;
  EXPECT_FALSE(
      names
          .Once("a",
                [] { return Result<std::optional<ObjectFacts>>(std::optional<ObjectFacts>()); })
          ->has_value());
  const auto failed = names.Once("a", []() -> Result<std::optional<ObjectFacts>> {
    return Error{.kind = ErrorKind::kUnavailable, .code = "test.full"};
  });
  EXPECT_EQ(failed.error().code, "test.full");
  EXPECT_TRUE(names.Once("a", [] { return Wrote(""); }).value()->by_this);
}

// Whoever waits for a name must not wait for one that will never be settled.
TEST(WrittenNames, ForgetsAWriteThatThrew) {
  WrittenNames names;
  EXPECT_THROW(
      (void)names.Once("a", []() -> Result<std::optional<ObjectFacts>> { throw std::bad_alloc(); }),
      std::bad_alloc);
  EXPECT_TRUE(names.Once("a", [] { return Wrote(""); }).value()->by_this);
}

TEST(WrittenNames, WritesAgainWhatItHasForgotten) {
  WrittenNames names;
  int writes = 0;
  const auto write = [&] {
    ++writes;
    return Wrote("");
  };
  for (int i = 0; i < 20'001; ++i) {
    ASSERT_TRUE(names.Once(std::to_string(i), write).value()->by_this);
  }
  EXPECT_TRUE(names.Once("0", write).value()->by_this);
  EXPECT_FALSE(names.Once("20000", write).value()->by_this);
  EXPECT_EQ(writes, 20'002);
}

}  // namespace
}  // namespace lc2::library
