#include "control/request_table.h"

#include <gtest/gtest.h>

#include "api/documents.h"
#include "api/tests/samples.h"
#include "control/safeguard.h"

namespace lc2::control {
namespace {

using std::chrono::milliseconds;
using Outcome = RequestTable::Outcome;

class RequestTableTest : public ::testing::Test {
 protected:
  static api::BackupRequest Backup(const std::string& name) {
    api::BackupRequest request = api::testing::SampleBackup(name);
    request.metadata.generation = 1;
    return request;
  }
  static ResourceRef Ref(const std::string& name) {
    return {"BackupRequest", Backup(name).metadata.namespace_, name};
  }
  void Put(const api::BackupRequest& request) { table.Put(api::EncodeResource(request), now); }
  void Plan(std::int64_t limit = 0) { table.Plan({environment}, {}, limit, now); }
  // Those that are due now, looked at with this outcome.
  std::vector<std::string> Due(Outcome outcome) {
    std::vector<std::string> names;
    std::vector<ResourceRef> refs;
    while (const auto ref = table.TakeDue(now)) refs.push_back(*ref);
    for (const ResourceRef& ref : refs) {
      names.push_back(ref.name);
      table.Looked(ref, outcome, now);
    }
    return names;
  }
  static api::BackupRequest Ended(api::BackupRequest request) {
    request.status.observed_generation = request.metadata.generation;
    request.status.start_time = Time{};
    request.status.conditions = api::SetCondition(
        {}, {.type = "Succeeded", .status = api::ConditionStatus::kTrue, .reason = "Committed"},
        Time{});
    return request;
  }
  using Names = std::vector<std::string>;

  SteadyTime now{std::chrono::hours(1)};
  api::LiferayEnvironment environment = [] {
    api::LiferayEnvironment sample = api::testing::SampleEnvironment();
    sample.spec.limits.max_concurrent_per_database = 1;
    return sample;
  }();
  RequestTable table{
      {.look = milliseconds(1000), .first = milliseconds(500), .longest = milliseconds(3000)}};
};

TEST_F(RequestTableTest, NothingIsLookedAtBeforeItsTurn) {
  Put(Backup("a"));
  Put(Backup("b"));
  EXPECT_EQ(Due(Outcome::kGoesOn), Names{});
  Plan();
  EXPECT_EQ(Due(Outcome::kGoesOn), Names{"a"});
  EXPECT_EQ(Due(Outcome::kGoesOn), Names{});
  now += milliseconds(1000);
  EXPECT_EQ(Due(Outcome::kTerminal), Names{"a"});
  EXPECT_TRUE(table.wants_plan());
  Plan();
  EXPECT_EQ(Due(Outcome::kTerminal), Names{"b"});
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.queue_wait(), milliseconds(1000));
}

TEST_F(RequestTableTest, WhoIsDueForLongestIsLookedAtFirst) {
  environment.spec.limits = {.max_concurrent_backups = 0, .max_concurrent_per_database = 0};
  Put(Backup("z"));
  Plan();
  EXPECT_EQ(Due(Outcome::kGoesOn), Names{"z"});
  now += milliseconds(10);
  Put(Backup("a"));
  Plan();
  EXPECT_EQ(Due(Outcome::kGoesOn), Names{"a"});
  // One that is looked at again and again does not keep a later name from its look.
  now += milliseconds(2000);
  const auto first = table.TakeDue(now);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->name, "z");
}

TEST_F(RequestTableTest, WhoBeginsTogetherIsLookedAtInTurn) {
  environment.spec.limits = {.max_concurrent_backups = 0, .max_concurrent_per_database = 0};
  Put(Backup("a"));
  api::BackupRequest urgent = Backup("z");
  urgent.spec.priority = api::Priority::kHigh;
  Put(urgent);
  Plan();
  EXPECT_EQ(Due(Outcome::kGoesOn), (Names{"z", "a"}));
}

