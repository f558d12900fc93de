#include "control/schedule_reconciler.h"

#include <fmt/core.h>

#include <set>

#include "base/time_format.h"
#include "control/apply_retention.h"
#include "control/schedule.h"
#include "control/tests/control_fixture.h"
#include "control/tests/unreliable_store.h"

namespace lc2::control::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class ScheduleReconcilerTest : public ControlFixture {
 protected:
  ScheduleReconcilerTest() {
    schedule.spec.template_.spec.verify = api::VerifyLevel::kExists;
    clock.JumpTo("2025-11-09T01:00:00Z");
  }
  Result<void> LookAtSchedules() {
    const auto environment =
        GetAs<api::LiferayEnvironment>(ctx, *resources, "", "retail-prd").value();
    return ReconcileSchedules(ctx, deps(), environment);
  }
  void LookAt(std::string_view now) {
    clock.JumpTo(now);
    EXPECT_TRUE(IsOk(LookAtSchedules()));
  }
  api::BackupSchedule Stored(const std::string& name = "nightly") {
    return GetAs<api::BackupSchedule>(ctx, *resources, kNamespace, name).value();
  }
  api::BackupScheduleStatus Status() { return Stored().status; }
  template <class F>
  void ChangeSchedule(const F& change) {
    Change_<api::BackupSchedule>(kNamespace, "nightly", change);
  }
  std::vector<std::string> Requests() {
    std::vector<std::string> names;
    const auto requests = ListAs<api::BackupRequest>(ctx, *resources).value();
    for (const api::BackupRequest& request : requests) {
      names.push_back(request.metadata.name);
    }
    return names;
  }
  // As the look at it would have left it.
  void End(const std::string& name, bool well = true) {
    auto request = GetAs<api::BackupRequest>(ctx, *resources, kNamespace, name).value();
    request.status.observed_generation = request.metadata.generation;
    request.status.completion_time = clock.Now();
    request.status.conditions = api::SetCondition(
        {},
        {.type = "Succeeded",
         .status = well ? api::ConditionStatus::kTrue : api::ConditionStatus::kFalse,
         .reason = well ? "Committed" : "Unavailable"},
        clock.Now());
    ASSERT_TRUE(IsOk(UpdateStatusAs(ctx, *resources, request)));
  }

  // A scheduler whose last act is the request of two o'clock.
  void AskAndDie() {
    LookAt("2025-11-09T01:30:00Z");
    const auto before = Stored();
    LookAt("2025-11-09T02:00:00Z");
    auto stored = Stored();
    stored.status = before.status;
    ASSERT_TRUE(IsOk(UpdateStatusAs(ctx, *resources, stored)));
  }

  api::BackupSchedule schedule = api::testing::SampleSchedule();
  const std::string kTwo = "nightly-20251109-020000";
};

TEST_F(ScheduleReconcilerTest, AsksForABackupWhenItsTimeHasCome) {
  Create(schedule);
  ASSERT_TRUE(IsOk(LookAtSchedules()));
  EXPECT_THAT(Requests(), IsEmpty());
  EXPECT_EQ(FormatRfc3339(*Status().next_time), "2025-11-09T02:00:00Z");
  EXPECT_EQ(Text(Status().conditions, "Ready"), "True/Scheduled");
  LookAt("2025-11-09T02:00:03Z");
  ASSERT_THAT(Requests(), ElementsAre(kTwo));
  const auto request = GetAs<api::BackupRequest>(ctx, *resources, kNamespace, kTwo).value();
  EXPECT_EQ(api::ScheduleOf(request), "nightly");
  EXPECT_EQ(request.metadata.annotations.at(std::string(api::kScheduledTimeAnnotation)),
            "2025-11-09T02:00:00Z");
  EXPECT_EQ(request.metadata.labels.at(std::string(api::kProjectLabel)), "retail");
  EXPECT_EQ(request.spec.requested_by, "schedule/nightly");
  EXPECT_EQ(request.spec.verify, api::VerifyLevel::kExists);
  EXPECT_EQ(FormatRfc3339(*Status().last_schedule_time), "2025-11-09T02:00:00Z");
  EXPECT_EQ(FormatRfc3339(*Status().next_time), "2025-11-10T02:00:00Z");
  EXPECT_THAT(Status().active, ElementsAre(kTwo));
  EXPECT_EQ(Status().last_success_time, std::nullopt);
}

