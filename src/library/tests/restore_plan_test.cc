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

}  // namespace
}  // namespace lc2::library
