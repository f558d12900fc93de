// Other builds have bare calls in place of what is tested here; its source is then part of the
// test program alone.
#ifndef LC2_CRASH_POINTS
#define LC2_CRASH_POINTS
#endif
#include "base/crash_point.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "base/file.h"

namespace lc2 {
namespace {

// Each test's points are passed in a child, as the plan is read once a process.
template <class Work>
int StatusOf(const char* name, const std::string& value, const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(name, value.c_str(), 1);
    std::exit(work());  // not _exit: what measures coverage has its say
  }
  int status = 0;
  ::waitpid(child, &status, WUNTRACED);
  if (WIFSTOPPED(status)) {
    ::kill(child, SIGCONT);
    ::waitpid(child, nullptr, 0);
  }
  return status;
}

int ThreeCalls() {
  int made = 0;
  for (int i = 0; i < 3; ++i) {
    errno = 0;
    const int result = AtCrashPoint("test.call", [&] { return ++made; });
    if (result < 0) return errno == ENOSPC ? 100 + made : 99;
  }
  return made;
}

TEST(CrashPoint, PassesWithoutAPlan) {
  const int status = StatusOf("LC2_OTHER", "", ThreeCalls);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 3);
}

TEST(CrashPoint, KillsAtItsPoint) {
  const int last = StatusOf("LC2_CRASH_AT", "6", ThreeCalls);
  ASSERT_TRUE(WIFSIGNALED(last));
  EXPECT_EQ(WTERMSIG(last), SIGKILL);
  EXPECT_TRUE(WIFEXITED(StatusOf("LC2_CRASH_AT", "7", ThreeCalls)));
}

TEST(CrashPoint, KillsAtAPointOfAName) {
  const auto killed = [](const char* at) {
    return WIFSIGNALED(StatusOf("LC2_CRASH_AT", at, [] {
      PassCrashPoint("test.other", "after");
      return ThreeCalls();
    }));
  };
  EXPECT_TRUE(killed("test.call.after:3"));
  EXPECT_FALSE(killed("test.call.after:4"));
  EXPECT_FALSE(killed("test.call:1"));
}

TEST(CrashPoint, StopsAtItsPoint) {
  const int status = StatusOf("LC2_STOP_AT", "2", ThreeCalls);
  EXPECT_TRUE(WIFSTOPPED(status));
}

TEST(CrashPoint, FailsOneOperationInPlaceOfTheCall) {
  const int status = StatusOf("LC2_FAULT_AT", "2:ENOSPC", ThreeCalls);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 101) << "the second call must not have been made";
}

TEST(CrashPoint, FailsAllOperationsFromOneOn) {
  const auto count = [] {
    int failed = 0;
    for (int i = 0; i < 5; ++i) failed += AtCrashPoint("test.call", [] { return 0; }) < 0 ? 1 : 0;
    return failed;
  };
  EXPECT_EQ(WEXITSTATUS(StatusOf("LC2_FAULT_AT", "2:EROFS", count)), 1);
  EXPECT_EQ(WEXITSTATUS(StatusOf("LC2_FAULT_AT", "2+:EROFS", count)), 4);
}

TEST(CrashPoint, AMisspeltPlanPassesNoTest) {
  for (const auto& [name, value] : {std::pair{"LC2_CRASH_AT", "x"},
                                    {"LC2_CRASH_AT", "0"},
                                    {"LC2_FAULT_AT", "3"},
                                    {"LC2_FAULT_AT", "3:EWHAT"}}) {
    const int status = StatusOf(name, value, ThreeCalls);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) << name << '=' << value;
  }
}

TEST(CrashPoint, WritesDownWhatItPassed) {
  const auto folder = TemporaryFolder::Create("lc2-crash-point");
  ASSERT_TRUE(folder.has_value());
  const std::filesystem::path file = folder->path() / "trace";
  StatusOf("LC2_CRASH_TRACE", file.native(), ThreeCalls);
  const auto text = ReadFile(file, 1000);
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(*text,
            "1 test.call.before 1\n2 test.call.after\n3 test.call.before 2\n4 test.call.after\n"
            "5 test.call.before 3\n6 test.call.after\n");
}

}  // namespace
}  // namespace lc2
