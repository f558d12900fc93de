#include "library/copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "library/tests/hooked_store.h"
#include "library/tests/streams.h"
#include "storage/stores.h"
#include "testing/fake_clock.h"

namespace lc2::library {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Bars final : public ProgressSink {
 public:
  void Report(const Progress& progress) override { last = progress; }
  Progress last;
};

// A library in memory, rows that refer to it, and a vault.
class CopyLibraryTest : public ::testing::Test {
 protected:
  struct Outcome {
    Result<CopySummary> summary = CopySummary{};
    std::vector<Entry> entries;
    CollectedFindings findings;
    std::vector<CopiedBatch> batches;
  };

  void Store(const std::string& key, const std::string& body) {
    clock_.Advance(std::chrono::seconds(1));
    ASSERT_TRUE(memory_->Put(ctx_, {.key = key, .body = body}).has_value());
  }
  // An object and the row that refers to it.
  void Add(const std::string& key, const std::string& body) {
    Store(key, body);
    Refer(key, static_cast<std::int64_t>(body.size()));
  }
  void Refer(const std::string& key, std::int64_t size) {
    rows_.push_back(Row(key, size, static_cast<std::int64_t>(rows_.size()) + 1));
  }

  Outcome Run(const std::vector<Entry>& base = {}) {
    std::sort(rows_.begin(), rows_.end(),
              [](const Reference& a, const Reference& b) { return a.key < b.key; });
    BatchedReader<Reference> references(rows_, 3);
    BatchedReader<Entry> base_reader(base, 5);
    Outcome outcome;
    const auto live = source_.List(ctx_, {}).value();
    std::vector<Entry> listed;
    while (true) {
      std::vector<Entry> batch = live->Read().value();
      if (batch.empty()) break;
      listed.insert(listed.end(), batch.begin(), batch.end());
    }
    BatchedReader<Entry> listing(listed, 4);
    if (after_listing_) after_listing_();
    LibraryJoin join(&references, &listing, &base_reader, join_options_);
    CollectedEntries entries;
    if (!fail_entry_.empty()) entries.FailAt(fail_entry_);
    outcome.summary = CopyLibrary(ctx_, join, route_,
                                  {.entries = &entries,
                                   .findings = &outcome.findings,
                                   .on_batch = [&](const CopiedBatch& batch) -> Result<void> {
                                     outcome.batches.push_back(batch);
                                     return {};
                                   }},
                                  options_);
    outcome.entries = std::move(entries.items);
    return outcome;
  }

  // Every entry's bytes lie in the vault, durable, as the source holds them.
  void ExpectBackedUp(const std::vector<Entry>& entries) {
    vault_memory_->DropUnbarriered();
    for (const Entry& entry : entries) {
      const Result<std::string> stored = vault_memory_->Get(ctx_, entry.path);
      ASSERT_TRUE(stored.has_value()) << entry.key;
      EXPECT_EQ(*stored, memory_->Get(ctx_, entry.key).value()) << entry.key;
      EXPECT_EQ(Sha256Hex(*stored), entry.checksum->value);
      EXPECT_EQ(static_cast<std::int64_t>(stored->size()), entry.size);
    }
  }

