#include "base/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

#include "testing/fake_clock.h"

namespace lc2 {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::FakeClock;
using testing::TestContext;

ProcessOptions Shell(std::string script) {
  return {.argv = {"/bin/sh", "-c", std::move(script)}, .environment = {{"PATH", "/usr/bin:/bin"}}};
}

std::string RunShell(std::string script) {
  return RunForOutput(TestContext(), Shell(std::move(script)), 1 << 20).value();
}

// A child that says "ready" once its script stands at the command that follows.
std::unique_ptr<ChildProcess> StartReady(const Context& ctx, ProcessOptions options) {
  options.pipe_stdout = true;
  auto child = ChildProcess::Start(ctx, std::move(options)).value();
  std::string said;
  char buffer[1];
  while (said != "ready\n" && child->output().Read(buffer).value() == 1) said += buffer[0];
  EXPECT_EQ(said, "ready\n");
  return child;
}

TEST(ChildProcess, GivesItsOutputAndExitCode) {
  ProcessOptions options = Shell("echo out; echo err >&2; exit 3");
  options.pipe_stdout = true;
  const auto child = ChildProcess::Start(std::move(options)).value();
  EXPECT_EQ(ReadAll(child->output(), 100).value(), "out\n");
  const ExitStatus status = child->Wait(TestContext()).value();
  EXPECT_EQ(status.code, 3);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.str(), "exit code 3");
  EXPECT_EQ(child->stderr_tail(), "err\n");
  EXPECT_EQ(child->Wait(TestContext()).value().code, 3);
}

TEST(ChildProcess, NamesTheSignalThatKilledIt) {
  const auto child = ChildProcess::Start(Shell("kill -9 $$")).value();
  const ExitStatus status = child->Wait(TestContext()).value();
  EXPECT_EQ(status.signal, 9);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.str(), "signal 9");
}

TEST(ChildProcess, ReadsWhatItIsGiven) {
  ProcessOptions options{.argv = {"/bin/cat"}, .pipe_stdin = true, .pipe_stdout = true};
  const auto child = ChildProcess::Start(std::move(options)).value();
  const std::string text(3'000'000, 'x');
  std::thread writer([&] {
    EXPECT_TRUE(child->input().Write(text).has_value());
    child->CloseInput();
    // The number of the closed descriptor may be another file's by now.
    EXPECT_EQ(child->input().Write("more").error().code, "file.reader_gone");
  });
  EXPECT_EQ(ReadAll(child->output(), 4'000'000).value(), text);
  writer.join();
  EXPECT_TRUE(child->Wait(TestContext()).value().ok());
}

// With the default disposition SIGPIPE would end this test program.
TEST(ChildProcess, WritingToAChildThatIsGoneIsAnError) {
  ASSERT_NE(::signal(SIGPIPE, SIG_DFL), SIG_ERR);
  ProcessOptions options = Shell("exit 0");
  options.pipe_stdin = true;
  const auto child = ChildProcess::Start(std::move(options)).value();
  ASSERT_TRUE(child->Wait(TestContext()).value().ok());
  const Result<void> written = child->input().Write("x");
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, "file.reader_gone");
  sigset_t pending;
  ::sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
}

TEST(ChildProcess, KeepsTheEndOfStandardError) {
  const auto child = ChildProcess::Start(
                         Shell("i=0; while [ $i -lt 3000 ]; do echo line-$i >&2; i=$((i+1)); done"))
                         .value();
  ASSERT_TRUE(child->Wait(TestContext()).value().ok());
  EXPECT_EQ(child->stderr_tail().size(), 16U * 1024);
  EXPECT_TRUE(child->stderr_tail().ends_with("line-2998\nline-2999\n"));
}

TEST(ChildProcess, HasTheEnvironmentItIsGivenAndNoOther) {
  ::setenv("LC2_TEST_SECRET", "x", 1);
  const std::string text =
      RunForOutput(TestContext(), {.argv = {"/usr/bin/env"}, .environment = {{"A", "b c"}}}, 1000)
          .value();
  EXPECT_EQ(text, "A=b c\n");
}

TEST(ChildProcess, InheritsTheDescriptorsItIsGivenAndNoOther) {
  const UniqueFd given = MakeMemoryFile("given", "the secret").value();
  const UniqueFd kept = MakeMemoryFile("kept", "another").value();
  ProcessOptions options = Shell("cat <&" + std::to_string(given.get()) + "; [ -e /proc/$$/fd/" +
                                 std::to_string(kept.get()) + " ] || echo , and no other");
  options.inherited = {given.get()};
  EXPECT_EQ(RunForOutput(TestContext(), std::move(options), 100).value(),
            "the secret, and no other\n");
  EXPECT_NE(::fcntl(given.get(), F_GETFD) & FD_CLOEXEC, 0);
}

