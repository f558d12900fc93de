#include "base/process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

namespace lc2 {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kStderrTail = 16 * 1024;
constexpr milliseconds kGrace{5000};
constexpr milliseconds kPollSlice{100};

struct Pipe {
  UniqueFd read, write;
};

Result<Pipe> MakePipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return ErrnoError(errno, "create", "a pipe");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// What the child needs after fork, made before it: only async-signal-safe calls may follow there.
struct ChildPlan {
  const char* program;
  std::vector<char*> argv;
  std::vector<char*> environment;
  int in, out, err;
  const std::vector<int>* inherited;
  int report;  // errno of a failed exec goes here
  pid_t parent;
};

[[noreturn]] void BecomeChild(const ChildPlan& plan) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  bool ready = ::getppid() == plan.parent;
  ready = ready && ::dup2(plan.in, 0) == 0 && ::dup2(plan.out, 1) == 1 && ::dup2(plan.err, 2) == 2;
  for (const int fd : *plan.inherited) ready = ready && ::fcntl(fd, F_SETFD, 0) == 0;
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  // Our own Ctrl-C is handled by the parent, which then ends its children in order.
  ::setpgid(0, 0);
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

class PosixChild final : public ChildProcess {
 public:
  PosixChild(std::string name, pid_t pid, UniqueFd pidfd, UniqueFd in, UniqueFd out, UniqueFd err)
      : name_(std::move(name)),
        pid_(pid),
        pidfd_(std::move(pidfd)),
        in_(std::move(in)),
        out_(std::move(out)),
        err_(std::move(err)),
        source_(out_.get(), name_ + " output"),
        sink_(in_.get(), name_ + " input"),
        drain_([this] { DrainStderr(); }) {}

  ~PosixChild() override {
    if (!status_) {
      ::kill(pid_, SIGKILL);
      Reap();
    }
    drain_.join();
  }

  ByteSource& output() override { return source_; }
  ByteSink& input() override { return sink_; }
  void CloseInput() override { in_.Close(); }

  Result<ExitStatus> Wait(const Context& ctx) override {
    while (!status_) {
      if (EndedWithin(kPollSlice)) {
        Reap();
        break;
      }
      const Result<void> go_on = ctx.Check();
      if (!go_on.has_value()) {
        Terminate();
        if (!EndedWithin(kGrace)) ::kill(pid_, SIGKILL);
        Reap();
        return go_on.error();
      }
    }
    if (drain_.joinable()) WaitForStderr();
    return *status_;
  }

  void Terminate() override {
    // A pidfd never names another process, even when the child is gone already.
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGTERM, nullptr, 0);
  }

  std::string stderr_tail() override {
    const std::lock_guard lock(mutex_);
    return tail_;
  }

 private:
  bool EndedWithin(milliseconds limit) {
    pollfd ready{pidfd_.get(), POLLIN, 0};
    return ::poll(&ready, 1, static_cast<int>(limit.count())) > 0;
  }

  void Reap() {
    int raw = 0;
    while (::waitpid(pid_, &raw, 0) < 0 && errno == EINTR) {
    }
    status_ = WIFEXITED(raw) ? ExitStatus{.code = WEXITSTATUS(raw)}
                             : ExitStatus{.signal = WTERMSIG(raw)};
  }

  void DrainStderr() {
    std::vector<char> buffer(4096);
    FdSource source(err_.get(), name_ + " stderr");
    while (true) {
      const Result<std::size_t> count = source.Read(buffer);
      const std::lock_guard lock(mutex_);
      if (!count.has_value() || *count == 0) {
        drained_ = true;
        changed_.notify_all();
        return;
      }
      tail_.append(buffer.data(), *count);
      if (tail_.size() > kStderrTail) tail_.erase(0, tail_.size() - kStderrTail);
    }
  }

  // A grandchild may keep the pipe open after the child's end: do not wait for it for ever.
  void WaitForStderr() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, milliseconds(500), [this] { return drained_; });
  }

  const std::string name_;
  const pid_t pid_;
  UniqueFd pidfd_, in_, out_, err_;
  FdSource source_;
  FdSink sink_;
  std::optional<ExitStatus> status_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string tail_;
  bool drained_ = false;
  std::thread drain_;
};

Error CannotStart(int error_number, const std::string& program) {
  Error error = ErrnoError(error_number, "start", program);
  error.code = "process.cannot_start";
  error.hint = "is the program installed and executable?";
  return error;
}

}  // namespace

std::string ExitStatus::str() const {
  if (signal) return fmt::format("signal {}", *signal);
  return fmt::format("exit code {}", code.value_or(-1));
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::Start(ProcessOptions options) {
  LC2_CHECK(!options.argv.empty());
  LC2_ASSIGN_OR_RETURN(Pipe in, MakePipe());
  LC2_ASSIGN_OR_RETURN(Pipe out, MakePipe());
  LC2_ASSIGN_OR_RETURN(Pipe err, MakePipe());
  LC2_ASSIGN_OR_RETURN(Pipe report, MakePipe());
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.valid()) return ErrnoError(errno, "open", "/dev/null");
  // A larger pipe keeps both sides busy; refused beyond the user's limit, which is fine.
  if (options.pipe_stdout) ::fcntl(out.read.get(), F_SETPIPE_SZ, 1 << 20);

  std::vector<std::string> environment;
  for (const auto& [name, value] : options.environment) environment.push_back(name + "=" + value);
  ChildPlan plan{.program = options.argv[0].c_str(),
                 .argv = Pointers(options.argv),
                 .environment = Pointers(environment),
                 .in = options.pipe_stdin ? in.read.get() : null.get(),
                 .out = options.pipe_stdout ? out.write.get() : null.get(),
                 .err = err.write.get(),
                 .inherited = &options.inherited,
                 .report = report.write.get(),
                 .parent = ::getpid()};
  const pid_t pid = ::fork();
  if (pid < 0) return CannotStart(errno, options.argv[0]);
  if (pid == 0) BecomeChild(plan);

  report.write.Close();
  int failure = 0;
  const bool failed = ::read(report.read.get(), &failure, sizeof failure) == sizeof failure;
  UniqueFd pidfd(failed ? -1 : static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (failed || !pidfd.valid()) {
    if (!failed) failure = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return CannotStart(failure, options.argv[0]);
  }
  err.write.Close();
  const std::string name = options.argv[0].substr(options.argv[0].find_last_of('/') + 1);
  return std::unique_ptr<ChildProcess>(std::make_unique<PosixChild>(
      name, pid, std::move(pidfd), options.pipe_stdin ? std::move(in.write) : UniqueFd(),
      options.pipe_stdout ? std::move(out.read) : UniqueFd(), std::move(err.read)));
}

Result<std::string> RunForOutput(const Context& ctx, ProcessOptions options, std::int64_t limit) {
  options.pipe_stdout = true;
  const std::string program = options.argv[0];
  LC2_ASSIGN_OR_RETURN(const auto child, ChildProcess::Start(std::move(options)));
  Result<std::string> text = ReadAll(child->output(), limit);
  if (!text.has_value()) child->Terminate();
  LC2_ASSIGN_OR_RETURN(const ExitStatus status, child->Wait(ctx));
  if (!text.has_value()) return text;
  if (!status.ok()) {
    return Error{.kind = ErrorKind::kUnavailable,
                 .code = "process.failed",
                 .message = fmt::format("'{}' ended with {}: {}", program, status.str(),
                                        child->stderr_tail()),
                 .provider = ProviderFacts{.service = program, .code = status.str()}};
  }
  return text;
}

}  // namespace lc2
