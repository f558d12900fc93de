#include "library/restore_plan.h"

#include <gtest/gtest.h>

#include "library/tests/streams.h"
#include "testing/fake_clock.h"

namespace lc2::library {
namespace {

using testing::TestContext;

TEST(DecideRestore, FollowsTheTable) {
  const Entry wanted = Backed(Listed("20097/1/2/1.0", 5));
  const Entry same_size = Listed("20097/1/2/1.0", 5);
  const Entry other_size = Listed("20097/1/2/1.0", 6);
  const RestoreScope keep{};
  const RestoreScope remove{.extra_keys = ExtraKeys::kRemove};
  const RestoreScope elsewhere{.filter = KeyFilter::Make({"x/"}, {}).value(),
                               .extra_keys = ExtraKeys::kRemove};
  const auto content = KeyClass::kContent;
  EXPECT_EQ(DecideRestore(&wanted, nullptr, content, keep), RestoreAction::kWrite);
  EXPECT_EQ(DecideRestore(&wanted, &same_size, content, keep), RestoreAction::kCompare);
  EXPECT_EQ(DecideRestore(&wanted, &other_size, content, keep), RestoreAction::kReplace);
  EXPECT_EQ(DecideRestore(nullptr, &same_size, content, keep), RestoreAction::kKeep);
  EXPECT_EQ(DecideRestore(nullptr, &same_size, content, remove), RestoreAction::kRemove);
  EXPECT_EQ(DecideRestore(nullptr, &same_size, KeyClass::kGenerated, remove),
            RestoreAction::kRemove);
  EXPECT_EQ(DecideRestore(nullptr, &same_size, KeyClass::kStoreOwn, remove),
            RestoreAction::kIgnore);
  EXPECT_EQ(DecideRestore(&wanted, nullptr, content, elsewhere), RestoreAction::kIgnore);
  EXPECT_EQ(DecideRestore(nullptr, &same_size, content, elsewhere), RestoreAction::kIgnore);
}

TEST(PlanRestore, CountsWhatWouldBeDone) {
  VectorReader<Entry> backup({Backed(Listed("1/1/1/new", 1)), Backed(Listed("1/1/1/other", 2)),
                              Backed(Listed("1/1/1/same", 4)), Backed(Listed("2/1/1/no", 8))});
  VectorReader<Entry> target({Listed("1/1/1/extra", 16), Listed("1/1/1/other", 3),
                              Listed("1/1/1/same", 4), Listed("README.txt", 7)});
  RestoreJoin join(backup, &target, {.filter = KeyFilter::Make({}, {"2/"}).value()});
  EXPECT_EQ(PlanRestore(TestContext(), join).value(), (RestorePlan{.write = 1,
                                                                   .write_bytes = 1,
                                                                   .replace = 1,
                                                                   .replace_bytes = 2,
                                                                   .compare = 1,
                                                                   .compare_bytes = 4,
                                                                   .extra = 1,
                                                                   .extra_bytes = 16,
                                                                   .filtered_out = 1}));
}

TEST(PlanRestore, AnAbsentTargetIsEmpty) {
  VectorReader<Entry> backup({Backed(Listed("1/1/1/1.0", 3))});
  RestoreJoin join(backup, nullptr, {});
  EXPECT_EQ(PlanRestore(TestContext(), join).value(), (RestorePlan{.write = 1, .write_bytes = 3}));
}

TEST(FindNewLosses, NamesWhatRowsWouldLoseAndHaveNow) {
  const auto losses = [](std::vector<Entry> backup, std::vector<Entry> target,
                         const RestoreScope& scope) {
    VectorReader<Reference> rows({Row("a/0/0/1.0", 1), Row("b/0/0/1.0", 1), Row("c/0/0/1.0", 1)});
    VectorReader<Entry> wanted(std::move(backup));
    VectorReader<Entry> present(std::move(target));
    return FindNewLosses(TestContext(), rows, wanted, &present, scope).value().named;
  };
  using Names = std::vector<std::string>;
  const RestoreScope keep{}, remove{.extra_keys = ExtraKeys::kRemove};
  // Extra keys: lost only where they are removed, and only where a row has them now.
  EXPECT_EQ(losses({}, {Listed("a/0/0/1.0", 1), Listed("d/0/0/1.0", 1)}, keep), Names{});
  EXPECT_EQ(losses({}, {Listed("a/0/0/1.0", 1), Listed("d/0/0/1.0", 1)}, remove),
            Names{"a/0/0/1.0"});
  EXPECT_EQ(losses({}, {Listed("a/0/0/1.0", 9)}, remove), Names{});
  // Replaced in another size; brought back; equal.
  EXPECT_EQ(losses({Listed("a/0/0/1.0", 2)}, {Listed("a/0/0/1.0", 1)}, keep), Names{"a/0/0/1.0"});
  EXPECT_EQ(losses({Listed("a/0/0/1.0", 2)}, {}, keep), Names{});
  EXPECT_EQ(losses({Listed("a/0/0/1.0", 1)}, {Listed("a/0/0/1.0", 2)}, keep), Names{});
  EXPECT_EQ(losses({Listed("a/0/0/1.0", 1)}, {Listed("a/0/0/1.0", 1)}, keep), Names{});
  // Outside the filter nothing is touched.
  const RestoreScope only_b{.filter = KeyFilter::Make({"b/"}, {}).value(),
                            .extra_keys = ExtraKeys::kRemove};
  EXPECT_EQ(losses({}, {Listed("a/0/0/1.0", 1), Listed("b/0/0/1.0", 1)}, only_b),
            Names{"b/0/0/1.0"});
}

TEST(FindNewLosses, CountsAllAndNamesTen) {
  std::vector<Reference> rows;
  std::vector<Entry> target;
  for (char c = 'a'; c < 'a' + 12; ++c) {
    rows.push_back(Row(std::string(1, c), 1));
    target.push_back(Listed(std::string(1, c), 1));
  }
  VectorReader<Reference> references(rows);
  VectorReader<Entry> backup({});
  VectorReader<Entry> present(target);
  const NewLosses losses =
      FindNewLosses(TestContext(), references, backup, &present, {.extra_keys = ExtraKeys::kRemove})
          .value();
  EXPECT_EQ(losses.count, 12);
  EXPECT_EQ(losses.named.size(), 10U);
  VectorReader<Reference> again(rows);
  VectorReader<Entry> nothing({});
  EXPECT_EQ(FindNewLosses(TestContext(), again, nothing, nullptr, {}).value(), NewLosses{});
}

}  // namespace
}  // namespace lc2::library
