#include "engine/facts.h"

#include <gtest/gtest.h>

#include "engine/tests/fake_provider.h"
#include "storage/stores.h"
#include "testing/fake_clock.h"

namespace lc2::engine {
namespace {

TEST(Facts, OfADumpGoIntoTheManifestAndBack) {
  database::DumpFacts dump{.path = "retail/prd/x/database/a1/lportal.dump.zst",
                           .format = database::kFormatCustomZstd,
                           .tool = "pg_dump 16.11",
                           .size_bytes = 7,
                           .raw_bytes = 70,
                           .sha256 = std::string(64, 'a'),
                           .index_path = "retail/prd/x/database/a1/lportal.dump.zst.index.json",
                           .index_sha256 = std::string(64, 'b')};
  const vault::DumpFacts stored = ToManifest(dump);
  ASSERT_TRUE(stored.index.has_value());
  EXPECT_EQ(stored.index->path, dump.index_path);
  EXPECT_EQ(stored.raw_bytes, 70);
  const database::DumpFacts back = FromManifest(stored);
  EXPECT_EQ(back.path, dump.path);
  EXPECT_EQ(back.format, dump.format);
  EXPECT_EQ(back.tool, dump.tool);
  EXPECT_EQ(back.size_bytes, dump.size_bytes);
  EXPECT_EQ(back.raw_bytes, dump.raw_bytes);
  EXPECT_EQ(back.sha256, dump.sha256);
  EXPECT_EQ(back.index_path, dump.index_path);
  EXPECT_EQ(back.index_sha256, dump.index_sha256);

  dump.index_path.clear();
  EXPECT_FALSE(ToManifest(dump).index.has_value());
  EXPECT_EQ(FromManifest(vault::DumpFacts{}).raw_bytes, 0);  // an import may not know
}

TEST(Facts, OfTheDatabaseComeFromEnvironmentAndSecret) {
  const testing::FakeClock clock;
  const auto store = MakeMemoryStore(clock);
  FakeProvider provider(*store, *store);
  provider.secret = {
      {"host", Secret("db.example")}, {"username", Secret("liferay")}, {"password", Secret("x")}};
  api::LiferayEnvironment environment;
  environment.spec.database.name = "portal";
  const auto target = ResolveDatabase(provider, environment);
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->name, "portal");
  EXPECT_EQ(target->host, "db.example");
  EXPECT_EQ(target->engine, database::Engine::kPostgres);
  environment.spec.database.engine = api::DatabaseEngine::kMysql;
  const auto other = ResolveDatabase(provider, environment);
  EXPECT_TRUE(!other.has_value() || other->engine == database::Engine::kMysql);
}

}  // namespace
}  // namespace lc2::engine
