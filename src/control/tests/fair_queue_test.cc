#include "control/fair_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace lc2::control {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

QueueItem Item(const std::string& project, const std::string& name) {
  return {.request = {"BackupRequest", "proj-" + project + "-prd", name},
          .project = project,
          .environment = project + "-prd-" + name,
          .location = "disk",
          .created = Time(std::chrono::seconds(100))};
}

std::vector<std::string> Names(const QueuePlan& plan) {
  std::vector<std::string> names;
  for (const ResourceRef& ref : plan.start) names.push_back(ref.name);
  return names;
}

TEST(FairQueue, ProjectsTakeTurnsWhateverTheirNumberOfRequests) {
  std::vector<QueueItem> waiting;
  for (int i = 0; i < 9; ++i) waiting.push_back(Item("big", "b" + std::to_string(i)));
  waiting.push_back(Item("small", "s0"));
  waiting.push_back(Item("tiny", "t0"));
  EXPECT_THAT(Names(PlanQueue({}, waiting, 5, {})), ElementsAre("b0", "s0", "t0", "b1", "b2"));
}

TEST(FairQueue, TurnsGoOnInTheNextPlan) {
  const std::vector<QueueItem> waiting{Item("a", "a0"), Item("a", "a1"), Item("b", "b0")};
  const QueuePlan first = PlanQueue({}, waiting, 1, {});
  EXPECT_THAT(Names(first), ElementsAre("a0"));
  const QueuePlan second = PlanQueue({}, {waiting[1], waiting[2]}, 1, first.record);
  EXPECT_THAT(Names(second), ElementsAre("b0"));
}

TEST(FairQueue, WithinAProjectRestoresThenPriorityThenAge) {
  QueueItem low = Item("a", "low");
  low.priority = api::Priority::kLow;
  low.created = Time(std::chrono::seconds(1));
  QueueItem high = Item("a", "high");
  high.priority = api::Priority::kHigh;
  QueueItem young = Item("a", "young");
  young.created = Time(std::chrono::seconds(200));
  QueueItem old = Item("a", "old");
  QueueItem restore = Item("a", "restore");
  restore.request.kind = "RestoreRequest";
  restore.restore = true;
  restore.created = Time(std::chrono::seconds(300));
  EXPECT_THAT(Names(PlanQueue({}, {low, young, high, old, restore}, 0, {})),
              ElementsAre("restore", "high", "old", "young", "low"));
}

TEST(FairQueue, EachLimitHoldsAndIsNamed) {
  QueueItem running = Item("a", "running");
  struct Case {
    const char* what;
    std::int64_t QueueItem::*limit;
    WaitReason reason;
  };
  for (const Case& test :
       {Case{"project", &QueueItem::project_limit, WaitReason::kProjectLimit},
        Case{"database", &QueueItem::database_limit, WaitReason::kDatabaseLimit},
        Case{"location", &QueueItem::location_limit, WaitReason::kLocationLimit}}) {
    QueueItem next = Item("a", "next");
    next.environment = running.environment;
    next.*test.limit = 1;
    const QueuePlan plan = PlanQueue({running}, {next}, 0, {});
    EXPECT_THAT(plan.start, IsEmpty()) << test.what;
    EXPECT_EQ(plan.waiting.at(next.request), (QueuePlace{1, test.reason})) << test.what;
    next.*test.limit = 2;
    EXPECT_THAT(Names(PlanQueue({running}, {next}, 0, {})), ElementsAre("next")) << test.what;
  }
  const QueuePlan plan = PlanQueue({running}, {Item("b", "next")}, 1, {});
  EXPECT_EQ(plan.waiting.begin()->second.reason, WaitReason::kGlobalLimit);
}

TEST(FairQueue, ReasonsAreThoseOfTheConditionQueued) {
  EXPECT_EQ(WordOf(WaitReason::kTurn), "Turn");
  EXPECT_EQ(WordOf(WaitReason::kGlobalLimit), "GlobalLimit");
  EXPECT_EQ(WordOf(WaitReason::kProjectLimit), "ProjectLimit");
  EXPECT_EQ(WordOf(WaitReason::kDatabaseLimit), "DatabaseLimit");
  EXPECT_EQ(WordOf(WaitReason::kLocationLimit), "LocationLimit");
}

TEST(FairQueue, ARestoreTakesNoPlaceOfTheProjectsBackups) {
  QueueItem restore = Item("a", "restore");
  restore.restore = true;
  QueueItem backup = Item("a", "backup");
  backup.project_limit = 1;
  EXPECT_THAT(Names(PlanQueue({restore}, {backup}, 0, {})), ElementsAre("backup"));
}

TEST(FairQueue, WhoseLimitIsReachedLetsTheNextOneBy) {
  const QueueItem running = Item("a", "running");
  QueueItem blocked = Item("a", "blocked");
  blocked.environment = running.environment;
  blocked.database_limit = 1;
  blocked.priority = api::Priority::kHigh;
  const QueuePlan plan = PlanQueue({running}, {blocked, Item("a", "free")}, 0, {});
  EXPECT_THAT(Names(plan), ElementsAre("free"));
  EXPECT_EQ(plan.waiting.at(blocked.request), (QueuePlace{1, WaitReason::kDatabaseLimit}));
}

// Any mixture: no limit is broken, and no place stays free that somebody could take.
TEST(FairQueue, ThousandRequestsKeepEveryLimit) {
  std::vector<QueueItem> waiting;
  for (int i = 0; i < 1000; ++i) {
    QueueItem item = Item("p" + std::to_string(i % 7), std::to_string(i));
    item.environment = "e" + std::to_string(i % 14);
    item.project_limit = 2;
    item.database_limit = 1;
    waiting.push_back(item);
  }
  const QueuePlan plan = PlanQueue({}, waiting, 0, {});
  std::map<std::string, int> projects, environments;
  for (const ResourceRef& ref : plan.start) {
    const int number = std::stoi(ref.name);
    ++projects["p" + std::to_string(number % 7)];
    ++environments["e" + std::to_string(number % 14)];
  }
  EXPECT_EQ(plan.start.size(), 14U);
  for (const auto& [name, count] : projects) EXPECT_EQ(count, 2) << name;
  for (const auto& [name, count] : environments) EXPECT_EQ(count, 1) << name;
  EXPECT_EQ(plan.waiting.size(), 986U);
}

}  // namespace
}  // namespace lc2::control
