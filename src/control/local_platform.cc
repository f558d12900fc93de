#include "control/local_platform.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/crash_point.h"
#include "base/file.h"
#include "codec/described.h"
#include "engine/attempt_log.h"
#include "engine/backup.h"
#include "engine/restore.h"

namespace lc2::control {

namespace {

// How long another process may need to find that a lock file is nobody's, on a busy machine.
constexpr int kSweepTries = 200;
constexpr std::chrono::milliseconds kSweepPause{2};

// An attempt of this process, from its launch on.
struct Job final : ProgressSink {
  explicit Job(ProgressSink* also_to) : also(also_to) {}

  void Report(const Progress& progress) override {
    {
      const std::lock_guard lock(mutex);
      status.progress = progress;
    }
    if (also != nullptr) also->Report(progress);
  }
  AttemptStatus Now() {
    const std::lock_guard lock(mutex);
    return status;
  }

  ProgressSink* const also;
  std::mutex mutex;
  AttemptStatus status{.phase = AttemptPhase::kRunning};
  UniqueFd lock_file;
  std::atomic<bool> said = false;  // the thread takes the platform's lock no more
  std::jthread thread;
};

class LocalPlatform final : public Platform {
 public:
  LocalPlatform(const Clock& clock, Logger& log, provider::Provider& provider,
                LocalPlatformOptions options)
      : clock_(clock), log_(log), provider_(provider), options_(std::move(options)) {}

  ~LocalPlatform() override {
    for (auto& [name, job] : jobs_) job->thread.request_stop();
    for (auto& [name, job] : jobs_) {
      if (job->thread.joinable()) job->thread.join();
      RemoveLock(LockPath(name));
    }
    SweepLocks();
  }

  Result<void> Launch(const Context&, const AttemptWork& work) override {
    const std::lock_guard lock(mutex_);
    const AttemptName name = NameOf(work);
    if (jobs_.contains(name)) return {};
    LC2_ASSIGN_OR_RETURN(std::optional<UniqueFd> held, TakeLock(name));
    // Another process runs it; Status() will say so.
    if (!held) return {};
    auto job = std::make_unique<Job>(options_.progress);
    job->lock_file = *std::move(held);
    Job& running = *job;
    jobs_.emplace(name, std::move(job));
    running.thread = std::jthread(
        [this, &running, work](const std::stop_token& stop) { Run(running, work, stop); });
    return {};
  }

  Result<AttemptStatus> Status(const Context&, const AttemptName& name) override {
    const std::lock_guard lock(mutex_);
    if (const auto found = jobs_.find(name); found != jobs_.end()) return found->second->Now();
    LC2_ASSIGN_OR_RETURN(const bool held, IsLocked(name));
    if (!held) return AttemptStatus{.phase = AttemptPhase::kLost};
    TellElsewhere(name);
    return AttemptStatus{.phase = AttemptPhase::kRunning};
  }

  Result<void> Cancel(const Context&, const AttemptName& name) override {
    Job* job = nullptr;
    {
      const std::lock_guard lock(mutex_);
      const auto found = jobs_.find(name);
      if (found == jobs_.end()) return EndsElsewhere(name);
      job = found->second.get();
    }
    job->thread.request_stop();
    if (job->thread.joinable()) job->thread.join();
    return {};
  }

  void Release(const AttemptName& name) override {
    std::unique_ptr<Job> ended;
    const std::lock_guard lock(mutex_);
    const auto found = jobs_.find(name);
    if (found == jobs_.end() || found->second->Now().phase == AttemptPhase::kRunning) return;
    ended = std::move(found->second);
    jobs_.erase(found);
    RemoveLock(LockPath(name));
    retired_.push_back(std::move(ended));
    // Its thread may be about to say that it ended, which takes the lock: joined by a later call.
    std::erase_if(retired_, [](const std::unique_ptr<Job>& job) { return job->said.load(); });
  }

