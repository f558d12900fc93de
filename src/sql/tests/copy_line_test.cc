#include <gtest/gtest.h>

#include "sql/postgres.h"

namespace lc2::sql {
namespace {

using Fields = std::vector<CopyField>;

TEST(CopyLine, SplitsAtTabs) {
  EXPECT_EQ(ParseCopyLine("a\tb\tc").value(), (Fields{"a", "b", "c"}));
  EXPECT_EQ(ParseCopyLine("").value(), (Fields{""}));
  EXPECT_EQ(ParseCopyLine("\t").value(), (Fields{"", ""}));
}

TEST(CopyLine, TellsNullFromText) {
  EXPECT_EQ(ParseCopyLine("\\N\tN\t\\\\N").value(), (Fields{std::nullopt, "N", "\\N"}));
}

TEST(CopyLine, UndoesEscapes) {
  EXPECT_EQ(ParseCopyLine("a\\tb\\nc\\\\d\\re\\bf\\fg\\vh").value(),
            (Fields{"a\tb\nc\\d\re\bf\fg\vh"}));
}

TEST(CopyLine, ALoneBackslashIsDamage) {
  const auto parsed = ParseCopyLine("a\tb\\");
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().code, "sql.bad_copy_line");
}

TEST(QuoteIdentifier, DoublesQuotes) {
  EXPECT_EQ(QuoteIdentifier("DLFileEntry"), "\"DLFileEntry\"");
  EXPECT_EQ(QuoteIdentifier("a\"b; drop"), "\"a\"\"b; drop\"");
}

}  // namespace
}  // namespace lc2::sql
