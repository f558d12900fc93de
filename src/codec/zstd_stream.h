#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/io.h"
#include "base/result.h"

namespace lc2::codec {

// One independent zstd frame (RFC 8878) inside a stored stream.
struct ZstdFrame {
  std::int64_t offset = 0;    // of the first byte in the stored stream
  std::int64_t size = 0;      // stored bytes
  std::int64_t raw_size = 0;  // before compression
  std::string sha256;         // of the stored bytes, hex
};

// What came out of a finished stream.
struct ZstdSummary {
  std::vector<ZstdFrame> frames;
  std::int64_t size = 0;
  std::int64_t raw_size = 0;
  std::string sha256;      // of all stored bytes, hex
  std::string raw_sha256;  // of all raw bytes, hex; empty unless asked for
};

struct ZstdWriterOptions {
  std::int64_t frame_bytes = 8 << 20;  // raw bytes a frame
  int level = 3;
  int threads = 1;  // compressing threads; 1 compresses on the caller's
  bool hash_raw = false;
};

// Compresses a stream into independent frames with content checksum, so that each can be read and
// checked alone and `zstd -dc` reads them all. The bytes depend on the input and the options but
// not on `threads`. Memory: threads + 1 frames, and a buffer of a frame's size for each thread;
// Write waits while all threads are busy. After an error of the sink every later call gives that
// error. A writer that is destroyed unfinished drops what it has. Not thread-safe.
class ZstdFrameWriter {
 public:
  // `sink` must outlive the writer; it is written from the thread that calls Write or Finish only.
  static std::unique_ptr<ZstdFrameWriter> Make(ByteSink& sink, const ZstdWriterOptions& options);
  virtual ~ZstdFrameWriter() = default;

  virtual Result<void> Write(std::string_view raw) = 0;
  // Ends the current frame early, so that the next byte starts a frame. Nothing if it is empty.
  virtual Result<void> EndFrame() = 0;
  // Raw bytes in the current frame so far.
  virtual std::int64_t open_frame_bytes() const = 0;
  // Ends the stream; to be called once, nothing after it. An empty stream is one empty frame, so
  // that tools accept it.
  virtual Result<ZstdSummary> Finish() = 0;
};

// Reads a stream of zstd frames; skippable ones are passed over. Errors: kCorrupt "zstd.corrupt" on
// a bad frame, a checksum that does not match or a stream that is empty or ends within a frame,
// each with the place of the frame in the stored stream; it is given again by every later Read.
// Frames that ask for a window above 128 MiB are refused.
class ZstdSource final : public ByteSource {
 public:
  explicit ZstdSource(ByteSource& stored);
  ~ZstdSource() override;
  Result<std::size_t> Read(std::span<char> buffer) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Yields lines of a text stream without their line break; a last line without one counts. A line
// above `max_line` bytes is kCorrupt "ndjson.line_too_long".
class LineReader {
 public:
  explicit LineReader(ByteSource& source, std::int64_t max_line = 1 << 20);
  // Valid until the next call; nothing at the end.
  Result<std::optional<std::string_view>> Next();

 private:
  Result<std::optional<std::string_view>> TakeLine(std::size_t stop, std::size_t next);
  Error TooLong() const;

  ByteSource& source_;
  const std::size_t max_line_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  bool at_end_ = false;
};

}  // namespace lc2::codec
