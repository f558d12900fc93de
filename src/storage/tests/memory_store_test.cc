#include <gtest/gtest.h>

#include "storage/stores.h"
#include "testing/fake_clock.h"

namespace lc2 {
namespace {

using Effect = Fault::Effect;

class MemoryStoreTest : public ::testing::Test {
 protected:
  void Write(const std::string& key, const std::string& body = "0123456789") {
    ASSERT_TRUE(store_->Put(ctx_, {.key = key, .body = body}).has_value());
  }
  testing::FakeClock clock_;
  Context ctx_ = testing::TestContext();
  std::unique_ptr<MemoryStore> store_ = MakeMemoryStore(clock_);
};

TEST_F(MemoryStoreTest, AFaultBeforeHasNoEffectAndOneAfterHas) {
  store_->Plan({.operation = "put", .key_part = "log/", .effect = Effect::kFailBefore});
  store_->Plan({.operation = "put", .effect = Effect::kFailAfter, .kind = ErrorKind::kTimeout});
  const auto before = store_->Put(ctx_, {.key = "log/1", .body = "x"});
  EXPECT_EQ(before.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(before.error().code, "store.planned_fault");
  EXPECT_EQ(store_->Head(ctx_, "log/1").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(store_->Put(ctx_, {.key = "log/1", .body = "x"}).error().kind, ErrorKind::kTimeout);
  EXPECT_TRUE(store_->Head(ctx_, "log/1").has_value());
  EXPECT_TRUE(store_->Put(ctx_, {.key = "log/1", .body = "x"}).has_value());
}

TEST_F(MemoryStoreTest, FaultsSkipAndCount) {
  Write("k");
  store_->Plan({.operation = "head", .skip = 2, .times = 2});
  std::string outcome;
  for (int i = 0; i < 6; ++i) outcome += store_->Head(ctx_, "k").has_value() ? '+' : '-';
  EXPECT_EQ(outcome, "++--++");
}

TEST_F(MemoryStoreTest, DamageReachesGetsAndReaders) {
  Write("k");
  store_->Plan({.operation = "get", .times = 2, .effect = Effect::kFlipBit});
  EXPECT_EQ(store_->Get(ctx_, "k").value(), "0123446789");
  auto reader = store_->OpenReader(ctx_, "k").value();
  EXPECT_EQ(ReadAll(*reader, 100).value(), "0123446789");
  store_->Plan({.operation = "get", .effect = Effect::kTruncate});
  EXPECT_EQ(store_->Get(ctx_, "k").value(), "01234");
  EXPECT_EQ(store_->Get(ctx_, "k").value(), "0123456789");
}

TEST_F(MemoryStoreTest, WritersMeetThePutFaults) {
  store_->Plan({.operation = "put"});
  auto writer = store_->OpenWriter(ctx_, "k").value();
  ASSERT_TRUE(writer->Write("x").has_value());
  EXPECT_EQ(writer->Finish().error().code, "store.planned_fault");
  EXPECT_EQ(store_->Head(ctx_, "k").error().kind, ErrorKind::kNotFound);
}

TEST_F(MemoryStoreTest, ListsFailAtTheStartOrHalfWay) {
  for (int i = 0; i < 10; ++i) Write("k" + std::to_string(i));
  store_->Plan({.operation = "list", .key_part = "k"});
  EXPECT_EQ(store_->List(ctx_, {.prefix = "k"}).error().code, "store.planned_fault");
  store_->Plan({.operation = "list", .effect = Effect::kFailAfter});
  auto reader = store_->List(ctx_, {}).value();
  EXPECT_EQ(reader->Read().value().size(), 5u);
  EXPECT_EQ(reader->Read().error().code, "store.planned_fault");
}

TEST_F(MemoryStoreTest, APowerCutForgetsWhatNoBarrierCovered) {
  const auto put = [&](const std::string& key) {
    return store_->Put(ctx_, {.key = key, .body = "x", .durability = Durability::kAtBarrier});
  };
  ASSERT_TRUE(put("a").has_value());
  EXPECT_EQ(store_->Head(ctx_, "a").error().kind, ErrorKind::kNotFound);
  ASSERT_TRUE(store_->Barrier(ctx_).has_value());
  ASSERT_TRUE(put("b").has_value());
  store_->DropUnbarriered();
  ASSERT_TRUE(store_->Barrier(ctx_).has_value());
  EXPECT_TRUE(store_->Head(ctx_, "a").has_value());
  EXPECT_EQ(store_->Head(ctx_, "b").error().kind, ErrorKind::kNotFound);

  ASSERT_TRUE(put("c").has_value());
  store_->Plan({.operation = "barrier"});
  EXPECT_FALSE(store_->Barrier(ctx_).has_value());
  EXPECT_EQ(store_->Head(ctx_, "c").error().kind, ErrorKind::kNotFound);
  store_->Plan({.operation = "barrier", .effect = Effect::kFailAfter});
  EXPECT_FALSE(store_->Barrier(ctx_).has_value());
  EXPECT_TRUE(store_->Head(ctx_, "c").has_value());
}

TEST_F(MemoryStoreTest, RemembersWhatWasDone) {
  Write("a/b");
  (void)store_->Get(ctx_, "a/b");
  (void)store_->List(ctx_, {.prefix = "a/"});
  (void)store_->Barrier(ctx_);
  (void)store_->Delete(ctx_, "a/b");
  EXPECT_EQ(store_->history(),
            (std::vector<std::string>{"put a/b", "get a/b", "list a/", "barrier", "delete a/b"}));
}

TEST_F(MemoryStoreTest, OldVersionsStayUntilTheyAreNamed) {
  auto store = MakeMemoryStore(clock_, {.versions = true, .create_only = false});
  EXPECT_TRUE(store->features().versions);
  EXPECT_FALSE(store->features().create_only);
  const std::string first = store->Put(ctx_, {.key = "k", .body = "one"}).value().version;
  const std::string second = store->Put(ctx_, {.key = "k", .body = "two"}).value().version;
  EXPECT_NE(first, second);
  auto reader = store->OpenReader(ctx_, "k", {}, first).value();
  EXPECT_EQ(ReadAll(*reader, 10).value(), "one");
  EXPECT_EQ(store->Get(ctx_, "k").value(), "two");
  EXPECT_EQ(store->List(ctx_, {}).value()->Read().value().at(0).source_version_id, second);
  EXPECT_EQ(store->OpenReader(ctx_, "k", {}, "v99").error().kind, ErrorKind::kNotFound);

  EXPECT_EQ(store->Delete(ctx_, "k").error().code, "store.unsupported");
  ASSERT_TRUE(store->Delete(ctx_, "k", second).has_value());
  EXPECT_EQ(store->Get(ctx_, "k").value(), "one");
  ASSERT_TRUE(store->Delete(ctx_, "k", first).has_value());
  EXPECT_EQ(store->Head(ctx_, "k").error().kind, ErrorKind::kNotFound);
}

TEST_F(MemoryStoreTest, TimesComeFromTheGivenClock) {
  Write("k");
  EXPECT_EQ(store_->Head(ctx_, "k").value().last_modified, clock_.Now());
  EXPECT_EQ(store_->Now(ctx_).value(), clock_.Now());
}

}  // namespace
}  // namespace lc2
