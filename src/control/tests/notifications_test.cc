#include "control/notifications.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/time_format.h"
#include "codec/described.h"

namespace lc2::control {
namespace {

using api::Delivery;
using api::DeliveryState;
using api::NotificationEvent;
using api::NotificationStatus;
using std::chrono::hours;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const EnvironmentId kEnv{ProjectId("retail"), EnvironmentName("prd")};

// Seconds of a day.
Time At(int second) { return ParseRfc3339("2025-11-09T00:00:00Z").value() + seconds(second); }

EndedRequest Backup(std::string name, bool succeeded, int second) {
  return {.subject = {.kind = "BackupRequest", .namespace_ = "proj", .name = std::move(name)},
          .succeeded = succeeded,
          .time = At(second),
          .backup_id = "id",
          .reason = "Corrupt",
          .message = "why"};
}
EndedRequest Good(std::string name, int second) { return Backup(std::move(name), true, second); }
EndedRequest Bad(std::string name, int second) { return Backup(std::move(name), false, second); }

// "Failed a", "Recovered b", in the order of the record.
std::vector<std::string> Told(const NotificationStatus& record) {
  std::vector<std::string> told;
  for (const Delivery& delivery : record.deliveries) {
    told.push_back(codec::Word(delivery.event) + " " + delivery.subject.name);
  }
  return told;
}

NotificationStatus Plan(NotificationStatus record, NotificationFacts facts, int now = 50'000) {
  return PlanNotifications(std::move(record), kEnv, facts, At(now));
}
NotificationStatus Fresh() { return BeginNotifications(At(1'000)); }

Result<void> Refused() {
  return Error{
      .kind = ErrorKind::kUnavailable, .code = "x", .message = "status 500", .hint = "hint"};
}

// All that waits is taken.
NotificationStatus Delivered(NotificationStatus record, int now = 50'000) {
  const std::vector<Delivery> all = record.deliveries;
  for (const Delivery& delivery : all) {
    record = RecordAttempt(std::move(record), delivery.id, {}, At(now));
  }
  return record;
}

TEST(Notifications, WhatHappenedBeforeTheWebhookWasThereIsNotTold) {
  const NotificationStatus record =
      Plan(Fresh(), {.ended = {Bad("old", 999), Bad("new", 1'001), Good("good", 1'002)},
                     .damaged = {{.backup_id = "old", .level = "Full", .verified_at = At(500)}},
                     .missed = {{.schedule = {.name = "nightly"}, .time = At(900)}}});
  EXPECT_THAT(Told(record), ElementsAre("Failed new", "Recovered good"));
  // A failure of before that nobody told of is no reason to speak of a recovery.
  EXPECT_THAT(Told(Plan(Fresh(), {.ended = {Bad("old", 999), Good("good", 1'002)}})), IsEmpty());
}

TEST(Notifications, EachKindOfEventSaysWhatHappened) {
  EndedRequest restore = Bad("back", 2'000);
  restore.subject.kind = "RestoreRequest";
  const NotificationStatus record = Plan(
      Fresh(),
      {.ended = {restore},
       .damaged = {{.backup_id = "b", .level = "Full", .verified_at = At(2'001)}},
       .missed = {{.schedule = {.kind = "BackupSchedule", .name = "nightly"}, .time = At(2'002)}}});
  EXPECT_THAT(Told(record), ElementsAre("Failed back", "Damaged b", "Missed nightly"));
  const Delivery& damaged = record.deliveries[1];
  EXPECT_EQ(damaged.id, NotificationId(kEnv, NotificationEvent::kDamaged,
                                       {.kind = "Backup", .name = "b"}, At(2'001)));
  EXPECT_EQ(damaged.backup_id, "b");
  EXPECT_EQ(damaged.message, "Full verification found damage");
  EXPECT_EQ(damaged.state, DeliveryState::kPending);
  EXPECT_EQ(damaged.queued_time, At(50'000));
  EXPECT_EQ(record.deliveries[2].message, "no backup was begun at 2025-11-09T00:33:22Z");
  EXPECT_EQ(record.deliveries[0].reason, "Corrupt");
  EXPECT_EQ(record.deliveries[0].message, "why");
}

TEST(Notifications, TheSameFactsTellNothingNew) {
  const NotificationFacts facts{
      .ended = {Bad("a", 2'000), Good("b", 2'001), Bad("c", 2'002)},
      .damaged = {{.backup_id = "b", .level = "Full", .verified_at = At(2'005)}}};
  const NotificationStatus once = Plan(Fresh(), facts);
  EXPECT_THAT(Told(once), ElementsAre("Failed a", "Recovered b", "Failed c", "Damaged b"));
  EXPECT_EQ(Plan(once, facts, 60'000), once);
  const NotificationStatus delivered = Delivered(once);
  EXPECT_EQ(Plan(delivered, facts, 70'000), delivered);
}

TEST(Notifications, IdsAreTheSameForEverybodyAndDifferForEachEvent) {
  const api::NotificationSubject a{.kind = "BackupRequest", .namespace_ = "proj", .name = "a"};
  const std::string id = NotificationId(kEnv, NotificationEvent::kFailed, a, At(1));
  EXPECT_EQ(id, "msg_c2d87f2dcddeb7384e475a4de6add0c4");
  api::NotificationSubject b = a;
  b.name = "b";
  EXPECT_NE(id, NotificationId(kEnv, NotificationEvent::kFailed, b, At(1)));
  EXPECT_NE(id, NotificationId(kEnv, NotificationEvent::kRecovered, a, At(1)));
  EXPECT_NE(id, NotificationId(kEnv, NotificationEvent::kFailed, a, At(2)));
  EXPECT_NE(id, NotificationId({ProjectId("retail"), EnvironmentName("uat")},
                               NotificationEvent::kFailed, a, At(1)));
}

TEST(Notifications, RecoveredIsTheFirstSuccessAfterTheLastTrouble) {
  NotificationStatus record = Plan(
      Fresh(), {.ended = {Bad("a", 2'000), Bad("b", 2'010), Good("c", 2'020), Good("d", 2'030)}});
  EXPECT_THAT(Told(record), ElementsAre("Failed a", "Failed b", "Recovered c"));
  EXPECT_EQ(record.deliveries[2].failing_since, At(2'000));
  EXPECT_EQ(record.failing_since, std::nullopt);

  record = Plan(Fresh(), {.missed = {{.schedule = {.name = "nightly"}, .time = At(2'000)}}});
  EXPECT_EQ(record.failing_since, At(2'000));
  record = Plan(record, {.ended = {Good("c", 2'020)}});
  EXPECT_THAT(Told(record), ElementsAre("Missed nightly", "Recovered c"));
}

TEST(Notifications, NeitherRestoresNorDamageAreRecoveredFrom) {
  EndedRequest restore = Bad("back", 2'000);
  restore.subject.kind = "RestoreRequest";
  EXPECT_THAT(Told(Plan(Fresh(), {.ended = {restore, Good("c", 2'020)},
                                  .damaged = {{.backup_id = "b", .verified_at = At(2'001)}}})),
              ElementsAre("Failed back", "Damaged b"));
}

TEST(Notifications, ASuccessThatIsSeenLateDoesNotHideALaterFailure) {
  NotificationStatus record = Plan(Fresh(), {.ended = {Bad("a", 2'000), Bad("c", 2'020)}});
  record = Plan(record, {.ended = {Bad("a", 2'000), Good("b", 2'010), Bad("c", 2'020)}});
  EXPECT_THAT(Told(record), ElementsAre("Failed a", "Failed c"));
  record = Plan(record, {.ended = {Good("d", 2'030)}});
  EXPECT_THAT(Told(record), ElementsAre("Failed a", "Failed c", "Recovered d"));
}

TEST(Notifications, OfTheSameSecondTheFailureIsTheLastWord) {
  NotificationStatus record =
      Plan(Fresh(), {.ended = {Bad("a", 2'000), Bad("b", 2'010), Good("c", 2'010)}});
  EXPECT_EQ(record.failing_since, At(2'010));
  record = Plan(record, {.ended = {Good("d", 2'020)}});
  EXPECT_THAT(Told(record), ::testing::UnorderedElementsAre("Failed a", "Failed b", "Recovered c",
                                                            "Recovered d"));
}

std::vector<EndedRequest> Failures(int from, int count) {
  std::vector<EndedRequest> ended;
  for (int i = from; i < from + count; ++i)
    ended.push_back(Bad(fmt::format("f{:03}", i), 2'000 + i));
  return ended;
}

TEST(Notifications, FinishedOnesAreForgottenAndNotToldAgain) {
  const NotificationFacts first{.ended = Failures(0, 40)};
  NotificationStatus record = Delivered(Plan(Fresh(), first));
  const NotificationFacts all{.ended = Failures(0, 70)};
  record = Plan(record, all);
  ASSERT_EQ(record.deliveries.size(), kKeptDeliveries);
  EXPECT_EQ(Told(record).front(), "Failed f020");
  EXPECT_EQ(record.since_time, At(2'019));
  EXPECT_EQ(Plan(record, all), record);
}

TEST(Notifications, WhatFindsNoRoomWaitsAndIsToldLater) {
  const NotificationFacts facts{.ended = Failures(0, 120)};
  NotificationStatus record = Plan(Fresh(), facts);
  ASSERT_EQ(record.deliveries.size(), kKeptDeliveries);
  std::set<std::string> told;
  for (int round = 0; round < 4; ++round) {
    record = Delivered(std::move(record));
    for (const std::string& one : Told(record)) told.insert(one);
    record = Plan(std::move(record), facts);
    EXPECT_LE(record.deliveries.size(), kKeptDeliveries);
  }
  EXPECT_EQ(told.size(), 120U);
  EXPECT_TRUE(DueDeliveries(record, At(60'000)).empty());
}

// Many that are seen late, behind newer ones that are told: none is lost, and it comes to an end.
TEST(Notifications, LateOnesAreNotTakenForTold) {
  NotificationStatus record = Delivered(Plan(Fresh(), {.ended = Failures(500, 50)}));
  NotificationFacts facts{.ended = Failures(0, 80)};
  const auto newer = Failures(500, 50);
  facts.ended.insert(facts.ended.end(), newer.begin(), newer.end());
  std::set<std::string> told;
  for (int round = 0; round < 8; ++round) {
    record = Plan(std::move(record), facts);
    for (const std::string& one : Told(record)) told.insert(one);
    record = Delivered(std::move(record));
  }
  EXPECT_EQ(told.size(), 130U);
  EXPECT_EQ(Plan(record, facts), record);
}

TEST(Notifications, NothingIsForgottenWhileNotEverythingCanBeRead) {
  NotificationStatus record = Delivered(Plan(Fresh(), {.ended = Failures(0, 50)}));
  const NotificationStatus before = record;
  record = Plan(record, {.ended = Failures(0, 60), .complete = false});
  EXPECT_EQ(record, before);
  // What is read later is older than all that and is told all the same.
  record = Plan(record, {.ended = Failures(0, 60),
                         .damaged = {{.backup_id = "b", .verified_at = At(1'500)}}});
  EXPECT_THAT(Told(record), ::testing::Contains("Failed f059"));
  record = Delivered(std::move(record));
  EXPECT_EQ(record.deliveries.size(), kKeptDeliveries);
}

TEST(Notifications, AClockThatWasAheadHidesNothing) {
  NotificationStatus record = BeginNotifications(At(90'000));
  record = Plan(record, {.ended = {Bad("a", 2'000)}}, 1'900);
  EXPECT_THAT(Told(record), ElementsAre("Failed a"));
}

TEST(Notifications, RecoveredIsNotLostForWantOfRoom) {
  NotificationFacts facts{.ended = Failures(0, 50)};
  NotificationStatus record = Plan(Fresh(), facts);
  facts.ended.push_back(Good("good", 2'100));
  record = Plan(record, facts);
  EXPECT_EQ(record.deliveries.size(), kKeptDeliveries);
  EXPECT_TRUE(record.failing_since.has_value());
  record = Plan(Delivered(std::move(record)), facts);
  EXPECT_EQ(Told(record).back(), "Recovered good");
  EXPECT_FALSE(record.failing_since.has_value());
}

TEST(Notifications, LongTextsAreCutAndBecomeValid) {
  EndedRequest bad = Bad("a", 2'000);
  bad.message = std::string(999, 'x') + "\xc3\xa4" + std::string(5'000, 'y');
  const NotificationStatus record = Plan(Fresh(), {.ended = {bad}});
  EXPECT_EQ(record.deliveries[0].message, std::string(999, 'x') + "\xef\xbf\xbd ...");
}

TEST(Attempts, PausesDoubleUpToAnHourAndDiffer) {
  seconds longest{0};
  for (int attempt = 1; attempt <= 40; ++attempt) {
    const seconds ceiling = std::min(seconds(3'600), seconds(5) * (1 << std::min(attempt - 1, 16)));
    const seconds pause = PauseAfter("msg_1", attempt);
    EXPECT_LE(pause, ceiling) << attempt;
    EXPECT_GE(pause * 2, ceiling) << attempt;
    longest = std::max(longest, pause);
  }
  EXPECT_GT(longest, seconds(1'800));
  std::set<seconds> pauses;
  for (int i = 0; i < 100; ++i) pauses.insert(PauseAfter(fmt::format("msg_{}", i), 20));
  EXPECT_GT(pauses.size(), 80U);
}

TEST(Attempts, AFailedOneIsRepeatedAfterItsPause) {
  NotificationStatus record = Plan(Fresh(), {.ended = {Bad("a", 2'000)}}, 3'000);
  const std::string id = record.deliveries[0].id;
  EXPECT_EQ(DueDeliveries(record, At(3'000)).size(), 1U);
  record = RecordAttempt(record, id, Refused(), At(3'001));
  const Delivery& delivery = record.deliveries[0];
  EXPECT_EQ(delivery.state, DeliveryState::kPending);
  EXPECT_EQ(delivery.attempts, 1);
  EXPECT_EQ(delivery.last_error, "status 500. HINT: hint");
  EXPECT_EQ(delivery.next_try, At(3'001) + PauseAfter(id, 1));
  EXPECT_THAT(DueDeliveries(record, At(3'001)), IsEmpty());
  EXPECT_EQ(DueDeliveries(record, *delivery.next_try).size(), 1U);
  // A clock that jumped back does not put it off.
  EXPECT_EQ(DueDeliveries(record, At(3'001) - hours(100)).size(), 1U);

  const NotificationStatus done = RecordAttempt(record, id, {}, At(3'010));
  EXPECT_EQ(done.deliveries[0].state, DeliveryState::kDelivered);
  EXPECT_EQ(done.deliveries[0].attempts, 2);
  EXPECT_EQ(done.deliveries[0].last_error, "");
  EXPECT_EQ(done.deliveries[0].ended_time, At(3'010));
  // What a second server's call came to changes nothing any more.
  EXPECT_EQ(RecordAttempt(done, id, Refused(), At(3'011)), done);
  EXPECT_EQ(RecordAttempt(done, "msg_other", {}, At(3'011)), done);
}

TEST(Attempts, AfterADayItIsGivenUp) {
  NotificationStatus record = Plan(Fresh(), {.ended = {Bad("a", 2'000)}}, 3'000);
  const std::string id = record.deliveries[0].id;
  int attempts = 0;
  Time now = At(3'000);
  while (record.deliveries[0].state == DeliveryState::kPending && attempts < 1'000) {
    record = RecordAttempt(record, id, Refused(), now);
    now = record.deliveries[0].next_try.value_or(now);
    ++attempts;
  }
  EXPECT_EQ(record.deliveries[0].state, DeliveryState::kGivenUp);
  EXPECT_EQ(now, At(3'000) + kGiveUpAfter);
  EXPECT_GT(attempts, 30);
  EXPECT_LT(attempts, 70);
}

TEST(Attempts, TheConditionSaysHowItGoes) {
  const auto text = [](const NotificationStatus& record) {
    const api::Condition condition = NotifiedCondition(record, 3);
    return codec::Word(condition.status) + " " + condition.reason;
  };
  NotificationStatus record = Fresh();
  EXPECT_EQ(text(record), "True NothingToTell");
  record = Plan(record, {.ended = {Bad("a", 2'000)}}, 3'000);
  EXPECT_EQ(text(record), "True NothingToTell");
  const std::string id = record.deliveries[0].id;
  record = RecordAttempt(record, id, Refused(), At(3'001));
  EXPECT_EQ(text(record), "Unknown Retrying");
  EXPECT_EQ(NotifiedCondition(record, 3).message,
            "Failed of BackupRequest 'proj/a': status 500. HINT: hint");
  record = RecordAttempt(record, id, Refused(), At(3'000) + kGiveUpAfter);
  EXPECT_EQ(text(record), "False GivenUp");
  EXPECT_THAT(NotifiedCondition(record, 3).message, HasSubstr("HINT: 'lc2 notify test'"));
  EXPECT_EQ(NotifiedCondition(record, 3).observed_generation, 3);
  record = Plan(record, {.ended = {Bad("a", 2'000), Good("b", 2'001)}}, 95'000);
  record = RecordAttempt(record, record.deliveries[1].id, {}, At(95'001));
  EXPECT_EQ(text(record), "True Delivered");
}

}  // namespace
}  // namespace lc2::control
