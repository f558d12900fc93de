#include "cli/serve_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>

#include "base/file.h"

namespace lc2::cli {
namespace {

class ServeLockTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_ = TemporaryFolder::Create("serve-lock").value();
  const std::filesystem::path& home() { return folder_.path(); }
};

TEST_F(ServeLockTest, OneHoldsItUntilItEnds) {
  EXPECT_FALSE(IsServed(home()));
  std::optional<ServeLock> first = ServeLock::Take(home()).value();
  EXPECT_TRUE(IsServed(home()));
  const auto second = ServeLock::Take(home());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, "serve.running");
  EXPECT_FALSE(second.error().hint.empty());
  EXPECT_TRUE(IsServed(home())) << "who is refused takes nothing away";
  first.reset();
  EXPECT_FALSE(IsServed(home()));
  EXPECT_TRUE(ServeLock::Take(home()).has_value());
}

TEST_F(ServeLockTest, ALookTakesNothing) {
  { const ServeLock before = ServeLock::Take(home()).value(); }
  EXPECT_FALSE(IsServed(home()));
  EXPECT_TRUE(ServeLock::Take(home()).has_value());
}

TEST_F(ServeLockTest, AKilledProcessHoldsItNoLonger) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = ServeLock::Take(home());
    const char held = lock.has_value() ? 'y' : 'n';
    if (::write(ready[1], &held, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char held = 0;
  ASSERT_EQ(::read(ready[0], &held, 1), 1);
  EXPECT_EQ(held, 'y');
  EXPECT_TRUE(IsServed(home()));
  EXPECT_FALSE(ServeLock::Take(home()).has_value());
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(ServeLock::Take(home()).has_value());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(ServeLockTest, AHomeThatIsNotThereIsNamed) {
  const auto lock = ServeLock::Take(home() / "gone");
  ASSERT_FALSE(lock.has_value());
  EXPECT_NE(lock.error().message.find("gone"), std::string::npos);
  EXPECT_FALSE(IsServed(home() / "gone"));
}

}  // namespace
}  // namespace lc2::cli
