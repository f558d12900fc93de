#include "control/upkeep.h"

#include <gtest/gtest.h>

#include <set>

#include "base/time_format.h"

namespace lc2::control {
namespace {

EnvironmentId Env(const std::string& project) {
  return {ProjectId(project), EnvironmentName("prd")};
}

// Days of the year 2028, a leap year, on which the full merge comes.
std::vector<std::string> MergeDays(const EnvironmentId& env) {
  std::vector<std::string> days;
  Time now = ParseRfc3339("2028-01-01T23:59:59Z").value();
  for (int day = 0; day < 366; ++day, now += std::chrono::days(1)) {
    if (IsFullMergeDay(env, now)) days.push_back(FormatRfc3339(now).substr(0, 10));
  }
  return days;
}

TEST(FullMerge, ComesOnceInEachMonth) {
  for (const char* project : {"retail", "bank", "lab"}) {
    std::set<std::string> months;
    const std::vector<std::string> days = MergeDays(Env(project));
    for (const std::string& day : days) months.insert(day.substr(0, 7));
    EXPECT_EQ(days.size(), 12U) << project;
    EXPECT_EQ(months.size(), 12U) << project;
  }
}

TEST(FullMerge, EnvironmentsAreSpreadOverTheMonth) {
  std::set<std::string> days;
  for (int i = 0; i < 200; ++i) days.insert(MergeDays(Env("p" + std::to_string(i))).front());
  EXPECT_GT(days.size(), 20U);
}

}  // namespace
}  // namespace lc2::control
