#include "cli/signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <future>

namespace lc2::cli {
namespace {

using std::chrono::seconds;

// Waits for the watcher's thread to have taken a signal.
bool StopsAfter(const SignalWatcher& watcher, int number) {
  std::promise<void> stopped;
  const std::stop_callback tell(watcher.token(), [&] { stopped.set_value(); });
  ::kill(::getpid(), number);
  return stopped.get_future().wait_for(seconds(30)) == std::future_status::ready;
}

TEST(SignalWatcher, FirstSignalStopsInOrder) {
  for (const int number : {SIGINT, SIGTERM}) {
    const SignalWatcher watcher;
    EXPECT_EQ(watcher.received(), 0);
    EXPECT_FALSE(watcher.token().stop_requested());
    EXPECT_TRUE(StopsAfter(watcher, number));
    EXPECT_EQ(watcher.received(), number);
  }
}

TEST(SignalWatcherDeathTest, SecondSignalEndsAtOnceWithTheStatusOfAShell) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        const SignalWatcher watcher;
        StopsAfter(watcher, SIGINT);
        ::kill(::getpid(), SIGINT);
        ::sleep(30);
      },
      ::testing::ExitedWithCode(128 + SIGINT), "");
}

}  // namespace
}  // namespace lc2::cli
