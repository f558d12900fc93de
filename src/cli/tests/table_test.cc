#include "cli/table.h"

#include <gtest/gtest.h>

namespace lc2::cli {
namespace {

TEST(Table, ColumnsAreAsWideAsTheirWidestCellAndThreeSpacesApart) {
  Table table({"NAME", "STATE"});
  table.Add({"a", "Succeeded"});
  table.Add({"longer-name", ""});
  EXPECT_EQ(table.str(),
            "NAME          STATE\n"
            "a             Succeeded\n"
            "longer-name\n");
}

TEST(Table, LettersOfSeveralBytesCountOnce) {
  Table table({"A", "B"});
  table.Add({"Größe", "x"});
  EXPECT_EQ(table.str(), "A       B\nGröße   x\n");
  EXPECT_EQ(DisplayWidth("Größe"), 5u);
}

TEST(Table, ACellCannotDriveTheTerminal) {
  Table table({"A"});
  table.Add({"x\x1b[31my\nz"});
  EXPECT_EQ(table.str(), "A\nx\\x1b[31my\\x0az\n");
}

TEST(Printable, LeavesTextAlone) {
  EXPECT_EQ(Printable("20097/30001/Jahresabschluß 2025.pdf"),
            "20097/30001/Jahresabschluß 2025.pdf");
}

TEST(Printable, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(Printable("\x1b]0;owned\x07"), "\\x1b]0;owned\\x07");
  EXPECT_EQ(Printable("a\x7f"), "a\\x7f");
  // U+009B, the one-character form of ESC [.
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");
  EXPECT_EQ(Printable("\xc2\xa0"), "\xc2\xa0") << "a no-break space is a character like others";
}

TEST(Printable, EscapesBytesThatAreNoUtf8) {
  EXPECT_EQ(Printable("a\xff"
                      "b\xc3"),
            "a\\xffb\\xc3");
}

TEST(PrintableText, KeepsLinesAndNothingElse) {
  EXPECT_EQ(PrintableText("one\n  two\t\r"), "one\n  two\\x09\\x0d");
}

TEST(WithThousands, PartsThreeDigitsEach) {
  EXPECT_EQ(WithThousands(0), "0");
  EXPECT_EQ(WithThousands(999), "999");
  EXPECT_EQ(WithThousands(1000), "1,000");
  EXPECT_EQ(WithThousands(12453), "12,453");
  EXPECT_EQ(WithThousands(-1234567), "-1,234,567");
}

TEST(Counted, OneIsNotMany) {
  EXPECT_EQ(Counted(0, "document"), "0 documents");
  EXPECT_EQ(Counted(1, "document"), "1 document");
  EXPECT_EQ(Counted(12453, "document"), "12,453 documents");
}

}  // namespace
}  // namespace lc2::cli