TEST_F(RequestTableTest, OneLookAtATime) {
  Put(Backup("a"));
  Plan();
  ASSERT_TRUE(table.TakeDue(now).has_value());
  Put(Backup("a"));
  now += milliseconds(60'000);
  EXPECT_FALSE(table.TakeDue(now).has_value());
  table.Looked(Ref("a"), Outcome::kGoesOn, now);
  EXPECT_TRUE(table.TakeDue(now).has_value()) << "it changed while it was looked at";
}

TEST_F(RequestTableTest, WhatIsTerminalAndShowsItsSpecIsForgotten) {
  Put(Ended(Backup("a")));
  EXPECT_EQ(table.size(), 0U);
  api::BackupRequest changed = Ended(Backup("b"));
  changed.metadata.generation = 2;  // a hold, for example: carried out without a place
  Put(changed);
  EXPECT_EQ(Due(Outcome::kTerminal), Names{"b"});
  EXPECT_EQ(table.size(), 0U);
}

TEST_F(RequestTableTest, WhatEndedElsewhereGivesItsPlaceFree) {
  Put(Backup("a"));
  Put(Backup("b"));
  Plan();
  EXPECT_EQ(Due(Outcome::kGoesOn), Names{"a"});
  Put(Ended(Backup("a")));
  EXPECT_EQ(table.size(), 1U);
  EXPECT_TRUE(table.wants_plan());
  Plan();
  EXPECT_EQ(Due(Outcome::kGoesOn), Names{"b"});
}

TEST_F(RequestTableTest, WhatChangedWhileItsEndWasSeenIsLookedAtOnceMore) {
  Put(Backup("a"));
  Plan();
  ASSERT_TRUE(table.TakeDue(now).has_value());
  api::BackupRequest changed = Backup("a");
  changed.metadata.generation = 2;
  Put(changed);
  table.Looked(Ref("a"), Outcome::kTerminal, now);
  EXPECT_EQ(Due(Outcome::kTerminal), Names{"a"}) << "without a place and without a pause";
  EXPECT_EQ(table.size(), 0U);
}

TEST_F(RequestTableTest, OtherKindsAreNoRequests) {
  table.Put(api::EncodeResource(api::testing::SampleLocation()), now);
  EXPECT_EQ(table.size(), 0U);
}

TEST_F(RequestTableTest, CountsWhoWaitsByProjectOnceItKnowsThem) {
  using Counts = std::map<std::string, std::int64_t>;
  for (const char* name : {"a", "b", "c"}) Put(Backup(name));
  EXPECT_EQ(table.waiting_by_project(), Counts{});
  Plan();
  EXPECT_EQ(table.waiting_by_project(), (Counts{{"retail", 2}}));
  EXPECT_EQ(table.running(), 1);
  for (const char* name : {"b", "c"}) table.Remove(Ref(name));
  EXPECT_EQ(table.waiting_by_project(), (Counts{{"retail", 0}})) << "a figure that falls to zero";
}

TEST_F(RequestTableTest, ACancelledOneDoesNotWait) {
  Put(Backup("a"));
  Plan();
  api::BackupRequest cancelled = Backup("b");
  Put(cancelled);
  Plan();
  EXPECT_EQ(Due(Outcome::kGoesOn), Names{"a"});
  cancelled.spec.cancel = true;
  cancelled.metadata.generation = 2;
  Put(cancelled);
  EXPECT_EQ(Due(Outcome::kTerminal), Names{"b"});
}

TEST_F(RequestTableTest, WhoBeganBeforeTheServiceGoesOnAtOnceAndHoldsItsPlace) {
  api::BackupRequest begun = Backup("z");
  begun.status.start_time = Time{};
  Put(Backup("a"));
  Put(begun);
  Plan();
  EXPECT_EQ(Due(Outcome::kGoesOn), Names{"z"});
}

TEST_F(RequestTableTest, AFailedLookPausesLongerEachTimeAndGivesUpAPlaceNotYetUsed) {
  Put(Backup("a"));
  Plan();
  EXPECT_EQ(Due(Outcome::kFailed), Names{"a"});
  Put(Backup("b"));
  Plan();
  EXPECT_EQ(Due(Outcome::kTerminal), Names{"b"}) << "b does not wait for a, which cannot begin";
  for (const int pause : {500, 1000, 2000, 3000, 3000}) {
    now += milliseconds(pause - 1);
    Plan();
    EXPECT_EQ(Due(Outcome::kFailed), Names{}) << pause;
    now += milliseconds(1);
    Plan();
    EXPECT_EQ(Due(Outcome::kFailed), Names{"a"}) << pause;
  }
}

TEST_F(RequestTableTest, WhoBeganAndFailsAgainAndAgainGivesItsPlaceToOthers) {
  Put(Backup("a"));
  Plan();
  EXPECT_EQ(Due(Outcome::kGoesOn), Names{"a"});
  Put(Backup("b"));
  for (int failures = 0; failures < 3; ++failures) {
    Plan();
    now += milliseconds(3000);
    EXPECT_EQ(Due(Outcome::kFailed), Names{"a"});
  }
  Plan();
  EXPECT_EQ(Due(Outcome::kGoesOn), Names{"b"});
}

TEST_F(RequestTableTest, PlacesAreShownOnceUntilTheyChange) {
  for (const char* name : {"a", "b", "c"}) Put(Backup(name));
  Plan();
  const auto shown = table.TakeChangedPlaces(10);
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[0].first, Ref("b"));
  EXPECT_EQ(shown[0].second, (QueuePlace{1, WaitReason::kDatabaseLimit}));
  EXPECT_TRUE(table.TakeChangedPlaces(10).empty());
  table.Remove(Ref("b"));
  Plan();
  EXPECT_EQ(table.TakeChangedPlaces(10).size(), 1U);
}

TEST_F(RequestTableTest, ASafeguardIsLookedAtByItsRestoreAndByNobodyElse) {
  api::BackupRequest safeguard = Backup("safeguard-1");
  safeguard.metadata.annotations[kSafeguardAnnotation] = "back";
  api::RestoreRequest restore = api::testing::SampleRestore();
  restore.metadata.name = "back";
  restore.metadata.namespace_ = safeguard.metadata.namespace_;
  restore.metadata.generation = 1;
  table.Put(api::EncodeResource(restore), now);
  Put(safeguard);
  EXPECT_EQ(table.size(), 1U);
  // Without that restore it is a backup like any other.
  table.Remove({"RestoreRequest", restore.metadata.namespace_, "back"});
  Put(safeguard);
  EXPECT_EQ(table.size(), 1U);
}

TEST_F(RequestTableTest, WithoutAnEnvironmentItsLookSaysWhatIsWrong) {
  Put(Backup("a"));
  table.Plan({}, {}, 0, now);
  EXPECT_EQ(Due(Outcome::kTerminal), Names{"a"});
}

}  // namespace
}  // namespace lc2::control
