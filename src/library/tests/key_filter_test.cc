#include "library/key_filter.h"

#include <gtest/gtest.h>

namespace lc2 {
namespace {

TEST(MatchesGlob, FollowsTheTable) {
  struct Case {
    const char* pattern;
    const char* key;
    bool matches;
  };
  const Case table[] = {
      {"", "", true},
      {"a", "a", true},
      {"a", "b", false},
      {"a", "ab", false},
      {"ab", "a", false},
      {"*", "abc", true},
      {"*", "a/b", false},
      {"*/*", "a/b", true},
      {"*/b*", "a/xb", false},
      {"a*c", "abbc", true},
      {"a*c", "abcb", false},
      {"*a*/*c", "xay/zc", true},
      {"**", "a/b/c", true},
      {"a/**", "a/b/c", true},
      {"a/**", "a", false},
      {"**/1.0", "a/b/1.0", true},
      {"**/1.0", "a/b/1.0x", false},
      {"**.index", "a/b/1.0.index", true},
      {"**b*c", "ab/bxc", true},
      {"**b*c", "ab/xc", false},
      {"a/*/c/**/e", "a/b/c/d/d/e", true},
      {"a?c", "abc", true},
      {"a?c",
       "a\xc3\xa9"
       "c",
       true},
      {"a?c", "a/c", false},
      {"a?", "a", false},
      {"?", "?", true},
      {"[ab]", "a", false},
      {"[ab]", "[ab]", true},
      {"***", "a/b", true},
  };
  for (const Case& c : table) {
    EXPECT_EQ(MatchesGlob(c.pattern, c.key), c.matches) << c.pattern << " on " << c.key;
  }
}

TEST(MatchesGlob, HostilePatternsTakeNoExponentialTime) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "**a*";
  EXPECT_FALSE(MatchesGlob(pattern + "b", std::string(1'024, 'a')));
}

TEST(KeyFilter, IncludesThenExcludes) {
  EXPECT_TRUE(KeyFilter().Takes("anything/at/all"));
  const KeyFilter filter = KeyFilter::Make({"20097/", "0/0/*/1.0"}, {"**.tmp", "20097/1/"}).value();
  EXPECT_TRUE(filter.Takes("20097/20123/4301/1.0"));
  EXPECT_TRUE(filter.Takes("0/0/501.png/1.0"));
  EXPECT_FALSE(filter.Takes("20098/20123/4301/1.0"));
  EXPECT_FALSE(filter.Takes("20097/20123/4301/x.tmp"));
  EXPECT_FALSE(filter.Takes("20097/1/2/3"));
  const KeyFilter all_but = KeyFilter::Make({}, {"a/**"}).value();
  EXPECT_TRUE(all_but.Takes("b/c"));
  EXPECT_FALSE(all_but.Takes("a/c"));
}

TEST(KeyFilter, RefusesPatternsThatMatchNoKey) {
  EXPECT_EQ(KeyFilter::Make({""}, {}).error().code, "restore.bad_pattern");
  EXPECT_EQ(KeyFilter::Make({}, {"/20097/**"}).error().code, "restore.bad_pattern");
  EXPECT_EQ(KeyFilter::Make({}, {"/20097/**"}).error().kind, ErrorKind::kInvalid);
}

}  // namespace
}  // namespace lc2