TEST_F(ScheduleReconcilerTest, ALookWithoutNewsWritesNothing) {
  Create(schedule);
  LookAt("2025-11-09T02:00:03Z");
  const std::string before = Stored().metadata.resource_version;
  LookAt("2025-11-09T02:00:08Z");
  LookAt("2025-11-09T13:00:00Z");
  EXPECT_EQ(Stored().metadata.resource_version, before);
}

TEST_F(ScheduleReconcilerTest, TheBackupKnowsItsScheduleAndTheRuleKeepsIt) {
  schedule.spec.retention.last = 2;
  schedule.spec.template_.spec.retention_days = 7;
  Create(schedule);
  for (const char* day : {"2025-11-09", "2025-11-10", "2025-11-11", "2025-11-12"}) {
    LookAt(std::string(day) + "T02:00:00Z");
    const std::string name = Status().active.at(0);
    EXPECT_FALSE(Make(name).error.has_value());
  }
  ASSERT_TRUE(IsOk(LookAtSchedules()));
  EXPECT_THAT(Status().active, IsEmpty());
  EXPECT_EQ(FormatRfc3339(*Status().last_success_time), "2025-11-12T02:00:00Z");
  const auto newest = RunOf("retail-prd-backup-20251112-020000");
  EXPECT_EQ(newest.opened->schedule, "nightly");
  EXPECT_THAT(Manifest("retail-prd-backup-20251112-020000"), HasSubstr(R"("automatic")"));
  const auto kept = [&] {
    EnvironmentVault at = OpenVaultOf();
    std::vector<std::string> ids;
    const auto plan =
        PlanRetention(ctx, deps(), at, ParseRfc3339("2026-03-01T00:00:00Z").value()).value();
    for (const RetentionDecision& decision : plan) {
      if (decision.action == RetentionAction::kKeep) ids.push_back(decision.id.str().substr(18));
    }
    return ids;
  };
  EXPECT_THAT(kept(), ElementsAre("20251112-020000", "20251111-020000"));
  ASSERT_TRUE(IsOk(resources->Delete(ctx, RefTo<api::BackupSchedule>(kNamespace, "nightly"), {})));
  EXPECT_THAT(kept(), ElementsAre("20251112-020000")) << "the last good one, without any rule";
}

TEST_F(ScheduleReconcilerTest, ASchedulerThatDiedAfterAskingFindsItsRequest) {
  Create(schedule);
  AskAndDie();
  LookAt("2025-11-09T02:00:09Z");
  EXPECT_THAT(Requests(), ElementsAre(kTwo));
  EXPECT_EQ(FormatRfc3339(*Status().last_schedule_time), "2025-11-09T02:00:00Z");
  EXPECT_EQ(Text(Status().conditions, "Ready"), "True/Scheduled");
}

TEST_F(ScheduleReconcilerTest, ANameThatSomebodyElseTookIsSaidAndLeftAlone) {
  Create(schedule);
  Create(Backup(kTwo));
  End(kTwo);
  LookAt("2025-11-09T02:00:00Z");
  EXPECT_EQ(Text(Status().conditions, "Ready"), "False/NameTaken");
  EXPECT_EQ(FormatRfc3339(*Status().last_missed_time), "2025-11-09T02:00:00Z");
  LookAt("2025-11-10T02:00:00Z");
  EXPECT_EQ(Text(Status().conditions, "Ready"), "True/Scheduled");
  EXPECT_THAT(Requests(), UnorderedElementsAre(kTwo, "nightly-20251110-020000"));
}

TEST_F(ScheduleReconcilerTest, HistoryLimitsRemoveObjectsAndNothingElse) {
  schedule.spec.schedule = "@hourly";
  schedule.spec.successful_history_limit = 2;
  schedule.spec.failed_history_limit = 1;
  Create(schedule);
  Create(Backup("by-hand"));
  for (int hour = 2; hour < 10; ++hour) {
    LookAt(fmt::format("2025-11-09T{:02}:00:00Z", hour));
    if (hour < 9) End(fmt::format("nightly-20251109-{:02}0000", hour), hour % 2 == 0);
  }
  LookAt("2025-11-09T09:10:00Z");
  EXPECT_THAT(Requests(),
              UnorderedElementsAre("by-hand", "nightly-20251109-060000", "nightly-20251109-070000",
                                   "nightly-20251109-080000", "nightly-20251109-090000"));
}

