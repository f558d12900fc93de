#include "codec/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include <boost/json.hpp>

namespace lc2::codec {
namespace {

using ::testing::HasSubstr;

// The only document, in canonical JSON.
std::string Read(std::string_view text) {
  const Result<std::vector<YamlDocument>> documents = ParseYaml(text);
  if (!documents.has_value()) return documents.error().message;
  if (documents->size() != 1) return std::to_string(documents->size()) + " documents";
  return CanonicalJson(documents->front().value);
}

std::string Repeat(std::string_view text, int times) {
  std::string repeated;
  for (int i = 0; i < times; ++i) repeated += text;
  return repeated;
}

TEST(ParseYaml, ReadsARequest) {
  EXPECT_EQ(
      Read("# a comment\n"
           "kind: BackupRequest\n"
           "metadata: {name: x, labels: {backup.liferay.cloud/project: retail}}\n"
           "spec:\n"
           "  items:\n"
           "  - a\n"
           "  - b: 1\n"
           "    c: [2, 3]\n"
           "  text: |\n"
           "    two\n"
           "    lines\n"
           "  folded: >-\n"
           "    one\n"
           "    line\n"),
      R"({"kind":"BackupRequest","metadata":{"labels":{"backup.liferay.cloud/project":"retail"},)"
      R"("name":"x"},"spec":{"folded":"one line","items":["a",{"b":1,"c":[2,3]}],)"
      R"("text":"two\nlines\n"}})");
}

TEST(ParseYaml, TypesPlainScalarsByTheCoreSchema) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"null", "null"},
      {"Null", "null"},
      {"~", "null"},
      {"", "null"},
      {"true", "true"},
      {"True", "true"},
      {"FALSE", "false"},
      {"12", "12"},
      {"-12", "-12"},
      {"+12", "12"},
      {"012", "12"},
      {"0o17", "15"},
      {"0x1F", "31"},
      {"1.5", "1.5"},
      {"-.5", "-0.5"},
      {"+1.", "1"},
      {"1e3", "1000"},
      {"1.5E-2", "0.015"},
      {"-0", "0"},
      {"9223372036854775807", "9223372036854775807"},
      {"18446744073709551615", "18446744073709551615"},
      {"0xFFFFFFFFFFFFFFFF", "18446744073709551615"},
      {"100000000000000000000", "100000000000000000000"},
      {"-9223372036854775809", "-9223372036854776000"}};
  for (const auto& [text, json] : rows) {
    EXPECT_EQ(Read("a: " + std::string(text)), "{\"a\":" + std::string(json) + "}") << text;
  }
}

TEST(ParseYaml, LeavesEveryOtherPlainScalarAString) {
  for (const char* text : {"yes",
                           "no",
                           "on",
                           "off",
                           "y",
                           "tRUE",
                           "nULL",
                           "1_000",
                           "12:30:45",
                           "2025-11-09",
                           "2025-11-09T14:30:00Z",
                           "0b1",
                           "0x",
                           "0xZ",
                           "0o8",
                           "-0x1",
                           "1.2.3",
                           "1e",
                           "e1",
                           ".",
                           "+",
                           "+-5",
                           "-+5",
                           "++5",
                           "1 2",
                           ".e1",
                           "16.11-1",
                           "infinity",
                           "nan",
                           "inf",
                           "0x1FFFFFFFFFFFFFFFF"}) {
    EXPECT_EQ(Read("a: " + std::string(text)), "{\"a\":\"" + std::string(text) + "\"}");
  }
}

TEST(ParseYaml, QuotedAndTaggedScalarsAreStrings) {
  EXPECT_EQ(Read("[\"12\", '~', \"\", !!str 12, ! 12, \"caf\\u00e9\\x07\"]"),
            "[\"12\",\"~\",\"\",\"12\",\"12\",\"caf\xC3\xA9\\u0007\"]");
  EXPECT_EQ(Read("a: !!map {b: !!seq [1]}"), "{\"a\":{\"b\":[1]}}");
}

