#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lc2 {

// A stream of bytes that is read once, front to back. Not thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills the front of `buffer` (not empty) and returns how many bytes; 0 only at the end of the
  // data.
  virtual Result<std::size_t> Read(std::span<char> buffer) = 0;
};

// Where a stream of bytes goes. Not thread-safe. Whoever owns the sink ends it; a sink that is
// dropped unfinished leaves nothing behind.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual Result<void> Write(std::string_view bytes) = 0;
};

// Reads from text that must outlive it.
class StringSource final : public ByteSource {
 public:
  explicit StringSource(std::string_view text) : rest_(text) {}
  Result<std::size_t> Read(std::span<char> buffer) override;

 private:
  std::string_view rest_;
};

class StringSink final : public ByteSink {
 public:
  Result<void> Write(std::string_view bytes) override {
    text_.append(bytes);
    return {};
  }
  std::string& text() { return text_; }

 private:
  std::string text_;
};

// Reads to the end. kInvalid ("io.too_large") beyond `limit` bytes.
Result<std::string> ReadAll(ByteSource& source, std::int64_t limit);
// Moves everything from `source` to `sink`; returns the number of bytes.
Result<std::int64_t> Pump(ByteSource& source, ByteSink& sink);

}  // namespace lc2
