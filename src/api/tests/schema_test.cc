#include "api/schema.h"

#include <gtest/gtest.h>

#include "api/tests/samples.h"

namespace lc2::api {
namespace {

using codec::Json;
using testing::AllOf;
using testing::FromYaml;

Schema Make(std::string_view yaml) { return ParseSchema(FromYaml(yaml)).value(); }

constexpr std::string_view kRich = R"(
type: object
required: [name, size]
properties:
  name: {type: string, minLength: 2, maxLength: 5, pattern: '^[a-zé]+$'}
  size: {type: integer, minimum: 7, maximum: 365}
  small: {type: integer, format: int32}
  mode: {type: string, enum: [Pool, Folder], default: Pool}
  when: {type: string, format: date-time}
  ratio: {type: number}
  on: {type: boolean}
  list: {type: array, minItems: 1, maxItems: 2, items: {type: integer}}
  words: {type: array, x-kubernetes-list-type: set, items: {type: string}}
  pairs:
    type: array
    x-kubernetes-list-type: map
    x-kubernetes-list-map-keys: [k]
    items: {type: object, required: [k], properties: {k: {type: string}, v: {type: string}}}
  nested: {type: object, default: {}, properties: {deep: {type: integer, default: 4}}}
  maybe: {type: string, nullable: true}
  anything: {type: object, x-kubernetes-preserve-unknown-fields: true}
  labels: {type: object, additionalProperties: {type: string, maxLength: 3}}
)";

std::string FaultsOf(std::string_view value) {
  return AllOf(Check(Make(kRich), FromYaml(value)).faults);
}

TEST(Schema, AcceptsAndFillsInDefaults) {
  const Checked checked = Check(Make(kRich), FromYaml("{name: ab, size: 7, ratio: 1, on: true}"));
  EXPECT_EQ(AllOf(checked.faults), "");
  EXPECT_EQ(checked.value.at("mode"), Json("Pool"));
  EXPECT_EQ(checked.value.at("nested").at("deep"), Json(4));
  EXPECT_TRUE(checked.decodable);
}

TEST(Schema, NamesEveryFault) {
  EXPECT_EQ(FaultsOf("{name: a, size: 3}"),
            "name: must have at least 2 characters; size: must be at least 7, is 3");
  EXPECT_EQ(FaultsOf("{name: '', size: 366}"),
            "name: must not be empty; size: must be at most 365, is 366");
  EXPECT_EQ(FaultsOf("{name: abcdef, size: x}"),
            "name: must have at most 5 characters, has 6; size: must be an integer, is a string");
  EXPECT_EQ(FaultsOf("{}"), "name: is required; size: is required");
  EXPECT_EQ(FaultsOf("{name: aB, size: 7}"), "name: does not have the form '^[a-zé]+$'");
  EXPECT_EQ(FaultsOf("{name: ab, size: 7, mode: pol}"),
            "mode: 'pol' is not one of 'Pool', 'Folder'; did you mean 'Pool'?");
  EXPECT_EQ(FaultsOf("{name: ab, size: 7, mode: Zebra}"),
            "mode: 'Zebra' is not one of 'Pool', 'Folder'");
  EXPECT_EQ(FaultsOf("{name: ab, size: 7, when: yesterday}"),
            "when: must be a time such as 2025-11-09T14:30:00Z");
  EXPECT_EQ(FaultsOf("{name: ab, size: 7, small: 3000000000}"),
            "small: must fit 32 bits, is 3000000000");
  EXPECT_EQ(FaultsOf("{name: ab, size: 7, on: 1, ratio: [], anything: 1.5}"),
            "ratio: must be a number, is a list; on: must be true or false, is an integer; "
            "anything: must be an object, is a number");
  EXPECT_EQ(FaultsOf("{name: ab, size: 7, list: []}"), "list: must have at least 1 items, has 0");
  EXPECT_EQ(FaultsOf("{name: ab, size: 7, list: [1, 2, x]}"),
            "list: must have at most 2 items, has 3");
  EXPECT_EQ(FaultsOf("{name: ab, size: 7, list: [1, x]}"),
            "list[1]: must be an integer, is a string");
  EXPECT_EQ(FaultsOf("{name: ab, size: 7, words: [a, b, a]}"),
            "words[2]: stands in the list already");
  EXPECT_EQ(FaultsOf("{name: ab, size: 7, pairs: [{k: a, v: x}, {k: a, v: y}, {}]}"),
            "pairs[1]: stands in the list already; pairs[2].k: is required");
  EXPECT_EQ(FaultsOf("{name: ab, size: 7, labels: {a: bcde}}"),
            "labels.a: must have at most 3 characters, has 4");
  EXPECT_EQ(FaultsOf("[]"), "must be an object, is a list");
}

TEST(Schema, SaysWhatAValueIsAndWhatItMustBe) {
  const auto fault = [](std::string_view type, std::string_view value) {
    const Schema schema =
        Make("{type: object, properties: {a: {nullable: false, type: " + std::string(type) + "}}}");
    return AllOf(Check(schema, FromYaml("{a: " + std::string(value) + "}")).faults);
  };
  EXPECT_EQ(fault("string", "{b: 1}"), "a: must be a string, is an object");
  EXPECT_EQ(fault("string", "true"), "a: must be a string, is true or false");
  EXPECT_EQ(fault("integer", "1.5"), "a: must be an integer, is a number");
  EXPECT_EQ(fault("array", "x"), "a: must be a list, is a string");
  EXPECT_EQ(fault("boolean", "[]"), "a: must be true or false, is a list");
  // Null stands for a field that is left out, but in a list there is nothing to leave out.
  EXPECT_EQ(
      AllOf(Check(Make("{type: array, items: {type: string}}"), FromYaml("[a, null]")).faults),
      "[1]: must be a string, is null");
  EXPECT_EQ(AllOf(Check(Make("{}"), FromYaml("{a: [1, x]}")).faults), "");
}

TEST(Schema, CountsCharactersNotBytes) { EXPECT_EQ(FaultsOf("{name: ééééé, size: 7}"), ""); }

TEST(Schema, SuggestsTheFieldThatWasMeant) {
  EXPECT_EQ(FaultsOf("{nmae: ab, name: ab, size: 7, zzzzz: 1}"),
            "nmae: unknown field, did you mean 'name'?; zzzzz: unknown field; there are 'name', "
            "'size', 'small', 'mode', 'when', 'ratio', 'on', 'list', 'words', 'pairs', 'nested', "
            "'maybe', 'anything', 'labels'");
  EXPECT_EQ(FaultsOf("{name: ab, size: 7, nested: {Deep: 1}}"),
            "nested.Deep: unknown field, did you mean 'deep'?");
}

TEST(Schema, NullIsLeftOutUnlessItIsAValue) {
  const Checked checked =
      Check(Make(kRich), FromYaml("{name: ab, size: 7, mode: null, on: ~, maybe: null}"));
  EXPECT_EQ(AllOf(checked.faults), "");
  EXPECT_EQ(checked.value.at("mode"), Json("Pool"));
  EXPECT_EQ(checked.value.as_object().if_contains("on"), nullptr);
  EXPECT_TRUE(checked.value.at("maybe").is_null());
  EXPECT_EQ(FaultsOf("{name: null, size: 7}"), "name: is required");
}

TEST(Schema, FaultsThatStopDecodingAreTold) {
  EXPECT_FALSE(Check(Make(kRich), FromYaml("{name: ab}")).decodable);
  EXPECT_FALSE(Check(Make(kRich), FromYaml("{name: ab, size: x}")).decodable);
  EXPECT_FALSE(Check(Make(kRich), FromYaml("{name: ab, size: 7, mode: x}")).decodable);
  EXPECT_TRUE(Check(Make(kRich), FromYaml("{name: ab, size: 3, extra: 1}")).decodable);
}

TEST(Schema, AValueThatMayBeASecretIsNotRepeated) {
  const std::string faults = FaultsOf("{name: 'S3cr3', size: hunter2}");
  EXPECT_EQ(faults.find("S3cr3"), std::string::npos) << faults;
  EXPECT_EQ(faults.find("hunter2"), std::string::npos) << faults;
}

TEST(Schema, TheHintIsTheDocumentation) {
  const Schema schema =
      Make("{type: object, properties: {a: {type: integer, description: How many.}}}");
  EXPECT_EQ(Check(schema, FromYaml("{a: x}")).faults.at(0).hint, "about 'a': How many.");
}

TEST(Schema, WithoutDefaultsMakesEqualMeaningEqual) {
  const Schema schema = Make(kRich);
  const Json full = Check(schema, FromYaml("{name: ab, size: 7, anything: {x: 1}}")).value;
  EXPECT_EQ(codec::CanonicalJson(WithoutDefaults(schema, full)),
            R"({"anything":{"x":1},"name":"ab","size":7})");
}

TEST(Schema, AKeywordThatIsNotKnownIsRefused) {
  for (const char* bad :
       {"{type: object, oneOf: []}", "{type: thing}", "{type: string, format: uuid}",
        "{type: string, maxLength: x}", "{type: string, pattern: '('}",
        "{type: string, pattern: 1}", "{type: object, required: name}",
        "{type: object, required: [1]}", "{properties: []}", "{type: array, items: 1}",
        "{nullable: 1}", "{description: 1}", "[]", "{type: object, properties: {a: {type: x}}}"}) {
    const Result<Schema> schema = ParseSchema(FromYaml(bad));
    ASSERT_FALSE(schema.has_value()) << bad;
    EXPECT_EQ(schema.error().code, "schema.invalid") << bad;
  }
  EXPECT_TRUE(ParseSchema(FromYaml("{type: object, x-kubernetes-validations: []}")).has_value());
}

TEST(Nearest, IsNearOrNothing) {
  EXPECT_EQ(Nearest("retentionDay", {"retentionDays", "verify"}), "retentionDays");
  EXPECT_EQ(Nearest("RETENTIONDAYS", {"retentionDays"}), "retentionDays");
  EXPECT_EQ(Nearest("x", {"y"}), std::nullopt);
  EXPECT_EQ(Nearest(std::string(100, 'x'), {std::string(100, 'x')}), std::nullopt);
}

}  // namespace
}  // namespace lc2::api
