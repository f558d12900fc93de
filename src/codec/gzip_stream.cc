#include "codec/gzip_stream.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/check.h"

namespace lc2::codec {

namespace {
constexpr int kGzipWindow = 15 + 16;  // zlib: 16 asks for the gzip wrapper
constexpr std::size_t kBuffer = 128 * 1024;

Error Corrupt(std::string_view why) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "gzip.corrupt",
               .message = fmt::format("gzip stream is damaged: {}", why)};
}

Bytef* Bytes(const char* text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text)); }
}  // namespace

struct GzipSink::State {
  explicit State(ByteSink& s) : stored(s), buffer(kBuffer) {}
  ByteSink& stored;
  z_stream stream{};
  std::vector<char> buffer;
  std::optional<Error> failed;  // of the sink: whatever follows would stand behind a hole

  Result<void> Run(std::string_view raw, int flush) {
    if (failed) return *failed;
    stream.next_in = Bytes(raw.data());
    stream.avail_in = static_cast<uInt>(raw.size());
    int code = Z_OK;
    do {
      stream.next_out = Bytes(buffer.data());
      stream.avail_out = static_cast<uInt>(buffer.size());
      code = deflate(&stream, flush);
      LC2_CHECK(code != Z_STREAM_ERROR);
      const std::size_t count = buffer.size() - stream.avail_out;
      if (count == 0) continue;
      if (const auto written = stored.Write(std::string_view(buffer.data(), count)); !written) {
        failed = written.error();
        return *failed;
      }
    } while (stream.avail_out == 0 || (flush == Z_FINISH && code != Z_STREAM_END));
    return {};
  }
};

GzipSink::GzipSink(ByteSink& stored, int level) : state_(std::make_unique<State>(stored)) {
  LC2_CHECK(deflateInit2(&state_->stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) ==
            Z_OK);
}

GzipSink::~GzipSink() { deflateEnd(&state_->stream); }

Result<void> GzipSink::Write(std::string_view raw) {
  constexpr std::size_t kSlice = 1 << 30;  // zlib counts in 32 bits
  while (!raw.empty()) {
    LC2_RETURN_IF_ERROR(state_->Run(raw.substr(0, kSlice), Z_NO_FLUSH));
    raw.remove_prefix(std::min(raw.size(), kSlice));
  }
  return {};
}

Result<void> GzipSink::Finish() { return state_->Run({}, Z_FINISH); }

struct GzipSource::State {
  explicit State(ByteSource& s) : stored(s), buffer(kBuffer) {}
  ByteSource& stored;
  z_stream stream{};
  std::vector<char> buffer;
  bool inside_member = false;
  bool any = false;
  std::optional<Error> damage;

  Error Damaged(std::string_view why) {
    damage = Corrupt(why);
    return *damage;
  }
};

GzipSource::GzipSource(ByteSource& stored) : state_(std::make_unique<State>(stored)) {
  LC2_CHECK(inflateInit2(&state_->stream, kGzipWindow) == Z_OK);
}

GzipSource::~GzipSource() { inflateEnd(&state_->stream); }

Result<std::size_t> GzipSource::Read(std::span<char> buffer) {
  State& s = *state_;
  if (s.damage) return *s.damage;
  LC2_CHECK(!buffer.empty());
  s.stream.next_out = Bytes(buffer.data());
  s.stream.avail_out = static_cast<uInt>(std::min<std::size_t>(buffer.size(), 1 << 30));
  const uInt room = s.stream.avail_out;
  while (s.stream.avail_out == room) {
    if (s.stream.avail_in == 0) {
      LC2_ASSIGN_OR_RETURN(const std::size_t count, s.stored.Read(s.buffer));
      if (count == 0) {
        if (s.inside_member || !s.any) return s.Damaged("it ends too early");
        return std::size_t{0};
      }
      s.stream.next_in = Bytes(s.buffer.data());
      s.stream.avail_in = static_cast<uInt>(count);
    }
    if (!s.inside_member && s.any) {
      if (inflateReset(&s.stream) != Z_OK) return s.Damaged("cannot start the next member");
    }
    s.any = s.inside_member = true;
    const int code = inflate(&s.stream, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      s.inside_member = false;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return s.Damaged(s.stream.msg != nullptr ? s.stream.msg : "bad data");
    }
  }
  return static_cast<std::size_t>(room - s.stream.avail_out);
}

}  // namespace lc2::codec
