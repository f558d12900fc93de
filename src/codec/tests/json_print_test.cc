#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

#include <boost/json.hpp>

#include "codec/json.h"

namespace lc2::codec {
namespace {

std::string Canonical(std::string_view text) { return CanonicalJson(ParseJson(text).value()); }

// RFC 8785, appendix B.
TEST(CanonicalJson, WritesNumbersAsEcmaScriptDoes) {
  const std::pair<std::uint64_t, std::string_view> vectors[] = {
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x8000000000000001, "-5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0xffefffffffffffff, "-1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0xc340000000000000, "-9007199254740992"},
      {0x4430000000000000, "295147905179352830000"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
      {0x444b1ae4d6e2ef4e, "999999999999999700000"},
      {0x444b1ae4d6e2ef4f, "999999999999999900000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x41b3de4355555553, "333333333.3333332"},
      {0x41b3de4355555554, "333333333.33333325"},
      {0x41b3de4355555555, "333333333.3333333"},
      {0x41b3de4355555556, "333333333.3333334"},
      {0x41b3de4355555557, "333333333.33333343"},
      {0xbecbf647612f3696, "-0.0000033333333333333333"},
      {0x43143ff3c1cb0959, "1424953923781206.2"},
  };
  for (const auto& [bits, text] : vectors) {
    EXPECT_EQ(CanonicalJson(Json(std::bit_cast<double>(bits))), text);
  }
}

// RFC 8785, section 3.2.2 and 3.2.3.
TEST(CanonicalJson, WritesTheExamplesOfTheRfc) {
  EXPECT_EQ(Canonical(R"({"numbers": [333333333.33333329, 1E30, 4.50, 2e-3,
                                      0.000000000000000000000000001],
                          "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
                          "literals": [null, true, false]})"),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
  EXPECT_EQ(Canonical(R"({"\u20ac": 5, "\r": 1, "\ufb33": 7, "1": 2, "\ud83d\ude00": 6,
                          "\u0080": 3, "\u00f6": 4})"),
            "{\"\\r\":1,\"1\":2,\"\xC2\x80\":3,\"\xC3\xB6\":4,\"\xE2\x82\xAC\":5,"
            "\"\xF0\x9F\x98\x80\":6,\"\xEF\xAC\xB3\":7}");
}

TEST(CanonicalJson, SortsByUtf16AtEveryLevel) {
  // U+D7FF < U+10000 (D800 DC00) < U+E000 < U+FFFF, and a prefix before what it begins.
  EXPECT_EQ(
      Canonical("{\"\xEF\xBF\xBF\":0,\"\xEE\x80\x80\":0,\"\xF0\x90\x80\x80\":0,"
                "\"\xED\x9F\xBF\":0,\"ab\":0,\"a\":{\"z\":[{\"d\":0,\"c\":0}],\"y\":0},\"\":0}"),
      "{\"\":0,\"a\":{\"y\":0,\"z\":[{\"c\":0,\"d\":0}]},\"ab\":0,\"\xED\x9F\xBF\":0,"
      "\"\xF0\x90\x80\x80\":0,\"\xEE\x80\x80\":0,\"\xEF\xBF\xBF\":0}");
}

TEST(CanonicalJson, EscapesOnlyWhatMustBe) {
  EXPECT_EQ(CanonicalJson(Json(std::string_view("\b\t\n\f\r\x1f\0\x7f\"\\/\xC3\xA9", 13))),
            "\"\\b\\t\\n\\f\\r\\u001f\\u0000\x7f\\\"\\\\/\xC3\xA9\"");
}

TEST(CanonicalJson, EqualValuesHaveEqualBytes) {
  EXPECT_EQ(Canonical("1.0"), "1");
  EXPECT_EQ(Canonical("10e-1"), "1");
  EXPECT_EQ(Canonical("-0"), "0");
  EXPECT_EQ(Canonical("-0.0"), "0");
  EXPECT_EQ(Canonical("[ ]"), "[]");
  EXPECT_EQ(Canonical("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(Canonical("18446744073709551615"), "18446744073709551615");
}

TEST(CanonicalJson, IsItsOwnCanonicalForm) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 5000; ++i) {
    const auto number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    const std::string once = CanonicalJson(Json(number));
    const Json again = ParseJson(once).value();
    ASSERT_EQ(again.to_number<double>(), number) << once;
    ASSERT_EQ(CanonicalJson(again), once);
  }
}

TEST(PrettyJson, IndentsAndKeepsTheOrder) {
  EXPECT_EQ(PrettyJson(ParseJson("{\"b\":[1,{}],\"a\":{},\"c\":[]}").value()),
            "{\n  \"b\": [\n    1,\n    {}\n  ],\n  \"a\": {},\n  \"c\": []\n}\n");
}

TEST(CompactJson, IsOneLineInTheOrderOfTheObject) {
  EXPECT_EQ(CompactJson(ParseJson("{ \"b\" : [1, 2.50], \"a\" : \"x\\ny\" }").value()),
            "{\"b\":[1,2.5],\"a\":\"x\\ny\"}");
}

TEST(CanonicalJsonDeathTest, NoJsonHasANotANumber) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH((void)CanonicalJson(Json(std::numeric_limits<double>::quiet_NaN())), "isfinite");
}

}  // namespace
}  // namespace lc2::codec
