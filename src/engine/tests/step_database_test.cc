// The database step with a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/backup.h"
#include "engine/tests/portal_database.h"
#include "engine/tests/world.h"

namespace lc2::engine {
namespace {

using ::testing::HasSubstr;

class DatabaseStep : public ::testing::Test, public MemoryWorld {
 protected:
  void SetUp() override {
    LC2_NEEDS_POSTGRES();
    portal_ = std::make_unique<PortalDatabase>(*testing::PrivatePostgres::Shared());
    portal_->AddFile(20123, "4301", "1.0", 13);
    Put("20097/20123/4301/1.0", "first version");
    Settle();
    provider.secret = portal_->Secret();
    site.environment.spec.database.name = portal_->name();
    site.environment.spec.database.instance_id = "retail-prd-db";
    site.environment.spec.database.connection_secret.name = "db";
    site.database = api::BackupType::kDump;
  }
  std::unique_ptr<PortalDatabase> portal_;
};

TEST_F(DatabaseStep, LeavesADumpWhoseDamageIsFound) {
  const auto backup = site.BackUp(kFirstBackup);
  ASSERT_TRUE(IsOk(backup));
  const vault::DatabaseFacts& facts = backup->manifest.database;
  EXPECT_EQ(facts.type, "dump");
  EXPECT_EQ(facts.instance_id, "retail-prd-db");
  EXPECT_EQ(facts.references->count, 1);
  EXPECT_GT(facts.size_bytes.value_or(0), 0);
  ASSERT_TRUE(facts.dump && facts.dump->index);
  EXPECT_THAT(facts.dump->path, HasSubstr("/database/a1/" + portal_->name() + ".dump.zst"));

  const auto named = [&](api::VerifyLevel level) {
    const auto report = site.Verify(backup->manifest, level);
    EXPECT_TRUE(IsOk(report));
    return report->damages.empty() ? "nothing" : report->damages.front().path;
  };
  for (const std::string& path : {facts.dump->path, facts.dump->index->path}) {
    const bool is_index = path == facts.dump->index->path;
    const std::string sound = vault->Get(ctx, path).value();
    Flip(path);
    EXPECT_EQ(named(api::VerifyLevel::kFull), path);
    EXPECT_EQ(named(api::VerifyLevel::kSample), path);
    // Only its size is looked at here; the index is read whole at every level.
    EXPECT_EQ(named(api::VerifyLevel::kExists), is_index ? path : "nothing");
    Replace(path, sound);
  }
  EXPECT_EQ(named(api::VerifyLevel::kFull), "nothing");
}

TEST_F(DatabaseStep, NamesTheDumpWithoutWhatAPathWouldRead) {
  testing::PrivatePostgres::Shared()->Psql(
      "postgres", "create database \"../od/d\" template \"" + portal_->name() + "\"");
  site.environment.spec.database.name = "../od/d";
  const auto backup = site.BackUp(kFirstBackup);
  ASSERT_TRUE(IsOk(backup));
  EXPECT_THAT(backup->manifest.database.dump->path, HasSubstr("/database/a1/_._od_d.dump.zst"));
}

TEST_F(DatabaseStep, NeverTakesOverADumpThatIsNotFinished) {
  const vault::StartedRun started = site.Open(kFirstBackup);
  // The dump lies there, but nobody said that it is whole.
  vault->Plan({.operation = "put", .key_part = "steps/database.json"});
  const BackupRun first = site.NextAttempt(started);
  EXPECT_EQ(CodeOf(site.Attempt(first)), "store.planned_fault");
  EXPECT_EQ(CodeOf(site.Check(first)), "candidate.absent");
  vault->Plan({.operation = "put", .key_part = ".dump.zst"});
  const BackupRun second = site.NextAttempt(started);
  EXPECT_FALSE(site.Attempt(second).has_value());
  EXPECT_EQ(CodeOf(site.Check(second)), "candidate.absent");

  clock.Advance(std::chrono::minutes(5));
  const BackupRun third = site.NextAttempt(started);
  ASSERT_TRUE(IsOk(site.Attempt(third)));
  const auto backup = site.Commit(third);
  ASSERT_TRUE(IsOk(backup));
  EXPECT_THAT(backup->manifest.database.dump->path, HasSubstr("/database/a3/"));
  EXPECT_EQ(backup->manifest.consistency.window,
            vault::MakeWindow(clock.Now() - std::chrono::seconds(2),
                              clock.Now() + std::chrono::seconds(2)));
}

TEST_F(DatabaseStep, FailsForADatabaseThatIsNoPortals) {
  portal_->Run("drop table image");
  EXPECT_EQ(CodeOf(site.BackUp(kFirstBackup)), "database.not_liferay");
  portal_->Drop();
  EXPECT_EQ(site.BackUp(kSecondBackup).error().kind, ErrorKind::kNotFound);
}

}  // namespace
}  // namespace lc2::engine
