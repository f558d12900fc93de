#include "control/backup_status.h"

#include <gmock/gmock.h>

#include "api/restore_request.h"
#include "api/tests/samples.h"
#include "base/time_format.h"
#include "base/utf8.h"
#include "control/restore_status.h"
#include "control/run_error.h"

namespace lc2::control {
namespace {

const Time kNow = ParseRfc3339("2025-11-09T14:30:00Z").value();

vault::RunFacts OpenRun() {
  vault::RunFacts run;
  run.run = RunId("r");
  run.opened = vault::Opened{.backup_id = BackupId("b"), .initiator = "alice", .timestamp = kNow};
  return run;
}
vault::RunFacts CommittedRun() {
  vault::RunFacts run = OpenRun();
  run.committed = vault::Committed{};
  run.closed_at = kNow;
  return run;
}
std::string Text(const api::Conditions& conditions, std::string_view type) {
  const api::Condition* found = api::FindCondition(conditions, type);
  if (found == nullptr) return "absent";
  return codec::Word(found->status) + "/" + found->reason;
}
std::string Of(const api::BackupRequestStatus& status, std::string_view type) {
  return Text(status.conditions, type);
}
std::string MessageIn(const api::BackupRequestStatus& status, std::string_view type) {
  return api::FindCondition(status.conditions, type)->message;
}

TEST(BackupStatus, WithoutARunItIsPending) {
  const auto status = MakeBackupStatus(api::testing::SampleBackup(), {}, kNow);
  EXPECT_EQ(status.state, api::BackupState::kPending);
  EXPECT_EQ(Of(status, "Accepted"), "True/Accepted");
  EXPECT_EQ(Of(status, "Reconciling"), "True/Opening");
}

TEST(BackupStatus, SnapshotsAloneAreNotPortable) {
  const vault::RunFacts run = CommittedRun();
  vault::OpenedBackup backup;
  backup.manifest.database.type = "snapshot";
  backup.manifest.consistency.missing = 2;
  backup.manifest.consistency.size_mismatches = 1;
  backup.signature = vault::SignatureState::kUntrustedKey;
  backup.key_id = "k1";
  const auto status =
      MakeBackupStatus(api::testing::SampleBackup(), {.run = &run, .backup = &backup}, kNow);
  EXPECT_EQ(Of(status, "Portable"), "False/SnapshotOnly");
  EXPECT_EQ(Of(status, "Complete"), "False/KnownLosses");
  EXPECT_EQ(MessageIn(status, "Complete"), "3 documents are missing or of another size");
  EXPECT_EQ(Of(status, "Signed"), "False/UntrustedKey");
  EXPECT_EQ(MessageIn(status, "Signed"), "k1");
}

TEST(BackupStatus, TheLatestVerificationCounts) {
  vault::RunFacts run = CommittedRun();
  const api::BackupRequest request = api::testing::SampleBackup();
  run.verified = vault::Verified{.level = "Full", .result = "Passed"};
  run.verified_at = kNow;
  auto status = MakeBackupStatus(request, {.run = &run}, kNow);
  EXPECT_EQ(Of(status, "Verified"), "True/Passed");
  EXPECT_EQ(MessageIn(status, "Verified"), "level Full at 2025-11-09T14:30:00Z");
  run.verified->result = "Damaged";
  for (int i = 0; i < 20; ++i) run.verified->damaged.push_back("key" + std::to_string(i));
  status = MakeBackupStatus(request, {.run = &run}, kNow);
  EXPECT_EQ(Of(status, "Verified"), "False/Damaged");
  EXPECT_THAT(MessageIn(status, "Verified"), ::testing::HasSubstr("key9"));
  EXPECT_THAT(MessageIn(status, "Verified"), ::testing::Not(::testing::HasSubstr("key10")));
  const Error damage{.kind = ErrorKind::kCorrupt, .message = "flipped", .hint = "look"};
  run.verified.reset();
  status = MakeBackupStatus(request, {.run = &run, .damage = &damage}, kNow);
  EXPECT_EQ(Of(status, "Verified"), "False/Damaged");
  EXPECT_EQ(MessageIn(status, "Verified"), "flipped. HINT: look");
}

TEST(BackupStatus, ADrillProvesABackup) {
  vault::RunFacts run = CommittedRun();
  EXPECT_EQ(Of(MakeBackupStatus(api::testing::SampleBackup(), {.run = &run}, kNow), "Proved"),
            "absent");
  run.proved = vault::Proved{.by = RunId("d")};
  EXPECT_EQ(Of(MakeBackupStatus(api::testing::SampleBackup(), {.run = &run}, kNow), "Proved"),
            "True/Restored");
}

TEST(BackupStatus, StalledGoesWithTheNextLookThatWorks) {
  api::BackupRequest request = api::testing::SampleBackup();
  request.status =
      MakeStalledStatus(request, Error{.kind = ErrorKind::kCorrupt, .message = "gap"}, kNow);
  EXPECT_EQ(Of(request.status, "Stalled"), "True/Corrupt");
  EXPECT_EQ(MessageIn(request.status, "Stalled"), "gap");
  const vault::RunFacts run = OpenRun();
  EXPECT_EQ(Of(MakeBackupStatus(request, {.run = &run}, kNow), "Stalled"), "absent");
}

TEST(BackupStatus, ConditionsKeepTheTimeOfTheirChange) {
  api::BackupRequest request = api::testing::SampleBackup();
  const vault::RunFacts run = OpenRun();
  request.status = MakeBackupStatus(request, {.run = &run}, kNow);
  const auto later = MakeBackupStatus(request, {.run = &run}, kNow + std::chrono::hours(1));
  EXPECT_EQ(later, request.status);
}

TEST(BackupStatus, ProgressIsAPercentageOfBytesOrObjects) {
  const auto percent = [](const Progress& progress) { return ToStatus(progress).percent; };
  EXPECT_EQ(percent({}), 0);
  EXPECT_EQ(percent({.objects_done = 1, .objects_total = 4}), 25);
  EXPECT_EQ(percent({.objects_done = 75, .objects_total = 150}), 50);
  EXPECT_EQ(percent({.objects_done = 149, .objects_total = 150}), 99);
  EXPECT_EQ(percent({.objects_done = 4, .objects_total = 4, .bytes_done = 1, .bytes_total = 3}),
            33);
  EXPECT_EQ(percent({.objects_done = 9, .objects_total = 4}), 100);
  EXPECT_EQ(percent({.bytes_done = 1LL << 61, .bytes_total = 1LL << 62}), 50);
}

TEST(RunError, ComesBackFromTheLog) {
  const Error error{.kind = ErrorKind::kThrottled, .code = "a.b", .message = "m", .hint = "h"};
  const Error back = DecodeError(EncodeError(error));
  EXPECT_EQ(back.kind, ErrorKind::kThrottled);
  EXPECT_EQ(back.code, "a.b");
  EXPECT_EQ(back.message, "m");
  EXPECT_EQ(back.hint, "h");
}

TEST(RunError, WhatIsNoErrorIsStillOne) {
  for (const codec::Json& json :
       {codec::Json(nullptr), codec::Json("text"), codec::Json(codec::JsonObject{{"kind", 5}})}) {
    EXPECT_EQ(DecodeError(json).code, "run.failed");
    EXPECT_EQ(DecodeError(json).kind, ErrorKind::kInternal);
  }
}

TEST(RunError, TextsBecomeValidAndBounded) {
  EXPECT_EQ(Recordable("grüße"), "grüße");
  EXPECT_EQ(Recordable("caf\xe9"), "caf\xef\xbf\xbd");
  std::string umlauts;
  for (int i = 0; i < 10'001; ++i) umlauts += i == 0 ? "x" : "ü";
  const std::string cut = Recordable(umlauts);
  EXPECT_LT(cut.size(), 8'100U);
  EXPECT_TRUE(IsUtf8(cut));
  EXPECT_TRUE(cut.ends_with(" ..."));
}

TEST(RestoreStatus, ALostRunSaysSo) {
  vault::RunFacts run = OpenRun();
  run.abandoned = vault::Abandoned{
      .reason = vault::AbandonReason::kLost,
      .error = EncodeError({.kind = ErrorKind::kUnavailable, .code = "attempt.lost"})};
  const auto status = MakeRestoreStatus(api::testing::SampleRestore(), {.run = &run}, kNow);
  EXPECT_EQ(Text(status.conditions, "Succeeded"), "False/Lost");
  EXPECT_EQ(status.state, api::RestoreState::kFailed);
  EXPECT_EQ(status.error->code, "attempt.lost");
}

}  // namespace
}  // namespace lc2::control
