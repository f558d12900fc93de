#include "control/upkeep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/time_format.h"
#include "control/tests/control_fixture.h"

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

// Keeps what it was told: "retention environment=retail-prd requested=1 ...".
class Lines final : public Logger {
 public:
  void Log(LogLevel, std::string_view event, std::initializer_list<LogField> fields) override {
    lines.push_back(FormatLogLine(LogFormat::kText, event, fields));
  }
  std::vector<std::string> lines;
};

class UpkeepTest : public testing::ControlFixture {
 protected:
  Result<void> Run(const std::string& name) {
    const Deps used = deps();
    const std::vector<PeriodicTask> tasks = UpkeepTasks(used);
    const auto task = std::find_if(tasks.begin(), tasks.end(),
                                   [&](const PeriodicTask& one) { return one.name == name; });
    const auto environment =
        GetAs<api::LiferayEnvironment>(ctx, *resources, "", "retail-prd").value();
    log.lines.clear();
    return task->run(Context(clock, log), environment);
  }
  Lines log;
};

TEST_F(UpkeepTest, BeforeTheFirstBackupThereIsNothingToDo) {
  for (const char* task : {"schedules", "retention", "collection"}) {
    EXPECT_TRUE(testing::IsOk(Run(task))) << task;
    EXPECT_TRUE(log.lines.empty()) << task;
  }
}

TEST_F(UpkeepTest, RetentionAndThenTheCollectionRemoveWhatHasExpired) {
  const std::string second = "retail-prd-backup-20251110-143000";
  MakeBackup();
  for (const auto& [key, content] : kFiles) RemoveFile(key);
  PutFile("20097/20123/1004/1.0", "four");
  clock.Advance(std::chrono::days(1));
  MakeBackup(second);
  const auto objects = [&] { return KeysOf(*vault, "retail/prd/pool/").size(); };
  ASSERT_EQ(objects(), 4U);
  clock.JumpTo("2026-01-01T00:00:00Z");
  ASSERT_TRUE(testing::IsOk(Run("retention")));
  EXPECT_THAT(log.lines, ::testing::Contains(
                             "retention environment=retail-prd requested=1 withdrawn=0 deleted=0"));
  EXPECT_TRUE(RunOf().delete_not_before.has_value());
  ASSERT_TRUE(testing::IsOk(Run("retention")));
  EXPECT_TRUE(log.lines.empty()) << "nothing was decided";
  clock.JumpTo("2026-02-15T00:00:00Z");
  ASSERT_TRUE(testing::IsOk(Run("retention")));
  EXPECT_THAT(log.lines, ::testing::Contains(
                             "retention environment=retail-prd requested=0 withdrawn=0 deleted=1"));
  ASSERT_TRUE(testing::IsOk(Run("collection")));
  EXPECT_THAT(log.lines, ::testing::Contains(
                             ::testing::StartsWith("collection environment=retail-prd objects=")));
  EXPECT_EQ(objects(), 1U);
  EXPECT_TRUE(RunOf(second).alive());
  ASSERT_TRUE(testing::IsOk(Run("collection")));
  EXPECT_TRUE(log.lines.empty()) << "nothing was left";
}

TEST_F(UpkeepTest, SchedulesAskForTheirBackups) {
  clock.JumpTo("2025-11-09T01:00:00Z");
  Create(api::testing::SampleSchedule());
  ASSERT_TRUE(testing::IsOk(Run("schedules")));
  clock.JumpTo("2025-11-09T02:00:00Z");
  ASSERT_TRUE(testing::IsOk(Run("schedules")));
  EXPECT_TRUE(testing::IsOk(
      GetAs<api::BackupRequest>(ctx, *resources, testing::kNamespace, "nightly-20251109-020000")));
}

}  // namespace
}  // namespace lc2::control
