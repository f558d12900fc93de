#pragma once

// What every store must do, whatever it is made of. One body, run over each kind: a test program
// that includes it instantiates StoreConformance with its StoreKinds.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "storage/object_store.h"
#include "testing/fake_clock.h"

namespace lc2 {

// A store, empty, with what it needs to live.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual ObjectStore& store() = 0;
  virtual void Advance(std::chrono::seconds) {}  // its clock, where a test has it in hand
};
struct StoreKind {
  const char* name;
  std::unique_ptr<StoreUnderTest> (*make)();
};

class StoreConformance : public ::testing::TestWithParam<StoreKind> {
 protected:
  StoreConformance()
      : under_test_(GetParam().make()),
        ctx_(testing::TestContext()),
        store_(&under_test_->store()) {}

  void Write(const std::string& key, const std::string& body = "x") {
    const auto put = store_->Put(ctx_, {.key = key, .body = body});
    ASSERT_TRUE(put.has_value()) << Describe(put.error());
  }

  std::vector<std::string> KeysOf(const ListQuery& query) {
    std::vector<std::string> keys;
    auto reader = store_->List(ctx_, query);
    EXPECT_TRUE(reader.has_value()) << Describe(reader.error());
    if (!reader.has_value()) return keys;
    Cursor<Entry> cursor(*reader.value());
    while (cursor.Advance().has_value() && cursor.get() != nullptr) {
      keys.push_back(cursor.get()->key);
    }
    return keys;
  }

  const std::unique_ptr<StoreUnderTest> under_test_;
  const Context ctx_;
  ObjectStore* const store_;
};

TEST_P(StoreConformance, ReadsWhatWasWritten) {
  Write("a/b/c", "hello");
  EXPECT_EQ(store_->Get(ctx_, "a/b/c").value(), "hello");
  const ObjectFacts facts = store_->Head(ctx_, "a/b/c").value();
  EXPECT_EQ(facts.size, 5);
  EXPECT_NE(facts.last_modified, Time());
  EXPECT_EQ(facts.folder.has_value(), store_->features().folder_identity);
  Write("empty", "");
  EXPECT_EQ(store_->Get(ctx_, "empty").value(), "");
  EXPECT_FALSE(store_->root_name().empty());
}

TEST_P(StoreConformance, WhatIsNotThereIsNotFound) {
  Write("a/b", "x");
  for (const char* key : {"nothing", "a", "a/b/c", "a/c"}) {
    EXPECT_EQ(store_->Get(ctx_, key).error().kind, ErrorKind::kNotFound) << key;
    EXPECT_EQ(store_->Head(ctx_, key).error().kind, ErrorKind::kNotFound) << key;
    EXPECT_EQ(store_->OpenReader(ctx_, key).error().kind, ErrorKind::kNotFound) << key;
    EXPECT_TRUE(store_->Delete(ctx_, key).has_value()) << key;
  }
  EXPECT_EQ(store_->Get(ctx_, "a/b").value(), "x");
}

TEST_P(StoreConformance, BadKeysAreRefusedEverywhere) {
  for (const std::string& key :
       {std::string(), std::string("../x"), std::string("/etc/passwd"), std::string("a/../../x"),
        std::string(5000, 'k'), std::string("a\xFF"), std::string("a\nb")}) {
    EXPECT_EQ(store_->Head(ctx_, key).error().code, "store.bad_key");
    EXPECT_EQ(store_->Get(ctx_, key).error().code, "store.bad_key");
    EXPECT_EQ(store_->Put(ctx_, {.key = key, .body = {}}).error().code, "store.bad_key");
    EXPECT_EQ(store_->Delete(ctx_, key).error().code, "store.bad_key");
    EXPECT_EQ(store_->OpenReader(ctx_, key).error().code, "store.bad_key");
    EXPECT_EQ(store_->OpenWriter(ctx_, key).error().code, "store.bad_key");
  }
}