  FakeClock clock_;
  Bars bars_;
  Context ctx_ = Context(clock_).WithProgress(bars_);
  std::unique_ptr<MemoryStore> memory_ = MakeMemoryStore(clock_);
  std::unique_ptr<MemoryStore> vault_memory_ = MakeMemoryStore(clock_);
  HookedStore source_{*memory_};
  HookedStore vault_{*vault_memory_};
  std::vector<Reference> rows_;
  JoinOptions join_options_{.certain_before = Time::max()};
  CopyOptions options_{.attempts = 3};
  std::function<void()> after_listing_;
  std::string fail_entry_;
  CopyRoute route_{
      .source = &source_, .destination = &vault_, .pool_path = [](const CopyIdentity& i) {
        return "pool/" + i.hash.substr(0, 2) + "/" + i.hash;
      }};
};

TEST_F(CopyLibraryTest, CopiesEverythingInKeyOrder) {
  std::string big(300'000, 'b');
  Add("20097/20123/1/1.0", "one");
  Add("20097/20123/2/1.0", "");
  Add("20097/20123/3/1.0", big);
  const Outcome outcome = Run();
  ASSERT_TRUE(outcome.summary.has_value()) << Describe(outcome.summary.error());
  EXPECT_EQ(outcome.summary->kept, (ObjectCount{.objects = 3, .bytes = 300'003}));
  EXPECT_EQ(outcome.summary->copied, outcome.summary->kept);
  EXPECT_EQ(outcome.summary->written, outcome.summary->kept);
  EXPECT_EQ(outcome.summary->verdict, Verdict{.references = 3});
  EXPECT_THAT(outcome.findings.items, IsEmpty());
  ASSERT_EQ(outcome.entries.size(), 3U);
  EXPECT_EQ(outcome.entries[0].checksum->by, "lc2");
  ExpectBackedUp(outcome.entries);
  EXPECT_EQ(bars_.last.objects_done, 3);
  EXPECT_EQ(bars_.last.bytes_done, 300'003);
}

TEST_F(CopyLibraryTest, StreamsLargeObjectsInTwoReadings) {
  options_.whole_limit = 10;
  Add("a", std::string(300'000, 'x') + "end");
  const Outcome outcome = Run();
  ASSERT_TRUE(outcome.summary.has_value()) << Describe(outcome.summary.error());
  EXPECT_EQ(source_.opened("a"), 2);
  ExpectBackedUp(outcome.entries);
}

TEST_F(CopyLibraryTest, SecondRunCarriesWhatIsUnchanged) {
  for (int i = 0; i < 20; ++i)
    Add("20097/1/" + std::to_string(100 + i) + "/1.0", "v" + std::to_string(i));
  const Outcome first = Run();
  Store("20097/1/105/1.0", "w5");
  Add("20097/1/200/1.0", "new");
  ASSERT_TRUE(memory_->Delete(ctx_, "20097/1/119/1.0").has_value());
  rows_.erase(std::find_if(rows_.begin(), rows_.end(),
                           [](const Reference& r) { return r.key == "20097/1/119/1.0"; }));
  const Outcome second = Run(first.entries);
  ASSERT_TRUE(second.summary.has_value());
  EXPECT_EQ(second.summary->copied.objects, 2);
  EXPECT_EQ(second.summary->carried.objects, 18);
  EXPECT_EQ(second.summary->gone, 1);
  EXPECT_EQ(second.summary->verdict, Verdict{.references = 20});
  EXPECT_EQ(source_.opened("20097/1/104/1.0"), 1);
  EXPECT_EQ(source_.opened("20097/1/105/1.0"), 2);
  ExpectBackedUp(second.entries);
  ASSERT_EQ(second.batches.size(), 1U);
  EXPECT_EQ(second.batches[0].copied.size(), 2U);

  const Outcome third = Run(second.entries);
  EXPECT_EQ(third.summary->copied.objects, 0);
  EXPECT_EQ(third.entries, second.entries);
  EXPECT_THAT(third.batches, IsEmpty());
}

TEST_F(CopyLibraryTest, FindsTheWorldOfTheBarByName) {
  std::vector<std::string> removed, orphans, truncated;
  for (int i = 1'000; i < 1'600; ++i) {
    const std::string key = "20097/20123/" + std::to_string(i) + "/1.0";
    const std::string body = "content of " + std::to_string(i % 50);
    if (i % 80 == 3 && removed.size() < 7) {
      Refer(key, 9);
      removed.push_back(key);
    } else if (i % 110 == 4 && orphans.size() < 5) {
      Store(key, body);
      orphans.push_back(key);
    } else if (i % 170 == 5 && truncated.size() < 3) {
      Store(key, body.substr(0, 4));
      Refer(key, static_cast<std::int64_t>(body.size()));
      truncated.push_back(key);
    } else {
      Add(key, body);
    }
  }
  Store("20097/0/adaptive/u/1/1/2/3/1.0", "generated");
  Store("20097/20123/1000/1.0.index", "generated too");
  Store("README.txt", "do not touch");
  const Outcome outcome = Run();
  ASSERT_TRUE(outcome.summary.has_value());
  const Verdict& verdict = outcome.summary->verdict;
  EXPECT_EQ(verdict.lost_at_source, 7);
  EXPECT_EQ(verdict.orphans, 5);
  EXPECT_EQ(verdict.size_mismatches, 3);
  EXPECT_EQ(outcome.findings.Keys(FindingKind::kLostAtSource), removed);
  EXPECT_EQ(outcome.findings.Keys(FindingKind::kOrphan), orphans);
  EXPECT_EQ(outcome.findings.Keys(FindingKind::kSizeMismatch), truncated);
  EXPECT_EQ(outcome.findings.items.size(), 15U);
  EXPECT_EQ(outcome.summary->generated, (ObjectCount{.objects = 2, .bytes = 22}));
  EXPECT_EQ(outcome.summary->store_own, 1);
  EXPECT_EQ(outcome.summary->kept.objects, 593);
  EXPECT_FALSE(Judge(verdict, 9).has_value());
  EXPECT_TRUE(Judge(verdict, 10).has_value());
  ExpectBackedUp(outcome.entries);

  // The same losses, accepted.
  std::vector<KnownLoss> losses;
  for (const Finding& finding : outcome.findings.items) {
    if (const auto loss = AsKnownLoss(finding)) losses.push_back(*loss);
  }
  const KnownLosses known(losses);
  options_.known = &known;
  const Outcome again = Run(outcome.entries);
  EXPECT_EQ(again.summary->verdict.known, 10);
  EXPECT_EQ(again.summary->verdict.lost_at_source, 7);
  EXPECT_TRUE(Judge(again.summary->verdict, 0).has_value());
}

TEST_F(CopyLibraryTest, GeneratedFilesAreCopiedOnRequest) {
  Store("20097/0/adaptive/u/1/1/2/3/1.0", "generated");
  join_options_.exclude_generated = false;
  const Outcome outcome = Run();
  EXPECT_EQ(outcome.summary->kept.objects, 1);
  EXPECT_EQ(outcome.summary->generated.objects, 0);
  EXPECT_EQ(outcome.summary->verdict, Verdict{});
}

TEST_F(CopyLibraryTest, EqualFilesShareOneObject) {
  for (int i = 0; i < 50; ++i) Add("f" + std::to_string(100 + i), "same");
  Add("g", "other");
  const Outcome outcome = Run();
  EXPECT_EQ(outcome.summary->copied.objects, 51);
  EXPECT_EQ(outcome.summary->written, (ObjectCount{.objects = 2, .bytes = 9}));
  ExpectBackedUp(outcome.entries);
}

TEST_F(CopyLibraryTest, AdoptsObjectsOfAnEarlierAttempt) {
  Add("a", "alpha");
  Add("b", "beta");
  route_.already_there = [](const Context&, const std::string& path,
                            std::int64_t size) -> Result<std::optional<ObjectFacts>> {
    const bool is_alpha = path.find(Sha256Hex("alpha")) != std::string::npos && size == 5;
    if (!is_alpha) return std::optional<ObjectFacts>();
    return std::optional(ObjectFacts{.size = 5, .version = "v9"});
  };
  const Outcome outcome = Run();
  ASSERT_EQ(outcome.entries.size(), 2U);
  EXPECT_EQ(outcome.entries[0].pool_version_id, "v9");
  EXPECT_EQ(outcome.summary->copied.objects, 2);
  EXPECT_EQ(outcome.summary->written.objects, 1);

  route_.already_there = [](const Context&, const std::string&,
                            std::int64_t) -> Result<std::optional<ObjectFacts>> {
    return Error{.kind = ErrorKind::kUnavailable, .code = "test.down"};
  };
  EXPECT_EQ(Run().summary.error().code, "test.down");
}

TEST_F(CopyLibraryTest, BatchesAreDurableWhenHandedOver) {
  options_.batch_objects = 10;
  for (int i = 0; i < 35; ++i) Add("k" + std::to_string(100 + i), "body" + std::to_string(i));
  const Outcome outcome = Run();
  ASSERT_EQ(outcome.batches.size(), 4U);
  EXPECT_EQ(outcome.batches[0].last_key, "k109");
  EXPECT_EQ(outcome.batches[2].last_key, "k129");
  EXPECT_EQ(outcome.batches[3].last_key, "k134");
  EXPECT_EQ(outcome.batches[3].copied.size(), 5U);
  std::vector<Entry> all;
  for (const CopiedBatch& batch : outcome.batches) {
    all.insert(all.end(), batch.copied.begin(), batch.copied.end());
  }
  EXPECT_EQ(all, outcome.entries);

  options_.batch_objects = 10'000;
  options_.batch_bytes = 12;
  EXPECT_EQ(Run().batches.size(), 16U);  // 3 x 5+5+5, 5+6+6, 11 x 6+6, 6
}

TEST_F(CopyLibraryTest, AResumedAttemptCarriesWhatWasDurable) {
  options_.batch_objects = 10;
  for (int i = 0; i < 35; ++i) Add("k" + std::to_string(100 + i), "body" + std::to_string(i));
  int barriers = 0;
  vault_.before_barrier = [&]() -> Result<void> {
    if (++barriers == 3) return Error{.kind = ErrorKind::kUnavailable, .code = "test.power"};
    return {};
  };
  const Outcome cut = Run();
  ASSERT_EQ(cut.summary.error().code, "test.power");
  ASSERT_EQ(cut.batches.size(), 2U);
  vault_memory_->DropUnbarriered();
  vault_.before_barrier = nullptr;

  std::vector<Entry> durable;
  for (const CopiedBatch& batch : cut.batches) {
    durable.insert(durable.end(), batch.copied.begin(), batch.copied.end());
  }
  VectorReader<Entry> over(durable);
  VectorReader<Entry> under({});
  OverlayReader overlay(&over, &under);
  const Outcome resumed = Run(overlay.Read().value());
  ASSERT_TRUE(resumed.summary.has_value());
  EXPECT_EQ(resumed.summary->carried.objects, 20);
  EXPECT_EQ(resumed.summary->copied.objects, 15);
  ExpectBackedUp(resumed.entries);
}

TEST_F(CopyLibraryTest, TakesTheLaterStateOfAnObjectThatChangedSinceItWasListed) {
  Add("a", "before");
  Add("b", "before");
  Store("c", "before");
  Add("d", "before");
  after_listing_ = [&] {
    Store("a", "after!");         // of the row's size
    Store("b", "after, longer");  // of another size
    Store("c", "after, longer");  // no row
  };
  const Outcome outcome = Run();
  ASSERT_TRUE(outcome.summary.has_value());
  EXPECT_EQ(outcome.summary->verdict.changed, 3);
  EXPECT_EQ(outcome.summary->verdict.size_mismatches, 1);
  EXPECT_EQ(outcome.summary->verdict.orphans, 1);
  EXPECT_THAT(outcome.findings.Keys(FindingKind::kChanged), ElementsAre("a"));
  EXPECT_THAT(outcome.findings.Keys(FindingKind::kSizeMismatch), ElementsAre("b"));
  EXPECT_THAT(outcome.findings.Keys(FindingKind::kOrphan), ElementsAre("c"));
  EXPECT_THAT(outcome.findings.items[1].note, HasSubstr("later state"));
  EXPECT_EQ(outcome.findings.items[1].actual_size, 13);
  ExpectBackedUp(outcome.entries);
}

TEST_F(CopyLibraryTest, AnObjectThatNeverHoldsStillIsNotTaken) {
  Add("a", "start");
  Store("b", "start");
  int times = 0;
  source_.after_read = [&](const std::string& key, int) {
    Store(key, "state " + std::to_string(10 + ++times));
  };
  options_.workers = 1;
  for (const std::int64_t whole_limit : {100, 2}) {
    options_.whole_limit = whole_limit;
    const Outcome outcome = Run();
    ASSERT_TRUE(outcome.summary.has_value());
    EXPECT_THAT(outcome.entries, IsEmpty());
    EXPECT_EQ(outcome.summary->verdict.unstable, 1);
    EXPECT_EQ(outcome.summary->verdict.left_out, 1);
    EXPECT_THAT(outcome.findings.Keys(FindingKind::kUnstable), ElementsAre("a", "b"));
    EXPECT_FALSE(Judge(outcome.summary->verdict, 100).has_value());
  }
  EXPECT_EQ(source_.opened("a"), 6);
}

TEST_F(CopyLibraryTest, ALargeObjectThatChangesBetweenItsReadingsIsReadAgain) {
  options_.whole_limit = 2;
  Add("a", "state 1");
  source_.before_open = [&](const std::string&, int number) -> Result<void> {
    if (number == 2) Store("a", "state 2");
    return {};
  };
  const Outcome outcome = Run();
  ASSERT_TRUE(outcome.summary.has_value());
  EXPECT_EQ(outcome.summary->kept.objects, 1);
  EXPECT_EQ(outcome.summary->verdict.changed, 1);
  ExpectBackedUp(outcome.entries);
  for (const std::string& line : vault_memory_->history()) {
    EXPECT_THAT(line, Not(HasSubstr(Sha256Hex("state 1"))));
  }
}

TEST_F(CopyLibraryTest, AnObjectThatVanishedIsMissingIfARowRefersToIt) {
  Add("a", "alpha");
  Store("b", "beta");
  Add("c", "gamma");
  after_listing_ = [&] {
    ASSERT_TRUE(memory_->Delete(ctx_, "a").has_value());
    ASSERT_TRUE(memory_->Delete(ctx_, "b").has_value());
  };
  const Outcome outcome = Run();
  ASSERT_TRUE(outcome.summary.has_value());
  EXPECT_THAT(outcome.findings.Keys(FindingKind::kLostAtSource), ElementsAre("a"));
  EXPECT_THAT(outcome.findings.Keys(FindingKind::kVanished), ElementsAre("b"));
  EXPECT_THAT(outcome.findings.items[0].note, HasSubstr("vanished"));
  EXPECT_EQ(outcome.summary->verdict.left_out, 1);
  EXPECT_EQ(outcome.summary->kept.objects, 1);
}

TEST_F(CopyLibraryTest, AnObjectThatVanishesWhileItIsReadIsMissing) {
  for (const std::int64_t whole_limit : {100, 2}) {
    Store("a", "alpha");
    rows_ = {Row("a", 5)};
    options_.whole_limit = whole_limit;
    source_.after_read = [&](const std::string& key, int) {
      ASSERT_TRUE(memory_->Delete(ctx_, key).has_value());
    };
    const Outcome outcome = Run();
    EXPECT_EQ(outcome.summary->verdict.lost_at_source, 1);
    EXPECT_THAT(outcome.entries, IsEmpty());
  }
}

TEST_F(CopyLibraryTest, AMissingObjectThatTheBaseHoldsSaysSo) {
  Refer("a", 5);
  const Outcome outcome = Run({Backed(Listed("a", 5))});
  EXPECT_THAT(outcome.findings.Keys(FindingKind::kLostAtSource), ElementsAre("a"));
  EXPECT_THAT(outcome.findings.items[0].note, HasSubstr("backup before"));
}

TEST_F(CopyLibraryTest, WhatMayNotBeReadIsNamedAndFails) {
  Add("a", "alpha");
  Store("b", "beta");
  source_.before_open = [](const std::string&, int) -> Result<void> {
    return Error{.kind = ErrorKind::kDenied, .code = "file.denied", .message = "no permission"};
  };
  const Outcome outcome = Run();
  ASSERT_TRUE(outcome.summary.has_value());
  EXPECT_THAT(outcome.findings.Keys(FindingKind::kUnreadable), ElementsAre("a", "b"));
  EXPECT_EQ(outcome.findings.items[0].note, "no permission");
  EXPECT_FALSE(Judge(outcome.summary->verdict, 100).has_value());
}

TEST_F(CopyLibraryTest, SkippedNamesComeLast) {
  Store("z", "orphan");
  SkippedNames skipped;
  skipped.Add({.name = "a-link", .reason = SkipReason::kSymbolicLink});
  skipped.Add({.name = "closed/", .reason = SkipReason::kUnreadableFolder});
  options_.skipped = &skipped;
  const Outcome outcome = Run();
  EXPECT_EQ(outcome.summary->verdict.skipped_names, 1);
  EXPECT_EQ(outcome.summary->verdict.unreadable, 1);
  ASSERT_EQ(outcome.findings.items.size(), 3U);
  EXPECT_EQ(outcome.findings.items[0].key, "z");
  EXPECT_EQ(outcome.findings.items[1].key, "a-link");
  EXPECT_FALSE(Judge(outcome.summary->verdict, 100).has_value());
}

TEST_F(CopyLibraryTest, AShortReadingIsTriedAgain) {
  Add("a", "alphabet");
  memory_->Plan({.operation = "get", .effect = Fault::Effect::kTruncate});
  const Outcome outcome = Run();
  ASSERT_TRUE(outcome.summary.has_value());
  EXPECT_EQ(outcome.summary->kept.objects, 1);
  EXPECT_EQ(outcome.summary->verdict, Verdict{.references = 1});
  ExpectBackedUp(outcome.entries);
}

TEST_F(CopyLibraryTest, StopsAtFaultsOfTheStores) {
  for (int i = 0; i < 300; ++i) Add("k" + std::to_string(1'000 + i), "body" + std::to_string(i));
  for (const char* operation : {"list", "get"}) {
    memory_->Plan({.operation = operation, .skip = 0, .effect = Fault::Effect::kFailBefore});
    if (std::string(operation) == "list") {
      EXPECT_FALSE(memory_->List(ctx_, {}).has_value());  // uses the planned fault
      continue;
    }
    EXPECT_EQ(Run().summary.error().kind, ErrorKind::kUnavailable) << operation;
  }
  for (const auto effect : {Fault::Effect::kFailBefore, Fault::Effect::kFailAfter}) {
    vault_memory_->Plan({.operation = "put", .skip = 100, .effect = effect});
    const Outcome outcome = Run();
    EXPECT_EQ(outcome.summary.error().kind, ErrorKind::kUnavailable);
    EXPECT_LT(outcome.entries.size(), 300U);
  }
  options_.whole_limit = 1;
  vault_memory_->Plan({.operation = "put", .skip = 50});
  EXPECT_EQ(Run().summary.error().kind, ErrorKind::kUnavailable);
}

TEST_F(CopyLibraryTest, StopsWhenTheEntriesCannotBeWritten) {
  Add("a", "alpha");
  fail_entry_ = "a";
  EXPECT_EQ(Run().summary.error().code, "test.full");
}

TEST_F(CopyLibraryTest, CanBeCancelled) {
  Add("a", "alpha");
  std::stop_source stop;
  stop.request_stop();
  ctx_ = ctx_.WithStop(stop.get_token());
  VectorReader<Entry> listing({Listed("a", 5)});
  LibraryJoin join(nullptr, &listing, nullptr, {});
  CollectedEntries entries;
  EXPECT_EQ(CopyLibrary(ctx_, join, route_, {.entries = &entries}).error().kind,
            ErrorKind::kCancelled);
  EXPECT_THAT(entries.items, IsEmpty());
}

TEST_F(CopyLibraryTest, SeededWorldsWithManyWorkersAgreeWithTheSource) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SeededRandom random(seed);
    memory_ = MakeMemoryStore(clock_);
    HookedStore source(*memory_);
    route_.source = &source;
    rows_.clear();
    std::map<std::string, std::string> bodies;
    for (std::int64_t i = random.Between(1, 200); i > 0; --i) {
      bodies["1/2/" + random.Hex(1) + "/" + random.Hex(1)] =
          std::string(static_cast<std::size_t>(random.Between(0, 40)), 'a') + random.Hex(1);
    }
    for (const auto& [key, body] : bodies) Add(key, body);
    options_ = {.workers = static_cast<int>(random.Between(1, 4)),
                .window = static_cast<int>(random.Between(1, 9)),
                .batch_objects = random.Between(1, 30),
                .whole_limit = random.Between(0, 50)};
    const auto listing = source.List(ctx_, {}).value();
    BatchedReader<Reference> references(rows_, 7);
    LibraryJoin join(&references, listing.get(), nullptr, {});
    CollectedEntries entries;
    const Result<CopySummary> summary =
        CopyLibrary(ctx_, join, route_, {.entries = &entries}, options_);
    ASSERT_TRUE(summary.has_value()) << "seed " << seed << Describe(summary.error());
    EXPECT_EQ(summary->verdict.references, static_cast<std::int64_t>(bodies.size()));
    EXPECT_EQ(summary->kept.objects, static_cast<std::int64_t>(bodies.size())) << "seed " << seed;
    EXPECT_TRUE(Judge(summary->verdict, 0).has_value());
    ExpectBackedUp(entries.items);
  }
}

}  // namespace
}  // namespace lc2::library
