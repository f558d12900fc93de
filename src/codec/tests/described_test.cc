#include "codec/described.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include <boost/json.hpp>

#include "base/strong.h"

namespace lc2::codec {
namespace {

enum class Layout { kPool, kFolder };
BOOST_DESCRIBE_ENUM(Layout, kPool, kFolder)

enum class RestoreType { kFull, kDatabaseOnly };
BOOST_DESCRIBE_ENUM(RestoreType, kFull, kDatabaseOnly)
constexpr WordCase WordCaseOf(RestoreType /*unused*/) { return WordCase::kKebab; }

struct Item {
  std::string key;
  std::int32_t count = 4;
};
BOOST_DESCRIBE_STRUCT(Item, (), (key, count))

struct Base {
  std::string base_name;
};
BOOST_DESCRIBE_STRUCT(Base, (), (base_name))

struct Everything : Base {
  bool flag = true;
  std::int64_t size_bytes = 7;
  double ratio = 0;
  std::string text = "default";
  std::optional<std::int64_t> raw_bytes;
  std::vector<Item> items;
  std::map<std::string, std::string> labels;
  Layout layout = Layout::kFolder;
  RestoreType restore_type = RestoreType::kFull;
  BackupId backup_id;
  Time started{};
  Json anything;
  std::vector<std::optional<std::int64_t>> gaps;
  std::uint8_t small = 0;
};
BOOST_DESCRIBE_STRUCT(Everything, (Base),
                      (flag, size_bytes, ratio, text, raw_bytes, items, labels, layout,
                       restore_type, backup_id, started, anything, gaps, small))

struct Unsigned {
  std::uint64_t size = 0;
};
BOOST_DESCRIBE_STRUCT(Unsigned, (), (size))

Result<Everything> Read(std::string_view text) {
  return Decode<Everything>(ParseJson(text).value(), Path("spec"));
}

struct Full {
  std::string base_name;
  bool flag = true;
  double ratio = 0;
  std::optional<std::int64_t> raw_bytes;
  std::vector<Item> items;
  std::map<std::string, std::string> labels;
  Layout layout = Layout::kFolder;
  RestoreType restore_type = RestoreType::kFull;
  BackupId backup_id;
  Time started{};
  Json anything;
  std::vector<std::optional<std::int64_t>> gaps;
};
BOOST_DESCRIBE_STRUCT(Full, (),
                      (base_name, flag, ratio, raw_bytes, items, labels, layout, restore_type,
                       backup_id, started, anything, gaps))

constexpr std::string_view kFull =
    R"({"baseName":"b","flag":false,"ratio":0.5,"rawBytes":3,"items":[{"key":"a","count":1}],)"
    R"("labels":{"x":"y"},"layout":"Pool","restoreType":"database-only","backupId":"retail",)"
    R"("started":"2025-11-09T14:30:00Z","anything":{"deep":[1]},"gaps":[1,null,3]})";

TEST(Described, RoundTripsEveryKindOfMember) {
  const Full full = Decode<Full>(ParseJson(kFull).value()).value();
  EXPECT_FALSE(full.flag);
  EXPECT_EQ(full.ratio, 0.5);
  EXPECT_EQ(full.raw_bytes, 3);
  ASSERT_EQ(full.items.size(), 1U);
  EXPECT_EQ(full.items[0].key, "a");
  EXPECT_EQ(full.labels.at("x"), "y");
  EXPECT_EQ(full.layout, Layout::kPool);
  EXPECT_EQ(full.restore_type, RestoreType::kDatabaseOnly);
  EXPECT_EQ(full.backup_id, BackupId("retail"));
  EXPECT_EQ(FormatRfc3339(full.started), "2025-11-09T14:30:00Z");
  EXPECT_EQ(CompactJson(full.anything), "{\"deep\":[1]}");
  EXPECT_EQ(full.gaps, (std::vector<std::optional<std::int64_t>>{1, std::nullopt, 3}));
  EXPECT_EQ(CompactJson(Encode(full)), kFull);
}

TEST(Described, LeavesOutWhatIsAbsent) {
  EXPECT_EQ(CompactJson(Encode(Full())),
            R"({"baseName":"","flag":true,"ratio":0,"layout":"Folder","restoreType":"full",)"
            R"("backupId":"","started":"1970-01-01T00:00:00Z"})");
}

TEST(Described, CutsFractionsOfATime) {
  Full full;
  full.started = ParseRfc3339("2025-11-09T14:30:00.999Z").value();
  EXPECT_EQ(Encode(full).as_object().at("started").as_string(), "2025-11-09T14:30:00Z");
}

TEST(Described, MissingAndNullMembersKeepTheirDefaultAndUnknownOnesAreIgnored) {
  for (const char* text :
       {"{}", R"({"text":null,"sizeBytes":null,"layout":null,"items":null,"rawBytes":null})",
        R"({"unknown":{"a":[]},"Text":"x","size_bytes":1})"}) {
    const Everything value = Read(text).value();
    EXPECT_EQ(value.text, "default");
    EXPECT_EQ(value.size_bytes, 7);
    EXPECT_EQ(value.layout, Layout::kFolder);
    EXPECT_TRUE(value.items.empty());
    EXPECT_FALSE(value.raw_bytes.has_value());
    EXPECT_TRUE(value.anything.is_null());
  }
}

TEST(Described, ReadsAndWritesTheMembersOfItsBase) {
  const Everything value = Read(R"({"baseName":"x"})").value();
  EXPECT_EQ(value.base_name, "x");
  EXPECT_EQ(Encode(value).as_object().at("baseName").as_string(), "x");
}

TEST(Described, ErrorsNameTheWholePath) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"[]", "spec: expected an object"},
      {R"({"flag":"true"})", "spec.flag: expected true or false"},
      {R"({"flag":0})", "spec.flag: expected true or false"},
      {R"({"text":1})", "spec.text: expected a string"},
      {R"({"ratio":"1"})", "spec.ratio: expected a number"},
      {R"({"sizeBytes":"1"})", "spec.sizeBytes: expected an integer"},
      {R"({"sizeBytes":1.5})", "spec.sizeBytes: expected an integer within its range"},
      {R"({"rawBytes":[]})", "spec.rawBytes: expected an integer"},
      {R"({"items":{}})", "spec.items: expected a list"},
      {R"({"items":[{},{"key":"a","count":true}]})", "spec.items[1].count: expected an integer"},
      {R"({"items":[null]})", "spec.items[0]: expected an object"},
      {R"({"labels":[]})", "spec.labels: expected an object"},
      {R"({"labels":{"a":"","b/c":1}})", "spec.labels.b/c: expected a string"},
      {R"({"layout":"pool"})", "spec.layout: expected one of Pool, Folder"},
      {R"({"layout":1})", "spec.layout: expected one of Pool, Folder"},
      {R"({"restoreType":"DatabaseOnly"})",
       "spec.restoreType: expected one of full, database-only"},
      {R"({"backupId":1})", "spec.backupId: expected a string"},
      {R"({"started":"yesterday"})", "spec.started: expected a time such as 2025-11-09T14:30:00Z"},
      {R"({"started":5})", "spec.started: expected a time such as 2025-11-09T14:30:00Z"},
  };
  for (const auto& [text, message] : rows) {
    const Result<Everything> value = Read(text);
    ASSERT_FALSE(value.has_value()) << text;
    EXPECT_EQ(value.error().message, message);
    EXPECT_EQ(value.error().code, "json.shape");
  }
}