TEST_P(StoreConformance, RunOwnedReplacesAndCreateOnlyDoesNot) {
  Write("k", "one");
  Write("k", "two");
  EXPECT_EQ(store_->Get(ctx_, "k").value(), "two");
  const PutOperation put{.key = "k", .body = "three", .mode = PutMode::kCreateOnly};
  EXPECT_EQ(store_->Put(ctx_, put).error().kind, ErrorKind::kAlreadyExists);
  EXPECT_EQ(store_->Get(ctx_, "k").value(), "two");
  ASSERT_TRUE(store_->Delete(ctx_, "k").has_value());
  ASSERT_TRUE(store_->Put(ctx_, put).has_value());
  EXPECT_EQ(store_->Get(ctx_, "k").value(), "three");
}

TEST_P(StoreConformance, OfManyCreatorsOneWins) {
  constexpr int kThreads = 8;
  for (int round = 0; round < 20; ++round) {
    const std::string key = "log/" + std::to_string(round);
    std::atomic<int> won = 0;
    std::atomic<int> lost = 0;
    std::string winner;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] {
          const auto put = store_->Put(
              ctx_, {.key = key, .body = std::to_string(i), .mode = PutMode::kCreateOnly});
          if (put.has_value()) {
            ++won;
            winner = std::to_string(i);
          } else if (put.error().kind == ErrorKind::kAlreadyExists) {
            ++lost;
          }
        });
      }
    }
    EXPECT_EQ(won, 1);
    EXPECT_EQ(lost, kThreads - 1);
    EXPECT_EQ(store_->Get(ctx_, key).value(), winner);
  }
}

TEST_P(StoreConformance, DeleteRemoves) {
  Write("a/b/c", "x");
  Write("a/d", "y");
  ASSERT_TRUE(store_->Delete(ctx_, "a/b/c").has_value());
  EXPECT_EQ(KeysOf({}), std::vector<std::string>{"a/d"});
  ASSERT_TRUE(store_->Delete(ctx_, "a/b/c").has_value());
  Write("a/b", "now an object");
  EXPECT_EQ(KeysOf({}), (std::vector<std::string>{"a/b", "a/d"}));
}

TEST_P(StoreConformance, RangesAreCutAtTheEnd) {
  Write("k", "0123456789");
  auto read = [&](ByteRange range) -> Result<std::string> {
    LC2_ASSIGN_OR_RETURN(const auto reader, store_->OpenReader(ctx_, "k", range));
    return ReadAll(*reader, 100);
  };
  EXPECT_EQ(read({.offset = 2, .length = 3}).value(), "234");
  EXPECT_EQ(read({.offset = 8, .length = 30}).value(), "89");
  for (const ByteRange& bad :
       {ByteRange{.offset = 10, .length = 1}, ByteRange{.offset = -1, .length = 1},
        ByteRange{.offset = 0, .length = 0}}) {
    EXPECT_EQ(read(bad).error().code, "store.bad_range");
  }
  std::promise<Result<OperationResult>> got;
  store_->Submit(ctx_, GetOperation{.key = "k", .range = ByteRange{.offset = 4, .length = 2}},
                 [&](Result<OperationResult> result) { got.set_value(std::move(result)); });
  EXPECT_EQ(got.get_future().get().value().body, "45");
}

TEST_P(StoreConformance, GetHasALimit) {
  Write("k", "0123456789");
  EXPECT_EQ(store_->Get(ctx_, "k", 10).value(), "0123456789");
  const auto got = store_->Get(ctx_, "k", 9);
  EXPECT_EQ(got.error().code, "io.too_large");
  EXPECT_EQ(got.error().kind, ErrorKind::kInvalid);
}

TEST_P(StoreConformance, AWriterShowsNothingBeforeItFinishes) {
  {
    auto writer = store_->OpenWriter(ctx_, "big").value();
    ASSERT_TRUE(writer->Write("abc").has_value());
  }
  EXPECT_EQ(KeysOf({}), std::vector<std::string>{});
  auto writer = store_->OpenWriter(ctx_, "big").value();
  ASSERT_TRUE(writer->Write("abc").has_value());
  ASSERT_TRUE(writer->Write("def").has_value());
  EXPECT_EQ(KeysOf({}), std::vector<std::string>{});
  const auto facts = writer->Finish();
  ASSERT_TRUE(facts.has_value()) << Describe(facts.error());
  EXPECT_EQ(facts.value().size, 6);
  EXPECT_EQ(store_->Get(ctx_, "big").value(), "abcdef");

  auto second = store_->OpenWriter(ctx_, "big", PutMode::kCreateOnly).value();
  EXPECT_EQ(second->Finish().error().kind, ErrorKind::kAlreadyExists);
  EXPECT_EQ(store_->Get(ctx_, "big").value(), "abcdef");
}

