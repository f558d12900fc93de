#include "codec/zstd_stream.h"

#include <fmt/core.h>
#include <zstd.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "base/hash.h"

namespace lc2::codec {

namespace {

constexpr int kMaxWindowLog = 27;  // 128 MiB: what plain `zstd -d` accepts

struct FreeZstd {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
using Compressor = std::unique_ptr<ZSTD_CCtx, FreeZstd>;
using Decompressor = std::unique_ptr<ZSTD_DCtx, FreeZstd>;

Compressor MakeCompressor(int level) {
  Compressor context(ZSTD_createCCtx());
  LC2_CHECK(context != nullptr);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  return context;
}

// A frame on its way: filled by the caller, compressed by any thread, written in order.
struct Job {
  std::string bytes;  // raw; afterwards as stored
  std::string sha256;
  std::int64_t raw_size = 0;
  bool taken = false;
  bool done = false;
};

// One thread's compressor. It compresses into a buffer of its own, and the result then takes the
// place of the raw bytes: so a frame on its way needs no second buffer, however dense it is.
class Compression {
 public:
  explicit Compression(int level) : context_(MakeCompressor(level)) {}

  void Run(Job& job) {
    job.raw_size = static_cast<std::int64_t>(job.bytes.size());
    const std::size_t bound = ZSTD_compressBound(job.bytes.size());
    if (capacity_ < bound) {
      buffer_.reset(new char[bound]);
      capacity_ = bound;
    }
    const std::size_t size =
        ZSTD_compress2(context_.get(), buffer_.get(), bound, job.bytes.data(), job.bytes.size());
    LC2_CHECK(!ZSTD_isError(size));  // cannot fail with a bound-sized buffer but for lack of memory
    job.bytes.assign(buffer_.get(), size);
    job.sha256 = Sha256Hex(job.bytes);
  }

 private:
  const Compressor context_;
  // Not a string or vector: those would write zeros to all of a worst-case buffer first, and so
  // make every page of it resident.
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
};

class FrameWriter final : public ZstdFrameWriter {
 public:
  FrameWriter(ByteSink& sink, const ZstdWriterOptions& options) : sink_(sink), options_(options) {
    LC2_CHECK(options.frame_bytes > 0 && options.threads >= 1);
    if (options_.threads == 1) {
      own_.emplace(options_.level);
      return;
    }
    for (int i = 0; i < options_.threads; ++i) {
      workers_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
    }
  }

  ~FrameWriter() override {
    for (std::jthread& worker : workers_) worker.request_stop();
    changed_.notify_all();
  }

  Result<void> Write(std::string_view raw) override {
    if (failed_) return *failed_;
    if (options_.hash_raw) raw_hash_.Update(raw);
    while (!raw.empty()) {
      Job& job = OpenJob();
      const std::size_t room = static_cast<std::size_t>(options_.frame_bytes) - job.bytes.size();
      const std::size_t count = std::min(room, raw.size());
      job.bytes.append(raw.substr(0, count));
      raw.remove_prefix(count);
      if (count == room) LC2_RETURN_IF_ERROR(EndFrame());
    }
    return {};
  }

  Result<void> EndFrame() override {
    if (failed_) return *failed_;
    if (open_ == nullptr || open_->bytes.empty()) return {};
    return Seal();
  }

  std::int64_t open_frame_bytes() const override {
    return open_ == nullptr ? 0 : static_cast<std::int64_t>(open_->bytes.size());
  }

  Result<ZstdSummary> Finish() override {
    LC2_CHECK(!finished_);
    LC2_RETURN_IF_ERROR(EndFrame());
    if (summary_.frames.empty() && InFlight() == 0) {
      OpenJob();
      LC2_RETURN_IF_ERROR(Seal());
    }
    while (InFlight() > 0) LC2_RETURN_IF_ERROR(WriteOldest());
    finished_ = true;
    summary_.sha256 = hash_.FinishHex();
    if (options_.hash_raw) summary_.raw_sha256 = raw_hash_.FinishHex();
    return std::move(summary_);
  }

 private:
  Job& OpenJob() {
    LC2_CHECK(!finished_);
    if (open_ == nullptr) {
      if (!spares_.empty()) {
        open_ = std::move(spares_.back());
        spares_.pop_back();
      } else {
        open_ = std::make_unique<Job>();
        open_->bytes.reserve(static_cast<std::size_t>(options_.frame_bytes));
      }
    }
    return *open_;
  }

  Result<void> Seal() {
    if (own_) {
      own_->Run(*open_);
      LC2_RETURN_IF_ERROR(WriteOut(*open_));
      Recycle(std::move(open_));
      return {};
    }
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(open_));
    }
    changed_.notify_all();
    // At most one frame a thread is in flight while the next one is being filled.
    while (OldestDone() || InFlight() > static_cast<std::size_t>(options_.threads)) {
      LC2_RETURN_IF_ERROR(WriteOldest());
    }
    return {};
  }

  std::size_t InFlight() {
    const std::lock_guard lock(mutex_);
    return jobs_.size();
  }

  bool OldestDone() {
    const std::lock_guard lock(mutex_);
    return !jobs_.empty() && jobs_.front()->done;
  }

