#include "engine/restore_target.h"

#include <gtest/gtest.h>

#include "engine/tests/world.h"

namespace lc2::engine {
namespace {

TEST(ScopeOf, TakesOverPatternsAndWhatBecomesOfExtraKeys) {
  const auto scope =
      ScopeOf({.extra_keys = api::ExtraKeys::kRemove, .include = {"a/"}, .exclude = {"a/b"}});
  ASSERT_TRUE(IsOk(scope));
  EXPECT_EQ(scope->extra_keys, library::ExtraKeys::kRemove);
  EXPECT_TRUE(scope->filter.Takes("a/c"));
  EXPECT_FALSE(scope->filter.Takes("a/b"));
  EXPECT_FALSE(scope->filter.Takes("b"));
  EXPECT_EQ(ScopeOf({})->extra_keys, library::ExtraKeys::kKeep);
  EXPECT_EQ(CodeOf(ScopeOf({.include = {""}})), "restore.bad_pattern");
}

TEST(RestoreTarget, ThatIsNotThereHoldsNothing) {
  MemoryWorld world;
  world.Put("a", "x");
  const auto store = OpenIfThere(world.provider, world.site.environment).value();
  EXPECT_EQ(ListTarget(world.ctx, store.get()).value()->Read()->size(), 1U);
  EXPECT_EQ(world.provider.library_access, provider::LibraryAccess::kRead);

  world.provider.library_error = Error{.kind = ErrorKind::kNotFound, .code = "store.not_found"};
  const auto absent = OpenIfThere(world.provider, world.site.environment);
  ASSERT_TRUE(IsOk(absent));
  EXPECT_EQ(*absent, nullptr);
  EXPECT_TRUE(ListTarget(world.ctx, nullptr).value()->Read()->empty());

  world.provider.library_error = Error{.kind = ErrorKind::kDenied, .code = "store.denied"};
  EXPECT_EQ(CodeOf(OpenIfThere(world.provider, world.site.environment)), "store.denied");
}

}  // namespace
}  // namespace lc2::engine
