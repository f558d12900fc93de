#include "library/restore_copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "library/tests/hooked_store.h"
#include "library/tests/streams.h"
#include "storage/stores.h"
#include "testing/fake_clock.h"

namespace lc2::library {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class RestoreLibraryTest : public ::testing::Test {
 protected:
  struct Outcome {
    Result<RestoreSummary> summary = RestoreSummary{};
    std::vector<Entry> map;
    CollectedFindings findings;
    std::vector<std::string> batches;
  };

  void BackUp(const std::string& key, const std::string& body) {
    const std::string hash = Sha256Hex(body);
    Entry entry{.key = key,
                .size = static_cast<std::int64_t>(body.size()),
                .checksum = Checksum{.alg = "sha256", .value = hash, .by = "lc2"},
                .path = "pool/" + hash};
    ASSERT_TRUE(vault_->Put(ctx_, {.key = entry.path, .body = body}).has_value());
    backup_[key] = entry;
  }
  void InTarget(const std::string& key, const std::string& body) {
    ASSERT_TRUE(memory_->Put(ctx_, {.key = key, .body = body}).has_value());
  }
  std::string Target(const std::string& key) {
    return memory_->Get(ctx_, key).value_or(std::string("(absent)"));
  }

  Outcome Run() {
    std::vector<Entry> entries;
    for (const auto& item : backup_) entries.push_back(item.second);
    BatchedReader<Entry> backup(entries, 3);
    const auto listing = target_.List(ctx_, {}).value();
    RestoreJoin join(backup, listing.get(), scope_);
    Outcome outcome;
    CollectedEntries map;
    outcome.summary = RestoreLibrary(ctx_, join, *vault_, target_,
                                     {.map = &map,
                                      .findings = &outcome.findings,
                                      .on_batch = [&](const std::string& last_key) -> Result<void> {
                                        outcome.batches.push_back(last_key);
                                        return {};
                                      }},
                                     options_);
    outcome.map = std::move(map.items);
    return outcome;
  }

  testing::FakeClock clock_;
  Context ctx_{clock_};
  std::unique_ptr<MemoryStore> vault_ = MakeMemoryStore(clock_);
  std::unique_ptr<MemoryStore> memory_ = MakeMemoryStore(clock_);
  HookedStore target_{*memory_};
  std::map<std::string, Entry> backup_;
  RestoreScope scope_;
  RestoreOptions options_;
};

TEST_F(RestoreLibraryTest, WritesReplacesAndLeaves) {
  BackUp("a", "alpha");
  BackUp("b", "beta");
  BackUp("c", "gamma");
  BackUp("d", "delta");
  InTarget("b", "longer than beta");
  InTarget("c", "gamma");
  InTarget("d", "DELTA");
  InTarget("x", "extra");
  const Outcome outcome = Run();
  ASSERT_TRUE(outcome.summary.has_value()) << Describe(outcome.summary.error());
  EXPECT_EQ(outcome.summary->written, (ObjectCount{.objects = 3, .bytes = 14}));
  EXPECT_EQ(outcome.summary->left, (ObjectCount{.objects = 1, .bytes = 5}));
  EXPECT_EQ(outcome.summary->kept.objects, 1);
  EXPECT_EQ(outcome.summary->removed.objects, 0);
  memory_->DropUnbarriered();
  EXPECT_EQ(Target("a"), "alpha");
  EXPECT_EQ(Target("b"), "beta");
  EXPECT_EQ(Target("c"), "gamma");
  EXPECT_EQ(Target("d"), "delta");
  EXPECT_EQ(Target("x"), "extra");
  EXPECT_TRUE(JudgeRestore(*outcome.summary).has_value());
  EXPECT_THAT(outcome.batches, ElementsAre("d"));
}

TEST_F(RestoreLibraryTest, TheMapIsABaseThatCarriesEverything) {
  BackUp("a", "alpha");
  BackUp("b", "beta");
  InTarget("b", "beta");
  const Outcome outcome = Run();
  ASSERT_EQ(outcome.map.size(), 2U);
  const auto listing = target_.List(ctx_, {}).value();
  VectorReader<Entry> base(outcome.map);
  LibraryJoin join(nullptr, listing.get(), &base, {.certain_before = Time::max()});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(join.Next().value()->decision.action, CopyAction::kCarry) << join.key();
  }
  EXPECT_EQ(outcome.map[0].path, backup_["a"].path);
  EXPECT_EQ(outcome.map[0].checksum, backup_["a"].checksum);
}

TEST_F(RestoreLibraryTest, RemovesExtraKeysOnRequestWithinTheFilter) {
  BackUp("1/a", "alpha");
  InTarget("1/extra", "x");
  InTarget("2/other", "y");
  InTarget("README.txt", "z");
  scope_ = {.filter = KeyFilter::Make({"1/", "README.txt"}, {}).value(),
            .extra_keys = ExtraKeys::kRemove};
  const Outcome outcome = Run();
  ASSERT_TRUE(outcome.summary.has_value());
  EXPECT_EQ(outcome.summary->removed.objects, 1);
  EXPECT_EQ(Target("1/extra"), "(absent)");
  EXPECT_EQ(Target("2/other"), "y");
  EXPECT_EQ(Target("README.txt"), "z");
}

