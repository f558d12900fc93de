#include "sql/value.h"

#include <gtest/gtest.h>

namespace lc2::sql {
namespace {

TEST(Row, ReadsColumnsAsWhatTheyAre) {
  const Row row({7, 2.5, "text", Blob{std::string("a\0b", 3)}, nullptr});
  EXPECT_EQ(row.size(), 5U);
  EXPECT_EQ(row.Int(0), 7);
  EXPECT_TRUE(row.Bool(0));
  EXPECT_EQ(row.Double(1), 2.5);
  EXPECT_EQ(row.Text(2), "text");
  EXPECT_EQ(row.Text(3), std::string("a\0b", 3));
  EXPECT_TRUE(row.IsNull(4));
}

TEST(Row, NumbersAndTextConvert) {
  const Row row({"12", 3, 4.0, "0.5"});
  EXPECT_EQ(row.Int(0), 12);
  EXPECT_EQ(row.Text(1), "3");
  EXPECT_EQ(row.Double(1), 3.0);
  EXPECT_EQ(row.Int(2), 4);
  EXPECT_EQ(row.Text(2), "4");
  EXPECT_EQ(row.Double(3), 0.5);
}

TEST(Row, NullReadsAsNothing) {
  const Row row(std::vector<Value>{nullptr, std::optional<std::int64_t>(), std::optional(5)});
  EXPECT_EQ(row.Int(0), 0);
  EXPECT_EQ(row.Double(0), 0);
  EXPECT_EQ(row.Text(0), "");
  EXPECT_EQ(row.OptionalInt(1), std::nullopt);
  EXPECT_EQ(row.OptionalText(1), std::nullopt);
  EXPECT_EQ(row.OptionalInt(2), 5);
  EXPECT_EQ(row.OptionalText(2), "5");
}

TEST(RowDeathTest, WhatAColumnCannotBeIsABugOfTheCaller) {
  const Row row({"no number"});
  EXPECT_DEATH((void)row.Int(0), "invariant");
  EXPECT_DEATH((void)row.Double(0), "invariant");
  EXPECT_DEATH((void)row.Text(1), "invariant");
}

}  // namespace
}  // namespace lc2::sql