TEST(ParseYaml, RefusesNumbersThatJsonDoesNotHave) {
  for (const char* text : {".inf", "-.INF", "+.Inf", ".nan", ".NaN", "1e999", "-1e999"}) {
    EXPECT_THAT(
        Read("a: 1\nb: " + std::string(text)),
        HasSubstr("line 2: '" + std::string(text) + "' is a number that JSON does not have"));
  }
}

TEST(ParseYaml, RefusesTagsItWouldMisread) {
  EXPECT_THAT(Read("a: !!binary aGk="),
              HasSubstr("tag 'tag:yaml.org,2002:binary' is not supported"));
  EXPECT_THAT(Read("a: !secret x"), HasSubstr("tag '!secret'"));
  EXPECT_THAT(Read("a: !!int \"5\""), HasSubstr("not supported"));
  EXPECT_THAT(Read("a: !!set {b: 1}"), HasSubstr("not supported"));
  EXPECT_THAT(Read("a: !!str [1]"), HasSubstr("not supported"));
}

TEST(ParseYaml, GivesEachDocumentOfAStream) {
  const auto documents = ParseYaml("---\na: 1\n---\n# nothing\n---\nb: 2\n...\n---\n~\n").value();
  ASSERT_EQ(documents.size(), 2U);
  EXPECT_EQ(CanonicalJson(documents[0].value), "{\"a\":1}");
  EXPECT_EQ(CanonicalJson(documents[1].value), "{\"b\":2}");
  EXPECT_EQ(documents[1].LineOf("b"), 6);
  EXPECT_TRUE(ParseYaml("").value().empty());
  EXPECT_TRUE(ParseYaml("# only a comment\n").value().empty());
}

TEST(ParseYaml, RefusesKeysThatReadersDisagreeAbout) {
  EXPECT_EQ(Read("a: 1\nb: {c: 1, \"c\": 2}"), "line 2: 'b.c' stands twice");
  EXPECT_EQ(Read("a: 1\n1: x"), "line 2: key '1' is not a string: put it in quotes");
  EXPECT_THAT(Read("true: x"), HasSubstr("key 'true' is not a string"));
  EXPECT_THAT(Read("~: x"), HasSubstr("key"));
  EXPECT_THAT(Read("? [a]\n: x"), HasSubstr("a key must be a string"));
  EXPECT_EQ(Read("\"1\": x\non: y"), "{\"1\":\"x\",\"on\":\"y\"}");
}

// A merge key would be dropped as an unknown member, and with it all that the author merged.
TEST(ParseYaml, RefusesMergeKeys) {
  EXPECT_EQ(Read("a: &a {x: 1}\nb:\n  <<: *a\n  y: 2"),
            "line 3: merge keys ('<<') are not supported");
}

TEST(ParseYaml, FollowsAliasesWithinItsLimits) {
  EXPECT_EQ(Read("a: &x {b: 1}\nc: *x"), "{\"a\":{\"b\":1},\"c\":{\"b\":1}}");
  EXPECT_THAT(Read("a: *nowhere"), HasSubstr("line 1"));
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below +
            Repeat("," + below, 9) + "]\n";
  }
  EXPECT_THAT(Read(bomb), HasSubstr("too many values"));
  EXPECT_THAT(Read("&a [*a]"), HasSubstr("nested too deeply"));
}

TEST(ParseYaml, CountsTheValuesOfAllDocumentsTogether) {
  EXPECT_TRUE(ParseYaml("[1]\n---\n[2]\n", {.max_nodes = 4}).has_value());
  EXPECT_FALSE(ParseYaml("[1]\n---\n[2, 3]\n", {.max_nodes = 4}).has_value());
}