  void Wait(const Context& ctx, std::chrono::milliseconds wait) override {
    std::unique_lock lock(mutex_);
    const std::int64_t seen = ended_;
    changed_.wait_for(lock, wait, [&] { return ended_ != seen || ctx.stopped(); });
  }

 private:
  void Run(Job& job, const AttemptWork& work, const std::stop_token& stop) {
    engine::AttemptLog log(clock_, log_, job, provider_, LogTarget(work));
    AttemptStatus ended = Outcome(Context(clock_, log, &log).WithStop(stop), work);
    // Before anybody learns of the end: the log of a closed run is whole.
    log.Finish(ended.error);
    {
      const std::lock_guard lock(job.mutex);
      ended.progress = job.status.progress;
      job.status = std::move(ended);
    }
    const std::lock_guard lock(mutex_);
    ++ended_;
    changed_.notify_all();
    job.said = true;
  }

  static engine::AttemptLogTarget LogTarget(const AttemptWork& work) {
    return std::visit([](const auto& run) { return engine::LogTargetOf(run); }, work);
  }

  AttemptStatus Outcome(const Context& ctx, const AttemptWork& work) {
    try {
      if (const auto* backup = std::get_if<engine::BackupRun>(&work)) {
        const Result<std::string> digest = engine::RunBackup(ctx, provider_, *backup);
        if (!digest.has_value()) return Failed(digest.error());
        return {.phase = AttemptPhase::kSucceeded};
      }
      const auto report = engine::RunRestore(ctx, provider_, std::get<engine::RestoreRun>(work));
      if (!report.has_value()) return Failed(report.error());
      return {.phase = AttemptPhase::kSucceeded, .result = codec::Encode(*report)};
    } catch (const std::exception& problem) {
      return Failed(
          {.kind = ErrorKind::kInternal,
           .code = "attempt.exception",
           .message = fmt::format("the attempt ended by an exception: {}", problem.what())});
    }
  }

  static AttemptStatus Failed(Error error) {
    return {.phase = AttemptPhase::kFailed, .error = std::move(error)};
  }

  // Another process that runs the attempt sees by itself that its request is cancelled.
  Result<void> EndsElsewhere(const AttemptName& name) const {
    LC2_ASSIGN_OR_RETURN(const bool held, IsLocked(name));
    if (!held) return {};
    return Error{.kind = ErrorKind::kUnavailable,
                 .code = "attempt.elsewhere",
                 .message = fmt::format("attempt '{}' of run '{}' is still running in {}",
                                        name.attempt.str(), name.run.str(), HolderOf(name)),
                 .hint =
                     "it ends as soon as that process sees that it is cancelled; one that hangs or "
                     "is stopped has to be killed first"};
  }

  // Once: who waits for a process that hangs, or that somebody has stopped, waits in vain.
  void TellElsewhere(const AttemptName& name) {
    if (!told_.insert(name).second) return;
    log_.Warning(
        "waiting for an attempt of another process; if that hangs, kill it: its lock goes "
        "with it, and this command takes over",
        {{"run", name.run.str()}, {"attempt", name.attempt.str()}, {"holder", HolderOf(name)}});
  }

  // "process 4711", from the lock file.
  std::string HolderOf(const AttemptName& name) const {
    const Result<std::string> text = ReadFile(LockPath(name), 64);
    const bool number = text.has_value() && !text->empty() &&
                        text->find_first_not_of("0123456789") == std::string::npos;
    return number ? "process " + *text : "another process";
  }

  std::filesystem::path LockPath(const AttemptName& name) const {
    return options_.locks / fmt::format("{}-{}", name.run.str(), name.attempt.str());
  }

