#include "base/utf8.h"

#include <gtest/gtest.h>

namespace lc2 {
namespace {

TEST(Utf8, TakesTheFirstAndLastOfEachLength) {
  for (const std::string_view text :
       {"\x01", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(Utf8Length(text), text.size()) << ::testing::PrintToString(text);
    EXPECT_TRUE(IsUtf8(text));
  }
  EXPECT_EQ(Utf8Length(""), 0U);
  EXPECT_TRUE(IsUtf8(""));
}

TEST(Utf8, RefusesWhatRfc3629Does) {
  for (const std::string_view text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xE1\x80",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_EQ(Utf8Length(text), 0U) << ::testing::PrintToString(text);
    EXPECT_FALSE(IsUtf8("some plain text, then " + std::string(text)));
  }
}

TEST(Utf8, ReplacesEachBadByte) {
  EXPECT_EQ(WithoutInvalidUtf8("plain \xC3\xA9"), "plain \xC3\xA9");
  EXPECT_EQ(WithoutInvalidUtf8("a\xFF\xC3"), "a\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace lc2
