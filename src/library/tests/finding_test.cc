#include "library/finding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace lc2 {
namespace {

using ::testing::HasSubstr;

const Finding kMismatch{.key = "20097/20123/4301/1.0",
                        .kind = FindingKind::kSizeMismatch,
                        .expected_size = 10,
                        .actual_size = 9,
                        .row_id = 77,
                        .source = ReferenceSource::kImage,
                        .note = "n"};

TEST(FindingLine, HasAFixedForm) {
  std::string text;
  AppendFindingLine(text, kMismatch);
  AppendFindingLine(text, {.key = "a\"\n", .kind = FindingKind::kOrphan});
  EXPECT_EQ(text,
            "{\"key\":\"20097/20123/4301/1.0\",\"kind\":\"SizeMismatch\",\"expectedSize\":10,"
            "\"actualSize\":9,\"rowId\":77,\"source\":\"Image\",\"note\":\"n\"}\n"
            "{\"key\":\"a\\\"\\n\",\"kind\":\"Orphan\"}\n");
}

TEST(FindingLine, ReadsBackAndIgnoresUnknownMembers) {
  std::string text;
  AppendFindingLine(text, kMismatch);
  text.insert(1, "\"later\":[1],");
  EXPECT_EQ(ParseFindingLine(text).value(), kMismatch);
}

TEST(FindingLine, RefusesWhatIsNoFinding) {
  for (const char* line : {"", "x", "[]", "{}", R"({"key":"a"})", R"({"kind":"Orphan"})",
                           R"({"key":"a","kind":"Odd"})", R"({"key":7,"kind":"Orphan"})"}) {
    const Result<Finding> finding = ParseFindingLine(line);
    ASSERT_FALSE(finding.has_value()) << line;
    EXPECT_EQ(finding.error().code, "finding.invalid");
    EXPECT_EQ(finding.error().kind, ErrorKind::kCorrupt);
  }
}

class OwningSource final : public ByteSource {
 public:
  explicit OwningSource(std::string text) : text_(std::move(text)), rest_(text_) {}
  Result<std::size_t> Read(std::span<char> buffer) override { return rest_.Read(buffer); }

 private:
  const std::string text_;
  StringSource rest_;
};

TEST(FindingWriter, WritesWhatTheReaderReads) {
  StringSink stored;
  FindingWriter writer(stored);
  std::vector<Finding> findings;
  for (int i = 0; i < 2'500; ++i) {
    Finding finding = kMismatch;
    finding.row_id = i;
    findings.push_back(finding);
    ASSERT_TRUE(writer.Write(finding).has_value());
  }
  EXPECT_EQ(writer.count(), 2'500);
  EXPECT_GT(writer.Finish().value().raw_size, 0);

  const auto reader = ReadFindings(std::make_unique<OwningSource>(stored.text()));
  std::vector<Finding> read;
  while (true) {
    std::vector<Finding> batch = reader->Read().value();
    if (batch.empty()) break;
    read.insert(read.end(), batch.begin(), batch.end());
  }
  EXPECT_EQ(read, findings);

  const auto cut = ReadFindings(
      std::make_unique<OwningSource>(stored.text().substr(0, stored.text().size() / 2)));
  Result<std::vector<Finding>> batch = cut->Read();
  while (batch.has_value() && !batch->empty()) batch = cut->Read();
  ASSERT_FALSE(batch.has_value());
  EXPECT_EQ(batch.error().kind, ErrorKind::kCorrupt);
}

TEST(SkippedNames, KeepsNamesUpToALimitAndCountsAll) {
  SkippedNames names;
  const auto add = names.Callback();
  std::thread other([&] {
    for (std::size_t i = 0; i < SkippedNames::kMaxNames; ++i) {
      add({.name = "x", .reason = SkipReason::kSymbolicLink});
    }
  });
  other.join();
  add({.name = "folder/", .reason = SkipReason::kUnreadableFolder});
  EXPECT_EQ(names.count(), static_cast<std::int64_t>(SkippedNames::kMaxNames) + 1);
  EXPECT_EQ(names.unreadable(), 1);
  EXPECT_EQ(names.Findings().size(), SkippedNames::kMaxNames);
}

TEST(SkippedNames, BecomeFindings) {
  SkippedNames names;
  names.Add({.name = "a", .reason = SkipReason::kSymbolicLink});
  names.Add({.name = "b", .reason = SkipReason::kSpecialFile});
  names.Add({.name = "c", .reason = SkipReason::kInvalidName});
  names.Add({.name = "d/", .reason = SkipReason::kUnreadableFolder});
  const std::vector<Finding> findings = names.Findings();
  ASSERT_EQ(findings.size(), 4U);
  EXPECT_EQ(findings[0].kind, FindingKind::kSkippedName);
  EXPECT_THAT(findings[0].note, HasSubstr("symbolic link"));
  EXPECT_THAT(findings[1].note, HasSubstr("neither a file nor a folder"));
  EXPECT_THAT(findings[2].note, HasSubstr("key"));
  EXPECT_EQ(findings[3].kind, FindingKind::kUnreadable);
}

}  // namespace
}  // namespace lc2