TEST_F(RestoreLibraryTest, DamagedObjectsNeverReachTheTarget) {
  for (const std::int64_t whole_limit : {100, 1}) {
    options_.whole_limit = whole_limit;
    BackUp("a", "alpha");
    BackUp("b", "beta");
    BackUp("c", "gamma");
    InTarget("a", "the old a");
    ASSERT_TRUE(vault_->Put(ctx_, {.key = backup_["a"].path, .body = "alphX"}).has_value());
    ASSERT_TRUE(vault_->Delete(ctx_, backup_["b"].path).has_value());
    const Outcome outcome = Run();
    ASSERT_TRUE(outcome.summary.has_value());
    EXPECT_EQ(outcome.summary->damaged, 2);
    EXPECT_THAT(outcome.findings.Keys(FindingKind::kDamaged), ElementsAre("a"));
    EXPECT_THAT(outcome.findings.Keys(FindingKind::kLostInBackup), ElementsAre("b"));
    EXPECT_EQ(Target("a"), "the old a");
    EXPECT_EQ(Target("b"), "(absent)");
    EXPECT_EQ(Target("c"), "gamma");
    ASSERT_EQ(outcome.map.size(), 1U);
    const Result<void> judged = JudgeRestore(*outcome.summary);
    EXPECT_EQ(judged.error().code, "restore.damaged");
    EXPECT_THAT(judged.error().message, HasSubstr("2 objects"));
    EXPECT_THAT(judged.error().message, HasSubstr("'a', 'b'"));
  }
}

TEST_F(RestoreLibraryTest, StreamsLargeObjects) {
  options_.whole_limit = 3;
  BackUp("a", std::string(300'000, 'x') + "end");
  const Outcome outcome = Run();
  ASSERT_TRUE(outcome.summary.has_value());
  EXPECT_EQ(Sha256Hex(Target("a")), backup_["a"].checksum->value);
}

TEST_F(RestoreLibraryTest, WorksInBatches) {
  options_.batch_objects = 4;
  for (int i = 0; i < 10; ++i) BackUp("k" + std::to_string(i), "body" + std::to_string(i));
  const Outcome first = Run();
  EXPECT_THAT(first.batches, ElementsAre("k3", "k7", "k9"));
  const Outcome again = Run();
  EXPECT_EQ(again.summary->left.objects, 10);
  EXPECT_EQ(again.map, first.map);

  options_.batch_objects = 1'000;
  options_.batch_bytes = 10;
  ASSERT_TRUE(memory_->Delete(ctx_, "k0").has_value());
  ASSERT_TRUE(memory_->Delete(ctx_, "k1").has_value());
  EXPECT_THAT(Run().batches, ElementsAre("k1", "k9"));
}

TEST_F(RestoreLibraryTest, NoticesWhenWrittenObjectsAreNotThere) {
  BackUp("a", "alpha");
  target_.before_barrier = [&]() -> Result<void> {
    memory_->DropUnbarriered();
    return {};
  };
  const Outcome outcome = Run();
  EXPECT_EQ(outcome.summary.error().code, "restore.not_durable");
  EXPECT_THAT(outcome.map, IsEmpty());

  target_.before_barrier = nullptr;
  target_.after_barrier = [&] { InTarget("a", "of another size"); };
  EXPECT_THAT(Run().summary.error().message, HasSubstr("has another size now"));
}

TEST_F(RestoreLibraryTest, StopsAtFaultsOfTheStores) {
  BackUp("a", "alpha");
  vault_->Plan({.operation = "get"});
  EXPECT_EQ(Run().summary.error().kind, ErrorKind::kUnavailable);
  memory_->Plan({.operation = "put"});
  EXPECT_EQ(Run().summary.error().kind, ErrorKind::kUnavailable);
  target_.before_barrier = []() -> Result<void> {
    return Error{.kind = ErrorKind::kUnavailable, .code = "test.barrier"};
  };
  EXPECT_EQ(Run().summary.error().code, "test.barrier");
  target_.before_barrier = nullptr;

  InTarget("a", "alphX");
  memory_->Plan({.operation = "get"});  // comparing
  EXPECT_EQ(Run().summary.error().kind, ErrorKind::kUnavailable);

  InTarget("b", "extra");
  scope_.extra_keys = ExtraKeys::kRemove;
  memory_->Plan({.operation = "delete"});
  EXPECT_EQ(Run().summary.error().kind, ErrorKind::kUnavailable);

  backup_["a"].checksum->alg = "crc64nvme";
  EXPECT_EQ(Run().summary.error().code, "library.checksum_unsupported");
  backup_["a"].checksum.reset();
  EXPECT_EQ(Run().summary.error().code, "library.checksum_unsupported");

  std::stop_source stop;
  stop.request_stop();
  ctx_ = ctx_.WithStop(stop.get_token());
  VectorReader<Entry> backup({});
  RestoreJoin join(backup, nullptr, {});
  EXPECT_EQ(RestoreLibrary(ctx_, join, *vault_, target_).error().kind, ErrorKind::kCancelled);
}

TEST_F(RestoreLibraryTest, ATargetObjectThatVanishesIsWritten) {
  BackUp("a", "alpha");
  InTarget("a", "alpha");
  target_.before_open = [&](const std::string& key, int) -> Result<void> {
    (void)memory_->Delete(ctx_, key);
    return {};
  };
  const Outcome outcome = Run();
  EXPECT_EQ(outcome.summary->written.objects, 1);
  EXPECT_EQ(Target("a"), "alpha");
}

}  // namespace
}  // namespace lc2::library
