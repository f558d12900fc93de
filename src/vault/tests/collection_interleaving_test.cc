// The code's decisions through random orders of small worlds: no committed backup that nobody
// deleted may lose an object. And each rule is needed: without it, some order loses one. The same
// seed gives the same order. LC2_INTERLEAVINGS sets the number of seeds, and lets seeded defects be
// looked for from the first seed on instead of from one that is known to show them.
#include <cstdlib>

#include "vault/tests/collection_world.h"

namespace lc2::vault {
namespace {

std::optional<std::uint64_t> WantedSeeds() {
  const char* wanted = std::getenv("LC2_INTERLEAVINGS");
  if (wanted == nullptr) return std::nullopt;
  return std::strtoull(wanted, nullptr, 10);
}

TEST(CollectionInterleaving, NoBackupLosesAnObject) {
  const std::uint64_t seeds = WantedSeeds().value_or(100);
  std::int64_t commits = 0, deletions = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    CollectionWorld world(seed, {});
    world.Run();
    ASSERT_EQ(world.judge().complaint(), "") << "seed " << seed;
    commits += world.judge().commits();
    deletions += world.judge().deletions();
  }
  std::printf("interleavings %llu, commits %lld, pool objects deleted %lld, violations 0\n",
              static_cast<unsigned long long>(seeds), static_cast<long long>(commits),
              static_cast<long long>(deletions));
  EXPECT_GT(commits, static_cast<std::int64_t>(seeds));
  EXPECT_GT(deletions, static_cast<std::int64_t>(seeds) / 10);
}

std::string StoryOf(std::uint64_t seed) {
  CollectionWorld world(seed, {});
  world.Run();
  return world.judge().Story();
}

TEST(CollectionInterleaving, ASeedTellsOneStory) {
  std::set<std::string> stories;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const std::string story = StoryOf(seed);
    EXPECT_EQ(StoryOf(seed), story) << "seed " << seed;
    stories.insert(story);
  }
  EXPECT_EQ(stories.size(), 6U);
}

// A worker that adopts what is not its own proposes it in vain: the commit refuses. The model says
// the same ("adopt_any" is covered, "adopt_any_unchecked" loses an object).
TEST(CollectionInterleaving, AWorkerThatAdoptsAnythingIsRefused) {
  for (std::uint64_t seed = 1; seed <= WantedSeeds().value_or(40); ++seed) {
    CollectionWorld world(seed, {.adopt_any = true});
    world.Run();
    ASSERT_EQ(world.judge().complaint(), "") << "seed " << seed;
  }
}

// Named as in test/model/vault_model.py. "lost_list_ignored" takes a whole collection between two
// reads of another one: collection_order_test.cc puts that order together by hand.
struct Seeded {
  const char* name;
  Defect defect;
  std::uint64_t known;  // a seed that shows it, as far as the code is what it was
};
void PrintTo(const Seeded& seeded, std::ostream* out) { *out << seeded.name; }

class SeededDefect : public ::testing::TestWithParam<Seeded> {};

TEST_P(SeededDefect, IsFound) {
  constexpr std::uint64_t kPatience = 20'000;
  const std::uint64_t first = WantedSeeds() ? 1 : GetParam().known;
  for (std::uint64_t seed = first; seed < first + kPatience; ++seed) {
    CollectionWorld world(seed, GetParam().defect);
    world.Run();
    const std::string& complaint = world.judge().complaint();
    if (complaint.empty()) continue;
    std::printf("defect %s, found at seed %llu: %s\n", GetParam().name,
                static_cast<unsigned long long>(seed), complaint.c_str());
    return;
  }
  FAIL() << "no violation in " << kPatience << " interleavings";
}

INSTANTIATE_TEST_SUITE_P(
    CollectionInterleaving, SeededDefect,
    ::testing::Values(
        Seeded{"one_pass", {.rules = {.second_pass = false}}, 838},
        Seeded{"closings_last", {.rules = {.closings_first = false}}, 2},
        Seeded{"open_runs_ignored", {.rules = {.open_runs_protect = false}}, 3},
        Seeded{"no_look_afterwards", {.rules = {.look_afterwards = false}}, 937},
        Seeded{"inherit_closed_run", {.rules = {.heirs_win = false}}, 52},
        Seeded{"adopt_any_unchecked", {.rules = {.adoption_checked = false}, .adopt_any = true}, 5},
        Seeded{"next_neighbours_only", {.rules = {.pass_deleted = false}}, 54},
        Seeded{"heirs_ignored", {.rules = {.heirs_heard = false}}, 280},
        Seeded{"replace_entries", {.replaces = true}, 10}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace lc2::vault
