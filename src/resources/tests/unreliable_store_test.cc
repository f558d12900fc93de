#include "resources/unreliable_store.h"

#include <gtest/gtest.h>

#include "api/tests/samples.h"
#include "base/file.h"
#include "resources/embedded_store.h"
#include "testing/fake_clock.h"

namespace lc2 {
namespace {

using namespace std::chrono_literals;

using testing::TestContext;

class UnreliableStoreTest : public ::testing::Test {
 protected:
  api::BackupRequest Create(ResourceStore& store, const std::string& name) {
    return CreateAs(ctx_, store, api::testing::SampleBackup(name)).value();
  }
  Result<api::BackupRequest> Get(ResourceStore& store, const std::string& name) {
    return GetAs<api::BackupRequest>(ctx_, store, "proj-retail-prd", name);
  }

  const Context ctx_ = TestContext();
  const TemporaryFolder folder_ = TemporaryFolder::Create("lc2-store").value();
  SystemRandom random_;
  const std::unique_ptr<ResourceStore> inner_ =
      OpenEmbeddedStore(ctx_, folder_.path() / "store.db", random_).value();
};

TEST_F(UnreliableStoreTest, AReadMayMissTheLastWriteTwiceAtMost) {
  const auto store = MakeUnreliable(*inner_, 1, {.stale_reads = 100, .conflicts = 0, .resets = 0});
  api::BackupRequest request = Create(*store, "a");
  EXPECT_EQ(Get(*store, "a").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(ListAs<api::BackupRequest>(ctx_, *store)->size(), 0U);
  EXPECT_EQ(Get(*store, "a").value(), request);

  request.spec.cancel = true;
  request = UpdateAs(ctx_, *store, request).value();
  const api::BackupRequest stale = Get(*store, "a").value();
  EXPECT_FALSE(stale.spec.cancel);
  EXPECT_EQ(UpdateAs(ctx_, *store, stale).error().kind, ErrorKind::kConflict);

  ASSERT_TRUE(store->Delete(ctx_, {"BackupRequest", "proj-retail-prd", "a"}, {}).has_value());
  EXPECT_EQ(ListAs<api::BackupRequest>(ctx_, *store, "proj-retail-prd")->size(), 1U);
  EXPECT_TRUE(Get(*store, "a").has_value());
  EXPECT_FALSE(Get(*store, "a").has_value());
  EXPECT_EQ(ListAs<api::BackupRequest>(ctx_, *store)->size(), 0U);
}

TEST_F(UnreliableStoreTest, WritesConflict) {
  const auto store = MakeUnreliable(*inner_, 1, {.stale_reads = 0, .conflicts = 100, .resets = 0});
  const api::BackupRequest request = Create(*store, "a");
  EXPECT_EQ(UpdateAs(ctx_, *store, request).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(UpdateStatusAs(ctx_, *store, request).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(UpdateFinalizersAs(ctx_, *store, request).error().kind, ErrorKind::kConflict);
  const ResourceRef ref{"BackupRequest", "proj-retail-prd", "a"};
  EXPECT_EQ(store->Delete(ctx_, ref, {.uid = request.metadata.uid}).error().kind,
            ErrorKind::kConflict);
  EXPECT_TRUE(store->Delete(ctx_, ref, {}).has_value());
}

TEST_F(UnreliableStoreTest, WatchesStartAnew) {
  const auto store = MakeUnreliable(*inner_, 1, {.stale_reads = 0, .conflicts = 0, .resets = 100});
  Create(*store, "a");
  auto watch = store->Watch(ctx_, {"BackupRequest", "", {}}).value();
  std::vector<WatchEventType> types;
  for (int i = 0; i < 5; ++i) types.push_back(watch->Next(ctx_, 10s).value()->type);
  using enum WatchEventType;
  EXPECT_EQ(types, (std::vector<WatchEventType>{kPut, kSynced, kReset, kPut, kSynced}));
}

TEST_F(UnreliableStoreTest, WhoeverRetriesGetsOn) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto store = MakeUnreliable(*inner_, seed, {.stale_reads = 60, .conflicts = 60});
    const std::string name = "r" + std::to_string(seed);
    Create(*store, name);
    int tries = 0;
    for (int done = 0; done < 5;) {
      ASSERT_LT(++tries, 1000) << "seed " << seed;
      auto request = Get(*store, name);
      if (!request.has_value()) continue;
      ++request->spec.retention_days;
      if (UpdateAs(ctx_, *store, *request).has_value()) ++done;
    }
    EXPECT_EQ(Get(*inner_, name)->spec.retention_days, 35) << "seed " << seed;
  }
}

TEST_F(UnreliableStoreTest, ApplyGetsOnToo) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto store = MakeUnreliable(*inner_, seed);
    api::BackupRequest request = api::testing::SampleBackup("r" + std::to_string(seed));
    for (const std::int64_t days : {30, 40, 50}) {
      request.spec.retention_days = days;
      ASSERT_TRUE(Apply(ctx_, *store, api::EncodeResource(request)).has_value()) << seed;
    }
    EXPECT_EQ(Get(*inner_, request.metadata.name)->spec.retention_days, 50) << seed;
  }
}

TEST_F(UnreliableStoreTest, EqualSeedsMisbehaveEqually) {
  const auto trace = [&](const std::string& name) {
    const auto store = MakeUnreliable(*inner_, 7);
    Create(*store, name);
    std::string text;
    for (int i = 0; i < 30; ++i) {
      auto request = Get(*store, name);
      text += request.has_value() ? 'r' : '-';
      if (!request.has_value()) continue;
      ++request->spec.retention_days;
      text += UpdateAs(ctx_, *store, *request).has_value() ? 'w' : 'c';
    }
    return text;
  };
  EXPECT_EQ(trace("a"), trace("b"));
}

}  // namespace
}  // namespace lc2
