#include "base/crash_point.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>

namespace lc2::crash {

namespace {

struct NamedFault {
  std::string_view name;
  int error;
};
constexpr std::array<NamedFault, 6> kFaults = {{{"ENOSPC", ENOSPC},
                                                {"EROFS", EROFS},
                                                {"EIO", EIO},
                                                {"EMFILE", EMFILE},
                                                {"EDQUOT", EDQUOT},
                                                {"EACCES", EACCES}}};

std::string_view Variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::string_view() : text;
}

// 0: none. A test that misspells its wish must not pass for want of a fault.
long NumberOf(std::string_view text) {
  if (text.empty()) return 0;
  long number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number < 1) std::abort();
  return number;
}

// "17": the 17th point; "folder.rename.after:3": the third of this name.
class Moment {
 public:
  explicit Moment(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon != std::string_view::npos) name_ = text.substr(0, colon);
    number_ = NumberOf(colon == std::string_view::npos ? text : text.substr(colon + 1));
  }
  // Is it now, at point `number` with this name? Counts.
  bool IsAt(long number, std::string_view name) {
    if (name_.empty()) return number == number_;
    return name == name_ && ++seen_ == number_;
  }

 private:
  std::string name_;  // empty: any
  long number_ = 0;   // 0: never
  long seen_ = 0;
};

// What the environment asks for, and how far this process has come.
class Plan {
 public:
  Plan() : crash_at_(Variable("LC2_CRASH_AT")), stop_at_(Variable("LC2_STOP_AT")) {
    if (const std::string_view fault = Variable("LC2_FAULT_AT"); !fault.empty()) TakeFault(fault);
    if (const std::string file(Variable("LC2_CRASH_TRACE")); !file.empty()) {
      trace_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
      if (trace_ < 0) std::abort();
    }
  }

  void Pass(const char* site, const char* side, long operation) {
    // One after the other, so that numbers and lines agree.
    const std::lock_guard lock(mutex_);
    const long number = ++passed_;
    const std::string name = std::string(site) + "." + side;
    if (trace_ >= 0) {
      std::string line = std::to_string(number) + " " + name;
      if (operation != 0) line += " " + std::to_string(operation);
      line += "\n";
      if (::write(trace_, line.data(), line.size()) < 0) std::abort();
    }
    if (crash_at_.IsAt(number, name)) ::raise(SIGKILL);
    if (stop_at_.IsAt(number, name)) ::raise(SIGSTOP);
  }

  int Begin(const char* site) {
    const long operation = ++begun_;
    Pass(site, "before", operation);
    const bool due = operation == fault_at_ || (fault_lasts_ && operation > fault_at_);
    return due ? fault_ : 0;
  }

 private:
  void TakeFault(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) std::abort();
    std::string_view number = text.substr(0, colon);
    if (number.ends_with('+')) {
      fault_lasts_ = true;
      number.remove_suffix(1);
    }
    fault_at_ = NumberOf(number);
    for (const NamedFault& known : kFaults) {
      if (known.name == text.substr(colon + 1)) fault_ = known.error;
    }
    if (fault_ == 0 || fault_at_ == 0) std::abort();
  }

  Moment crash_at_;
  Moment stop_at_;
  long fault_at_ = 0;
  bool fault_lasts_ = false;
  int fault_ = 0;
  int trace_ = -1;
  std::mutex mutex_;
  long passed_ = 0;
  std::atomic<long> begun_ = 0;
};

Plan& ThePlan() {
  static Plan plan;
  return plan;
}

}  // namespace

void Pass(const char* site, const char* side) {
  const int kept = errno;
  ThePlan().Pass(site, side, 0);
  errno = kept;
}

int Begin(const char* site) {
  const int kept = errno;
  const int fault = ThePlan().Begin(site);
  errno = kept;
  return fault;
}

}  // namespace lc2::crash
