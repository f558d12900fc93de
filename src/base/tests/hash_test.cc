#include "base/hash.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace lc2 {
namespace {

constexpr std::string_view kAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view kEmpty =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Sha256, MatchesTheVectorsOfFips180) {
  EXPECT_EQ(Sha256Hex("abc"), kAbc);
  EXPECT_EQ(Sha256Hex({}), kEmpty);
  EXPECT_EQ(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_EQ(Sha256Tagged("abc"), "sha256:" + std::string(kAbc));
}

TEST(Sha256, TakesPiecesAndStartsAnew) {
  Sha256 hash;
  hash.Update("a");
  hash.Update({});
  hash.Update("bc");
  EXPECT_EQ(hash.FinishHex(), kAbc);
  EXPECT_EQ(hash.FinishHex(), kEmpty);
  hash.Update("abc");
  Sha256 moved = std::move(hash);
  EXPECT_EQ(Hex(moved.Finish()), kAbc);
}

TEST(Hex, RoundTrips) {
  EXPECT_EQ(Hex(std::string_view("\x00\xff\x10", 3)), "00ff10");
  EXPECT_EQ(ParseHex("00FF1a").value(), std::string("\x00\xff\x1a", 3));
  EXPECT_EQ(ParseHex("").value(), "");
  for (const char* bad : {"0", "0g", "g0", " 00", "0x"}) {
    EXPECT_EQ(ParseHex(bad).error().code, "text.not_hex") << bad;
  }
}

TEST(Base64, MatchesTheVectorsOfRfc4648) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(Base64(bytes), text);
    EXPECT_EQ(ParseBase64(text).value(), bytes);
  }
  EXPECT_EQ(Base64("\xfb\xff\xfe"), "+//+");
}

// RFC 4231, test cases 1, 2 and 6 (a key longer than a block).
TEST(HmacSha256, GivesThePublishedValues) {
  EXPECT_EQ(Hex(HmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Hex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Hex(HmacSha256(std::string(131, '\xaa'),
                           "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Base64, RoundTripsEveryByteAtEveryLength) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    EXPECT_EQ(ParseBase64(Base64(bytes)).value(), bytes);
  }
}

// OpenSSL's decoder takes all but the first of these, and returns zero bytes that nobody wrote.
TEST(Base64, RefusesWhatItWouldNotWrite) {
  for (const char* bad : {"Zg=", "\n\n\n\nZm9v", "    Zm9v", "Zm9v\n\n\n\n", "Zg==Zm9v",
                          "====", "Z===", "Zg=a", "Zm9-", "Zh==", "Zm9=", "=Zg="}) {
    EXPECT_EQ(ParseBase64(bad).error().code, "text.not_base64") << bad;
  }
}

}  // namespace
}  // namespace lc2
