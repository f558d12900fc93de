#include "cli/signals.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

namespace lc2::cli {

namespace {

constexpr int kShellSignalBase = 128;  // a shell's exit status of a command killed by a signal

sigset_t Watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  // Sent by the destructor to wake the thread.
  sigaddset(&set, SIGUSR1);
  return set;
}

}  // namespace

SignalWatcher::SignalWatcher() {
  const sigset_t set = Watched();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // A reader that went away shows as a failed write.
  ::signal(SIGPIPE, SIG_IGN);
  thread_ = std::jthread([this](const std::stop_token& ended) { Watch(ended); });
}

SignalWatcher::~SignalWatcher() {
  thread_.request_stop();
  ::pthread_kill(thread_.native_handle(), SIGUSR1);
}

void SignalWatcher::Watch(const std::stop_token& ended) {
  const sigset_t set = Watched();
  while (!ended.stop_requested()) {
    int number = 0;
    if (::sigwait(&set, &number) != 0 || number == SIGUSR1) continue;
    if (received_ != 0) ::_exit(kShellSignalBase + number);
    received_ = number;
    stop_.request_stop();
  }
}

}  // namespace lc2::cli
