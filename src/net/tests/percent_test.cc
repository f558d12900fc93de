#include "net/percent.h"

#include <gtest/gtest.h>

namespace lc2::net {
namespace {

TEST(Percent, EncodesAllButTheUnreserved) {
  EXPECT_EQ(PercentEncode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(PercentEncode("a b/c+%&\xC3\xBC"), "a%20b%2Fc%2B%25%26%C3%BC");
  EXPECT_EQ(PercentEncode("a b/c", "/"), "a%20b/c");
  EXPECT_EQ(PercentEncode(std::string_view("\0\x7F", 2)), "%00%7F");
}

TEST(Percent, AFormIsDecoded) {
  EXPECT_EQ(FormDecode("a+b%20c%2F%c3%BC%2B").value(), "a b c/\xC3\xBC+");
  EXPECT_EQ(FormDecode("%41").value(), "A");
  EXPECT_EQ(FormDecode("").value(), "");
}

TEST(Percent, EveryByteSurvivesTheWayThere) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(FormDecode(PercentEncode(all)).value(), all);
}

TEST(Percent, AHalfCodeIsRefused) {
  for (const char* text : {"%", "%4", "a%", "%G1", "%1G", "%%41"}) {
    const auto decoded = FormDecode(text);
    ASSERT_FALSE(decoded.has_value()) << text;
    EXPECT_EQ(decoded.error().code, "net.percent");
  }
}

}  // namespace
}  // namespace lc2::net
