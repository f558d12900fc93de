#include "storage/entry_json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "base/time_format.h"
#include "storage/entry_line.h"

namespace lc2 {
namespace {

Time At(std::string_view text) { return ParseRfc3339(text).value(); }

Entry FullEntry() {
  return Entry{.key = "20097/20123/4301/1.0",
               .size = 52133,
               .etag = "\"9b2cf535f27731c974343645a3985328\"",
               .last_modified = At("2025-11-09T14:30:05Z"),
               .source_version_id = "3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY",
               .folder = FolderIdentity{.mtime_ns = 1762698605123456789,
                                        .ctime_ns = -1,
                                        .inode = UINT64_MAX,
                                        .device = 64513},
               .checksum = Checksum{.alg = "sha256", .value = std::string(64, 'a'), .by = "lc2"},
               .path = "retail/prd/pool/3f/3fa9-0f6c12ab",
               .pool_version_id = "v7",
               .locked_until = At("2026-01-31T23:59:59Z")};
}

std::string LineOf(const Entry& entry) {
  std::string line;
  AppendEntryLine(line, entry);
  return line;
}

std::string_view WithoutBreak(std::string_view line) { return line.substr(0, line.size() - 1); }

TEST(EntryLine, IsWhatTheFormatSays) {
  EXPECT_EQ(
      LineOf(FullEntry()),
      R"({"key":"20097/20123/4301/1.0","size":52133,)"
      R"("etag":"\"9b2cf535f27731c974343645a3985328\"","lastModified":"2025-11-09T14:30:05Z",)"
      R"("sourceVersionId":"3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY",)"
      R"("folder":{"mtimeNs":"1762698605123456789","ctimeNs":"-1",)"
      R"("inode":"18446744073709551615","device":"64513"},)"
      R"("checksum":{"alg":"sha256","value":")" +
          std::string(64, 'a') +
          R"(","by":"lc2"},"path":"retail/prd/pool/3f/3fa9-0f6c12ab",)"
          R"("poolVersionId":"v7","lockedUntil":"2026-01-31T23:59:59Z"})"
          "\n");
  EXPECT_EQ(LineOf(Entry{.key = "a"}), "{\"key\":\"a\",\"size\":0}\n");
}

TEST(EntryLine, ReadsBackWhatItWrites) {
  for (const Entry& entry :
       {FullEntry(), Entry{.key = "a", .size = INT64_MAX},
        Entry{.key = "1/\xC3\xA4\\\"/1.0",
        .etag = "\xE2\x82\xAC",
        .last_modified = At("1969-12-31T23:59:59Z"),
        .path = "p/\xC3\xA4"},
        Entry{.key = "k", .checksum = Checksum{.alg = "crc64nvme", .value = "x=="}}}) {
    const std::string line = LineOf(entry);
    const Result<Entry> read = ParseEntryLine(WithoutBreak(line));
    ASSERT_TRUE(read.has_value()) << line << Describe(read.error());
    EXPECT_EQ(read.value(), entry) << line;
    const Result<Entry> decoded = DecodeEntry(EncodeEntry(entry), codec::Path("files[0]"));
    ASSERT_TRUE(decoded.has_value()) << line;
    EXPECT_EQ(decoded.value(), entry);
    EXPECT_EQ(codec::CompactJson(codec::ParseJson(line).value()),
              codec::CompactJson(EncodeEntry(entry)));
  }
}

TEST(EntryLine, ControlCharactersAreEscaped) {
  Entry entry{.key = "k", .etag = "a\n\x01"};
  EXPECT_EQ(LineOf(entry), "{\"key\":\"k\",\"size\":0,\"etag\":\"a\\u000a\\u0001\"}\n");
  EXPECT_EQ(ParseEntryLine(WithoutBreak(LineOf(entry))).value(), entry);
}