TEST(Described, IntegersKeepToTheirRange) {
  EXPECT_EQ(Read(R"({"sizeBytes":-9223372036854775808})").value().size_bytes,
            std::numeric_limits<std::int64_t>::min());
  EXPECT_FALSE(Read(R"({"sizeBytes":9223372036854775808})").has_value());
  EXPECT_FALSE(Read(R"({"items":[{"count":2147483648}]})").has_value());
  EXPECT_EQ(Read(R"({"small":255})").value().small, 255);
  EXPECT_FALSE(Read(R"({"small":256})").has_value());
  EXPECT_FALSE(Read(R"({"small":-1})").has_value());
  EXPECT_EQ(Decode<Unsigned>(ParseJson(R"({"size":5})").value()).value().size, 5U);
  EXPECT_FALSE(Decode<Unsigned>(ParseJson(R"({"size":-1})").value()).has_value());
}

TEST(Described, WordsGoBothWays) {
  EXPECT_EQ(Word(Layout::kPool), "Pool");
  EXPECT_EQ(Word(RestoreType::kDatabaseOnly), "database-only");
  EXPECT_EQ(FromWord<Layout>("Folder"), Layout::kFolder);
  EXPECT_FALSE(FromWord<Layout>("kFolder").has_value());
  EXPECT_FALSE(FromWord<Layout>("").has_value());
}

}  // namespace
}  // namespace lc2::codec