// A daemon's standard descriptors may be closed; the pipes then get their numbers.
TEST(ChildProcess, StartsWhereStandardInputAndOutputAreClosed) {
  const UniqueFd in(::fcntl(0, F_DUPFD_CLOEXEC, 10));
  const UniqueFd out(::fcntl(1, F_DUPFD_CLOEXEC, 10));
  ::close(0);
  ::close(1);
  Result<std::string> text = std::string();
  {
    ProcessOptions options{.argv = {"/bin/cat"}, .pipe_stdin = true, .pipe_stdout = true};
    auto child = ChildProcess::Start(std::move(options));
    if (child.has_value()) {
      EXPECT_TRUE(child.value()->input().Write("through").has_value());
      child.value()->CloseInput();
      text = ReadAll(child.value()->output(), 100);
    }
  }
  if (in.valid()) ::dup2(in.get(), 0);
  if (out.valid()) ::dup2(out.get(), 1);
  EXPECT_EQ(text.value(), "through");
}

TEST(ChildProcess, SaysWhyItCannotStart) {
  const Result<std::unique_ptr<ChildProcess>> missing =
      ChildProcess::Start({.argv = {"/nonexistent/pg_dump"}});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(missing.error().code, "process.cannot_start");
  EXPECT_EQ(missing.error().message,
            "cannot start '/nonexistent/pg_dump': No such file or directory");
  EXPECT_EQ(ChildProcess::Start({.argv = {"/etc/passwd"}}).error().kind, ErrorKind::kDenied);
}

TEST(ChildProcess, DoesNotStartForWhoeverHasStopped) {
  FakeClock clock;
  const Context late = Context(clock).WithTimeout(milliseconds(0));
  EXPECT_EQ(ChildProcess::Start(late, Shell("exit 0")).error().kind, ErrorKind::kTimeout);
}

// It has no terminal to ask on and is not in our group, so that Ctrl-C reaches us alone.
TEST(ChildProcess, LeadsASessionOfItsOwn) {
  EXPECT_EQ(
      RunShell("[ $(cut -d' ' -f6 /proc/$$/stat) = $$ ] && [ $(cut -d' ' -f5 /proc/$$/stat) = "
               "$$ ] && echo leads"),
      "leads\n");
}