TEST(EntryLine, TimesAreWholeSecondsOfYearsThatCanBeRead) {
  Entry entry{.key = "k", .last_modified = At("2025-11-09T14:30:05.999Z")};
  EXPECT_EQ(ParseEntryLine(WithoutBreak(LineOf(entry))).value().last_modified,
            At("2025-11-09T14:30:05Z"));
  entry.last_modified = At("1969-12-31T23:59:58.5Z");
  EXPECT_EQ(ParseEntryLine(WithoutBreak(LineOf(entry))).value().last_modified,
            At("1969-12-31T23:59:58Z"));
  entry.last_modified = Time::max();
  EXPECT_EQ(ParseEntryLine(WithoutBreak(LineOf(entry))).value().last_modified,
            At("2260-12-31T23:59:59Z"));
  entry.last_modified = Time::min();
  EXPECT_EQ(ParseEntryLine(WithoutBreak(LineOf(entry))).value().last_modified,
            At("1700-01-01T00:00:00Z"));
}

// The quick reader must take what the writer writes: else all is right, but slow.
TEST(EntryLine, TheQuickReaderTakesUsualLines) {
  EXPECT_TRUE(storage::ReadUsualEntry(WithoutBreak(LineOf(FullEntry()))).has_value());
  std::string line;
  AppendReferenceLine(line, {.key = "1/\xC3\xA4", .size = -1, .row_id = 12});
  EXPECT_TRUE(storage::ReadUsualReference(WithoutBreak(line)).has_value());
}

TEST(EntryLine, TakesOtherSpellingsOfTheSame) {
  const Result<Entry> read = ParseEntryLine(
      R"( { "size" : 5, "new": {"x":[1]}, "etag": null, "lastModified": "2025-11-09T15:30:05.25+01:00",)"
      R"( "key": "\u0061/b", "checksum": {"alg": "md5", "value": "00"} } )");
  ASSERT_TRUE(read.has_value()) << Describe(read.error());
  EXPECT_EQ(read.value().key, "a/b");
  EXPECT_EQ(read.value().size, 5);
  EXPECT_EQ(read.value().last_modified, At("2025-11-09T14:30:05.25Z"));
  EXPECT_EQ(read.value().checksum->alg, "md5");
}

TEST(EntryLine, RefusesWhatIsNoEntry) {
  for (const char* line :
       {"",
        "{",
        "null",
        "[]",
        "{}",
        R"({"key":"a"})",
        R"({"size":1})",
        R"({"key":1,"size":1})",
        R"({"key":"a","size":-1})",
        R"({"key":"a","size":-0.0})",
        R"({"key":"a","size":01})",
        R"({"key":"a","size":1.5})",
        R"({"key":"a","size":"1"})",
        R"({"key":"a","size":1}})",
        R"({"key":"a","size":1}x)",
        R"({"key":"a","size":1,"size":1})",
        R"({"key":"","size":1})",
        R"({"key":"a","size":9223372036854775808})",
        R"({"key":"/a","size":1})",
        R"({"key":"a/../b","size":1})",
        R"({"key":"a","size":1,"path":"../x"})",
        R"({"key":"a","size":1,"etag":7})",
        R"({"key":"a","size":1,"lastModified":"yesterday"})",
        R"({"key":"a","size":1,"lastModified":"2025-02-30T00:00:00Z"})",
        R"({"key":"a","size":1,"lastModified":"2025-1x-30T00:00:00Z"})",
        R"({"key":"a","size":1,"lockedUntil":5})",
        R"({"key":"a","size":1,"folder":{}})",
        R"({"key":"a","size":1,"folder":[]})",
        R"({"key":"a","size":1,"folder":{"mtimeNs":1,"ctimeNs":"1","inode":"1","device":"1"}})",
        R"({"key":"a","size":1,"folder":{"mtimeNs":"1","ctimeNs":"1","inode":"-1","device":"1"}})",
        R"({"key":"a","size":1,"folder":{"mtimeNs":"1x","ctimeNs":"1","inode":"1","device":"1"}})",
        R"({"key":"a","size":1,"checksum":{"alg":"sha256"}})",
        R"({"key":"a","size":1,"checksum":"x"})",
        "{\"key\":\"\xFF\",\"size\":1}",
        "{\"key\":\"a\",\"size\":1,\"etag\":\"\xFF\"}",
        "{\"key\":\"a\nb\",\"size\":1}"}) {
    const Result<Entry> read = ParseEntryLine(line);
    ASSERT_FALSE(read.has_value()) << line;
    EXPECT_EQ(read.error().kind, ErrorKind::kCorrupt) << line;
    EXPECT_EQ(read.error().code, "entry.invalid") << line;
  }
}

