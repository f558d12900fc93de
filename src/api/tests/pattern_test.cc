#include "api/pattern.h"

#include <gtest/gtest.h>

namespace lc2::api {
namespace {

bool Matches(std::string_view expression, std::string_view text) {
  const Result<Pattern> pattern = Pattern::Compile(expression);
  EXPECT_TRUE(pattern.has_value()) << expression;
  return pattern.has_value() && pattern->Matches(text);
}

TEST(Pattern, MatchesWhatTheExpressionSays) {
  EXPECT_TRUE(Matches("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "retail-prd"));
  EXPECT_FALSE(Matches("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "retail-"));
  EXPECT_FALSE(Matches("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "-retail"));
  EXPECT_FALSE(Matches("^[a-z0-9]+$", "Prd"));
  EXPECT_FALSE(Matches("^[a-z0-9]+$", ""));
  EXPECT_TRUE(Matches("^(https?://.+)?$", ""));
  EXPECT_TRUE(Matches("^(https?://.+)?$", "http://localhost:9000"));
  EXPECT_FALSE(Matches("^(https?://.+)?$", "ftp://localhost"));
  EXPECT_TRUE(Matches("^([^/]+(/[^/]+)*)?$", "a/b/c"));
  EXPECT_FALSE(Matches("^([^/]+(/[^/]+)*)?$", "a//c"));
  EXPECT_TRUE(Matches("^(a|bc|)d$", "bcd"));
  EXPECT_TRUE(Matches("^(a|bc|)d$", "d"));
  EXPECT_TRUE(Matches("^a\\.b$", "a.b"));
  EXPECT_FALSE(Matches("^a\\.b$", "axb"));
  EXPECT_TRUE(Matches("^(a*)*$", "aaa"));
}

TEST(Pattern, IsNotAnchoredByItself) {
  EXPECT_TRUE(Matches("b+", "abbc"));
  EXPECT_FALSE(Matches("b+", "ac"));
}

TEST(Pattern, TheEndIsTheEndOfTheTextNotOfALine) {
  EXPECT_FALSE(Matches("^[a-z]+$", "abc\n"));
  EXPECT_FALSE(Matches("^[a-z]+$", "abc\ndef"));
  EXPECT_FALSE(Matches("^.+$", "a\nb"));
}

TEST(Pattern, TakesLinearTimeAndNoStackOnHostileText) {
  const std::string text(200'000, 'a');
  EXPECT_FALSE(Matches("^(a*)*(a*)*b$", text));
  EXPECT_TRUE(Matches("^(a|a)*$", text));
}

TEST(Pattern, RefusesWhatItDoesNotUnderstand) {
  for (const char* bad :
       {"(", ")", "a)", "[a", "[", "[]", "*a", "a{2}", "\\d", "\\", "(?:a)", "[z-a]", "[a\\"}) {
    const Result<Pattern> pattern = Pattern::Compile(bad);
    ASSERT_FALSE(pattern.has_value()) << bad;
    EXPECT_EQ(pattern.error().code, "schema.invalid") << bad;
  }
  EXPECT_FALSE(Pattern::Compile(std::string(100, '(') + std::string(100, ')')).has_value());
  EXPECT_FALSE(Pattern::Compile(std::string(2000, 'a')).has_value());
}

}  // namespace
}  // namespace lc2::api
