// Dumps, shards and references lie in storage as zstd frames, plain dumps as gzip. Any bytes are
// refused or read, however they are cut into reads; what our own writer made is found whole again
// by its list of frames, and one flipped bit in it is never read as other data.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/hash.h"
#include "base/io.h"
#include "codec/gzip_stream.h"
#include "codec/zstd_stream.h"

namespace {

// Of hostile input, which may unpack to a thousand times more.
constexpr std::size_t kMaxRaw = 256 << 10;

class Pieces final : public lc2::ByteSource {
 public:
  Pieces(std::string_view bytes, std::size_t step) : rest_(bytes), step_(step) {}
  lc2::Result<std::size_t> Read(std::span<char> buffer) override {
    const std::size_t count = std::min({step_, buffer.size(), rest_.size()});
    std::copy_n(rest_.begin(), count, buffer.begin());
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
  const std::size_t step_;
};

// Everything up to the end; nothing if the stream is refused or longer than kMaxRaw. `had` gets
// what was given out before that was known.
template <class Source>
std::optional<std::string> Unpack(std::string_view stored, std::size_t step, std::string& had) {
  Pieces pieces(stored, step);
  Source source(pieces);
  char buffer[4096];
  had.clear();
  while (had.size() <= kMaxRaw) {
    const lc2::Result<std::size_t> count = source.Read(buffer);
    if (!count.has_value()) {
      LC2_CHECK(count.error().kind == lc2::ErrorKind::kCorrupt);
      LC2_CHECK(source.Read(buffer).error().code == count.error().code);
      return std::nullopt;
    }
    if (*count == 0) return had;
    had.append(buffer, *count);
  }
  return std::nullopt;
}

template <class Source>
void TryStored(std::string_view stored) {
  std::string had;
  const std::optional<std::string> at_once = Unpack<Source>(stored, stored.size() + 1, had);
  LC2_CHECK(at_once == Unpack<Source>(stored, 1, had));
  LC2_CHECK(at_once == Unpack<Source>(stored, 13, had));
}

std::string Flipped(std::string bytes, std::size_t bit) {
  bit %= bytes.size() * 8;
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  return bytes;
}

// Checksums find every single flip but one in a bit that readers must ignore.
template <class Source>
void TryFlip(const std::string& stored, std::size_t bit, std::string_view raw) {
  std::string had;
  LC2_CHECK(Unpack<Source>(stored, 64, had) == raw);
  const std::optional<std::string> read = Unpack<Source>(Flipped(stored, bit), 64, had);
  LC2_CHECK(!read || *read == raw);
}

std::string TryFrames(std::string_view raw, std::int64_t frame_bytes) {
  lc2::StringSink stored;
  const auto writer =
      lc2::codec::ZstdFrameWriter::Make(stored, {.frame_bytes = frame_bytes, .hash_raw = true});
  LC2_CHECK(writer->Write(raw.substr(0, raw.size() / 3)).has_value());
  LC2_CHECK(writer->Write(raw.substr(raw.size() / 3)).has_value());
  const lc2::codec::ZstdSummary summary = writer->Finish().value();
  const std::string_view bytes = stored.text();
  LC2_CHECK(summary.size == static_cast<std::int64_t>(bytes.size()));
  LC2_CHECK(summary.raw_size == static_cast<std::int64_t>(raw.size()));
  LC2_CHECK(summary.sha256 == lc2::Sha256Hex(bytes));
  LC2_CHECK(summary.raw_sha256 == lc2::Sha256Hex(raw));
  std::int64_t at = 0, raw_at = 0;
  std::string had;
  for (const lc2::codec::ZstdFrame& frame : summary.frames) {
    LC2_CHECK(frame.offset == at && frame.raw_size <= frame_bytes);
    const std::string_view alone =
        bytes.substr(static_cast<std::size_t>(frame.offset), static_cast<std::size_t>(frame.size));
    LC2_CHECK(frame.sha256 == lc2::Sha256Hex(alone));
    LC2_CHECK(
        Unpack<lc2::codec::ZstdSource>(alone, 64, had) ==
        raw.substr(static_cast<std::size_t>(raw_at), static_cast<std::size_t>(frame.raw_size)));
    at += frame.size;
    raw_at += frame.raw_size;
  }
  LC2_CHECK(at == summary.size && raw_at == summary.raw_size);
  return std::move(stored.text());
}

std::string Gzipped(std::string_view raw) {
  lc2::StringSink stored;
  lc2::codec::GzipSink sink(stored);
  LC2_CHECK(sink.Write(raw).has_value());
  LC2_CHECK(sink.Finish().has_value());
  return std::move(stored.text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  TryStored<lc2::codec::ZstdSource>(bytes);
  TryStored<lc2::codec::GzipSource>(bytes);
  if (size < 3) return 0;
  // Which bit, and how long the frames are; the rest is what is written.
  const std::size_t bit = static_cast<std::size_t>(data[0]) << 8 | data[1];
  const std::string_view raw = bytes.substr(3);
  TryFlip<lc2::codec::ZstdSource>(TryFrames(raw, 32 + 16 * data[2]), bit, raw);
  TryFlip<lc2::codec::GzipSource>(Gzipped(raw), bit, raw);
  return 0;
}
