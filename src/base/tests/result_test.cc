#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace lc2 {
namespace {

Error SomeError() {
  return Error{.kind = ErrorKind::kConflict, .code = "test.error", .message = "no luck"};
}

Result<int> Half(int number) {
  if (number % 2 != 0) return SomeError();
  return number / 2;
}

Result<int> Quarter(int number) {
  LC2_ASSIGN_OR_RETURN(const int half, Half(number));
  LC2_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

Result<void> CheckEven(int number) {
  LC2_RETURN_IF_ERROR(Half(number));
  return {};
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> good = 3;
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(good.value(), 3);
  EXPECT_EQ(*good, 3);
  EXPECT_EQ(good.value_or(9), 3);

  const Result<int> bad = SomeError();
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code, "test.error");
  EXPECT_EQ(bad.value_or(9), 9);
}

TEST(Result, MacrosPassTheErrorOn) {
  EXPECT_EQ(Quarter(8).value(), 2);
  EXPECT_EQ(Quarter(6).error().code, "test.error");
  EXPECT_TRUE(CheckEven(2).has_value());
  EXPECT_EQ(CheckEven(3).error().kind, ErrorKind::kConflict);
}

TEST(Result, AndThenSkipsTheNextStepAfterAnError) {
  EXPECT_EQ(Half(8).and_then(Half).value(), 2);
  bool called = false;
  const Result<std::string> text = Half(7).and_then([&](int) -> Result<std::string> {
    called = true;
    return std::string("x");
  });
  EXPECT_FALSE(text.has_value());
  EXPECT_FALSE(called);
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(5);
  const std::unique_ptr<int> taken = std::move(made).value();
  EXPECT_EQ(*taken, 5);
  Result<std::vector<int>> list = std::vector<int>{1, 2};
  list->push_back(3);
  EXPECT_EQ(list.value().size(), 3U);
}

// A bool can be made of anything that converts to bool explicitly, as every Result does: returning
// the wrong one must not compile, or it would turn an error into `false`.
TEST(Result, IsNotMadeOfAnotherResult) {
  static_assert(std::is_constructible_v<bool, Result<int>>);
  static_assert(!std::is_convertible_v<Result<int>, Result<bool>>);
  static_assert(!std::is_convertible_v<Result<void>, Result<bool>>);
  static_assert(!std::is_convertible_v<const Result<int>&, Result<bool>>);
  static_assert(std::is_convertible_v<bool, Result<bool>>);
}

TEST(ResultDeathTest, ReadingTheWrongSideIsABugAndAborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const Result<int> bad = SomeError();
  EXPECT_DEATH((void)bad.value(), "invariant violated: has_value");
  const Result<void> good;
  EXPECT_DEATH((void)good.error(), "invariant violated: !has_value");
}

}  // namespace
}  // namespace lc2
