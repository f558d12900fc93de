#include "storage/object_store.h"

#include <gtest/gtest.h>

#include <string>

namespace lc2 {
namespace {

TEST(CheckKey, TakesWhatLiferayStoresWrite) {
  for (const char* key : {"a", "20097/20123/4301/1.0", "20097/20123/DLFE-4301.pdf/1.1~8f1c",
                          "_deleted/1/2/3/1.0", "0/0/12.jpeg/1.0",
                          "1/2/\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80/1.0", "a/.hidden/...", "a b"}) {
    EXPECT_TRUE(CheckKey(key).has_value()) << key;
  }
  EXPECT_TRUE(CheckKey(std::string(1024, 'x')).has_value());
}

TEST(CheckKey, RefusesWhatIsNoKey) {
  for (const std::string& key : {std::string(),
                                 std::string("/a"),
                                 std::string("a/"),
                                 std::string("a//b"),
                                 std::string("."),
                                 std::string(".."),
                                 std::string("a/../b"),
                                 std::string("a/."),
                                 std::string("/"),
                                 std::string(1025, 'x'),
                                 std::string(5000, 'x'),
                                 std::string("a\0b", 3),
                                 std::string("a\nb"),
                                 std::string("a\x7f"),
                                 std::string("a\xC2\x9B"),
                                 std::string("\xFF"),
                                 std::string("\xC0\xAF"),
                                 std::string("\xED\xA0\x80"),
                                 std::string("\xF4\x90\x80\x80"),
                                 std::string("\xE2\x82"),
                                 std::string("\xF0\x80\x80\x80"),
                                 std::string("\xE0\x80\x80"),
                                 std::string("\xC3")}) {
    const Result<void> checked = CheckKey(key);
    ASSERT_FALSE(checked.has_value()) << key.substr(0, 20);
    EXPECT_EQ(checked.error().kind, ErrorKind::kInvalid);
    EXPECT_EQ(checked.error().code, "store.bad_key");
    EXPECT_FALSE(checked.error().hint.empty());
    EXPECT_LT(checked.error().message.size(), 600u);
  }
}

TEST(CheckKey, MessageShowsNoRawBytes) {
  EXPECT_EQ(CheckKey("a\x1b[2J\\\xFF").error().message,
            "'a\\x1b[2J\\x5c\\xff' is no object key: it is no UTF-8, or has a control character");
}

}  // namespace
}  // namespace lc2
