#include "engine/log_buffer.h"

#include <utility>

namespace lc2::engine {

namespace {

std::int64_t SizeOf(const std::string& line) { return static_cast<std::int64_t>(line.size()) + 1; }

}  // namespace

void LogBuffer::Add(std::string line, bool essential) {
  const std::int64_t size = SizeOf(line);
  if (!essential && total_bytes_ + size > limits_.total_bytes) {
    ++lost_;
    return;
  }
  total_bytes_ += size;
  waiting_bytes_ += size;
  lines_.push_back(std::move(line));
  while (waiting_bytes_ > limits_.waiting_bytes && lines_.size() > 1) {
    waiting_bytes_ -= SizeOf(lines_.front());
    lines_.pop_front();
    ++lost_;
  }
}

LogBuffer::Taken LogBuffer::Take(std::int64_t most) {
  Taken taken{.lost = std::exchange(lost_, 0)};
  while (!lines_.empty()) {
    const std::int64_t size = SizeOf(lines_.front());
    if (taken.count > 0 && static_cast<std::int64_t>(taken.lines.size()) + size > most) break;
    taken.lines += lines_.front();
    taken.lines += '\n';
    ++taken.count;
    waiting_bytes_ -= size;
    lines_.pop_front();
  }
  return taken;
}

}  // namespace lc2::engine
