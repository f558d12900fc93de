#include "base/process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <future>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/check.h"
#include "base/spawn_internal.h"
#include "base/utf8.h"

namespace lc2 {

namespace {

using internal::Pipes;
using internal::Spawned;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kStderrTail = 16 * 1024;
constexpr std::size_t kStderrInMessage = 1000;
constexpr int kPipeBytes = 1 << 20;
constexpr milliseconds kPollSlice{100};
// pg_dump writes 4 KiB at a time. Who waits for each is woken 250,000 times a GiB, on both sides of
// the pipe; after this pause some hundred KiB have come together.
constexpr milliseconds kGather{1};
// A grandchild may keep the pipe open after the child's end: it is not waited for for ever.
constexpr milliseconds kStderrGrace{500};

// Writing to a pipe that nobody reads raises SIGPIPE, which ends a process that does not expect it.
// Held back in this thread while we write, and taken away where we caused it.
class SigpipeBlock {
 public:
  SigpipeBlock() {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  SigpipeBlock(const SigpipeBlock&) = delete;
  SigpipeBlock& operator=(const SigpipeBlock&) = delete;
  ~SigpipeBlock() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  void Forget() {
    const timespec at_once{0, 0};
    while (!was_pending_ && ::sigtimedwait(&sigpipe_, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }

 private:
  sigset_t sigpipe_, before_;
  bool was_pending_ = false;
};

class PipeSink final : public ByteSink {
 public:
  PipeSink(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  Result<void> Write(std::string_view bytes) override {
    if (!fd_.valid()) return ErrnoError(EPIPE, "write", name_);
    SigpipeBlock block;
    Result<void> done = FdSink(fd_.get(), name_).Write(bytes);
    if (!done.has_value()) block.Forget();
    return done;
  }

  void Close() { fd_.Close(); }

 private:
  UniqueFd fd_;
  const std::string name_;
};

void BlockAllSignals() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

class PosixChild final : public ChildProcess {
 public:
  PosixChild(std::string name, std::optional<Context> ctx, milliseconds grace, UniqueFd in,
             UniqueFd out, UniqueFd err)
      : ctx_(std::move(ctx)),
        grace_(grace),
        err_(std::move(err)),
        err_name_(name + " stderr"),
        input_(std::move(in), name + " input"),
        output_(*this, std::move(out), name + " output") {}

  ~PosixChild() override {
    {
      const std::lock_guard lock(mutex_);
      Signal(SIGKILL);
    }
    if (life_.joinable()) life_.join();
  }

  // Gives 0 or an errno. Called once.
  int Launch(ProcessOptions options, Pipes pipes) {
    std::promise<int> started;
    std::future<int> failure = started.get_future();
    try {
      life_ = std::thread([this, options = std::move(options), pipes = std::move(pipes),
                           started = std::move(started)]() mutable {
        Live(std::move(options), std::move(pipes), std::move(started));
      });
    } catch (const std::system_error& problem) {
      return problem.code().value();
    }
    return failure.get();
  }

  ByteSource& output() override { return output_; }
  ByteSink& input() override { return input_; }
  void CloseInput() override { input_.Close(); }

  Result<ExitStatus> Wait(const Context& ctx) override {
    const auto finished = [this] { return finished_; };
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kPollSlice, finished)) {
      lock.unlock();
      const Result<void> go_on = ctx.Check();
      if (!go_on.has_value()) Terminate();
      lock.lock();
      if (!go_on.has_value()) {
        changed_.wait(lock, finished);
        return go_on.error();
      }
    }
    if (stopped_by_) return *stopped_by_;
    return status_;
  }

  void Terminate() override {
    const std::lock_guard lock(mutex_);
    if (terminated_at_) return;
    terminated_at_ = steady_clock::now();
    Signal(SIGTERM);
  }

  std::string stderr_tail() override {
    const std::lock_guard lock(mutex_);
    return tail_;
  }

 private:
  class Output final : public ByteSource {
   public:
    Output(PosixChild& child, UniqueFd fd, std::string name)
        : child_(child),
          fd_(std::move(fd)),
          name_(std::move(name)),
          has_room_(::fcntl(fd_.get(), F_GETPIPE_SZ) >= kPipeBytes) {}

    Result<std::size_t> Read(std::span<char> buffer) override {
      pollfd ready{fd_.get(), POLLIN, 0};
      // A pipe of the usual 64 KiB would be full before the pause is over.
      if (drained_ && has_room_) std::this_thread::sleep_for(kGather);
      while (true) {
        // Asked for first, so that the group has the whole slice to die in and close the pipe.
        const bool gone = child_.IsGoneByForce();
        if (::poll(&ready, 1, static_cast<int>(kPollSlice.count())) > 0) {
          Result<std::size_t> count = FdSource(fd_.get(), name_).Read(buffer);
          drained_ = count.has_value() && *count < buffer.size();
          return count;
        }
        if (!gone) continue;
        return Error{.kind = ErrorKind::kCancelled,
                     .code = "process.terminated",
                     .message = "cannot read '" + name_ + "': the program was ended"};
      }
    }

   private:
    PosixChild& child_;
    const UniqueFd fd_;
    const std::string name_;
    const bool has_room_;
    bool drained_ = false;  // the last read took all there was
  };

  void Live(ProcessOptions options, Pipes pipes, std::promise<int> started) {
    BlockAllSignals();
    Spawned child = internal::Spawn(options, pipes);
    pipes = {};  // the child has its ends now; ours would keep it from seeing ours closed
    {
      const std::lock_guard lock(mutex_);
      pid_ = child.pid;
    }
    started.set_value(child.failure);
    if (child.failure == 0) Watch(child.pidfd.get());
    const std::lock_guard lock(mutex_);
    finished_ = true;
    changed_.notify_all();
  }

  // Until the child has ended and its standard error has been read.
  void Watch(int pidfd) {
    bool err_open = true;
    std::optional<steady_clock::time_point> ended_at;
    while (!ended_at || err_open) {
      const milliseconds left =
          !ended_at
              ? kPollSlice
              : std::chrono::ceil<milliseconds>(*ended_at + kStderrGrace - steady_clock::now());
      if (left <= milliseconds::zero()) return;
      pollfd ready[] = {{err_open ? err_.get() : -1, POLLIN, 0},
                        {ended_at ? -1 : pidfd, POLLIN, 0}};
      ::poll(ready, 2, static_cast<int>(left.count()));
      if (ready[0].revents != 0) err_open = DrainSome();
      if (ready[1].revents != 0) {
        ReapChild();
        ended_at = steady_clock::now();
      } else if (!ended_at) {
        EndIfAsked();
      }
    }
  }

  // False at the end.
  bool DrainSome() {
    std::array<char, 4096> buffer;
    const Result<std::size_t> count = FdSource(err_.get(), err_name_).Read(buffer);
    if (!count.has_value() || *count == 0) return false;
    const std::lock_guard lock(mutex_);
    tail_.append(buffer.data(), *count);
    if (tail_.size() > kStderrTail) tail_.erase(0, tail_.size() - kStderrTail);
    return true;
  }

  void ReapChild() {
    const std::lock_guard lock(mutex_);
    if (terminated_at_) Signal(SIGKILL);  // what is left of its group; the pid is still ours
    status_ = internal::Reap(pid_);
    pid_ = -1;
  }

  void EndIfAsked() {
    if (ctx_ && !stopped_by_) {
      if (const Result<void> go_on = ctx_->Check(); !go_on.has_value()) {
        {
          const std::lock_guard lock(mutex_);
          stopped_by_ = go_on.error();
        }
        Terminate();
      }
    }
    const std::lock_guard lock(mutex_);
    if (terminated_at_ && steady_clock::now() - *terminated_at_ >= grace_) Signal(SIGKILL);
  }

  bool IsGoneByForce() {
    const std::lock_guard lock(mutex_);
    return finished_ && terminated_at_;
  }

  // To the whole group. With the lock, so that the child is not reaped meanwhile: its number could
  // be another's then.
  void Signal(int number) {
    if (pid_ > 0) ::kill(-pid_, number);
  }

  const std::optional<Context> ctx_;
  const milliseconds grace_;
  const UniqueFd err_;
  const std::string err_name_;
  PipeSink input_;
  Output output_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  pid_t pid_ = -1;  // -1 before it starts and once it is reaped
  std::optional<steady_clock::time_point> terminated_at_;
  std::optional<Error> stopped_by_;  // written by life_ alone
  ExitStatus status_;
  std::string tail_;
  bool finished_ = false;

  std::thread life_;  // forks the child and ends after it: see the class comment in the header
};

std::string ProgramName(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

Error CannotStart(int error_number, const std::string& program) {
  Error error = ErrnoError(error_number, "start", program);
  error.code = "process.cannot_start";
  error.hint = "is the program installed and executable?";
  return error;
}

Result<std::unique_ptr<ChildProcess>> StartChild(std::optional<Context> ctx,
                                                 ProcessOptions options) {
  LC2_CHECK(!options.argv.empty());
  for (const int fd : options.inherited) LC2_CHECK(fd > STDERR_FILENO);
  if (ctx) LC2_RETURN_IF_ERROR(ctx->Check());
  LC2_ASSIGN_OR_RETURN(Pipes pipes, internal::MakePipes());
  // A larger pipe keeps both sides busy; refused beyond the user's limit, which is fine.
  if (options.pipe_stdout) ::fcntl(pipes.out.read.get(), F_SETPIPE_SZ, kPipeBytes);
  if (options.pipe_stdin) ::fcntl(pipes.in.write.get(), F_SETPIPE_SZ, kPipeBytes);

  const std::string program = options.argv[0];
  auto child = std::make_unique<PosixChild>(
      ProgramName(program), std::move(ctx), options.grace,
      options.pipe_stdin ? std::move(pipes.in.write) : UniqueFd(),
      options.pipe_stdout ? std::move(pipes.out.read) : UniqueFd(), std::move(pipes.err.read));
  const int failure = child->Launch(std::move(options), std::move(pipes));
  if (failure != 0) return CannotStart(failure, program);
  return std::unique_ptr<ChildProcess>(std::move(child));
}

// The end of what a program said before it failed, on one line.
std::string LastWords(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  const bool cut = text.size() > kStderrInMessage;
  if (cut) text.remove_prefix(text.size() - kStderrInMessage);
  std::string words = cut ? "..." : "";
  for (const char c : WithoutInvalidUtf8(text)) {
    if (c == '\n') {
      words += "; ";
    } else {
      words += c;
    }
  }
  return words.empty() ? "it said nothing" : words;
}

}  // namespace

std::string ExitStatus::str() const {
  if (signal) return fmt::format("signal {}", *signal);
  if (code) return fmt::format("exit code {}", *code);
  return "an unknown status";
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::Start(const Context& ctx,
                                                          ProcessOptions options) {
  return StartChild(ctx, std::move(options));
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::Start(ProcessOptions options) {
  return StartChild(std::nullopt, std::move(options));
}

Result<std::string> RunForOutput(const Context& ctx, ProcessOptions options, std::int64_t limit) {
  options.pipe_stdout = true;
  const std::string program = options.argv[0];
  LC2_ASSIGN_OR_RETURN(const auto child, ChildProcess::Start(ctx, std::move(options)));
  Result<std::string> text = ReadAll(child->output(), limit);
  if (!text.has_value()) child->Terminate();
  LC2_ASSIGN_OR_RETURN(const ExitStatus status, child->Wait(ctx));
  if (!text.has_value()) {
    Error error = std::move(text).error();
    error.message = fmt::format("the output of '{}': {}", program, error.message);
    return error;
  }
  if (!status.ok()) {
    return Error{.kind = ErrorKind::kUnavailable,
                 .code = "process.failed",
                 .message = fmt::format("'{}' ended with {}: {}", program, status.str(),
                                        LastWords(child->stderr_tail())),
                 .provider = ProviderFacts{.service = ProgramName(program), .code = status.str()}};
  }
  return text;
}

}  // namespace lc2