  Result<void> WriteOldest() {
    std::unique_ptr<Job> job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return jobs_.front()->done; });
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    LC2_RETURN_IF_ERROR(WriteOut(*job));
    Recycle(std::move(job));
    return {};
  }

  Result<void> WriteOut(const Job& job) {
    const auto size = static_cast<std::int64_t>(job.bytes.size());
    summary_.frames.push_back({summary_.size, size, job.raw_size, job.sha256});
    summary_.size += size;
    summary_.raw_size += job.raw_size;
    hash_.Update(job.bytes);
    Result<void> written = sink_.Write(job.bytes);
    // Whatever follows would stand behind a hole.
    if (!written.has_value()) failed_ = written.error();
    return written;
  }

  void Recycle(std::unique_ptr<Job> job) {
    job->bytes.clear();
    job->taken = job->done = false;
    spares_.push_back(std::move(job));
  }

  void Work(const std::stop_token& stop) {
    Compression compression(options_.level);
    std::unique_lock lock(mutex_);
    while (true) {
      Job* next = nullptr;
      changed_.wait(lock, stop, [&] {
        for (const auto& job : jobs_) {
          if (!job->taken) {
            next = job.get();
            return true;
          }
        }
        return false;
      });
      if (next == nullptr || stop.stop_requested()) return;
      next->taken = true;
      lock.unlock();
      compression.Run(*next);
      lock.lock();
      next->done = true;
      changed_.notify_all();
    }
  }

  ByteSink& sink_;
  const ZstdWriterOptions options_;
  std::optional<Compression> own_;  // of the caller's thread
  std::unique_ptr<Job> open_;
  std::vector<std::unique_ptr<Job>> spares_;  // their memory is in use already: no page faults
  Sha256 hash_, raw_hash_;
  ZstdSummary summary_;
  std::optional<Error> failed_;
  bool finished_ = false;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::unique_ptr<Job>> jobs_;  // guarded by mutex_
  std::vector<std::jthread> workers_;      // last: they use all of the above
};

Error Corrupt(std::int64_t offset, std::string_view why) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "zstd.corrupt",
               .message = fmt::format("the zstd frame at byte {} is damaged: {}", offset, why)};
}

}  // namespace

std::unique_ptr<ZstdFrameWriter> ZstdFrameWriter::Make(ByteSink& sink,
                                                       const ZstdWriterOptions& options) {
  return std::make_unique<FrameWriter>(sink, options);
}

struct ZstdSource::State {
  explicit State(ByteSource& source) : stored(source), context(ZSTD_createDCtx()) {
    LC2_CHECK(context != nullptr);
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
    buffer.resize(ZSTD_DStreamInSize());
  }
  ByteSource& stored;
  Decompressor context;
  std::vector<char> buffer;
  ZSTD_inBuffer in{nullptr, 0, 0};
  std::int64_t consumed = 0;
  std::int64_t frame = 0;  // where the current one begins
  bool inside_frame = false;
  bool any = false;
  std::optional<Error> damage;  // the decoder would start anew in the middle after it

  Error Damaged(std::string_view why) {
    damage = Corrupt(frame, why);
    return *damage;
  }
};

ZstdSource::ZstdSource(ByteSource& stored) : state_(std::make_unique<State>(stored)) {}
ZstdSource::~ZstdSource() = default;

Result<std::size_t> ZstdSource::Read(std::span<char> buffer) {
  State& s = *state_;
  if (s.damage) return *s.damage;
  LC2_CHECK(!buffer.empty());
  ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
  while (out.pos == 0) {
    bool at_end = false;
    if (s.in.pos == s.in.size) {
      LC2_ASSIGN_OR_RETURN(const std::size_t count, s.stored.Read(s.buffer));
      s.in = {s.buffer.data(), count, 0};
      at_end = count == 0;
    }
    // With no input left the decoder may still hold output of an open frame.
    if (at_end && !s.inside_frame) {
      if (!s.any) return s.Damaged("the stream is empty");
      return std::size_t{0};
    }
    if (!s.inside_frame) s.frame = s.consumed;
    const std::size_t before = s.in.pos;
    const std::size_t left = ZSTD_decompressStream(s.context.get(), &out, &s.in);
    s.consumed += static_cast<std::int64_t>(s.in.pos - before);
    if (ZSTD_isError(left)) return s.Damaged(ZSTD_getErrorName(left));
    s.any = true;
    s.inside_frame = left != 0;
    if (at_end && out.pos == 0 && s.inside_frame) {
      return s.Damaged("the stream ends within it");
    }
  }
  return out.pos;
}

LineReader::LineReader(ByteSource& source, std::int64_t max_line)
    : source_(source), max_line_(static_cast<std::size_t>(max_line)) {
  LC2_CHECK(max_line > 0);
  buffer_.resize(std::max<std::size_t>(256 * 1024, max_line_ + 1));
}

Result<std::optional<std::string_view>> LineReader::Next() {
  std::size_t searched = begin_;
  while (true) {
    const void* found = std::memchr(buffer_.data() + searched, '\n', end_ - searched);
    if (found != nullptr) {
      const auto stop = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
      return TakeLine(stop, stop + 1);
    }
    searched = end_;
    if (at_end_) {
      if (begin_ == end_) return std::optional<std::string_view>();
      return TakeLine(end_, end_);
    }
    if (end_ - begin_ > max_line_) return TooLong();
    if (end_ == buffer_.size()) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      searched -= begin_;
      begin_ = 0;
    }
    LC2_ASSIGN_OR_RETURN(const std::size_t count, source_.Read(std::span(buffer_).subspan(end_)));
    end_ += count;
    at_end_ = count == 0;
  }
}

Result<std::optional<std::string_view>> LineReader::TakeLine(std::size_t stop, std::size_t next) {
  if (stop - begin_ > max_line_) return TooLong();
  const std::string_view line(buffer_.data() + begin_, stop - begin_);
  begin_ = next;
  return std::optional(line);
}

Error LineReader::TooLong() const {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "ndjson.line_too_long",
               .message = fmt::format("a line is longer than {} bytes", max_line_)};
}

}  // namespace lc2::codec
