#include "cli/output.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/time_format.h"
#include "codec/yaml.h"

namespace lc2::cli {
namespace {

using codec::Json;
using codec::JsonObject;

const Time kNow = ParseRfc3339("2025-11-09T15:00:00Z").value();

Json Request(const std::string& name, const std::string& state) {
  return JsonObject{
      {"apiVersion", "backup.liferay.cloud/v1alpha1"},
      {"kind", "BackupRequest"},
      {"metadata", JsonObject{{"name", name}, {"creationTimestamp", "2025-11-09T14:30:00Z"}}},
      {"spec", JsonObject{{"projectId", "retail"}, {"environment", "prd"}}},
      {"status", JsonObject{{"state", state},
                            {"documentLibrary", JsonObject{{"objectCount", 12453},
                                                           {"totalSizeBytes", 135078812160}}}}}};
}

TEST(ParseOutputFormat, KnowsFiveWords) {
  EXPECT_EQ(ParseOutputFormat("wide").value(), OutputFormat::kWide);
  EXPECT_EQ(ParseOutputFormat("name").value(), OutputFormat::kName);
  EXPECT_EQ(ParseOutputFormat("xml").error().kind, ErrorKind::kInvalid);
}

TEST(RenderResource, JsonIsTheResourceItself) {
  const Json request = Request("nightly", "Succeeded");
  EXPECT_EQ(boost::json::parse(RenderResource(request, OutputFormat::kJson, kNow)), request);
}

TEST(RenderResource, NameIsKindAndName) {
  EXPECT_EQ(RenderResource(Request("nightly", "Failed"), OutputFormat::kName, kNow),
            "backuprequest/nightly\n");
}

TEST(RenderResource, TableHasTheColumnsOfTheDefinition) {
  EXPECT_EQ(RenderResource(Request("nightly", "Succeeded"), OutputFormat::kTable, kNow),
            "NAME      PROJECT   ENVIRONMENT   STATE       AGE\n"
            "nightly   retail    prd           Succeeded   30m\n");
}

TEST(RenderResource, WideTableHasCountsAndSizesForPeople) {
  const std::string text =
      RenderResource(Request("nightly", "Succeeded"), OutputFormat::kWide, kNow);
  EXPECT_NE(text.find("12,453"), std::string::npos) << text;
  EXPECT_NE(text.find("125.8 GiB"), std::string::npos) << text;
}

TEST(RenderResources, ColumnOfAConditionIsThereOnceAnObjectHasIt) {
  Json one = Request("one", "Succeeded");
  one.at("status").as_object()["conditions"] =
      codec::JsonArray{JsonObject{{"type", "Portable"}, {"status", "False"}}};
  EXPECT_EQ(RenderResources({one, Request("two", "Failed")}, OutputFormat::kTable, kNow),
            "NAME   PROJECT   ENVIRONMENT   STATE       PORTABLE   AGE\n"
            "one    retail    prd           Succeeded   False      30m\n"
            "two    retail    prd           Failed                 30m\n");
}

TEST(RenderResources, ListIsAList) {
  const Json list =
      boost::json::parse(RenderResources({Request("a", "Failed")}, OutputFormat::kJson, kNow));
  EXPECT_EQ(list.at("apiVersion"), "v1");
  EXPECT_EQ(list.at("kind"), "List");
  EXPECT_EQ(list.at("items").as_array().size(), 1u);
  EXPECT_EQ(boost::json::parse(RenderResources({}, OutputFormat::kJson, kNow)).at("items"),
            codec::JsonArray());
  EXPECT_EQ(RenderResources({}, OutputFormat::kTable, kNow), "");
}

TEST(Age, IsShortAndExactWhereItMatters) {
  const auto age = [](std::chrono::seconds passed) { return Age(kNow - passed, kNow); };
  using std::chrono::seconds;
  EXPECT_EQ(age(seconds(0)), "0s");
  EXPECT_EQ(age(seconds(119)), "119s");
  EXPECT_EQ(age(seconds(185)), "3m5s");
  EXPECT_EQ(age(seconds(300)), "5m");
  EXPECT_EQ(age(seconds(3600)), "60m");
  EXPECT_EQ(age(seconds(4 * 3600 + 120)), "4h2m");
  EXPECT_EQ(age(seconds(30 * 3600)), "30h");
  EXPECT_EQ(age(seconds(4 * 86400)), "4d");
  EXPECT_EQ(age(seconds(-60)), "0s") << "a clock that is ahead";
}

TEST(RenderError, IsMessageThenHint) {
  const Error error{.kind = ErrorKind::kNotFound,
                    .code = "x.y",
                    .message = "cannot open 'a'",
                    .hint = "is it there?"};
  EXPECT_EQ(RenderError(error, false), "error: cannot open 'a'\nHINT: is it there?\n");
}

TEST(RenderError, TellsCausesAndTheRequestIdOfTheProvider) {
  const Error cause{.kind = ErrorKind::kDenied,
                    .message = "access denied",
                    .hint = "ask the owner",
                    .provider = ProviderFacts{.service = "s3", .request_id = "R1"}};
  const Error error{
      .kind = ErrorKind::kDenied, .message = "cannot list 'bucket'", .cause = Share(cause)};
  EXPECT_EQ(RenderError(error, false),
            "error: cannot list 'bucket': access denied (request id R1)\nHINT: ask the owner\n");
}

TEST(RenderError, OnlyItsOwnColoursReachTheTerminal) {
  const Error error{.message = "no '\x1b[32m'", .hint = "\x1b[0m"};
  EXPECT_EQ(RenderError(error, true),
            "\x1b[1;31merror:\x1b[0m no '\\x1b[32m'\n\x1b[36mHINT:\x1b[0m \\x1b[0m\n");
}

TEST(TextAt, FollowsADottedPath) {
  const Json request = Request("nightly", "Succeeded");
  EXPECT_EQ(TextAt(request, "status.state"), "Succeeded");
  EXPECT_EQ(TextAt(request, "status.documentLibrary.objectCount"), "12453");
  EXPECT_EQ(TextAt(request, "status.nothing.there"), "");
  EXPECT_EQ(TextAt(request, "kind.deeper"), "");
}

}  // namespace
}  // namespace lc2::cli
