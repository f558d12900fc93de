#include "cli/progress.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/time_format.h"
#include "cli/table.h"

namespace lc2::cli {

namespace {

using std::chrono::milliseconds;

constexpr int kBarWidth = 24;
constexpr milliseconds kRedraw{100};
constexpr milliseconds kLineEvery{10'000};

// The share that is done, by bytes where they are known, else by objects.
std::optional<double> Share(const Progress& p) {
  const auto of = [](std::int64_t done, std::int64_t total) {
    return std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0);
  };
  if (p.bytes_total > 0) return of(p.bytes_done, p.bytes_total);
  if (p.objects_total > 0) return of(p.objects_done, p.objects_total);
  return std::nullopt;
}

std::string Bar(double share) {
  const int filled = static_cast<int>(share * kBarWidth);
  std::string bar(static_cast<std::size_t>(filled), '=');
  if (filled < kBarWidth) bar += '>';
  bar.resize(kBarWidth, ' ');
  return fmt::format("[{}] {:3.0f}%", bar, share * 100);
}

std::vector<std::string> Counts(const Progress& p) {
  std::vector<std::string> counts;
  if (p.objects_done > 0 || p.objects_total > 0) {
    counts.push_back(p.objects_total > 0
                         ? fmt::format("{}/{} objects", WithThousands(p.objects_done),
                                       WithThousands(p.objects_total))
                         : WithThousands(p.objects_done) + " objects");
  }
  if (p.bytes_done > 0 || p.bytes_total > 0) {
    counts.push_back(p.bytes_total > 0
                         ? FormatBytes(p.bytes_done) + "/" + FormatBytes(p.bytes_total)
                         : FormatBytes(p.bytes_done));
  }
  return counts;
}

std::string Rate(std::int64_t bytes, double seconds) {
  return FormatBytes(static_cast<std::int64_t>(static_cast<double>(bytes) / seconds)) + "/s";
}

// 0 where nobody knows.
std::size_t TerminalWidth() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

class ThreadedDisplay final : public ProgressDisplay {
 public:
  ThreadedDisplay(ProgressStyle style, const Clock& clock)
      : style_(style), clock_(clock), thread_([this](const std::stop_token& stop) { Run(stop); }) {}

  ~ThreadedDisplay() override {
    thread_.request_stop();
    thread_.join();
    if (style_ == ProgressStyle::kBar && drawn_) std::fputs("\r\x1b[K", stderr);
  }

  void Report(const Progress& progress) override {
    const std::lock_guard lock(mutex_);
    const bool begins = !latest_ || latest_->step != progress.step;
    if (begins) step_began_ = clock_.SteadyNow();
    latest_ = progress;
    // Here and not in the thread: a step may be over before that wakes up, and a log wants them
    // all.
    if (begins && style_ == ProgressStyle::kLines) Show();
  }

 private:
  void Run(const std::stop_token& stop) {
    const milliseconds pause = style_ == ProgressStyle::kBar ? kRedraw : kLineEvery;
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      changed_.wait_for(lock, stop, pause, [] { return false; });
      if (latest_ && !stop.stop_requested()) Show();
    }
  }

  void Show() {
    const auto elapsed = std::chrono::duration_cast<milliseconds>(clock_.SteadyNow() - step_began_);
    if (style_ == ProgressStyle::kBar) {
      std::fprintf(stderr, "\r%s\x1b[K",
                   DescribeProgress(*latest_, elapsed, style_, TerminalWidth()).c_str());
      drawn_ = true;
    } else {
      std::fprintf(stderr, "%s\n", DescribeProgress(*latest_, elapsed, style_).c_str());
    }
    std::fflush(stderr);
  }

  const ProgressStyle style_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Progress> latest_;
  SteadyTime step_began_{};
  bool drawn_ = false;
  std::jthread thread_;
};

class NoDisplay final : public ProgressDisplay {
 public:
  void Report(const Progress&) override {}
};

}  // namespace

std::string DescribeProgress(const Progress& progress, milliseconds elapsed, ProgressStyle style,
                             std::size_t width) {
  const std::optional<double> share = Share(progress);
  const bool bar = style == ProgressStyle::kBar;
  std::vector<std::string> parts{Printable(progress.step)};
  if (share) {
    parts.front() = fmt::format("{:<10}", parts.front());
    parts.push_back(bar ? Bar(*share) : fmt::format("{:3.0f}%", *share * 100));
  }
  for (std::string& part : Counts(progress)) parts.push_back(std::move(part));
  const double seconds = static_cast<double>(elapsed.count()) / 1000.0;
  if (seconds >= 1 && progress.bytes_done > 0) parts.push_back(Rate(progress.bytes_done, seconds));
  if (share && *share > 0.01 && *share < 1 && seconds >= 1) {
    const auto left =
        milliseconds(static_cast<std::int64_t>(seconds * 1000.0 * (1 - *share) / *share));
    parts.push_back(FormatDuration(left) + " left");
  }
  std::string line;
  for (const std::string& part : parts) {
    const std::string longer = line.empty() ? part : line + "  " + part;
    if (bar && width > 0 && DisplayWidth(longer) >= width) break;
    line = longer;
  }
  return line;
}

std::unique_ptr<ProgressDisplay> ProgressDisplay::Make(ProgressStyle style, const Clock& clock) {
  if (style == ProgressStyle::kNone) return std::make_unique<NoDisplay>();
  return std::make_unique<ThreadedDisplay>(style, clock);
}

}  // namespace lc2::cli
