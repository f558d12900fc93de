#include "catalog/record.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/time_format.h"

namespace lc2::catalog {
namespace {

const EnvironmentId kEnvironment{.project = ProjectId("retail"),
                                 .environment = EnvironmentName("prd")};
const Time kOpened = ParseRfc3339("2025-11-09T14:30:00Z").value();

vault::RunFacts OpenRun() {
  vault::RunFacts facts;
  facts.run = RunId("r");
  facts.opened = vault::Opened{.backup_id = BackupId("b"),
                               .initiator = "alice",
                               .timestamp = kOpened,
                               .expires_at = kOpened + std::chrono::days(30)};
  facts.expires_at = facts.opened->expires_at;
  return facts;
}
vault::RunFacts CommittedRun() {
  vault::RunFacts facts = OpenRun();
  facts.committed = vault::Committed{.attempt = AttemptId("a1")};
  facts.closed_at = kOpened + std::chrono::minutes(5);
  return facts;
}
vault::RunFacts AbandonedRun(vault::AbandonReason reason, codec::Json error = nullptr) {
  vault::RunFacts facts = OpenRun();
  facts.abandoned = vault::Abandoned{.reason = reason, .error = std::move(error)};
  return facts;
}
vault::Manifest SomeManifest() {
  vault::Manifest manifest;
  manifest.backup_id = BackupId("retail-prd-backup-20251109-143000");
  manifest.project_id = ProjectId("retail");
  manifest.environment = EnvironmentName("prd");
  manifest.lcp.backup_type = "manual";
  manifest.database.type = "snapshot";
  return manifest;
}
BackupRecord Made(const vault::RunFacts& facts, const vault::Manifest* manifest = nullptr) {
  return MakeRecord("disk", kEnvironment, facts, manifest);
}

TEST(BackupRecord, SaysWhatBecameOfTheRun) {
  EXPECT_EQ(Made(OpenRun()).state, BackupState::kInProgress);
  EXPECT_EQ(Made(CommittedRun()).state, BackupState::kSucceeded);
  vault::RunFacts facts = CommittedRun();
  facts.delete_not_before = kOpened;
  EXPECT_EQ(Made(facts).state, BackupState::kDeleting);
  facts.deleted = true;
  EXPECT_EQ(Made(facts).state, BackupState::kDeleted);
  using vault::AbandonReason;
  EXPECT_EQ(Made(AbandonedRun(AbandonReason::kCancelled)).state, BackupState::kCancelled);
  for (const AbandonReason reason :
       {AbandonReason::kFailed, AbandonReason::kLost, AbandonReason::kInherited}) {
    EXPECT_EQ(Made(AbandonedRun(reason)).state, BackupState::kFailed);
  }
}

TEST(BackupRecord, NamesTheErrorThatEndedIt) {
  using vault::AbandonReason;
  const BackupRecord record = Made(AbandonedRun(
      AbandonReason::kFailed, codec::JsonObject{{"code", "a.b"}, {"message", "it broke"}}));
  EXPECT_EQ(record.error_code, "a.b");
  EXPECT_EQ(record.error_message, "it broke");
  EXPECT_EQ(Made(AbandonedRun(AbandonReason::kFailed, codec::JsonObject{{"code", 5}})).error_code,
            "");
  EXPECT_EQ(Made(AbandonedRun(AbandonReason::kFailed, "text")).error_code, "");
}

TEST(BackupRecord, TakesTimesHoldAndVerificationFromTheLog) {
  vault::RunFacts facts = CommittedRun();
  facts.hold = "audit";
  facts.verified = vault::Verified{.level = "Full", .result = "Damaged"};
  facts.verified_at = kOpened + std::chrono::hours(1);
  const BackupRecord record = Made(facts);
  EXPECT_EQ(record.timestamp, kOpened);
  EXPECT_EQ(record.completed_at, kOpened + std::chrono::minutes(5));
  EXPECT_EQ(record.expires_at, kOpened + std::chrono::days(30));
  EXPECT_EQ(record.initiator, "alice");
  EXPECT_EQ(record.hold_reason, "audit");
  EXPECT_EQ(record.verified_level, "Full");
  EXPECT_EQ(record.verified_result, "Damaged");
  EXPECT_EQ(record.verified_at, facts.verified_at);
  EXPECT_EQ(record.manifest_path, "");
}

TEST(BackupRecord, OnlyWhatHoldsADumpOrNoDatabaseIsPortable) {
  vault::Manifest manifest = SomeManifest();
  EXPECT_FALSE(Made(CommittedRun(), &manifest).portable);
  manifest.database.type = "none";
  EXPECT_TRUE(Made(CommittedRun(), &manifest).portable);
  manifest.database.type = "both";
  manifest.database.dump = vault::DumpFacts{.size_bytes = 9};
  const BackupRecord record = Made(CommittedRun(), &manifest);
  EXPECT_TRUE(record.portable);
  EXPECT_EQ(record.database_bytes, 9);
  EXPECT_EQ(record.manifest_path, "retail/prd/20251109-143000/manifest.json");
}

TEST(BackupRecord, ARestoreRunHasNoBackupId) {
  vault::RunFacts facts = OpenRun();
  facts.opened->backup_id.reset();
  EXPECT_EQ(Made(facts).backup_id, "");
}

}  // namespace
}  // namespace lc2::catalog
