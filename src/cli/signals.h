#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace lc2::cli {

// Turns SIGINT and SIGTERM into a stop token, so that a command can end in order: children
// stopped, multiparts aborted, the run closed as cancelled. A second signal ends the process at
// once. Make it in main() before any other thread: the signals are blocked for all threads and
// taken by one of its own.
class SignalWatcher {
 public:
  SignalWatcher();
  ~SignalWatcher();
  std::stop_token token() const { return stop_.get_token(); }
  // The first signal that came; 0 if none did.
  int received() const { return received_; }

 private:
  void Watch(const std::stop_token& ended);

  std::stop_source stop_;
  std::atomic<int> received_ = 0;
  std::jthread thread_;
};

}  // namespace lc2::cli
