#include "base/io.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

namespace lc2 {
namespace {

class FailingSink final : public ByteSink {
 public:
  Result<void> Write(std::string_view) override {
    return Error{.kind = ErrorKind::kUnavailable, .code = "test.full", .message = "full"};
  }
};

class FailingSource final : public ByteSource {
 public:
  Result<std::size_t> Read(std::span<char> buffer) override {
    if (left_-- == 0)
      return Error{.kind = ErrorKind::kCorrupt, .code = "test.bad", .message = "bad"};
    buffer[0] = 'x';
    return std::size_t{1};
  }

 private:
  int left_ = 3;
};

TEST(StringSource, GivesWhatFits) {
  StringSource source("abcde");
  char buffer[3];
  EXPECT_EQ(source.Read(buffer).value(), 3U);
  EXPECT_EQ(std::string(buffer, 3), "abc");
  EXPECT_EQ(source.Read(buffer).value(), 2U);
  EXPECT_EQ(source.Read(buffer).value(), 0U);
}

// The view of nothing has a null pointer, which memcpy must not be given even for no bytes.
TEST(StringSource, TakesTheViewOfNothing) {
  StringSource source{std::string_view()};
  char buffer[3];
  EXPECT_EQ(source.Read(buffer).value(), 0U);
}

TEST(ReadAll, ReadsUpToTheLimitAndNoFurther) {
  const std::string text(700'000, 'x');
  StringSource fits(text);
  EXPECT_EQ(ReadAll(fits, 700'000).value(), text);
  StringSource too_much(text);
  EXPECT_EQ(ReadAll(too_much, 699'999).error().code, "io.too_large");
  StringSource endless(text);
  EXPECT_EQ(ReadAll(endless, std::numeric_limits<std::int64_t>::max()).value(), text);
  StringSource empty("");
  EXPECT_EQ(ReadAll(empty, 0).value(), "");
  StringSource one("x");
  EXPECT_EQ(ReadAll(one, 0).error().kind, ErrorKind::kInvalid);
}

TEST(ReadAll, PassesTheErrorOn) {
  FailingSource source;
  EXPECT_EQ(ReadAll(source, 100).error().code, "test.bad");
}

TEST(Pump, MovesEverything) {
  const std::string text(1'000'001, 'y');
  StringSource source(text);
  StringSink sink;
  EXPECT_EQ(Pump(source, sink).value(), 1'000'001);
  EXPECT_EQ(sink.text(), text);
}

TEST(Pump, StopsAtTheFirstErrorOfEitherSide) {
  StringSource source("abc");
  FailingSink sink;
  EXPECT_EQ(Pump(source, sink).error().code, "test.full");
  FailingSource bad;
  StringSink good;
  EXPECT_EQ(Pump(bad, good).error().code, "test.bad");
  EXPECT_EQ(good.text(), "xxx");
}

}  // namespace
}  // namespace lc2
