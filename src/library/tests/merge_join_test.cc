#include "library/merge_join.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "library/tests/streams.h"

namespace lc2::library {
namespace {

using Pair = std::pair<std::string, std::string>;  // key, which streams hold it

std::vector<Pair> JoinAll(MergeJoin<Reference, Entry, Entry>& join) {
  std::vector<Pair> seen;
  while (join.Next().value()) {
    std::string who;
    if (const auto* r = join.get<0>()) who += r->key == join.key() ? "r" : "!";
    if (const auto* e = join.get<1>()) who += e->key == join.key() ? "l" : "!";
    if (const auto* e = join.get<2>()) who += e->key == join.key() ? "b" : "!";
    seen.emplace_back(join.key(), who);
  }
  return seen;
}

TEST(MergeJoin, AgreesWithAMapOverSeededWorlds) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SeededRandom random(seed);
    std::map<std::string, std::string> model;
    std::vector<Reference> references;
    std::vector<Entry> listing, base;
    for (std::int64_t i = random.Between(0, 40); i > 0; --i) {
      model[random.Hex(1) +
            (random.Between(0, 1) == 1 ? "\xc3\xa9" : "z")] = std::vector<std::string>{
          "r", "l", "b", "rl", "rb", "lb", "rlb"}[static_cast<std::size_t>(random.Between(0, 6))];
    }
    for (const auto& [key, who] : model) {
      if (who.find('r') != std::string::npos) references.push_back(Row(key, 1));
      if (who.find('l') != std::string::npos) listing.push_back(Listed(key, 1));
      if (who.find('b') != std::string::npos) base.push_back(Listed(key, 1));
    }
    BatchedReader<Reference> r(references, static_cast<std::size_t>(random.Between(1, 5)));
    BatchedReader<Entry> l(listing, static_cast<std::size_t>(random.Between(1, 5)));
    BatchedReader<Entry> b(base, static_cast<std::size_t>(random.Between(1, 5)));
    MergeJoin<Reference, Entry, Entry> join(&r, &l, &b);
    EXPECT_EQ(JoinAll(join), std::vector<Pair>(model.begin(), model.end())) << "seed " << seed;
  }
}

TEST(MergeJoin, NullReadersAreEmpty) {
  VectorReader<Entry> listing({Listed("a", 1)});
  MergeJoin<Reference, Entry, Entry> join(nullptr, &listing, nullptr);
  EXPECT_EQ(JoinAll(join), (std::vector<Pair>{{"a", "l"}}));
  EXPECT_FALSE(join.Next().value());

  MergeJoin<Entry> nothing(nullptr);
  EXPECT_FALSE(nothing.Next().value());
}

TEST(MergeJoin, ItemsMayBeMovedFrom) {
  VectorReader<Entry> listing({Listed("a", 1), Listed("b", 1)});
  VectorReader<Entry> base({Listed("a", 1), Listed("b", 2)});
  MergeJoin<Entry, Entry> join(&listing, &base);
  ASSERT_TRUE(join.Next().value());
  const Entry taken = std::move(*join.get<0>());
  const Entry also = std::move(*join.get<1>());
  EXPECT_EQ(join.key(), "a");
  ASSERT_TRUE(join.Next().value());
  EXPECT_EQ(join.key(), "b");
  EXPECT_NE(join.get<0>(), nullptr);
  EXPECT_NE(join.get<1>(), nullptr);
}

TEST(MergeJoin, RefusesStreamsOutOfOrder) {
  for (const auto& keys : {std::vector<std::string>{"b", "a"}, {"a", "a"}}) {
    VectorReader<Entry> listing({Listed(keys[0], 1), Listed(keys[1], 1)});
    MergeJoin<Entry> join(&listing);
    ASSERT_TRUE(join.Next().value());
    const Result<bool> next = join.Next();
    ASSERT_FALSE(next.has_value());
    EXPECT_EQ(next.error().code, "library.unsorted");
    EXPECT_EQ(next.error().kind, ErrorKind::kCorrupt);
  }
}

TEST(MergeJoin, PassesErrorsOn) {
  BatchedReader<Entry> listing({Listed("a", 1)}, 1);
  listing.FailAtEnd({.kind = ErrorKind::kUnavailable, .code = "test.down"});
  VectorReader<Entry> base({Listed("a", 1), Listed("z", 1)});
  MergeJoin<Entry, Entry> join(&listing, &base);
  ASSERT_TRUE(join.Next().value());
  const Result<bool> next = join.Next();
  ASSERT_FALSE(next.has_value());
  EXPECT_EQ(next.error().code, "test.down");
}

}  // namespace
}  // namespace lc2::library
