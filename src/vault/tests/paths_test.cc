#include "vault/paths.h"

#include <gtest/gtest.h>

#include "base/time_format.h"

namespace lc2::vault {
namespace {

const EnvironmentId kEnv{.project = ProjectId("retail"), .environment = EnvironmentName("prd")};
const RunId kRun("0f6c12ab0f6c12ab0f6c12ab0f6c12ab");
const BackupId kId("retail-prd-backup-20251109-143000");
const std::string kHash = "3fa9" + std::string(60, '0');

TEST(Paths, AreThoseOfTheDesign) {
  const AttemptId a1("a1");
  EXPECT_EQ(EnvironmentPrefix(kEnv), "retail/prd/");
  EXPECT_EQ(ManifestKey(kEnv, kId), "retail/prd/20251109-143000/manifest.json");
  EXPECT_EQ(SignatureKey(kEnv, kId), "retail/prd/20251109-143000/manifest.sig");
  EXPECT_EQ(DumpFolder(kEnv, kId, a1), "retail/prd/20251109-143000/database/a1/");
  EXPECT_EQ(LibraryFolder(kEnv, kId, a1), "retail/prd/20251109-143000/library/a1/");
  EXPECT_EQ(FolderLayoutPrefix(kEnv, kId, a1), "retail/prd/20251109-143000/dl/a1/");
  EXPECT_EQ(PoolKey(kEnv, kHash, kRun), "retail/prd/pool/3f/" + kHash + "-0f6c12ab");
  EXPECT_EQ(PoolFolder(kEnv, 10), "retail/prd/pool/0a/");
  EXPECT_EQ(CandidateKey(kEnv, kRun, a1), "retail/prd/runs/" + kRun.str() + "/a1/candidate.json");
  EXPECT_EQ(RestoreMapKey(kEnv, kRun, a1), "retail/prd/runs/" + kRun.str() + "/a1/map.ndjson.zst");
  EXPECT_EQ(ReservationKey(kEnv, kId), "retail/prd/control/ids/" + kId.str());
  EXPECT_EQ(RequestRecordKey(kEnv, RunKind::kRestore, "r1"),
            "retail/prd/control/requests/restore/r1.json");
  EXPECT_EQ(ControlEntryKey(kEnv, kRun, 12),
            "retail/prd/control/runs/" + kRun.str() + "/000012.json");
  EXPECT_EQ(KnownLossesKey(kEnv, 0), "retail/prd/control/known/000000.json");
  EXPECT_EQ(TrackerKey(kId), "backup-metadata/retail-prd-backup-20251109-143000.json");
  EXPECT_EQ(AuditKey("v1", 3), "audit/v1/000003.json");
  EXPECT_EQ(PublicKeyKey("k1"), "keys/k1.pem");
  EXPECT_EQ(VaultFileKey(), "vault.json");
}

TEST(Paths, BackupFolderIsTheTimePartOrTheWholeForeignId) {
  const struct {
    std::string id;
    std::string folder;
  } cases[] = {
      {"retail-prd-backup-20251109-143000", "retail/prd/20251109-143000"},
      {"retail-prd-backup-20251109-143000-12ab", "retail/prd/20251109-143000-12ab"},
      {"retail-prd-backup-20251109-143000-12AB",
       "retail/prd/id-retail-prd-backup-20251109-143000-12AB"},
      {"retail-prd-backup-20251399-143000", "retail/prd/id-retail-prd-backup-20251399-143000"},
      {"retail-uat-backup-20251109-143000", "retail/prd/id-retail-uat-backup-20251109-143000"},
      {"dxpcloud-lqgq-201910031723", "retail/prd/id-dxpcloud-lqgq-201910031723"},
  };
  for (const auto& c : cases) EXPECT_EQ(BackupFolder(kEnv, BackupId(c.id)), c.folder) << c.id;
  EXPECT_EQ(MakeBackupId(kEnv, ParseRfc3339("2025-11-09T14:30:00Z").value()), kId);
}

TEST(Paths, NamesFromOutsideAreChecked) {
  const auto env = [](std::string project, std::string name) {
    return CheckEnvironment({.project = ProjectId(std::move(project)),
                             .environment = EnvironmentName(std::move(name))})
        .has_value();
  };
  EXPECT_TRUE(env("retail", "prd"));
  EXPECT_TRUE(env("re-tail9", "p1"));
  for (const auto& [project, name] :
       std::vector<std::pair<std::string, std::string>>{{"", "prd"},
                                                        {"retail", ""},
                                                        {"..", "prd"},
                                                        {"re/tail", "prd"},
                                                        {"-retail", "prd"},
                                                        {"Retail", "prd"},
                                                        {"audit", "prd"},
                                                        {"keys", "prd"},
                                                        {"backup-metadata", "prd"},
                                                        {"retail", "pr-d"},
                                                        {std::string(31, 'a'), "prd"},
                                                        {"retail", std::string(17, 'a')}})
    EXPECT_FALSE(env(project, name)) << project << " " << name;

  EXPECT_TRUE(CheckBackupId(kId).has_value());
  for (const std::string& id : {std::string(), std::string("."), std::string("../x"),
                                std::string("-x"), std::string("a/b"), std::string(129, 'a')})
    EXPECT_FALSE(CheckBackupId(BackupId(id)).has_value()) << id;

  EXPECT_TRUE(CheckRunId(kRun).has_value());
  EXPECT_FALSE(CheckRunId(RunId("0F6C12AB0f6c12ab0f6c12ab0f6c12ab")).has_value());
  EXPECT_FALSE(CheckRunId(RunId("..")).has_value());

  EXPECT_TRUE(CheckAttemptId(MakeAttemptId(12)).has_value());
  for (const char* attempt : {"", "a", "a0", "a01", "b1", "a1/..", "a1234567"})
    EXPECT_FALSE(CheckAttemptId(AttemptId(attempt)).has_value()) << attempt;

  EXPECT_TRUE(CheckRequestName("nightly.2025-11").has_value());
  for (const std::string& name : {std::string(), std::string("-a"), std::string("a."),
                                  std::string("a/b"), std::string(241, 'a')})
    EXPECT_FALSE(CheckRequestName(name).has_value()) << name;
}

TEST(Paths, IsInsideRefusesWhatLeavesTheEnvironment) {
  EXPECT_TRUE(IsInside(kEnv, "retail/prd/x"));
  for (const char* key :
       {"", "retail/prd/", "retail/prd", "retail/prdx/a", "retail/uat/a", "retail/prd/../uat/a",
        "retail/prd//a", "retail/prd/./a", "/retail/prd/a", "retail/prd/a\n", "vault.json"})
    EXPECT_FALSE(IsInside(kEnv, key)) << key;
}

TEST(Paths, PoolKeysAreParsedStrictly) {
  const auto name = ParsePoolKey(kEnv, PoolKey(kEnv, kHash, kRun));
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(name->hash, kHash);
  EXPECT_EQ(name->run8, "0f6c12ab");
  EXPECT_EQ(name->hh, 0x3f);
  const std::string tail = kHash + "-0f6c12ab";
  for (const std::string& key :
       {"retail/prd/pool/40/" + tail, "retail/uat/pool/3f/" + tail,
        "retail/prd/pool/3f/" + tail + "0", "retail/prd/pool/3F/3F" + tail.substr(2),
        "retail/prd/pool/3f/" + kHash + "_0f6c12ab", std::string("retail/prd/pool/"),
        std::string("retail/prd/pool/3f/x")})
    EXPECT_FALSE(ParsePoolKey(kEnv, key).has_value()) << key;
}

TEST(Paths, NumberedNames) {
  EXPECT_EQ(ParseNumberedName("000012.json"), 12);
  EXPECT_EQ(ParseNumberedName("1000000.json"), 1000000);
  for (const char* name : {"12.json", "0000012.json", "000012", "00001x.json", "000012.json.tmp"})
    EXPECT_FALSE(ParseNumberedName(name).has_value()) << name;
}

}  // namespace
}  // namespace lc2::vault