TEST_P(StoreConformance, TheBarrierMakesVisible) {
  for (int i = 0; i < 100; ++i) {
    const auto put =
        store_->Put(ctx_, {.key = "pool/" + std::to_string(i % 7) + "/" + std::to_string(i),
                           .body = "v",
                           .durability = Durability::kAtBarrier});
    ASSERT_TRUE(put.has_value());
    EXPECT_EQ(put.value().size, 1);
    EXPECT_FALSE(put.value().folder.has_value());
  }
  ASSERT_TRUE(store_->Barrier(ctx_).has_value());
  EXPECT_EQ(KeysOf({.prefix = "pool/"}).size(), 100u);
  ASSERT_TRUE(store_->Barrier(ctx_).has_value());
}

TEST_P(StoreConformance, AReaderTellsOfAChange) {
  Write("k", "before");
  auto reader = store_->OpenReader(ctx_, "k").value();
  const ObjectFacts facts = reader->CurrentFacts().value();
  EXPECT_EQ(facts.size, 6);
  EXPECT_EQ(facts.folder, store_->Head(ctx_, "k").value().folder);
  under_test_->Advance(std::chrono::seconds(1));
  Write("k", "after!");
  EXPECT_EQ(ReadAll(*reader, 100).value(), "before");
  EXPECT_EQ(reader->CurrentFacts().error().code, "store.changed");
  EXPECT_EQ(reader->CurrentFacts().error().kind, ErrorKind::kConflict);
  ASSERT_TRUE(store_->Delete(ctx_, "k").has_value());
  EXPECT_EQ(reader->CurrentFacts().error().kind, ErrorKind::kConflict);
}

TEST_P(StoreConformance, CopyWorksOrIsRefused) {
  Write("from", "body");
  const auto copied = store_->Copy(ctx_, {.from_key = "from", .to_key = "to/there"});
  if (!store_->features().server_copy) {
    EXPECT_EQ(copied.error().code, "store.unsupported");
    return;
  }
  ASSERT_TRUE(copied.has_value());
  EXPECT_EQ(store_->Get(ctx_, "to/there").value(), "body");
  EXPECT_EQ(store_->Copy(ctx_, {.from_key = "none", .to_key = "x"}).error().kind,
            ErrorKind::kNotFound);
  EXPECT_EQ(
      store_->Copy(ctx_, {.from_key = "from", .from_etag = "other", .to_key = "x"}).error().kind,
      ErrorKind::kConflict);
}

