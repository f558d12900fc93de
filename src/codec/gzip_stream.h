#pragma once

#include <cstdint>
#include <memory>

#include "base/io.h"

namespace lc2::codec {

// One gzip member (RFC 1952) of everything written, without name and time: equal input gives equal
// bytes. Finish() must be called, once, with nothing after it; it writes the trailer. After an
// error of the sink every later call gives that error.
class GzipSink final : public ByteSink {
 public:
  explicit GzipSink(ByteSink& stored, int level = 6);
  ~GzipSink() override;
  Result<void> Write(std::string_view raw) override;
  Result<void> Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Reads gzip, also of several members. Errors: kCorrupt "gzip.corrupt" (bad data, wrong CRC, cut,
// something that is no member behind the last), given again by every later Read.
class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(ByteSource& stored);
  ~GzipSource() override;
  Result<std::size_t> Read(std::span<char> buffer) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lc2::codec
