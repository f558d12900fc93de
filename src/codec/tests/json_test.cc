#include "codec/json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

#include <boost/json.hpp>

namespace lc2::codec {
namespace {

std::string Nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

TEST(ParseJson, TakesEveryKindOfValue) {
  const Json json =
      ParseJson(" {\"a\": [1, -2.5, \"x\\u00e9\\ud83d\\ude00\", true, false, null, {}, []]}\n")
          .value();
  const JsonArray& items = json.as_object().at("a").as_array();
  EXPECT_EQ(items[0].as_int64(), 1);
  EXPECT_EQ(items[1].as_double(), -2.5);
  EXPECT_EQ(items[2].as_string(), "x\xC3\xA9\xF0\x9F\x98\x80");
  EXPECT_TRUE(items[3].as_bool());
  EXPECT_FALSE(items[4].as_bool());
  EXPECT_TRUE(items[5].is_null());
  EXPECT_EQ(items.size(), 8U);
  EXPECT_EQ(ParseJson("7").value().as_int64(), 7);
}

TEST(ParseJson, RefusesWhatRfc8259Does) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[1,]",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{'a':1}",
                           "[1 2]",
                           "01",
                           "+1",
                           ".5",
                           "1.",
                           "0x1",
                           "NaN",
                           "Infinity",
                           "-",
                           "nul",
                           "// c\n1",
                           "1 2",
                           "[1]]",
                           "\"a\nb\"",
                           "\"\\x\"",
                           "\"\\ud800\"",
                           "\"\\udc00\"",
                           "\"\xFF\"",
                           "\"\xC0\x80\"",
                           "\"\xED\xA0\x80\"",
                           "\xEF\xBB\xBF{}"}) {
    const Result<Json> json = ParseJson(text);
    ASSERT_FALSE(json.has_value()) << text;
    EXPECT_EQ(json.error().kind, ErrorKind::kInvalid);
    EXPECT_EQ(json.error().code, "json.invalid");
  }
  EXPECT_FALSE(ParseJson({}).has_value());
  EXPECT_FALSE(ParseJson(std::string_view("1\0", 2)).has_value());
}

TEST(ParseJson, SaysWhere) {
  EXPECT_NE(ParseJson("{\"a\": tru}").error().message.find("at byte 6"), std::string::npos)
      << ParseJson("{\"a\": tru}").error().message;
  EXPECT_NE(ParseJson("{} x").error().message.find("at byte 3"), std::string::npos);
}

TEST(ParseJson, RefusesADuplicateKeyAndNamesIt) {
  EXPECT_EQ(ParseJson("{\"a\": 1, \"b\": {\"key\": 1, \"\\u006bey\": 2}}").error().message,
            "member 'key' stands twice in one JSON object");
  EXPECT_EQ(ParseJson("[{\"\":1,\"\":1}]").error().message,
            "member '' stands twice in one JSON object");
  EXPECT_TRUE(ParseJson("[{\"a\":1},{\"a\":{\"a\":1}}]").has_value());
  // Above 18 members Boost looks them up in a table.
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += "\"k" + std::to_string(i) + "\":0,";
  EXPECT_TRUE(ParseJson(many + "\"k100\":0}").has_value());
  EXPECT_EQ(ParseJson(many + "\"k7\":0}").error().message,
            "member 'k7' stands twice in one JSON object");
  const std::string long_key(100'000, 'k');
  EXPECT_LT(ParseJson("{\"" + long_key + "\":1,\"" + long_key + "\":1}").error().message.size(),
            200U);
}

TEST(ParseJson, KeepsToItsLimits) {
  EXPECT_TRUE(ParseJson(Nested(32)).has_value());
  EXPECT_FALSE(ParseJson(Nested(33)).has_value());
  EXPECT_TRUE(ParseJson(Nested(3), {.max_depth = 3}).has_value());
  EXPECT_FALSE(ParseJson(Nested(4), {.max_depth = 3}).has_value());
  EXPECT_FALSE(ParseJson(std::string(10'000'000, '[')).has_value());
  EXPECT_TRUE(ParseJson("[100]", {.max_bytes = 5}).has_value());
  EXPECT_EQ(ParseJson("[1000]", {.max_bytes = 5}).error().code, "json.invalid");
}

TEST(ParseJson, KeepsIntegersOf64BitsExactly) {
  EXPECT_EQ(ParseJson("9223372036854775807").value().as_int64(),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(ParseJson("-9223372036854775808").value().as_int64(),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(ParseJson("18446744073709551615").value().as_uint64(),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(ParseJson("18446744073709551616").value().as_double(), 18446744073709551616.0);
}

// Boost 1.81 makes infinity of these, which CanonicalJson could not write.
TEST(ParseJson, RefusesNumbersBeyondADouble) {
  for (const char* text : {"1e309", "-1e309", "1e999", "[1, 1.8e308]", "1e99999999999999999999"}) {
    EXPECT_EQ(ParseJson(text).error().code, "json.invalid") << text;
  }
  EXPECT_FALSE(ParseJson("1" + std::string(400, '0')).has_value());
  EXPECT_EQ(ParseJson("1.7976931348623157e308").value().as_double(),
            std::numeric_limits<double>::max());
  EXPECT_EQ(ParseJson("1e-400").value().as_double(), 0.0);
  EXPECT_EQ(ParseJson("5e-324").value().as_double(), std::numeric_limits<double>::denorm_min());
}

// Boost 1.81 is off by one in the last place for many texts.
TEST(ParseJson, GivesTheNearestDouble) {
  std::mt19937_64 random(20251109);
  for (int i = 0; i < 20'000; ++i) {
    const auto number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    char text[40];
    std::snprintf(text, sizeof text, "%.17g", number);
    const Json json = ParseJson(text).value();
    if (!json.is_double()) continue;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(json.get_double()), std::bit_cast<std::uint64_t>(number))
        << text;
  }
  EXPECT_EQ(ParseJson("0.1").value().as_double(), 0.1);
  EXPECT_EQ(ParseJson("[0.30000000000000004]").value().as_array()[0].as_double(), 0.1 + 0.2);
}

TEST(Path, IsReadByPeople) {
  EXPECT_EQ((Path("spec") / "files")[3].str(), "spec.files[3]");
  EXPECT_EQ((Path() / "spec").str(), "spec");
  EXPECT_EQ(Path()[0].str(), "[0]");
}

TEST(ShapeError, NamesThePathAndWhatBelongsThere) {
  EXPECT_EQ(ShapeError(Path("spec.size"), "an integer").message, "spec.size: expected an integer");
  EXPECT_EQ(ShapeError(Path(), "an object").message, "document: expected an object");
  EXPECT_EQ(ShapeError(Path("a"), "a list").code, "json.shape");
  EXPECT_LT(ShapeError(Path(std::string(100'000, 'x')), "a list").message.size(), 400U);
}

TEST(CamelCase, TurnsUnderscores) {
  EXPECT_EQ(CamelCase("size_bytes"), "sizeBytes");
  EXPECT_EQ(CamelCase("key"), "key");
  EXPECT_EQ(CamelCase("raw_sha256_hex"), "rawSha256Hex");
}

}  // namespace
}  // namespace lc2::codec