TEST_F(ScheduleReconcilerTest, HeldOrChangedRequestsAreNoHistory) {
  api::BackupScheduleSpec spec;
  spec.successful_history_limit = 1;
  std::vector<api::BackupRequest> requests;
  for (const char* name : {"a", "b", "c", "d"}) {
    api::BackupRequest request = api::testing::SampleBackup(name);
    request.metadata.generation = 2;
    request.status.observed_generation = 2;
    request.status.conditions = api::SetCondition(
        {}, {.type = "Succeeded", .status = api::ConditionStatus::kTrue}, clock.Now());
    requests.push_back(request);
  }
  requests[1].spec.hold.reason = "audit";
  requests[2].status.observed_generation = 1;
  const auto beyond = BeyondHistory(spec, requests);
  ASSERT_EQ(beyond.size(), 1U);
  EXPECT_EQ(beyond[0].metadata.name, "a");
}

TEST_F(ScheduleReconcilerTest, ReplaceCancelsTheOneBefore) {
  schedule.spec.concurrency_policy = api::ConcurrencyPolicy::kReplace;
  Create(schedule);
  LookAt("2025-11-09T02:00:00Z");
  LookAt("2025-11-10T02:00:00Z");
  EXPECT_TRUE(GetAs<api::BackupRequest>(ctx, *resources, kNamespace, kTwo).value().spec.cancel);
  EXPECT_THAT(Requests(), UnorderedElementsAre(kTwo, "nightly-20251110-020000"));
  EXPECT_TRUE(IsOk(Look(kTwo)));
  EXPECT_EQ(BackupStatus(kTwo).state, api::BackupState::kCancelled);
}

// As after an update of the system's zones: admission has let it in.
class RenamesZones final : public ForwardingStore {
 public:
  RenamesZones(ResourceStore& inner, std::string name)
      : ForwardingStore(inner), name_(std::move(name)) {}
  Result<ResourceList> List(const Context& ctx, const ResourceQuery& query) override {
    auto list = inner_.List(ctx, query);
    if (!list.has_value()) return list;
    for (codec::Json& item : list->items) {
      if (RefOf(item).name == name_) item.at("spec").get_object()["timeZone"] = "Europe/Atlantis";
    }
    return list;
  }

 private:
  const std::string name_;
};

TEST_F(ScheduleReconcilerTest, ReplaceAfterADeathLeavesItsOwnRequestAlone) {
  schedule.spec.concurrency_policy = api::ConcurrencyPolicy::kReplace;
  Create(schedule);
  AskAndDie();
  LookAt("2025-11-09T02:00:09Z");
  EXPECT_FALSE(GetAs<api::BackupRequest>(ctx, *resources, kNamespace, kTwo).value().spec.cancel);
}

TEST_F(ScheduleReconcilerTest, ALongQueueWaitsAndSaysSo) {
  schedule.spec.concurrency_policy = api::ConcurrencyPolicy::kQueue;
  Create(schedule);
  for (int day = 1; day <= 11; ++day) LookAt(fmt::format("2025-12-{:02}T02:00:00Z", day));
  ASSERT_EQ(Requests().size(), kMaxUnfinished);
  EXPECT_EQ(Text(Status().conditions, "Ready"), "True/Waiting");
  EXPECT_EQ(MessageOf(Status().conditions, "Ready"),
            "the backup of 2025-12-11T02:00:00Z is made when those before it are finished");
  End("nightly-20251201-020000");
  LookAt("2025-12-11T02:10:00Z");
  EXPECT_THAT(Requests(), ::testing::Contains("nightly-20251211-020000"));
  EXPECT_EQ(Text(Status().conditions, "Ready"), "True/Scheduled");
}

// Lists of a moment ago: they still show what is gone.
class RemembersARequest final : public ForwardingStore {
 public:
  RemembersARequest(ResourceStore& inner, codec::Json gone)
      : ForwardingStore(inner), gone_(std::move(gone)) {}
  Result<ResourceList> List(const Context& ctx, const ResourceQuery& query) override {
    auto list = inner_.List(ctx, query);
    if (list.has_value() && query.kind == api::BackupRequest::kKind) list->items.push_back(gone_);
    return list;
  }

