#include "control/choose_base.h"

#include <gtest/gtest.h>

#include "base/time_format.h"

namespace lc2::control {
namespace {

const Time kStart = ParseRfc3339("2025-11-09T14:30:00Z").value();

// Runs of one environment, each an hour after the one before.
class Runs {
 public:
  vault::RunFacts& Backup(const std::string& run, const std::string& base = {}) {
    vault::RunFacts& facts = Add(run);
    facts.opened->backup_id = BackupId("backup-" + run);
    facts.committed = vault::Committed{.attempt = AttemptId("a1")};
    if (!base.empty()) {
      facts.opened->base =
          vault::Base{.backup_id = BackupId("backup-" + base), .backup_run = RunId(base)};
    }
    return facts;
  }
  vault::RunFacts& Restore(const std::string& run, const std::string& of) {
    vault::RunFacts& facts = Add(run);
    facts.opened->kind = vault::RunKind::kRestore;
    facts.opened->source =
        vault::RestoreSource{.backup_id = BackupId("backup-" + of), .run_id = RunId(of)};
    facts.finished = vault::Finished{.attempt = AttemptId("a1"), .map_digest = "sha256:map"};
    return facts;
  }
  // A backup that was made from the map of a restore.
  vault::RunFacts& BackupAfter(const std::string& run, const std::string& restore) {
    vault::RunFacts& facts = Backup(run);
    facts.opened->base = vault::Base{.restore_run = RunId(restore)};
    return facts;
  }
  void Verify(const std::string& run, const std::string& level, const std::string& result) {
    hours_ += std::chrono::hours(1);
    vault::RunFacts& facts = Of(run);
    facts.verified = vault::Verified{.level = level, .result = result};
    facts.verified_at = kStart + hours_;
  }
  vault::RunFacts& Of(const std::string& run) {
    for (vault::RunFacts& facts : runs_) {
      if (facts.run.str() == run) return facts;
    }
    return runs_.front();
  }
  // The run that is the base; "none".
  std::string Base() const {
    const auto base = DecideBase(runs_);
    if (!base) return "none";
    return base->restore_run ? "map of " + base->restore_run->str() : base->backup_run->str();
  }

 private:
  vault::RunFacts& Add(const std::string& run) {
    hours_ += std::chrono::hours(1);
    vault::RunFacts facts;
    facts.run = RunId(run);
    facts.opened = vault::Opened{.timestamp = kStart + hours_};
    facts.closed_at = kStart + hours_;
    runs_.reserve(100);  // references stay
    return runs_.emplace_back(std::move(facts));
  }

  std::vector<vault::RunFacts> runs_;
  std::chrono::hours hours_{0};
};

TEST(DecideBase, IsTheNewestBackup) {
  Runs runs;
  EXPECT_EQ(runs.Base(), "none");
  runs.Backup("a");
  runs.Backup("b", "a");
  EXPECT_EQ(runs.Base(), "b");
}

TEST(DecideBase, OnlyWhatIsABackupAndStays) {
  Runs runs;
  runs.Backup("a");
  runs.Backup("failed").committed.reset();
  runs.Of("failed").abandoned = vault::Abandoned{};
  runs.Backup("open").committed.reset();
  runs.Backup("deleted").deleted = true;
  runs.Backup("going").delete_not_before = kStart;
  runs.Backup("unopened").opened.reset();
  EXPECT_EQ(runs.Base(), "a");
}

TEST(DecideBase, IsTheMapOfALaterRestore) {
  Runs runs;
  runs.Backup("a");
  runs.Restore("r", "a");
  EXPECT_EQ(runs.Base(), "map of r");
  runs.BackupAfter("b", "r");
  EXPECT_EQ(runs.Base(), "b");
}

TEST(DecideBase, ARestoreWithoutMapIsNone) {
  Runs runs;
  runs.Backup("a");
  runs.Restore("r", "a").finished->map_digest.reset();
  EXPECT_EQ(runs.Base(), "a");
}

TEST(DecideBase, DamageSpreadsOverTheTreeOfBases) {
  Runs runs;
  runs.Backup("other");
  runs.Backup("a");
  runs.Backup("b", "a");
  runs.Restore("r", "b");
  runs.BackupAfter("c", "r");
  runs.Verify("b", "Sample", "Damaged");
  // a, b, c and the map may share what is damaged.
  EXPECT_EQ(runs.Base(), "other");
  runs.Of("b").deleted = true;
  EXPECT_EQ(runs.Base(), "other");
}

TEST(DecideBase, ADamagedTreeAloneMeansAFullBackup) {
  Runs runs;
  runs.Backup("a");
  runs.Backup("b", "a");
  runs.Verify("a", "Full", "Damaged");
  EXPECT_EQ(runs.Base(), "none");
  runs.Backup("full");
  EXPECT_EQ(runs.Base(), "full");
}

TEST(DecideBase, AMapOfADamagedBackupIsNone) {
  Runs runs;
  runs.Backup("a");
  runs.Restore("r", "a");
  runs.Verify("a", "Full", "Damaged");
  EXPECT_EQ(runs.Base(), "none");
}

TEST(DecideBase, OnlyALaterFullVerificationClears) {
  Runs runs;
  runs.Backup("a");
  runs.Backup("b", "a");
  runs.Verify("b", "Full", "Passed");
  runs.Verify("a", "Full", "Damaged");
  EXPECT_EQ(runs.Base(), "none");
  runs.Verify("b", "Sample", "Passed");
  EXPECT_EQ(runs.Base(), "none");
  runs.Verify("b", "Full", "Passed");
  EXPECT_EQ(runs.Base(), "b");
  // Mended and read whole again: nothing is damaged any more.
  runs.Verify("a", "Full", "Passed");
  runs.Backup("c", "b");
  EXPECT_EQ(runs.Base(), "c");
}

}  // namespace
}  // namespace lc2::control