TEST(ParseYaml, KeepsToItsDepth) {
  EXPECT_TRUE(ParseYaml(Repeat("[", 32) + Repeat("]", 32)).has_value());
  EXPECT_THAT(Read(Repeat("[", 33) + "1" + Repeat("]", 33)), HasSubstr("nested too deeply"));
  for (const char* opening : {"[", "{a: ", "- ", "? ", "[[] , "}) {
    EXPECT_FALSE(ParseYaml(Repeat(opening, 500'000)).has_value()) << opening;
  }
  std::string indents;
  for (int i = 0; i < 1500; ++i) indents += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_FALSE(ParseYaml(indents).has_value());
}

TEST(ParseYaml, KeepsToItsSizes) {
  EXPECT_TRUE(ParseYaml("a: 1", {.max_bytes = 4}).has_value());
  EXPECT_THAT(ParseYaml("a: 10", {.max_bytes = 4}).error().message, HasSubstr("limit of 4 bytes"));
  EXPECT_THAT(Read("? " + std::string(2000, 'k') + "\n: 1"),
              HasSubstr("a key is longer than 1024"));
}

// Each value notes its path: unbounded, this small text would take gigabytes.
TEST(ParseYaml, LongPathsDoNotFillTheMemory) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "{\"" + std::string(1000, 'k') + "\": ";
  text += "[" + Repeat("1,", 100'000) + "1]" + Repeat("}", 20);
  const auto documents = ParseYaml(text).value();
  std::size_t noted = 0;
  for (const auto& [path, line] : documents[0].lines) noted += path.size();
  EXPECT_LT(noted, 1U << 20);
  EXPECT_EQ(documents[0].LineOf(std::string(1000, 'k')), 1);
}

TEST(ParseYaml, RefusesCharactersThatEndOrHideText) {
  // 0x04 is what yaml-cpp itself takes for the end: the rest would be dropped without a word.
  EXPECT_EQ(Read("a: 1\n\x04\nb: 2"),
            "line 2: a control character (0x04) must be escaped in quotes");
  EXPECT_THAT(Read(std::string_view("a: \0 1", 6)), HasSubstr("control character (0x00)"));
  EXPECT_EQ(Read("a: caf\xE9"), "line 1: not UTF-8");
  EXPECT_EQ(Read("\xEF\xBB\xBF"
                 "a: caf\xC3\xA9\r\n"),
            "{\"a\":\"caf\xC3\xA9\"}");
}

TEST(ParseYaml, RefusesATextThatIsCut) {
  for (const char* cut : {"a: \"b", "a: \"b\n", "a: \"b\nc \r\n\n", "a: \"", "a: \"\n", "a: 'b\n",
                          "a: [b\n", "a: {b: c\n", "\"a\n"}) {
    EXPECT_THAT(Read(cut), HasSubstr("line ")) << cut;
  }
  EXPECT_EQ(Read("a: \"b #\"\n\n"), R"({"a":"b #"})");
  EXPECT_EQ(Read("a: |\n  b\n"), R"({"a":"b\n"})");
  EXPECT_EQ(Read("a: |+\n  b\n\n"), R"({"a":"b\n\n"})");
  EXPECT_EQ(Read("a: b\n# c"), R"({"a":"b"})");
  EXPECT_EQ(Read("--- b\n..."), R"("b")");
}

TEST(ParseYaml, NamesTheLineOfWhatIsWrong) {
  EXPECT_THAT(Read("a: 1\nb: [1\nc: 2"), HasSubstr("line 3"));
  EXPECT_THAT(Read("a:\n\t- 1"), HasSubstr("line 2"));
  EXPECT_THAT(Read("a: 1\n b: 2\n"), HasSubstr("line 2"));
  EXPECT_THAT(Read("a: \"open"), HasSubstr("line 1"));
  EXPECT_THAT(Read("%YAML"), HasSubstr("line 1"));
  EXPECT_EQ(ParseYaml("a: [").error().code, "yaml.invalid");
}

TEST(YamlDocument, KnowsTheLineOfEachValueOrOfWhatHoldsIt) {
  const auto documents = ParseYaml(
                             "# comment\n\nspec:\n  files:\n  - key: a\n  - key: b\n    size: 1\n"
                             "  labels:\n    a.b/c: x\n")
                             .value();
  const YamlDocument& document = documents[0];
  EXPECT_EQ(document.line, 3);
  EXPECT_EQ(document.LineOf("spec"), 3);
  EXPECT_EQ(document.LineOf("spec.files"), 4);
  EXPECT_EQ(document.LineOf("spec.files[0].key"), 5);
  EXPECT_EQ(document.LineOf("spec.files[1]"), 6);
  EXPECT_EQ(document.LineOf("spec.files[1].size"), 7);
  EXPECT_EQ(document.LineOf("spec.labels.a.b/c"), 9);
  EXPECT_EQ(document.LineOf("spec.files[1].missing"), 6);
  EXPECT_EQ(document.LineOf("spec.missing.deeper"), 3);
  EXPECT_EQ(document.LineOf("other"), 3);
  EXPECT_EQ(document.LineOf(""), 3);
}

TEST(PrintYaml, IsReadable) {
  EXPECT_EQ(PrintYaml(ParseJson(R"({"kind":"List","items":[{"a":1,"b":[true,null,2.5]},"x"],)"
                                R"("none":{},"empty":[]})")
                          .value()),
            "kind: List\nitems:\n  - a: 1\n    b:\n      - true\n      - ~\n      - 2.5\n  - x\n"
            "none: {}\nempty: []\n");
}

// kubectl reads YAML 1.1, where each of these plain is something else than a string.
TEST(PrintYaml, QuotesWhatSomeReaderWouldTakeForAnotherType) {
  for (const char* text : {"yes",   "No",    "ON",       "y",          "true",
                           "null",  "~",     "",         "12",         "0x1F",
                           "0o17",  "1_000", "12:30:45", "2025-11-09", "2025-11-09T14:30:00Z",
                           "16.11", ".5",    "-1",       "<<",         "=",
                           ".inf",  ".nan",  "1e999"}) {
    EXPECT_EQ(PrintYaml(Json(text)), "\"" + std::string(text) + "\"\n");
  }
  EXPECT_EQ(PrintYaml(ParseJson(R"({"1":0,"yes":1,"<<":2,"plain":3})").value()),
            "\"1\": 0\n\"yes\": 1\n\"<<\": 2\nplain: 3\n");
}

TEST(PrintYaml, EveryStringReadsBack) {
  for (const std::string_view text : {" lead",
                                      "trail ",
                                      "a: b",
                                      "a #b",
                                      "- a",
                                      "#x",
                                      "@a",
                                      "`a",
                                      "%a",
                                      "&a",
                                      "*a",
                                      "!a",
                                      "|",
                                      ">",
                                      "[a",
                                      "{a",
                                      "'a'",
                                      "\"a\"",
                                      "a\nb",
                                      "a\n",
                                      "\ta",
                                      "a\tb",
                                      "\r",
                                      "\x01",
                                      "\x7f",
                                      "\xC2\x80",
                                      "\xC2\x85",
                                      "\xE2\x80\xA8",
                                      "\xEF\xBB\xBF",
                                      "caf\xC3\xA9",
                                      "\xF0\x9F\x98\x80",
                                      "---",
                                      "...",
                                      "? a",
                                      "a:",
                                      ":a",
                                      ",",
                                      "null ",
                                      "key: [x]",
                                      "back\\slash"}) {
    JsonObject object;
    object.emplace("value", text);
    object.emplace(text, 1);
    const Json json(std::move(object));
    EXPECT_EQ(Read(PrintYaml(json)), CanonicalJson(json)) << PrintYaml(json);
  }
}

TEST(PrintYaml, EveryValueReadsBack) {
  const Json json =
      ParseJson(R"({"a":[[],[[]],{},[{}],[{"b":{"c":[1]}}]],"n":[0,-1,1.5,1e21,5e-324,)"
                R"(9223372036854775807,18446744073709551615,true,false,null],"s":{"t":{"u":{}}}})")
          .value();
  EXPECT_EQ(Read(PrintYaml(json)), CanonicalJson(json));
}

}  // namespace
}  // namespace lc2::codec
