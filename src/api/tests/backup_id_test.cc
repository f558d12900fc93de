#include "api/backup_id.h"

#include <gtest/gtest.h>

#include "base/time_format.h"

namespace lc2::api {
namespace {

const EnvironmentId& Retail() {
  static const EnvironmentId id{ProjectId("retail"), EnvironmentName("prd")};
  return id;
}
Time At(std::string_view text) { return ParseRfc3339(text).value(); }

TEST(BackupId, IsMadeAndRead) {
  const Time time = At("2025-11-09T14:30:00Z");
  const BackupId id = MakeBackupId(Retail(), time);
  EXPECT_EQ(id.str(), "retail-prd-backup-20251109-143000");
  const Result<OwnBackupId> own = ParseOwnBackupId(id);
  ASSERT_TRUE(own.has_value());
  EXPECT_EQ(own->environment, "retail-prd");
  EXPECT_EQ(own->time, time);
  EXPECT_EQ(own->folder(), "20251109-143000");
  EXPECT_EQ(ParseBackupIdTime(id).value(), time);

  const BackupId second = MakeBackupId(Retail(), time, "3f2a");
  EXPECT_EQ(second.str(), "retail-prd-backup-20251109-143000-3f2a");
  EXPECT_EQ(ParseOwnBackupId(second)->folder(), "20251109-143000-3f2a");
}

TEST(BackupId, AProjectMayHaveTheMiddleInItsName) {
  const BackupId id("a-backup-b-prd-backup-20251109-143000");
  EXPECT_EQ(ParseOwnBackupId(id)->environment, "a-backup-b-prd");
}

TEST(BackupId, OtherFormsAreNotOurs) {
  for (const char* bad :
       {"", "x", "-backup-20251109-143000", "retail-prd-backup-", "retail-prd-backup-20251109",
        "retail-prd-backup-20251309-143000", "retail-prd-backup-20251109-143000-",
        "retail-prd-backup-20251109-143000-3F2A", "retail-prd-backup-20251109-143000x3f2a",
        "retail-prd-backup-20251109-143000-3f2a0", "dxpcloud-lqgqnewltbexuewymq-201910031723"}) {
    const auto own = ParseOwnBackupId(BackupId(bad));
    ASSERT_FALSE(own.has_value()) << bad;
    EXPECT_EQ(own.error().code, "backup_id.form") << bad;
    EXPECT_FALSE(ParseBackupIdTime(BackupId(bad)).has_value()) << bad;
  }
}

TEST(BackupId, ARequestsNameIsItOnlyWithinADay) {
  constexpr std::string_view kName = "retail-prd-backup-20251109-143000";
  EXPECT_TRUE(IsOwnBackupIdForm(Retail(), kName, At("2025-11-09T14:30:00Z")));
  EXPECT_TRUE(IsOwnBackupIdForm(Retail(), kName, At("2025-11-10T14:30:00Z")));
  EXPECT_FALSE(IsOwnBackupIdForm(Retail(), kName, At("2025-11-10T14:30:01Z")));
  EXPECT_TRUE(IsOwnBackupIdForm(Retail(), kName, At("2025-11-08T14:30:00Z")));
  EXPECT_FALSE(IsOwnBackupIdForm(Retail(), kName, At("2025-11-08T14:29:59Z")));
  EXPECT_FALSE(IsOwnBackupIdForm({ProjectId("retail"), EnvironmentName("uat")}, kName,
                                 At("2025-11-09T14:30:00Z")));
  EXPECT_FALSE(
      IsOwnBackupIdForm(Retail(), std::string(kName) + "-3f2a", At("2025-11-09T14:30:00Z")));
  EXPECT_FALSE(IsOwnBackupIdForm(Retail(), "nightly", At("2025-11-09T14:30:00Z")));
}

TEST(BackupId, ImportedOnesAreOpaqueButBounded) {
  EXPECT_TRUE(ParseBackupId("dxpcloud-lqgqnewltbexuewymq-201910031723").has_value());
  EXPECT_TRUE(ParseBackupId(std::string(128, 'a')).has_value());
  for (const std::string& bad : {std::string(), std::string(129, 'a'), std::string(".a"),
                                 std::string("-a"), std::string("a/b"), std::string("a b")}) {
    ASSERT_FALSE(ParseBackupId(bad).has_value()) << bad;
    EXPECT_EQ(ParseBackupId(bad).error().code, "backup_id.form");
  }
}

}  // namespace
}  // namespace lc2::api