TEST(EntryLine, AnErrorNamesTheMember) {
  const Result<Entry> decoded =
      DecodeEntry(codec::ParseJson(R"({"key":"a","size":"x"})").value(), codec::Path("files[3]"));
  ASSERT_FALSE(decoded.has_value());
  EXPECT_NE(Describe(decoded.error()).find("files[3].size: expected an integer"),
            std::string::npos);
}

// Whatever the quick reader accepts, the general one must read the same from it.
TEST(EntryLine, TheTwoReadersAgreeOnDamagedLines) {
  const std::string original = LineOf(FullEntry());
  SeededRandom random(20251109);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string line(WithoutBreak(original));
    for (std::int64_t edits = random.Between(1, 3); edits > 0; --edits) {
      const auto at =
          static_cast<std::size_t>(random.Between(0, static_cast<std::int64_t>(line.size()) - 1));
      switch (random.Between(0, 2)) {
        case 0:
          line[at] = static_cast<char>(random.Between(0, 255));
          break;
        case 1:
          line.erase(at, 1);
          break;
        default:
          line.insert(at, 1, "0\"\\,-}{z"[random.Between(0, 7)]);
          break;
      }
    }
    const std::optional<Entry> quick = storage::ReadUsualEntry(line);
    if (!quick) continue;
    ++accepted;
    const Result<codec::Json> json = codec::ParseJson(line);
    ASSERT_TRUE(json.has_value()) << line;
    const Result<Entry> general = DecodeEntry(json.value(), {});
    ASSERT_TRUE(general.has_value()) << line;
    ASSERT_EQ(*quick, general.value()) << line;
  }
  EXPECT_GT(accepted, 1000);
}

TEST(ReferenceLine, ReadsBackWhatItWrites) {
  for (const Reference& reference :
       {Reference{.key = "20097/20123/4301/1.0", .size = 7, .row_id = 9},
        Reference{.key = "0/0/12.jpeg/1.0", .row_id = 3, .source = ReferenceSource::kImage},
        Reference{.key = "a//b\x01\"", .size = -5, .row_id = INT64_MIN}}) {
    std::string line;
    AppendReferenceLine(line, reference);
    const Result<Reference> read = ParseReferenceLine(WithoutBreak(line));
    ASSERT_TRUE(read.has_value()) << line;
    EXPECT_EQ(read.value(), reference);
  }
  std::string line;
  AppendReferenceLine(line, {.key = "a", .size = 1, .row_id = 2});
  EXPECT_EQ(line, "{\"key\":\"a\",\"size\":1,\"rowId\":2,\"source\":\"DLFileVersion\"}\n");
}

TEST(ReferenceLine, RefusesWhatIsNoReference) {
  for (const char* line :
       {"", "7", R"({"key":"a","size":1,"rowId":2})", R"({"key":"a","size":1,"source":"Image"})",
        R"({"key":"a","size":1,"rowId":2,"source":"Blob"})",
        R"({"key":"","size":1,"rowId":2,"source":"Image"})",
        R"({"key":"a","size":1,"rowId":2,"source":"Image"} )"
        "x"}) {
    const Result<Reference> read = ParseReferenceLine(line);
    ASSERT_FALSE(read.has_value()) << line;
    EXPECT_EQ(read.error().code, "entry.invalid") << line;
  }
}

}  // namespace
}  // namespace lc2