  // The attempt's lock, or nothing while another process holds it. It is kept as long as this
  // platform lives, also after the attempt: until then this process answers for what it came to.
  // Locks of open file descriptions, which can be looked at without being taken: a look must not
  // keep a launch from its lock.
  Result<std::optional<UniqueFd>> TakeLock(const AttemptName& name) const {
    std::error_code failed;
    std::filesystem::create_directories(options_.locks, failed);
    SweepLocks();
    const std::filesystem::path path = LockPath(name);
    while (true) {
      UniqueFd fd(AtCrashPoint(
          "lock.create", [&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); }));
      if (!fd.valid()) return ErrnoError(errno, "open", path.native());
      LC2_ASSIGN_OR_RETURN(const bool locked, LockPastSweeps(fd.get(), path));
      if (!locked) return std::optional<UniqueFd>();
      // Somebody who swept may have removed it between our two calls: such a lock nobody sees.
      if (!IsStill(path, fd.get())) continue;
      // For people alone, who may have to kill this process: what counts is the lock.
      (void)FdSink(fd.get(), path.native()).Write(std::to_string(::getpid()));
      return std::optional(std::move(fd));
    }
  }

  // Whoever sweeps holds a lock for an instant, whoever runs the attempt holds it on.
  static Result<bool> LockPastSweeps(int fd, const std::filesystem::path& path) {
    for (int tries = 0; tries < kSweepTries; ++tries) {
      LC2_ASSIGN_OR_RETURN(const bool locked, Lock(fd, path));
      if (locked) return true;
      std::this_thread::sleep_for(kSweepPause);
    }
    return false;
  }

  static Result<bool> Lock(int fd, const std::filesystem::path& path) {
    struct flock whole = WholeFile();
    if (::fcntl(fd, F_OFD_SETLK, &whole) == 0) return true;
    if (errno == EAGAIN || errno == EACCES) return false;
    return ErrnoError(errno, "lock", path.native());
  }

  static bool IsStill(const std::filesystem::path& path, int fd) {
    struct stat named {};
    struct stat open {};
    return ::stat(path.c_str(), &named) == 0 && ::fstat(fd, &open) == 0 &&
           named.st_ino == open.st_ino && named.st_dev == open.st_dev;
  }

  static void RemoveLock(const std::filesystem::path& path) {
    AtCrashPoint("lock.remove", [&] { return ::unlink(path.c_str()); });
  }

  // Removes what processes left that were killed: lock files that nobody holds.
  void SweepLocks() const {
    std::error_code failed;
    std::filesystem::directory_iterator files(options_.locks, failed);
    for (; !failed && files != std::filesystem::directory_iterator(); files.increment(failed)) {
      const std::filesystem::path& path = files->path();
      const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
      if (!fd.valid()) continue;
      const Result<bool> locked = Lock(fd.get(), path);
      if (locked.has_value() && *locked && IsStill(path, fd.get())) RemoveLock(path);
    }
  }

  Result<bool> IsLocked(const AttemptName& name) const {
    const std::filesystem::path path = LockPath(name);
    const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd.valid() && errno == ENOENT) return false;
    if (!fd.valid()) return ErrnoError(errno, "open", path.native());
    struct flock whole = WholeFile();
    if (::fcntl(fd.get(), F_OFD_GETLK, &whole) != 0) {
      return ErrnoError(errno, "look at the lock of", path.native());
    }
    return whole.l_type != F_UNLCK;
  }

  static struct flock WholeFile() {
    struct flock whole = {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    return whole;
  }

  const Clock& clock_;
  Logger& log_;
  provider::Provider& provider_;
  const LocalPlatformOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t ended_ = 0;
  std::set<AttemptName> told_;
  // Last: their threads use all of the above.
  std::vector<std::unique_ptr<Job>> retired_;  // released, but not yet joined
  std::map<AttemptName, std::unique_ptr<Job>> jobs_;
};

}  // namespace

AttemptName NameOf(const AttemptWork& work) {
  return std::visit([](const auto& run) { return AttemptName{run.run, run.attempt}; }, work);
}

std::unique_ptr<Platform> MakeLocalPlatform(const Clock& clock, Logger& log,
                                            provider::Provider& provider,
                                            const LocalPlatformOptions& options) {
  return std::make_unique<LocalPlatform>(clock, log, provider, options);
}

}  // namespace lc2::control
