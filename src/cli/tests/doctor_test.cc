#include "cli/doctor.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace lc2::cli {
namespace {

const std::vector<Check> kMixed{
    {.name = "home", .detail = "/h"},
    {.name = "keys of disk", .grade = Grade::kWarn, .detail = "not trusted: k", .hint = "trust it"},
    {.name = "database of a",
     .grade = Grade::kFail,
     .detail = "refused",
     .hint = "start it",
     .kind = ErrorKind::kUnavailable},
    {.name = "library of a",
     .grade = Grade::kFail,
     .detail = "gone",
     .kind = ErrorKind::kNotFound}};

TEST(RenderChecks, HintsStandBelowWhatTheyBelongTo) {
  EXPECT_EQ(RenderChecks(kMixed, OutputFormat::kTable, Time()),
            "CHECK           RESULT   DETAIL\n"
            "home            OK       /h\n"
            "keys of disk    WARN     not trusted: k\n"
            "                         HINT: trust it\n"
            "database of a   FAIL     refused\n"
            "                         HINT: start it\n"
            "library of a    FAIL     gone\n");
}

TEST(RenderChecks, MachinesGetAList) {
  const auto list = boost::json::parse(RenderChecks(kMixed, OutputFormat::kJson, Time()));
  EXPECT_EQ(list.at("kind"), "List");
  EXPECT_EQ(list.at("items").at(2).at("result"), "FAIL");
  EXPECT_EQ(list.at("items").at(2).at("hint"), "start it");
  EXPECT_FALSE(list.at("items").at(0).as_object().contains("hint"));
  EXPECT_EQ(RenderChecks({kMixed[1]}, OutputFormat::kName, Time()), "keys of disk: WARN\n");
}

TEST(JudgeChecks, WarningsAreNoFailure) {
  EXPECT_TRUE(JudgeChecks({}).has_value());
  EXPECT_TRUE(JudgeChecks({kMixed[0], kMixed[1]}).has_value());
}

TEST(JudgeChecks, KindIsThatOfTheFirstFailure) {
  const auto judged = JudgeChecks(kMixed);
  ASSERT_FALSE(judged.has_value());
  EXPECT_EQ(judged.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(judged.error().code, "doctor.failed");
  EXPECT_EQ(judged.error().message, "2 of 4 checks failed: 'database of a', 'library of a'");
}

}  // namespace
}  // namespace lc2::cli