TEST_P(StoreConformance, AnEndedContextStopsEverything) {
  std::stop_source stop;
  stop.request_stop();
  const Context ended = ctx_.WithStop(stop.get_token());
  EXPECT_EQ(store_->Head(ended, "k").error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(store_->Get(ended, "k").error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(store_->Put(ended, {.key = "k", .body = {}}).error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(store_->OpenReader(ended, "k").error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(store_->OpenWriter(ended, "k").error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(store_->List(ended, {}).error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(store_->Barrier(ended).error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(store_->Now(ended).error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(store_->FreeBytes(ended).error().kind, ErrorKind::kCancelled);
}

TEST_P(StoreConformance, TellsItsClockAndSpace) {
  Write("k");
  const Time modified = store_->Head(ctx_, "k").value().last_modified;
  const Time now = store_->Now(ctx_).value();
  EXPECT_GE(now, modified);
  EXPECT_LT(now - modified, std::chrono::hours(1));
  const auto free = store_->FreeBytes(ctx_).value();
  EXPECT_GT(free.value_or(1), 0);
}

TEST_P(StoreConformance, ManyOperationsInFlightCompleteOnceEach) {
  constexpr int kCount = 500;
  std::atomic<int> completed = 0;
  std::promise<void> all;
  for (int i = 0; i < kCount; ++i) {
    store_->Submit(ctx_, PutOperation{.key = "k/" + std::to_string(i), .body = "v"},
                   [&](const Result<OperationResult>& result) {
                     EXPECT_TRUE(result.has_value());
                     if (++completed == kCount) all.set_value();
                   });
  }
  all.get_future().wait();
  EXPECT_EQ(completed, kCount);
  EXPECT_EQ(KeysOf({}).size(), static_cast<std::size_t>(kCount));
}

// Names that sort otherwise as files and as folders ("a", "a!", "a/", "a0").
inline std::set<std::string> RandomKeys(Random& random, int count) {
  const std::vector<std::string> segments = {"a",  "a!", "a.b", "a0",         "b", "bb",
                                             "ab", "-",  "~",   "z9",         "A", "\xC3\xA4",
                                             "0",  "00", "a b", "a-b-c-d-e-f"};
  std::set<std::string> keys;
  for (int i = 0; i < count; ++i) {
    std::string key;
    for (std::int64_t depth = random.Between(1, 4); depth > 0; --depth) {
      key += segments[static_cast<std::size_t>(
          random.Between(0, static_cast<std::int64_t>(segments.size()) - 1))];
      if (depth > 1) key += '/';
    }
    // A folder store holds no key that is the folder of another one.
    const auto next = keys.lower_bound(key + "/");
    bool clash = next != keys.end() && next->compare(0, key.size() + 1, key + "/") == 0;
    for (std::size_t at = key.find('/'); at != std::string::npos; at = key.find('/', at + 1)) {
      clash |= keys.contains(key.substr(0, at));
    }
    if (!clash) keys.insert(key);
  }
  return keys;
}

TEST_P(StoreConformance, ListsInByteOrderWhatTheQueryAsksFor) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    const std::set<std::string> keys = RandomKeys(random, 300);
    for (const std::string& key : keys) {
      ASSERT_TRUE(store_->Put(ctx_, {.key = key, .body = key, .durability = Durability::kAtBarrier})
                      .has_value());
    }
    ASSERT_TRUE(store_->Barrier(ctx_).has_value());
    const std::vector<std::string> all(keys.begin(), keys.end());
    EXPECT_EQ(KeysOf({}), all);
    const auto some_key = [&]() -> std::string {
      if (random.Between(0, 3) == 0) return {};
      std::string key = all[static_cast<std::size_t>(
          random.Between(0, static_cast<std::int64_t>(all.size()) - 1))];
      if (random.Between(0, 1) == 0) {
        key.resize(
            static_cast<std::size_t>(random.Between(0, static_cast<std::int64_t>(key.size()))));
      }
      return key;
    };
    for (int round = 0; round < 100; ++round) {
      const ListQuery query{
          .prefix = some_key(), .start_after = some_key(), .end_before = some_key()};
      std::vector<std::string> expected;
      for (const std::string& key : all) {
        if (key.compare(0, query.prefix.size(), query.prefix) == 0 && key > query.start_after &&
            (query.end_before.empty() || key < query.end_before)) {
          expected.push_back(key);
        }
      }
      EXPECT_EQ(KeysOf(query), expected)
          << query.prefix << " | " << query.start_after << " | " << query.end_before;
    }
    for (const std::string& key : all) ASSERT_TRUE(store_->Delete(ctx_, key).has_value());
    EXPECT_TRUE(KeysOf({}).empty());
  }
}

TEST_P(StoreConformance, ListsMoreThanABatch) {
  for (int i = 0; i < 2500; ++i) {
    ASSERT_TRUE(store_
                    ->Put(ctx_, {.key = "k/" + std::to_string(10'000 + i),
                                 .body = "v",
                                 .durability = Durability::kAtBarrier})
                    .has_value());
  }
  ASSERT_TRUE(store_->Barrier(ctx_).has_value());
  const std::vector<std::string> keys = KeysOf({});
  ASSERT_EQ(keys.size(), 2500u);
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  auto reader = store_->List(ctx_, {.prefix = "k/10000"}).value();
  const Entry entry = reader->Read().value().at(0);
  EXPECT_EQ(entry.size, 1);
  EXPECT_EQ(entry.folder.has_value(), store_->features().folder_identity);
  EXPECT_NE(entry.last_modified, Time());
}

TEST_P(StoreConformance, APrefixThatNoKeyHasListsNothing) {
  Write("a/b");
  for (const char* prefix : {"../", "/", "a//", "a/b/", "x/y/", "./", "a/../"}) {
    EXPECT_TRUE(KeysOf({.prefix = prefix}).empty()) << prefix;
  }
}

}  // namespace lc2
