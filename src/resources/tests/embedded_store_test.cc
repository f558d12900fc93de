#include "resources/embedded_store.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/file.h"
#include "resources/tests/store_conformance.h"
#include "sql/sqlite.h"

namespace lc2 {
namespace {

using namespace std::chrono_literals;

using testing::StoreCase;
using testing::StoreConformance;
using testing::StoreFixture;
using testing::TestContext;

class EmbeddedFixture final : public StoreFixture {
 public:
  explicit EmbeddedFixture(const EmbeddedStoreOptions& options = {.poll = 1ms})
      : folder_(TemporaryFolder::Create("lc2-store").value()), options_(options), store_(Open()) {}
  ResourceStore& store() override { return *store_; }
  // One more on the same file, as in another process.
  std::unique_ptr<ResourceStore> Open() {
    return OpenEmbeddedStore(TestContext(), file(), random_, options_).value();
  }
  std::filesystem::path file() const { return folder_.path() / "store.db"; }

 private:
  TemporaryFolder folder_;
  const EmbeddedStoreOptions options_;
  SystemRandom random_;
  std::unique_ptr<ResourceStore> store_;
};

}  // namespace

namespace testing {
INSTANTIATE_TEST_SUITE_P(Embedded, StoreConformance,
                         ::testing::Values(StoreCase{
                             "Sqlite", [] { return std::make_unique<EmbeddedFixture>(); }}),
                         CaseName);
}  // namespace testing

namespace {

api::BackupRequest Create(ResourceStore& store, const std::string& name) {
  return CreateAs(TestContext(), store, api::testing::SampleBackup(name)).value();
}

TEST(EmbeddedStore, OutlivesItsProcess) {
  EmbeddedFixture fixture;
  const api::BackupRequest made = Create(fixture.store(), "a");
  EXPECT_EQ(
      GetAs<api::BackupRequest>(TestContext(), *fixture.Open(), "proj-retail-prd", "a").value(),
      made);
}

TEST(EmbeddedStore, TwoProcessesDoNotLoseEachOthersWrites) {
  EmbeddedFixture fixture;
  Create(fixture.store(), "a");
  constexpr int kEach = 25;
  const auto raise = [](ResourceStore& store) {
    for (int done = 0; done < kEach;) {
      auto request =
          GetAs<api::BackupRequest>(TestContext(), store, "proj-retail-prd", "a").value();
      ++request.spec.retention_days;
      const auto written = UpdateAs(TestContext(), store, request);
      if (written.has_value()) {
        ++done;
      } else {
        ASSERT_EQ(written.error().kind, ErrorKind::kConflict);
      }
    }
  };
  const std::unique_ptr<ResourceStore> other = fixture.Open();
  {
    const std::jthread first([&] { raise(fixture.store()); });
    const std::jthread second([&] { raise(*other); });
  }
  const auto request =
      GetAs<api::BackupRequest>(TestContext(), fixture.store(), "proj-retail-prd", "a").value();
  EXPECT_EQ(request.spec.retention_days, 30 + 2 * kEach);
  EXPECT_EQ(request.metadata.generation, 1 + 2 * kEach);
}

TEST(EmbeddedStore, AWatchSeesWhatAnotherProcessWrites) {
  EmbeddedFixture fixture;
  const std::unique_ptr<ResourceStore> other = fixture.Open();
  auto watch = fixture.store().Watch(TestContext(), {"br", "", {}}).value();
  EXPECT_EQ(watch->Next(TestContext(), 10s).value()->type, WatchEventType::kSynced);
  Create(*other, "a");
  const auto event = watch->Next(TestContext(), 10s).value();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(RefOf(event->object).name, "a");
}

TEST(EmbeddedStore, AWaitingWatchIsWokenByAWrite) {
  EmbeddedFixture fixture({.poll = 60s});  // too long to be what finds it
  auto watch = fixture.store().Watch(TestContext(), {"BackupRequest", "", {}}).value();
  EXPECT_EQ(watch->Next(TestContext(), 10s).value()->type, WatchEventType::kSynced);
  const std::jthread writer([&] { Create(fixture.store(), "a"); });
  const auto event = watch->Next(TestContext(), 30s).value();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(RefOf(event->object).name, "a");
}

TEST(EmbeddedStore, AWatchThatFellBehindStartsAnew) {
  EmbeddedFixture fixture({.history = 10, .poll = 1ms});
  auto watch = fixture.store().Watch(TestContext(), {"BackupRequest", "", {}}).value();
  EXPECT_EQ(watch->Next(TestContext(), 10s).value()->type, WatchEventType::kSynced);
  api::BackupRequest request = Create(fixture.store(), "a");
  for (int i = 0; i < 140; ++i) {
    ++request.spec.retention_days;
    request = UpdateAs(TestContext(), fixture.store(), request).value();
  }
  EXPECT_EQ(watch->Next(TestContext(), 10s).value()->type, WatchEventType::kReset);
  const auto event = watch->Next(TestContext(), 10s).value();
  ASSERT_EQ(event->type, WatchEventType::kPut);
  EXPECT_EQ(api::DecodeResource<api::BackupRequest>(event->object)->spec.retention_days, 170);
  EXPECT_EQ(watch->Next(TestContext(), 10s).value()->type, WatchEventType::kSynced);
}

TEST(EmbeddedStore, ManyChangesAtOnceAreAllSeen) {
  EmbeddedFixture fixture({.poll = 1ms});
  auto watch = fixture.store().Watch(TestContext(), {"BackupRequest", "", {}}).value();
  EXPECT_EQ(watch->Next(TestContext(), 10s).value()->type, WatchEventType::kSynced);
  const auto connection = sql::OpenSqlite(TestContext(), fixture.file()).value();
  const api::BackupRequest first = Create(fixture.store(), "a");
  // 1,500 objects in one transaction, as the store writes them.
  ASSERT_TRUE(connection
                  ->ExecuteScript(TestContext(), R"(
begin;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 1500)
insert into changes (kind, namespace, name)
  select 'BackupRequest', 'proj-retail-prd', 'n' || i from n;
insert into resources
  select c.kind, c.namespace, c.name, c.version, json_set(r.object, '$.metadata.name', c.name)
  from changes c, resources r where c.version > 1 and r.name = 'a';
commit;
)")
                  .has_value());
  int seen = 0;
  while (seen < 1501) {
    const auto event = watch->Next(TestContext(), 10s);
    ASSERT_TRUE(event.has_value() && event->has_value()) << seen;
    ASSERT_EQ((*event)->type, WatchEventType::kPut);
    ++seen;
  }
}

TEST(EmbeddedStore, AnObjectThatCannotBeReadIsCorrupt) {
  EmbeddedFixture fixture;
  Create(fixture.store(), "a");
  const auto connection = sql::OpenSqlite(TestContext(), fixture.file()).value();
  ASSERT_TRUE(connection->Execute(TestContext(), "update resources set object = '{'").has_value());
  const auto got = fixture.store().Get(TestContext(), {"BackupRequest", "proj-retail-prd", "a"});
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(got.error().code, "resource.store_corrupt");
  EXPECT_FALSE(fixture.store().List(TestContext(), {"BackupRequest", "", {}}).has_value());
}

TEST(EmbeddedStore, AFileThatIsNoStoreIsRefused) {
  const TemporaryFolder folder = TemporaryFolder::Create("lc2-store").value();
  const std::filesystem::path file = folder.path() / "store.db";
  ASSERT_TRUE(WriteFileAtomically(file, "not a database, not a database").has_value());
  SystemRandom random;
  EXPECT_FALSE(OpenEmbeddedStore(TestContext(), file, random).has_value());
}

}  // namespace
}  // namespace lc2
