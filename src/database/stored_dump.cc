#include "database/stored_dump.h"

#include <fmt/core.h>

#include <vector>

#include "base/hash.h"
#include "codec/gzip_stream.h"
#include "codec/zstd_stream.h"
#include "database/dump_check.h"
#include "database/pg_archive.h"

namespace lc2::database {

namespace {

constexpr std::size_t kBufferBytes = 256 << 10;

Error Damaged(const DumpFacts& facts, std::string why) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "database.dump_damaged",
               .message = fmt::format("dump '{}' is damaged: {}", facts.path, why),
               .hint = "use another backup, and look what happened to the storage of this one"};
}

// A manifest names it: that it is gone is damage, whoever asks.
Result<std::unique_ptr<ObjectReader>> OpenStored(const Context& ctx, ObjectStore& store,
                                                 const DumpFacts& facts) {
  auto stored = store.OpenReader(ctx, facts.path);
  if (stored.has_value() || stored.error().kind != ErrorKind::kNotFound) return stored;
  Error error = Damaged(facts, "it is not there");
  error.cause = Share(stored.error());
  return error;
}

// Counts and hashes what passes, and looks whether somebody wants to stop.
class HashingSource final : public ByteSource {
 public:
  HashingSource(const Context& ctx, std::unique_ptr<ByteSource> stored)
      : ctx_(ctx), stored_(std::move(stored)) {}

  Result<std::size_t> Read(std::span<char> buffer) override {
    LC2_RETURN_IF_ERROR(ctx_.Check());
    LC2_ASSIGN_OR_RETURN(const std::size_t count, stored_->Read(buffer));
    hash_.Update(std::string_view(buffer.data(), count));
    size_ += static_cast<std::int64_t>(count);
    return count;
  }

  // To be asked once, at the end.
  Result<void> Compare(const DumpFacts& facts) {
    if (size_ != facts.size_bytes) {
      return Damaged(facts, fmt::format("it has {} bytes instead of {}", size_, facts.size_bytes));
    }
    if (hash_.FinishHex() != facts.sha256) return Damaged(facts, "its SHA-256 is another one");
    return {};
  }

 private:
  const Context ctx_;
  std::unique_ptr<ByteSource> stored_;
  Sha256 hash_;
  std::int64_t size_ = 0;
};

class StoredDumpReader final : public StoredDump {
 public:
  StoredDumpReader(const Context& ctx, std::unique_ptr<ByteSource> stored, const DumpFacts& facts)
      : facts_(facts), stored_(ctx, std::move(stored)) {
    if (facts.format == kFormatCustomZstd) {
      raw_ = std::make_unique<codec::ZstdSource>(stored_);
    } else {
      raw_ = std::make_unique<codec::GzipSource>(stored_);
    }
  }

  std::int64_t raw_bytes() const override { return raw_bytes_; }

  Result<std::size_t> Read(std::span<char> buffer) override {
    if (proven_) return std::size_t{0};
    const Result<std::size_t> count = raw_->Read(buffer);
    if (!count.has_value()) return Wrapped(count.error());
    if (*count == 0) {
      LC2_RETURN_IF_ERROR(Prove());
      return std::size_t{0};
    }
    raw_bytes_ += static_cast<std::int64_t>(*count);
    const std::string_view bytes(buffer.data(), *count);
    if (facts_.format == kFormatCustomZstd) {
      const Result<std::size_t> fits = archive_.Consume(bytes);
      if (!fits.has_value()) return Wrapped(fits.error());
    } else {
      plain_.Consume(bytes);
    }
    return count;
  }

 private:
  Error Wrapped(const Error& cause) const {
    if (cause.kind != ErrorKind::kCorrupt) return cause;
    Error error = Damaged(facts_, "its bytes are not those of a dump");
    error.cause = Share(cause);
    return error;
  }

  Result<void> Prove() {
    LC2_RETURN_IF_ERROR(stored_.Compare(facts_));
    if (facts_.raw_bytes > 0 && raw_bytes_ != facts_.raw_bytes) {
      return Damaged(facts_, fmt::format("it unpacks to {} bytes instead of {}", raw_bytes_,
                                         facts_.raw_bytes));
    }
    const Result<void> whole =
        facts_.format == kFormatCustomZstd ? FinishArchive() : plain_.Finish();
    if (!whole.has_value()) return Wrapped(whole.error());
    proven_ = true;
    return {};
  }

  Result<void> FinishArchive() {
    LC2_RETURN_IF_ERROR(archive_.Finish());
    return {};
  }

  const DumpFacts facts_;
  HashingSource stored_;
  std::unique_ptr<ByteSource> raw_;
  ArchiveChecker archive_;
  PlainDumpChecker plain_;
  std::int64_t raw_bytes_ = 0;
  bool proven_ = false;
};

}  // namespace

Result<std::unique_ptr<StoredDump>> StoredDump::Open(const Context& ctx, ObjectStore& store,
                                                     const DumpFacts& facts) {
  if (facts.format != kFormatCustomZstd && facts.format != kFormatPlainGzip) {
    return Error{
        .kind = ErrorKind::kInvalid,
        .code = "database.unknown_format",
        .message = fmt::format("dump '{}' has the unknown format '{}'", facts.path, facts.format),
        .hint = "was the backup made by a newer lc2?"};
  }
  LC2_ASSIGN_OR_RETURN(auto stored, OpenStored(ctx, store, facts));
  return std::unique_ptr<StoredDump>(
      std::make_unique<StoredDumpReader>(ctx, std::move(stored), facts));
}

Result<void> CheckStoredHash(const Context& ctx, ObjectStore& store, const DumpFacts& facts) {
  LC2_ASSIGN_OR_RETURN(auto stored, OpenStored(ctx, store, facts));
  HashingSource source(ctx, std::move(stored));
  std::vector<char> buffer(kBufferBytes);
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::size_t count, source.Read(buffer));
    if (count == 0) return source.Compare(facts);
  }
}

Result<DumpCheck> CheckStoredDump(const Context& ctx, ObjectStore& store, const DumpFacts& facts) {
  LC2_ASSIGN_OR_RETURN(const auto dump, StoredDump::Open(ctx, store, facts));
  std::vector<char> buffer(kBufferBytes);
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::size_t count, dump->Read(buffer));
    ctx.Report({.step = "verify", .bytes_done = dump->raw_bytes(), .bytes_total = facts.raw_bytes});
    if (count == 0) break;
  }
  return DumpCheck{.size_bytes = facts.size_bytes, .raw_bytes = dump->raw_bytes()};
}

}  // namespace lc2::database
