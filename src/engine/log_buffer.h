#pragma once

#include <cstdint>
#include <deque>
#include <string>

namespace lc2::engine {

struct LogBufferLimits {
  std::int64_t waiting_bytes = 4 << 20;  // that wait to be taken; the oldest lines go beyond it
  std::int64_t total_bytes = 64 << 20;   // of all lines; beyond it only essential ones are taken in
};

// Lines that wait to be written: bounded, whatever becomes of the writing. What was dropped is
// counted. Not thread-safe.
class LogBuffer {
 public:
  explicit LogBuffer(const LogBufferLimits& limits = {}) : limits_(limits) {}

  // `line` has no line break. `essential`: kept also when the log has reached its size.
  void Add(std::string line, bool essential = false);

  struct Taken {
    std::string lines;       // whole lines with their breaks; empty: none waits
    std::int64_t count = 0;  // of lines
    std::int64_t lost = 0;   // dropped before these, since the last call
  };
  // The oldest lines, at most `most` bytes; a line alone may be longer.
  Taken Take(std::int64_t most);

  std::int64_t waiting_bytes() const { return waiting_bytes_; }
  std::int64_t waiting() const { return static_cast<std::int64_t>(lines_.size()); }
  // Dropped and not yet told by Take().
  std::int64_t lost() const { return lost_; }

 private:
  const LogBufferLimits limits_;
  std::deque<std::string> lines_;
  std::int64_t waiting_bytes_ = 0;
  std::int64_t total_bytes_ = 0;
  std::int64_t lost_ = 0;
};

}  // namespace lc2::engine
