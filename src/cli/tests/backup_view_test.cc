#include "cli/backup_view.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "base/time_format.h"

namespace lc2::cli {
namespace {

using ::testing::HasSubstr;

const Time kThen = ParseRfc3339("2025-11-09T14:30:00Z").value();
const Time kNow = ParseRfc3339("2025-11-09T15:00:00Z").value();

catalog::BackupRecord Record() {
  return {.location = "disk",
          .project_id = "retail",
          .environment = "prd",
          .backup_id = "retail-prd-backup-20251109-143000",
          .state = catalog::BackupState::kSucceeded,
          .initiator = "alice@host",
          .timestamp = kThen,
          .expires_at = kThen + std::chrono::days(30),
          .database_type = "dump",
          .database_bytes = 2048,
          .object_count = 12453,
          .library_bytes = 4096,
          .level = "Ordered",
          .portable = true,
          .manifest_path = "retail/prd/20251109-143000/manifest.json"};
}

catalog::BackupRecord Failed() {
  return {.project_id = "retail",
          .environment = "prd",
          .backup_id = "retail-prd-backup-20251108-143000",
          .state = catalog::BackupState::kFailed,
          .timestamp = kThen - std::chrono::days(1),
          .error_code = "crosscheck.missing"};
}

TEST(ShowBackup, HasThePathsOfARequest) {
  const codec::Json shown = ShowBackup(Record());
  EXPECT_EQ(shown.at_pointer("/kind"), "Backup");
  EXPECT_EQ(shown.at_pointer("/metadata/namespace"), "proj-retail-prd");
  EXPECT_EQ(shown.at_pointer("/spec/projectId"), "retail");
  EXPECT_EQ(shown.at_pointer("/status/state"), "Succeeded");
  EXPECT_EQ(shown.at_pointer("/status/backupId"), "retail-prd-backup-20251109-143000");
  EXPECT_EQ(shown.at_pointer("/status/expirationTime"), "2025-12-09T14:30:00Z");
  EXPECT_EQ(shown.at_pointer("/status/documentLibrary/objectCount"), 12453);
  EXPECT_EQ(shown.at_pointer("/backupId"), "retail-prd-backup-20251109-143000");
  EXPECT_EQ(shown.at_pointer("/location"), "disk");
}

TEST(ShowBackup, RunWithoutABackupHasNoFactsOfOne) {
  const codec::Json shown = ShowBackup(Failed());
  EXPECT_EQ(shown.at_pointer("/status/state"), "Failed");
  EXPECT_FALSE(shown.at("status").as_object().contains("documentLibrary"));
  EXPECT_EQ(shown.at_pointer("/errorCode"), "crosscheck.missing");
}

TEST(RenderBackups, TableLeavesCellsEmptyWhereThereIsNoBackup) {
  EXPECT_EQ(RenderBackups({Record(), Failed()}, "", OutputFormat::kTable, kNow),
            "BACKUP                              STATE       AGE   DATABASE   OBJECTS   LIBRARY   "
            "PORTABLE\n"
            "retail-prd-backup-20251109-143000   Succeeded   30m   2.0 KiB    12,453    4.0 KiB   "
            "True\n"
            "retail-prd-backup-20251108-143000   Failed      24h\n");
  EXPECT_EQ(RenderBackups({}, "", OutputFormat::kTable, kNow), "");
}

TEST(RenderBackups, SnapshotAloneIsNotPortableAndSaysSo) {
  catalog::BackupRecord record = Record();
  record.portable = false;
  EXPECT_THAT(RenderBackups({record}, "", OutputFormat::kTable, kNow), HasSubstr("False"));
}

TEST(RenderBackups, NamesAreIds) {
  EXPECT_EQ(RenderBackups({Record(), Failed()}, "", OutputFormat::kName, kNow),
            "retail-prd-backup-20251109-143000\nretail-prd-backup-20251108-143000\n");
}

TEST(RenderBackups, CursorIsToldToMachines) {
  const auto list = boost::json::parse(RenderBackups({Record()}, "c1", OutputFormat::kJson, kNow));
  EXPECT_EQ(list.at("nextCursor"), "c1");
  EXPECT_EQ(list.at("items").as_array().size(), 1u);
  const auto last = boost::json::parse(RenderBackups({}, "", OutputFormat::kJson, kNow));
  EXPECT_FALSE(last.as_object().contains("nextCursor"));
}

}  // namespace
}  // namespace lc2::cli
