#include "database/script_filter.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lc2::database {
namespace {

constexpr char kHead[] =
    "--\n-- PostgreSQL database dump\n--\n\n\\restrict tok\n\n-- Dumped by 18.4\n\n"
    "SET statement_timeout = 0;\nSET transaction_timeout = 0;\nSET client_encoding = 'UTF8';\n"
    "SELECT pg_catalog.set_config('search_path', '', false);\n\n";

class OneByteAtATime final : public ByteSource {
 public:
  explicit OneByteAtATime(std::string_view text) : rest_(text) {}
  Result<std::size_t> Read(std::span<char> buffer) override {
    if (rest_.empty()) return std::size_t{0};
    buffer[0] = rest_[0];
    rest_.remove_prefix(1);
    return std::size_t{1};
  }

 private:
  std::string_view rest_;
};

std::string Filter(std::string_view text, std::string_view token = "") {
  StringSource whole(text);
  ScriptFilter filter(whole, token);
  std::string filtered = ReadAll(filter, 1 << 28).value();
  OneByteAtATime bytes(text);
  ScriptFilter again(bytes, token);
  EXPECT_EQ(ReadAll(again, 1 << 28).value(), filtered);
  return filtered;
}

TEST(ScriptFilter, TakesOutWhatOlderProgramsAndServersRefuse) {
  EXPECT_EQ(Filter(std::string(kHead) + "CREATE TABLE t ();\n\\unrestrict tok\n\n"),
            "--\n-- PostgreSQL database dump\n--\n\n\n-- Dumped by 18.4\n\n"
            "SET statement_timeout = 0;\nSET client_encoding = 'UTF8';\n"
            "SELECT pg_catalog.set_config('search_path', '', false);\n\nCREATE TABLE t ();\n\n");
}

TEST(ScriptFilter, StartsWithARestrictionOfOurOwn) {
  EXPECT_EQ(Filter("SELECT 1;\n", "abc"), "\\restrict abc\nSELECT 1;\n");
  EXPECT_EQ(Filter("", "abc"), "\\restrict abc\n");
}

TEST(ScriptFilter, LeavesTheBodyAlone) {
  const std::string body =
      "CREATE TABLE t ();\nSET transaction_timeout = 0;\n\\restrict tok\n\\unrestrict other\n"
      "COPY t FROM stdin;\na\\tb\n\\N\n\\.\n";
  EXPECT_EQ(Filter(body), body);
}

TEST(ScriptFilter, AnotherTokensUnrestrictStaysAndIsRefusedByPsql) {
  const std::string text = std::string(kHead) + "CREATE TABLE t ();\n\\unrestrict guess\n";
  EXPECT_NE(Filter(text, "abc").find("\\unrestrict guess\n"), std::string::npos);
}

TEST(ScriptFilter, LongLinesAndMissingBreaksPass) {
  const std::string row(300'000, 'x');
  EXPECT_EQ(Filter(row), row);
  EXPECT_EQ(Filter(row + "\n" + row + "\n\\." + row), row + "\n" + row + "\n\\." + row);
  EXPECT_EQ(Filter("SELECT 1"), "SELECT 1");
  EXPECT_EQ(Filter("\\restrict tok"), "");
}

TEST(ScriptFilter, AnErrorOfTheSourceIsPassedOn) {
  class Broken final : public ByteSource {
    Result<std::size_t> Read(std::span<char>) override {
      return Error{.kind = ErrorKind::kCorrupt, .code = "x"};
    }
  } broken;
  ScriptFilter filter(broken, "");
  EXPECT_EQ(ReadAll(filter, 100).error().code, "x");
}

TEST(KnowsRestrict, SinceTheReleasesOfAugust2025) {
  EXPECT_TRUE(KnowsRestrict({15, 14}));
  EXPECT_FALSE(KnowsRestrict({15, 13}));
  EXPECT_TRUE(KnowsRestrict({13, 22}));
  EXPECT_TRUE(KnowsRestrict({14, 19}));
  EXPECT_FALSE(KnowsRestrict({16, 9}));
  EXPECT_TRUE(KnowsRestrict({17, 6}));
  EXPECT_TRUE(KnowsRestrict({18, 0}));
  EXPECT_FALSE(KnowsRestrict({12, 99}));
}

}  // namespace
}  // namespace lc2::database
