// The store while its service and the network do what they do on a bad day.
#include <gtest/gtest.h>

#include <map>

#include "storage/s3/tests/sim_bucket.h"
#include "testing/fake_clock.h"

namespace lc2 {
namespace {

using s3sim::FaultKind;

const Context& Ctx() {
  static const Context ctx = testing::TestContext();
  return ctx;
}

s3sim::SimulatorOptions Storm(std::uint64_t seed) {
  s3sim::SimulatorOptions options;
  options.faults.seed = seed;
  const auto rate = [&](FaultKind kind, double share) { options.faults.rate(kind) = share; };
  rate(FaultKind::kInternalError, 0.04);
  rate(FaultKind::kResetBeforeHeaders, 0.03);
  rate(FaultKind::kResetAfterHeaders, 0.02);
  rate(FaultKind::kAnswerLost, 0.04);
  rate(FaultKind::kTruncatedBody, 0.01);
  rate(FaultKind::kErrorInside200, 0.01);
  rate(FaultKind::kSlowDown, 0.20);
  rate(FaultKind::kFlippedByte, 0.005);
  rate(FaultKind::kConflict, 0.02);
  rate(FaultKind::kDuplicate, 0.02);
  rate(FaultKind::kRepeatedPage, 0.05);
  rate(FaultKind::kSkippedPage, 0.05);
  rate(FaultKind::kBrokenXml, 0.02);
  return options;
}

s3sim::SimulatorOptions Always(FaultKind kind, int in_a_row) {
  s3sim::SimulatorOptions options;
  options.faults.rate(kind) = 1;
  options.faults.max_consecutive = in_a_row;
  return options;
}

std::string Bytes(std::size_t count, std::uint64_t seed) {
  std::string bytes(count, '\0');
  SeededRandom random(seed);
  for (char& byte : bytes) byte = static_cast<char>(random.Next());
  return bytes;
}

// Two that want to decide the same, in a storm: of each key one wins, and what is there is what it
// wrote; whoever was told that it won did.
TEST(S3Faults, ADecisionIsMadeOnceWhateverIsLost) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    SimBucket bucket(Storm(seed));
    const std::unique_ptr<ObjectStore> stores[] = {bucket.Open(), bucket.Open()};
    for (int i = 0; i < 20; ++i) {
      const std::string key = "control/" + std::to_string(i);
      int won = 0;
      for (const int who : {i % 2, 1 - i % 2}) {
        const std::string body = "by " + std::to_string(who);
        const auto put =
            stores[who]->Put(Ctx(), {.key = key, .body = body, .mode = PutMode::kCreateOnly});
        if (put.has_value()) {
          ++won;
          EXPECT_EQ(bucket.service().Content("b", "p/" + key), body);
        } else {
          EXPECT_EQ(put.error().kind, ErrorKind::kAlreadyExists) << Describe(put.error());
        }
      }
      EXPECT_EQ(won, 1) << key;
    }
  }
}

TEST(S3Faults, WhatWasWrittenIsReadAndListedAsItIs) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    SimBucket bucket(Storm(seed));
    const auto store = bucket.Open();
    std::map<std::string, std::string> written;
    for (int i = 0; i < 30; ++i) {
      const std::string key = "pool/" + std::to_string(i);
      written[key] = Bytes(static_cast<std::size_t>(i * 37), seed + static_cast<unsigned>(i));
      const auto put = store->Put(Ctx(), {.key = key, .body = written[key]});
      ASSERT_TRUE(put.has_value()) << Describe(put.error());
    }
    bucket.simulator().Settle();
    for (const auto& [key, body] : written) {
      const auto got = store->Get(Ctx(), key);
      ASSERT_TRUE(got.has_value()) << Describe(got.error());
      EXPECT_EQ(*got, body);
    }
    auto listing = store->List(Ctx(), {}).value();
    Cursor<Entry> cursor(*listing);
    for (const auto& [key, body] : written) {
      ASSERT_TRUE(cursor.Advance().has_value());
      ASSERT_NE(cursor.get(), nullptr);
      EXPECT_EQ(cursor.get()->key, key);
      EXPECT_EQ(cursor.get()->size, static_cast<std::int64_t>(body.size()));
    }
    ASSERT_TRUE(cursor.Advance().has_value());
    EXPECT_EQ(cursor.get(), nullptr);
  }
}

