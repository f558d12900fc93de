#include "database/pg_archive.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "database/tests/archive_builder.h"

namespace lc2::database {
namespace {

Result<ArchiveFacts> Check(std::string_view bytes, std::size_t step = 1 << 20) {
  ArchiveChecker checker;
  for (std::size_t i = 0; i < bytes.size(); i += step) {
    LC2_RETURN_IF_ERROR(checker.Consume(bytes.substr(i, step)));
  }
  return checker.Finish();
}

std::string CodeOf(const Result<ArchiveFacts>& checked) {
  return checked.has_value() ? "" : checked.error().code;
}

std::string Whole(int minor = 16) {
  return ArchiveBuilder(minor)
      .Head({{.id = 5, .definition = "CREATE TABLE ..."},
             {.id = 7, .has_data = true, .dependencies = {"5", "6"}},
             {.id = 8, .has_data = true},
             {.id = 9, .has_data = true}})
      .Data(7, {"1\tone\n", "2\ttwo\n"})
      .Data(8, {})
      .LargeObjects(9, {{16'400, {"abc", "de"}}, {4'000'000'000, {}}})
      .bytes;
}

TEST(ArchiveChecker, AcceptsAWholeArchiveOfEveryVersion) {
  for (const int minor : {12, 13, 14, 15, 16}) {
    for (const std::size_t step : {1UL, 3UL, 1'000UL}) {
      const auto facts = Check(Whole(minor), step);
      ASSERT_TRUE(facts.has_value()) << minor << ": " << Describe(facts.error());
      EXPECT_EQ(facts->format_version, "1." + std::to_string(minor));
      EXPECT_EQ(facts->database, "lportal");
      EXPECT_EQ(facts->server_version, "16.14");
      EXPECT_EQ(facts->tool_version, "16.11");
      EXPECT_EQ(facts->entries, 4);
      EXPECT_EQ(facts->data_entries, 3);
      EXPECT_EQ(facts->large_objects, 2);
      EXPECT_EQ(facts->raw_bytes, static_cast<std::int64_t>(Whole(minor).size()));
    }
  }
}

TEST(ArchiveChecker, NoPrefixOfAnArchiveIsWhole) {
  const std::string whole = Whole();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto facts = Check(std::string_view(whole).substr(0, size));
    ASSERT_FALSE(facts.has_value()) << size;
    EXPECT_EQ(facts.error().code, "database.dump_incomplete") << size;
    EXPECT_EQ(facts.error().kind, ErrorKind::kCorrupt);
  }
}

TEST(ArchiveChecker, NothingMayFollow) {
  EXPECT_EQ(CodeOf(Check(Whole() + "x")), "database.bad_archive");
  EXPECT_EQ(CodeOf(Check(Whole() + std::string(1, '\1'))), "database.dump_incomplete");
}

TEST(ArchiveChecker, EveryEntryWithDataHasItOnce) {
  const std::vector<ArchiveBuilder::Entry> entries = {
      {.id = 7, .has_data = true}, {.id = 8, .has_data = true}, {.id = 9}};
  const auto missing = Check(ArchiveBuilder().Head(entries).Data(7, {"x"}).bytes);
  EXPECT_EQ(CodeOf(missing), "database.dump_incomplete");
  EXPECT_NE(missing.error().message.find("1 of 2 entries"), std::string::npos);
  const auto code_with = [&](int id) {
    return CodeOf(Check(ArchiveBuilder().Head(entries).Data(7, {}).Data(8, {}).Data(id, {}).bytes));
  };
  EXPECT_EQ(code_with(7), "database.bad_archive");  // twice
  EXPECT_EQ(code_with(9), "database.bad_archive");  // has none
  EXPECT_EQ(code_with(1), "database.bad_archive");  // unknown
  EXPECT_EQ(
      CodeOf(Check(
          ArchiveBuilder().Head({{.id = 7, .has_data = true}, {.id = 7, .has_data = true}}).bytes)),
      "database.bad_archive");
}

TEST(ArchiveChecker, AnEmptyDatabaseIsAWholeArchive) {
  EXPECT_TRUE(Check(ArchiveBuilder().Head({}).bytes).has_value());
  EXPECT_TRUE(Check(ArchiveBuilder().Head({{.id = 1}}, 1, 8).bytes).has_value());
}

TEST(ArchiveChecker, RefusesWhatIsNoSuchArchive) {
  EXPECT_EQ(CodeOf(Check("-- PostgreSQL database dump")), "database.bad_archive");
  EXPECT_EQ(CodeOf(Check(ArchiveBuilder(11).Head({}).bytes)), "database.bad_archive");
  EXPECT_EQ(CodeOf(Check(ArchiveBuilder(17).Head({}).bytes)), "database.bad_archive");
  EXPECT_EQ(CodeOf(Check(ArchiveBuilder().Head({}, 3).bytes)), "database.bad_archive");  // tar
  EXPECT_EQ(CodeOf(Check(ArchiveBuilder().Head({}, 1, 5).bytes)), "database.bad_archive");
  EXPECT_EQ(CodeOf(Check(ArchiveBuilder().Head({{.id = 0}}).bytes)), "database.bad_archive");
  EXPECT_EQ(CodeOf(Check(ArchiveBuilder().Head({}).Byte(2).bytes)), "database.bad_archive");
}

TEST(ArchiveChecker, RefusesContradictions) {
  std::string bytes = ArchiveBuilder().Head({{.id = 7, .has_data = true}}).bytes;
  bytes[bytes.size() - 9] = 3;  // its offset says "no data"
  EXPECT_EQ(CodeOf(Check(bytes)), "database.bad_archive");
  bytes[bytes.size() - 9] = 9;
  EXPECT_EQ(CodeOf(Check(bytes)), "database.bad_archive");
  EXPECT_EQ(CodeOf(Check(
                ArchiveBuilder().Head({{.id = 7, .has_data = true}}).Byte(1).Int(7).Int(-5).bytes)),
            "database.bad_archive");
}

TEST(ArchiveChecker, TellsHeadFromData) {
  const std::string head = ArchiveBuilder().Head({{.id = 7, .has_data = true}}).bytes;
  ArchiveChecker checker;
  EXPECT_TRUE(checker.in_head());
  EXPECT_EQ(checker.Consume(head.substr(0, 10)).value(), 10U);
  const std::string rest = head.substr(10) + ArchiveBuilder().Data(7, {"abc"}).bytes;
  EXPECT_EQ(checker.Consume(rest).value(), head.size() - 10);
  EXPECT_FALSE(checker.in_head());
  EXPECT_EQ(checker.Consume("").value(), 0U);
  EXPECT_TRUE(checker.Finish().has_value());
}

TEST(ArchiveChecker, AcceptsWhatPostgresWrites) {
  const std::filesystem::path corpus =
      std::filesystem::path(LC2_SOURCE_DIR) / "fuzz/corpus/pg_archive_fuzz";
  // "seekable": its table of contents has the offsets of the data.
  for (const char* name : {"pg15.dump", "pg15-seekable.dump", "pg16.dump", "pg18.dump"}) {
    const auto facts = Check(ReadFile(corpus / name, 1 << 20).value(), 100);
    ASSERT_TRUE(facts.has_value()) << name << Describe(facts.error());
    EXPECT_EQ(facts->database, "mini");
    EXPECT_EQ(facts->large_objects, 2);
    EXPECT_EQ(facts->server_version.substr(0, 2), std::string(name).substr(2, 2));
  }
}

constexpr char kEnd[] = "--\n-- PostgreSQL database dump complete\n--\n\n";

Result<void> CheckPlain(const std::string& text) {
  PlainDumpChecker checker;
  for (std::size_t i = 0; i < text.size(); i += 1000) {
    checker.Consume(std::string_view(text).substr(i, 1000));
  }
  return checker.Finish();
}

TEST(PlainDumpChecker, WantsTheEndComment) {
  const std::string body = "CREATE TABLE t ();\n" + std::string(100'000, 'x') + "\n";
  EXPECT_TRUE(CheckPlain(body + kEnd).has_value());
  EXPECT_TRUE(CheckPlain(body + kEnd + "\\unrestrict abc\n\n").has_value());
  EXPECT_TRUE(CheckPlain(body + kEnd + "\\unrestrict abc").has_value());
  for (const std::string& text :
       {std::string(), body, body + "-- PostgreSQL database dump comple",
        body + kEnd + "DROP TABLE t;\n", body + kEnd + std::string(5'000, '\n') + "x",
        body + "x-- PostgreSQL database dump complete\n"}) {
    const auto checked = CheckPlain(text);
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().code, "database.dump_incomplete");
  }
  PlainDumpChecker at_once;
  at_once.Consume(body + kEnd);
  EXPECT_TRUE(at_once.Finish().has_value());
}

}  // namespace
}  // namespace lc2::database
