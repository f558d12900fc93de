#include "control/driver.h"

#include <stop_token>

#include "api/documents.h"
#include "control/look.h"
#include "control/tests/control_fixture.h"

namespace lc2::control::testing {
namespace {

using std::chrono::milliseconds;

class Driver : public ControlFixture {
 protected:
  Result<Reconciled> DriveBackup() { return DriveBackup(ctx); }
  Result<Reconciled> DriveBackup(const Context& with) {
    return Drive(with, deps(), RefTo<api::BackupRequest>(kNamespace, kName));
  }
  const Error away{.kind = ErrorKind::kUnavailable, .code = "test.away", .message = "away"};
};

TEST_F(Driver, DrivesABackupToItsEnd) {
  Create(Backup());
  platform.on_wait = [this] {
    if (platform.waits.size() == 3) platform.End(platform.last(), Work(platform.launched[0]));
  };
  const auto ended = DriveBackup();
  ASSERT_TRUE(IsOk(ended));
  EXPECT_TRUE(ended->terminal);
  EXPECT_FALSE(ended->error.has_value());
  EXPECT_EQ(platform.waits.size(), 3U);
  EXPECT_EQ(BackupStatus().state, api::BackupState::kSucceeded);
}

TEST_F(Driver, HandsOnHowItFailed) {
  Create(Backup());
  platform.on_launch = [this](const AttemptWork& work) {
    platform.End(NameOf(work), {.phase = AttemptPhase::kFailed,
                                .error = Error{.kind = ErrorKind::kDenied, .code = "x.denied"}});
  };
  const auto ended = DriveBackup();
  ASSERT_TRUE(IsOk(ended));
  EXPECT_EQ(ended->error->code, "x.denied");
}

TEST_F(Driver, StoppedItCancelsAndGoesOnToTheEnd) {
  Create(Backup());
  std::stop_source stop;
  platform.on_wait = [&] { stop.request_stop(); };
  const auto ended = DriveBackup(ctx.WithStop(stop.get_token()));
  ASSERT_TRUE(IsOk(ended));
  EXPECT_EQ(ended->error->kind, ErrorKind::kCancelled);
  EXPECT_EQ(platform.cancelled.size(), 1U);
  EXPECT_EQ(BackupStatus().state, api::BackupState::kCancelled);
  EXPECT_TRUE(RunOf().closed());
  EXPECT_FALSE(InVault("retail/prd/20251109-143000/manifest.json"));
}

TEST_F(Driver, StoppedBeforeItBeganNothingIsLaunched) {
  Create(Backup());
  std::stop_source stop;
  stop.request_stop();
  const auto ended = DriveBackup(ctx.WithStop(stop.get_token()));
  ASSERT_TRUE(IsOk(ended));
  EXPECT_EQ(ended->error->kind, ErrorKind::kCancelled);
  EXPECT_TRUE(platform.launched.empty());
}

TEST_F(Driver, ACancelledRunIsClosedAlsoWhenTheVaultIsAwayForAWhile) {
  Create(Backup());
  std::stop_source stop;
  platform.on_wait = [&] {
    stop.request_stop();
    if (platform.waits.size() == 1) provider.vault_error = away;
    if (platform.waits.size() == 5) provider.vault_error.reset();
  };
  const auto ended = DriveBackup(ctx.WithStop(stop.get_token()));
  ASSERT_TRUE(IsOk(ended));
  EXPECT_EQ(ended->error->kind, ErrorKind::kCancelled);
  EXPECT_TRUE(RunOf().closed());
  // It paused between its tries, though its caller was stopped.
  for (std::size_t i = 1; i < platform.waits.size(); ++i) {
    EXPECT_GE(platform.waits[i], milliseconds(500)) << i;
  }
}

TEST_F(Driver, PausesGrowWhileAStoreIsAway) {
  Create(Backup());
  provider.vault_error = away;
  platform.on_wait = [&] {
    if (platform.waits.size() == 4) provider.vault_error.reset();
  };
  WorkOnLaunch();
  const auto ended = DriveBackup();
  ASSERT_TRUE(IsOk(ended));
  EXPECT_FALSE(ended->error.has_value());
  ASSERT_GE(platform.waits.size(), 4U);
  EXPECT_EQ(platform.waits[0], milliseconds(500));
  EXPECT_EQ(platform.waits[1], milliseconds(1000));
  EXPECT_EQ(platform.waits[2], milliseconds(2000));
}

TEST_F(Driver, GivesUpAfterManyTries) {
  Create(Backup());
  provider.vault_error = away;
  EXPECT_EQ(CodeOf(DriveBackup()), "test.away");
  EXPECT_EQ(platform.waits.size(), 11U);
  EXPECT_LE(platform.waits.back(), milliseconds(30'000));
}

TEST_F(Driver, WhatNobodyGetsPastIsNotRepeated) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  const std::string entry = vault::ControlEntryKey(kRetail, RunOf().run, 1);
  ASSERT_TRUE(IsOk(vault->Delete(ctx, entry)));
  ASSERT_TRUE(IsOk(vault->Put(ctx, {.key = entry, .body = "{"})));
  EXPECT_EQ(CodeOf(DriveBackup()), "vault.log_entry");
  EXPECT_TRUE(platform.waits.empty());
}

// Keeps what it was told.
class Steps final : public ProgressSink {
 public:
  void Report(const Progress& progress) override { reports.push_back(progress); }
  std::vector<Progress> reports;
};

TEST_F(Driver, WhoFollowsHearsHowFarItIsAndHowItEnds) {
  Create(Backup());
  Steps steps;
  int asked = 0;
  const auto ended =
      Follow(Context(clock, NullLogger(), &steps), deps(),
             RefTo<api::BackupRequest>(kNamespace, kName), [&] {
               if (++asked > 1) {
                 Make();
                 return true;
               }
               auto request = GetAs<api::BackupRequest>(ctx, *resources, kNamespace, kName).value();
               request.status.progress = api::ProgressStatus{.step = "library",
                                                             .objects_done = 3,
                                                             .objects_total = 7,
                                                             .bytes_done = 30,
                                                             .bytes_total = 70};
               EXPECT_TRUE(IsOk(UpdateStatusAs(ctx, *resources, request)));
               return true;
             });
  ASSERT_TRUE(IsOk(ended));
  EXPECT_TRUE(ended->terminal);
  EXPECT_FALSE(ended->error.has_value());
  ASSERT_FALSE(steps.reports.empty());
  EXPECT_EQ(steps.reports[0].step, "library");
  EXPECT_EQ(steps.reports[0].objects_done, 3);
  EXPECT_EQ(steps.reports[0].objects_total, 7);
  EXPECT_EQ(steps.reports[0].bytes_done, 30);
  EXPECT_EQ(steps.reports[0].bytes_total, 70);
}

TEST_F(Driver, WhoFollowsWhatIsDeletedIsTold) {
  Create(Backup());
  Create(Backup("other"));
  const ResourceRef ref = RefTo<api::BackupRequest>(kNamespace, kName);
  bool deleted = false;
  const auto ended = Follow(ctx, deps(), ref, [&] {
    if (!std::exchange(deleted, true)) {
      for (const char* name : {"other", kName}) {
        EXPECT_TRUE(IsOk(resources->Delete(ctx, RefTo<api::BackupRequest>(kNamespace, name), {})));
      }
    }
    return true;
  });
  ASSERT_EQ(CodeOf(ended), "resource.not_found");
  EXPECT_NE(ended.error().message.find(ref.str() + " was deleted before it ended"),
            std::string::npos);
}

TEST(IsTerminalRequest, OfBothKindsAndOfNoOther) {
  api::RestoreRequest restore = api::testing::SampleRestore();
  EXPECT_FALSE(IsTerminalRequest(api::EncodeResource(restore)));
  restore.status.conditions = api::SetCondition(
      {}, {.type = "Succeeded", .status = api::ConditionStatus::kFalse, .reason = "Denied"},
      Time{});
  EXPECT_TRUE(IsTerminalRequest(api::EncodeResource(restore)));
  api::BackupRequest backup = api::testing::SampleBackup();
  EXPECT_FALSE(IsTerminalRequest(api::EncodeResource(backup)));
  backup.status.conditions = restore.status.conditions;
  EXPECT_TRUE(IsTerminalRequest(api::EncodeResource(backup)));
  EXPECT_FALSE(IsTerminalRequest(api::EncodeResource(api::testing::SampleLocation())));
}

TEST_F(Driver, OnlyRequestsAreDriven) {
  EXPECT_EQ(CodeOf(Drive(ctx, deps(), {"BackupLocation", "", "disk"})), "request.unknown_kind");
  EXPECT_EQ(CodeOf(DriveBackup()), "resource.not_found");
}

}  // namespace
}  // namespace lc2::control::testing