TEST(ChildProcess, StartsWithDefaultSignals) {
  const auto before = ::signal(SIGTERM, SIG_IGN);
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
  const std::string text = RunShell("grep -E 'Sig(Blk|Ign)' /proc/self/status");
  ::pthread_sigmask(SIG_UNBLOCK, &usr1, nullptr);
  ::signal(SIGTERM, before);
  EXPECT_EQ(text, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

// Linux sends the death signal when the thread that forked ends, not the process.
TEST(ChildProcess, OutlivesTheThreadThatStartedIt) {
  std::unique_ptr<ChildProcess> child;
  std::thread starter([&] {
    ProcessOptions options{.argv = {"/bin/cat"}, .pipe_stdin = true, .pipe_stdout = true};
    child = ChildProcess::Start(std::move(options)).value();
  });
  starter.join();
  ASSERT_TRUE(child->input().Write("still here").has_value());
  child->CloseInput();
  EXPECT_EQ(ReadAll(child->output(), 100).value(), "still here");
  EXPECT_EQ(child->Wait(TestContext()).value().str(), "exit code 0");
}

TEST(ChildProcess, WaitEndsItWhenItsContextIsStopped) {
  std::stop_source source;
  const auto child = StartReady(TestContext(), Shell("echo ready; exec sleep 1000"));
  source.request_stop();
  const Result<ExitStatus> status = child->Wait(TestContext().WithStop(source.get_token()));
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(child->Wait(TestContext()).value().signal, SIGTERM);
}

TEST(ChildProcess, ItsOwnContextEndsItWhileItIsRead) {
  FakeClock clock;
  const auto child =
      StartReady(Context(clock).WithTimeout(hours(1)), Shell("echo ready; exec sleep 1000"));
  std::thread later([&] { clock.Advance(hours(2)); });
  EXPECT_EQ(ReadAll(child->output(), 100).value(), "");
  later.join();
  const Result<ExitStatus> status = child->Wait(TestContext());
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, ErrorKind::kTimeout);
}

TEST(ChildProcess, IsKilledAfterTheGrace) {
  ProcessOptions options = Shell("trap '' TERM; echo ready; while :; do sleep 1000; done");
  options.grace = milliseconds(20);
  const auto child = StartReady(TestContext(), std::move(options));
  child->Terminate();
  child->Terminate();
  EXPECT_EQ(ReadAll(child->output(), 100).value(), "");
  EXPECT_EQ(child->Wait(TestContext()).value().signal, SIGKILL);
}

TEST(ChildProcess, TerminateTakesItsGroupAlong) {
  const auto child = StartReady(TestContext(), Shell("sleep 1000 & echo ready; wait"));
  child->Terminate();
  EXPECT_EQ(ReadAll(child->output(), 100).value(), "");  // `sleep` held the pipe open
  EXPECT_EQ(child->Wait(TestContext()).value().signal, SIGTERM);
  child->Terminate();  // nobody is there any more
}

// The daemon left the group, lives as long as its input, and holds both pipes.
TEST(ChildProcess, DoesNotWaitForADaemonThatHoldsItsPipes) {
  ProcessOptions options =
      Shell("exec 3<&0; echo said >&2; setsid sh -c 'echo ready; exec cat' <&3 & wait");
  options.pipe_stdin = true;
  const auto child = StartReady(TestContext(), std::move(options));
  child->Terminate();
  EXPECT_EQ(child->Wait(TestContext()).value().signal, SIGTERM);
  EXPECT_EQ(child->stderr_tail(), "said\n");
  char buffer[1];
  EXPECT_EQ(child->output().Read(buffer).error().code, "process.terminated");
  child->CloseInput();
}

TEST(ChildProcess, TheDestructorKillsIt) {
  pid_t pid = 0;
  {
    ProcessOptions options =
        Shell("trap '' TERM; echo $$; echo ready; while :; do sleep 1000; done");
    options.pipe_stdout = true;
    const auto child = ChildProcess::Start(std::move(options)).value();
    std::string said;
    char buffer[1];
    while (!said.ends_with("ready\n") && child->output().Read(buffer).value() == 1)
      said += buffer[0];
    pid = std::stoi(said);
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

// The kernel reaps for a process that ignores SIGCHLD: nobody knows how the child ended.
TEST(ChildProcess, AnUnknownEndIsNoSuccess) {
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  ProcessOptions options = Shell("read line; exit 1");
  options.pipe_stdin = true;
  const auto child = ChildProcess::Start(std::move(options)).value();
  child->CloseInput();
  const ExitStatus status = child->Wait(TestContext()).value();
  ::signal(SIGCHLD, before);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.str(), "an unknown status");
}

TEST(ChildProcessDeathTest, RefusesToHandOnAStandardDescriptor) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  ProcessOptions options = Shell("exit 0");
  options.inherited = {1};
  EXPECT_DEATH((void)ChildProcess::Start(options), "fd > ");
}

TEST(RunForOutput, ReportsAFailureWithItsLastWords) {
  const Result<std::string> text = RunForOutput(
      TestContext(), Shell("echo 'pg_dump: error: one' >&2; printf 'and \\377 two\\n' >&2; exit 1"),
      100);
  ASSERT_FALSE(text.has_value());
  EXPECT_EQ(text.error().code, "process.failed");
  EXPECT_EQ(text.error().message,
            "'/bin/sh' ended with exit code 1: pg_dump: error: one; and \xEF\xBF\xBD two");
  EXPECT_EQ(text.error().provider->service, "sh");
  EXPECT_EQ(text.error().provider->code, "exit code 1");
  EXPECT_THAT(RunForOutput(TestContext(), Shell("exit 1"), 100).error().message,
              ::testing::EndsWith("it said nothing"));
  EXPECT_LT(RunForOutput(TestContext(), Shell("head -c 50000 /dev/zero >&2; exit 1"), 100)
                .error()
                .message.size(),
            1100U);
}

TEST(RunForOutput, EndsAProgramThatSaysTooMuch) {
  const Result<std::string> text =
      RunForOutput(TestContext(), Shell("while :; do echo too much; done"), 1000);
  ASSERT_FALSE(text.has_value());
  EXPECT_EQ(text.error().code, "io.too_large");
  EXPECT_THAT(text.error().message, ::testing::HasSubstr("the output of '/bin/sh'"));
}

TEST(RunForOutput, EndsAProgramThatSaysNothingInTime) {
  const Context ctx = TestContext().WithTimeout(milliseconds(50));
  const Result<std::string> text = RunForOutput(ctx, Shell("exec sleep 1000"), 1000);
  ASSERT_FALSE(text.has_value());
  EXPECT_EQ(text.error().kind, ErrorKind::kTimeout);
}

}  // namespace
}  // namespace lc2