 private:
  const codec::Json gone_;
};

TEST_F(ScheduleReconcilerTest, OneThatIsGoneNeedsNoReplacing) {
  schedule.spec.concurrency_policy = api::ConcurrencyPolicy::kReplace;
  Create(schedule);
  LookAt("2025-11-09T02:00:00Z");
  const ResourceRef two = RefTo<api::BackupRequest>(kNamespace, kTwo);
  RemembersARequest store(*resources, resources->Get(ctx, two).value());
  ASSERT_TRUE(IsOk(resources->Delete(ctx, two, {})));
  resources_used = &store;
  LookAt("2025-11-10T02:00:00Z");
  EXPECT_THAT(Requests(), ElementsAre("nightly-20251110-020000"));
}

TEST_F(ScheduleReconcilerTest, OneThatCannotBeReadShowsItAndStopsNoOther) {
  Create(schedule);
  schedule.metadata.name = "zonal";
  Create(schedule);
  RenamesZones store(*resources, "nightly");
  resources_used = &store;
  LookAt("2025-11-09T02:00:00Z");
  EXPECT_THAT(Requests(), ElementsAre("zonal-20251109-020000"));
  EXPECT_EQ(Text(Status().conditions, "Ready"), "False/BadSchedule");
  EXPECT_THAT(MessageOf(Status().conditions, "Ready"), HasSubstr("Europe/Atlantis"));
  EXPECT_EQ(Status().next_time, std::nullopt);
  // Put right, it makes up for the time that it could not read.
  resources_used = resources.get();
  LookAt("2025-11-09T03:00:00Z");
  EXPECT_THAT(Requests(), UnorderedElementsAre("zonal-20251109-020000", kTwo));
}

TEST_F(ScheduleReconcilerTest, SchedulesOfOtherNamespacesAreNotThisEnvironments) {
  schedule.metadata.namespace_ = "proj-bank-prd";
  Create(schedule);
  LookAt("2025-11-10T02:00:00Z");
  EXPECT_THAT(Requests(), IsEmpty());
}

// Two schedulers over a store that answers with old states, refuses, and loses answers: each time
// has its request in the end, once, and nothing else is made.
class ScheduleChaos : public ScheduleReconcilerTest,
                      public ::testing::WithParamInterface<std::uint64_t> {};

TEST_P(ScheduleChaos, EachTimeIsOneRequest) {
  schedule.spec.schedule = "@hourly";
  schedule.spec.concurrency_policy = api::ConcurrencyPolicy::kQueue;
  schedule.spec.successful_history_limit = 1000;
  Create(schedule);
  UnreliableStore first(*resources, GetParam());
  UnreliableStore second(*resources, GetParam() + 1000);
  std::set<std::string> expected;
  Time now = ParseRfc3339("2025-11-09T01:00:00Z").value();
  const Time start = now;
  const Time end = now + std::chrono::hours(8);
  for (; now < end; now += std::chrono::minutes(5)) {
    clock.JumpTo(FormatRfc3339(now));
    for (UnreliableStore* store : {&first, &second}) {
      resources_used = store;
      static_cast<void>(LookAtSchedules());
    }
    for (const std::string& name : Requests()) {
      if (!api::IsTerminal(GetAs<api::BackupRequest>(ctx, *resources, kNamespace, name).value())) {
        End(name);
      }
    }
  }
  first.calm = second.calm = true;
  for (UnreliableStore* store : {&first, &second}) {
    resources_used = store;
    EXPECT_TRUE(IsOk(LookAtSchedules()));
  }
  for (Time hour = start + std::chrono::hours(1); hour < end; hour += std::chrono::hours(1)) {
    expected.insert(FiringName("nightly", hour));
  }
  const std::vector<std::string> made = Requests();
  EXPECT_EQ(std::set<std::string>(made.begin(), made.end()), expected);
  EXPECT_GT(first.faults + second.faults, 30);
  EXPECT_EQ(Status().last_missed_time, std::nullopt);
  EXPECT_EQ(FormatRfc3339(*Status().last_schedule_time), "2025-11-09T08:00:00Z");
}

INSTANTIATE_TEST_SUITE_P(Seeds, ScheduleChaos, ::testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace lc2::control::testing
