#include "base/secret.h"

#include <gtest/gtest.h>

#include <concepts>
#include <cstring>
#include <new>
#include <ostream>
#include <string>

namespace lc2 {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

bool Holds(const void* memory, std::size_t size, std::string_view text) {
  return std::string_view(static_cast<const char*>(memory), size).find(text) !=
         std::string_view::npos;
}

TEST(Secret, CannotBePrintedComparedOrTurnedIntoText) {
  static_assert(!Printable<Secret>);
  static_assert(!std::equality_comparable<Secret>);
  static_assert(!std::is_convertible_v<Secret, std::string>);
  static_assert(!std::is_convertible_v<std::string, Secret>);
  EXPECT_EQ(Secret("pass").Expose(), "pass");
  EXPECT_TRUE(Secret().empty());
}

TEST(Secret, CopiesAndMoves) {
  Secret one("first password");
  const Secret copy = one;
  const Secret moved = std::move(one);
  EXPECT_EQ(copy.Expose(), "first password");
  EXPECT_EQ(moved.Expose(), "first password");
  EXPECT_TRUE(one.empty());  // NOLINT(bugprone-use-after-move): that it is empty is the promise

  Secret other("b");
  other = copy;
  EXPECT_EQ(other.Expose(), "first password");
  const Secret& itself = other;
  other = itself;
  EXPECT_EQ(other.Expose(), "first password");
  Secret last;
  last = std::move(other);
  EXPECT_EQ(last.Expose(), "first password");
  EXPECT_TRUE(other.empty());  // NOLINT(bugprone-use-after-move): as above
}

// Short texts live inside the object, where they can be looked for afterwards.
TEST(Secret, LeavesNothingInItsMemory) {
  alignas(Secret) unsigned char memory[sizeof(Secret)] = {};
  auto* secret = new (memory) Secret("hunter2-xyz");
  ASSERT_TRUE(Holds(memory, sizeof memory, "hunter2"));
  const Secret taken = std::move(*secret);
  EXPECT_FALSE(Holds(memory, sizeof memory, "hunter2"));
  *secret = taken;
  ASSERT_TRUE(Holds(memory, sizeof memory, "hunter2"));
  secret->~Secret();
  EXPECT_FALSE(Holds(memory, sizeof memory, "unter2"));
}

TEST(Secret, WipeTakesWhatAShorterTextLeftBehind) {
  std::string text = "hunter2-xyz";
  text.resize(1);
  Secret::Wipe(text);
  EXPECT_TRUE(text.empty());
  EXPECT_FALSE(Holds(&text, sizeof text, "unter2"));
}

}  // namespace
}  // namespace lc2
