#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "base/crash_point.h"
#include "base/spawn_internal.h"

namespace lc2::internal {

namespace {

Result<Pipe> MakePipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return ErrnoError(errno, "create", "a pipe");
  UniqueFd read(fds[0]);
  UniqueFd write(fds[1]);
  LC2_ASSIGN_OR_RETURN(read, AboveStandardFds(std::move(read)));
  LC2_ASSIGN_OR_RETURN(write, AboveStandardFds(std::move(write)));
  return Pipe{std::move(read), std::move(write)};
}

// What the child needs after fork, made before it: only async-signal-safe calls may follow there.
struct ChildPlan {
  const char* program;
  std::vector<char*> argv;
  std::vector<char*> environment;
  int in, out, err;
  const std::vector<int>* inherited;
  int report;
  pid_t parent;
};

// All signals are blocked here: a handler of the parent's must not run in the child.
[[noreturn]] void BecomeChild(const ChildPlan& plan) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != plan.parent) ::_exit(127);  // it died before prctl: nobody is left to tell
  bool ready = ::dup2(plan.in, 0) == 0 && ::dup2(plan.out, 1) == 1 && ::dup2(plan.err, 2) == 2;
  for (const int fd : *plan.inherited) ready = ready && ::fcntl(fd, F_SETFD, 0) == 0;
  // No controlling terminal: a client that wants to ask for a password fails instead of being
  // stopped for ever as a background job. Our own Ctrl-C is handled by the parent alone.
  ready = ready && ::setsid() != -1;
  // Ignored signals would stay ignored across exec (nohup, SIGPIPE).
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (ready) ::execve(plan.program, plan.argv.data(), plan.environment.data());
  const int failure = errno;
  [[maybe_unused]] const ssize_t written = ::write(plan.report, &failure, sizeof failure);
  ::_exit(127);
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Gives 0 or an errno.
int ReadReport(int fd) {
  int failure = 0;
  ssize_t count = 0;
  do {
    count = ::read(fd, &failure, sizeof failure);
  } while (count < 0 && errno == EINTR);
  return count == sizeof failure ? failure : 0;
}

}  // namespace

Result<Pipes> MakePipes() {
  Pipes pipes;
  LC2_ASSIGN_OR_RETURN(pipes.in, MakePipe());
  LC2_ASSIGN_OR_RETURN(pipes.out, MakePipe());
  LC2_ASSIGN_OR_RETURN(pipes.err, MakePipe());
  LC2_ASSIGN_OR_RETURN(pipes.report, MakePipe());
  UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.valid()) return ErrnoError(errno, "open", "/dev/null");
  LC2_ASSIGN_OR_RETURN(pipes.null, AboveStandardFds(std::move(null)));
  return pipes;
}

ExitStatus Reap(pid_t pid) {
  PassCrashPoint("process.end", "before");
  int raw = 0;
  pid_t reaped = 0;
  do {
    reaped = ::waitpid(pid, &raw, 0);
  } while (reaped < 0 && errno == EINTR);
  PassCrashPoint("process.end", "after");
  if (reaped != pid) return {};
  if (WIFEXITED(raw)) return {.code = WEXITSTATUS(raw), .signal = {}};
  return {.code = {}, .signal = WTERMSIG(raw)};
}

Spawned Spawn(ProcessOptions& options, Pipes& pipes) {
  std::vector<std::string> environment;
  for (const auto& [name, value] : options.environment) environment.push_back(name + "=" + value);
  const ChildPlan plan{
      .program = options.argv[0].c_str(),
      .argv = Pointers(options.argv),
      .environment = Pointers(environment),
      .in = options.pipe_stdin ? pipes.in.read.get() : pipes.null.get(),
      .out = options.pipe_stdout ? pipes.out.write.get() : pipes.null.get(),
      .err = pipes.err.write.get(),
      .inherited = &options.inherited,
      .report = pipes.report.write.get(),
      .parent = ::getpid(),
  };
  if (const int fault = BeginCrashPoint("process.start"); fault != 0) {
    return {.failure = fault, .pid = -1, .pidfd = {}};
  }
  const pid_t pid = ::fork();
  if (pid < 0) return {.failure = errno, .pid = -1, .pidfd = {}};
  if (pid == 0) BecomeChild(plan);

  pipes.report.write.Close();
  int failure = ReadReport(pipes.report.read.get());
  if (failure == 0) {
    UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    PassCrashPoint("process.start", "after");
    if (pidfd.valid()) return {.failure = 0, .pid = pid, .pidfd = std::move(pidfd)};
    failure = errno;
    ::kill(pid, SIGKILL);
  }
  Reap(pid);
  return {.failure = failure, .pid = -1, .pidfd = {}};
}

}  // namespace lc2::internal