TEST(S3Faults, PagesAreAllSeenOnceInTheirOrder) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    SimBucket bucket(Storm(seed));
    ASSERT_TRUE(bucket.service().Fill(
        {.bucket = "b", .prefix = "p/k", .count = 7'500, .size = 1, .digests = false}));
    const auto store = bucket.Open();
    auto listing = store->List(Ctx(), {}).value();
    Cursor<Entry> cursor(*listing);
    for (int i = 0; i < 7'500; ++i) {
      const auto next = cursor.Advance();
      ASSERT_TRUE(next.has_value()) << Describe(next.error());
      ASSERT_NE(cursor.get(), nullptr) << i;
      ASSERT_EQ(cursor.get()->key,
                "k" + std::string(9 - std::to_string(i).size(), '0') + std::to_string(i));
    }
    ASSERT_TRUE(cursor.Advance().has_value());
    EXPECT_EQ(cursor.get(), nullptr);
  }
}

// An upload in a storm ends as the object, or as an error and nothing left of it.
TEST(S3Faults, LargeObjectsAreWholeOrNotThere) {
  const std::string body = Bytes(2 * kPart + 77, 5);
  int whole = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    SimBucket bucket(Storm(seed));
    const auto store = bucket.Open();
    {
      auto writer = store->OpenWriter(Ctx(), "large").value();
      Result<void> written = writer->Write(body);
      Result<ObjectFacts> ended =
          written.has_value() ? writer->Finish() : Result<ObjectFacts>(written.error());
      whole += ended.has_value() ? 1 : 0;
      if (ended.has_value()) {
        EXPECT_EQ(ended->size, static_cast<std::int64_t>(body.size()));
        EXPECT_TRUE(bucket.service().Content("b", "p/large") == body);
      } else {
        EXPECT_FALSE(ended.error().message.empty());
      }
    }
    bucket.simulator().Settle();
    EXPECT_EQ(bucket.service().UploadsUnderWay("b"), 0);
  }
  EXPECT_GT(whole, 6);
}

TEST(S3Faults, ALostEndOfAnUploadIsFoundByItsToken) {
  SimBucket bucket(Always(FaultKind::kAnswerLost, 1));
  const auto store = bucket.Open();
  auto writer = store->OpenWriter(Ctx(), "large", PutMode::kCreateOnly).value();
  // The beginning of an upload is not repeated when its answer is lost; ask until it is not.
  const std::string body = Bytes(kPart + 1, 3);
  auto written = writer->Write(body);
  if (!written.has_value()) {
    writer = store->OpenWriter(Ctx(), "large", PutMode::kCreateOnly).value();
    written = writer->Write(body);
  }
  ASSERT_TRUE(written.has_value()) << Describe(written.error());
  const auto ended = writer->Finish();
  ASSERT_TRUE(ended.has_value()) << Describe(ended.error());
  EXPECT_TRUE(bucket.service().Content("b", "p/large") == body);
}

TEST(S3Faults, DamageThatDoesNotPassIsTold) {
  SimBucket bucket(Always(FaultKind::kFlippedByte, 0));
  ASSERT_TRUE(bucket.service().PutObject("b", "p/k", "hello"));
  // What a server puts by itself has no checksum: only an upload's would be compared.
  const auto put = bucket.Open()->Put(Ctx(), {.key = "new", .body = "hello"});
  ASSERT_FALSE(put.has_value());
  EXPECT_EQ(put.error().code, "s3.corrupt");
}

TEST(S3Faults, AnErrorOfAListingIsNotItsEnd) {
  SimBucket bucket(Always(FaultKind::kBrokenXml, 0));
  ASSERT_TRUE(bucket.service().PutObject("b", "p/k", "x"));
  const auto store = bucket.Open();
  auto listing = store->List(Ctx(), {}).value();
  EXPECT_EQ(listing->Read().error().code, "s3.bad_page");
  EXPECT_FALSE(listing->Read().has_value());
}

TEST(S3Faults, AReaderNeverMixesTwoStates) {
  const std::string body = Bytes(3 * kPart, 7);
  for (const FaultKind kind : {FaultKind::kSourceChanged, FaultKind::kSourceGone}) {
    s3sim::SimulatorOptions options;
    options.faults.rate(kind) = 0.3;
    options.faults.changing = {"b"};
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      SCOPED_TRACE(seed);
      options.faults.seed = seed;
      SimBucket bucket(options);
      ASSERT_TRUE(bucket.service().PutObject("b", "p/k", body));
      const auto store = bucket.Open();
      auto reader = store->OpenReader(Ctx(), "k");
      if (!reader.has_value()) {
        EXPECT_EQ(reader.error().kind, ErrorKind::kNotFound) << Describe(reader.error());
        continue;
      }
      const auto read = ReadAll(*reader.value(), 64 << 20);
      if (read.has_value()) {
        // Of one state: as it was, or as it became before the first part was read.
        const bool changed = *read != body;
        EXPECT_TRUE(!changed || *read == bucket.service().Content("b", "p/k"));
      } else {
        EXPECT_TRUE(read.error().kind == ErrorKind::kConflict ||
                    read.error().kind == ErrorKind::kNotFound)
            << Describe(read.error());
      }
    }
  }
}

}  // namespace
}  // namespace lc2
