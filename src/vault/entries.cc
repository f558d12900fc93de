#include "vault/entries.h"

#include <fmt/format.h>

#include <array>
#include <tuple>

#include "base/hash.h"
#include "codec/described.h"
#include "storage/entry_json.h"
#include "vault/manifest_checks.h"
#include "vault/paths.h"

namespace lc2::vault {
namespace {

// What one of a backup's files should be and is not.
Error Mismatch(std::string_view code, std::string_view file, std::string_view what,
               std::string_view expected, std::string_view found) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = std::string(code),
               .message = fmt::format("'{}' is damaged: {} should be '{}', found '{}'", file, what,
                                      expected, found),
               .hint = "restore an older version of this object, or use another backup"};
}

Error WithFile(std::string_view code, std::string_view file, const Error& cause) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = std::string(code),
               .message = fmt::format("cannot read '{}'", file),
               .hint = "restore an older version of this object, or use another backup",
               .cause = Share(cause)};
}

// Hashes and counts what passes.
class HashingSource final : public ByteSource {
 public:
  explicit HashingSource(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}
  Result<std::size_t> Read(std::span<char> buffer) override {
    LC2_ASSIGN_OR_RETURN(const std::size_t size, source_->Read(buffer));
    hash_.Update(std::string_view(buffer.data(), size));
    bytes_ += static_cast<std::int64_t>(size);
    return size;
  }
  // Reads what a decoder left unread, so that the digest covers the whole object.
  Result<std::string> FinishHex() {
    std::vector<char> rest(64 << 10);
    while (true) {
      LC2_ASSIGN_OR_RETURN(const std::size_t size, Read(rest));
      if (size == 0) return hash_.FinishHex();
    }
  }
  std::int64_t bytes() const { return bytes_; }

 private:
  std::unique_ptr<ByteSource> source_;
  Sha256 hash_;
  std::int64_t bytes_ = 0;
};

// One shard, from its first entry to the proof of its digest.
class ShardReader {
 public:
  static Result<std::unique_ptr<ShardReader>> Open(const Context& ctx, ObjectStore& store,
                                                   const EnvironmentId& env, Layout layout,
                                                   const ShardFacts& facts) {
    auto source = store.OpenReader(ctx, facts.path);
    if (!source.has_value() && source.error().kind == ErrorKind::kNotFound)
      return WithFile("shard.lost", facts.path, source.error());
    if (!source.has_value()) return std::move(source).error();
    auto shard = std::make_unique<ShardReader>(env, layout, facts);
    auto hashing = std::make_unique<HashingSource>(std::move(source).value());
    shard->stored_ = hashing.get();
    shard->entries_ = ReadNdjson<Entry>(std::move(hashing));
    return shard;
  }
  ShardReader(const EnvironmentId& env, Layout layout, const ShardFacts& facts)
      : env_(env), layout_(layout), facts_(facts) {}

  // The next entries; empty once all are read and the shard is proven.
  Result<std::vector<Entry>> Read() {
    Result<std::vector<Entry>> batch = entries_->Read();
    if (!batch.has_value()) {
      if (batch.error().kind != ErrorKind::kCorrupt) return batch;
      return WithFile("shard.invalid", facts_.path, batch.error());
    }
    if (batch->empty()) {
      LC2_RETURN_IF_ERROR(Prove());
      return batch;
    }
    for (const Entry& entry : *batch)
      LC2_RETURN_IF_ERROR(CheckEntry(entry, layout_, env_, facts_.path));
    if (count_ == 0 && batch->front().key != facts_.first_key)
      return Different("the first key", facts_.first_key, batch->front().key);
    count_ += static_cast<std::int64_t>(batch->size());
    if (count_ > facts_.count)
      return Different("the number of entries", std::to_string(facts_.count), "more");
    last_key_ = batch->back().key;
    return batch;
  }

 private:
  Error Different(std::string_view what, std::string_view expected, std::string_view found) const {
    return Mismatch("shard.mismatch", facts_.path, what, expected, found);
  }
  Result<void> Prove() {
    if (count_ != facts_.count)
      return Different("the number of entries", std::to_string(facts_.count),
                       std::to_string(count_));
    if (last_key_ != facts_.last_key) return Different("the last key", facts_.last_key, last_key_);
    LC2_ASSIGN_OR_RETURN(const std::string sha256, stored_->FinishHex());
    if (stored_->bytes() != facts_.size_bytes)
      return Different("the size", std::to_string(facts_.size_bytes),
                       std::to_string(stored_->bytes()));
    if (sha256 != facts_.sha256) return Different("the SHA-256", facts_.sha256, sha256);
    return {};
  }

  const EnvironmentId env_;
  const Layout layout_;
  const ShardFacts facts_;
  HashingSource* stored_ = nullptr;  // owned by entries_
  std::unique_ptr<EntryReader> entries_;
  std::string last_key_;
  std::int64_t count_ = 0;
};

// All shards in order. Their key ranges do not overlap (ParseIndex), so the whole is sorted.
class ShardsReader final : public EntryReader {
 public:
  ShardsReader(const Context& ctx, ObjectStore& store, const EnvironmentId& env, Layout layout,
               std::string index_path, LibraryIndex index)
      : ctx_(ctx),
        store_(store),
        env_(env),
        layout_(layout),
        index_path_(std::move(index_path)),
        index_(std::move(index)) {}

  Result<std::vector<Entry>> Read() override {
    if (failed_) return *failed_;
    Result<std::vector<Entry>> batch = Next();
    // An error stays: whoever reads on must not take the rest for the end.
    if (!batch.has_value()) failed_ = batch.error();
    return batch;
  }

 private:
  Result<std::vector<Entry>> Next() {
    while (true) {
      LC2_RETURN_IF_ERROR(ctx_.Check());
      if (shard_ == nullptr) {
        if (next_ == index_.shards.size()) return AtEnd();
        LC2_ASSIGN_OR_RETURN(
            shard_, ShardReader::Open(ctx_, store_, env_, layout_, index_.shards[next_++]));
      }
      LC2_ASSIGN_OR_RETURN(std::vector<Entry> batch, shard_->Read());
      for (const Entry& entry : batch) bytes_ += entry.size;
      if (!batch.empty()) return batch;
      shard_.reset();
    }
  }
  Result<std::vector<Entry>> AtEnd() const {
    if (bytes_ == index_.total_size_bytes) return std::vector<Entry>();
    return Mismatch("index.mismatch", index_path_, "totalSizeBytes",
                    std::to_string(index_.total_size_bytes), std::to_string(bytes_));
  }

  const Context ctx_;
  ObjectStore& store_;
  const EnvironmentId env_;
  const Layout layout_;
  const std::string index_path_;
  const LibraryIndex index_;
  std::size_t next_ = 0;
  std::unique_ptr<ShardReader> shard_;
  std::int64_t bytes_ = 0;
  std::optional<Error> failed_;
};

std::string_view FolderOf(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

Result<void> CheckShards(const LibraryIndex& index, const EnvironmentId& env,
                         const std::string& name) {
  std::int64_t count = 0;
  const ShardFacts* before = nullptr;
  for (const ShardFacts& shard : index.shards) {
    LC2_RETURN_IF_ERROR(CheckInside(shard.path, env, name, "the path of a shard"));
    if (FolderOf(shard.path) != FolderOf(name))
      return BadManifest(name, "the path of a shard", "beside its index", shard.path);
    if (shard.count < 1 || shard.count > kMaxShardEntries)
      return BadManifest(name, "the count of a shard", fmt::format("1 to {}", kMaxShardEntries),
                         std::to_string(shard.count));
    if (!IsSha256Hex(shard.sha256) || shard.size_bytes < 0)
      return BadManifest(name, "the digest of a shard", "a size and 64 hex digits", shard.sha256);
    if (shard.first_key > shard.last_key ||
        (shard.count == 1) != (shard.first_key == shard.last_key))
      return BadManifest(name, "the last key of a shard", "at least its first key", shard.last_key);
    if (before != nullptr && before->last_key >= shard.first_key)
      return BadManifest(name, "the first key of a shard", "after the shard before it",
                         shard.first_key);
    before = &shard;
    count += shard.count;
  }
  if (count != index.object_count)
    return BadManifest(name, "objectCount", std::to_string(count),
                       std::to_string(index.object_count));
  return {};
}

}  // namespace

std::string EncodeIndex(const LibraryIndex& index) {
  return codec::CanonicalJson(codec::Encode(index));
}

Result<LibraryIndex> ParseIndex(std::string_view bytes, const EnvironmentId& env,
                                const std::string& name) {
  const Result<codec::Json> json = codec::ParseJson(bytes, {.max_bytes = kMaxManifestBytes});
  if (!json.has_value()) return WithFile("index.invalid", name, json.error());
  Result<LibraryIndex> index = codec::Decode<LibraryIndex>(*json, codec::Path("index"));
  if (!index.has_value()) return WithFile("index.invalid", name, index.error());
  if (index->format != 1)
    return Mismatch("index.invalid", name, "format", "1", std::to_string(index->format));
  const Result<void> checked = CheckShards(*index, env, name);
  if (checked.has_value()) return index;
  if (checked.error().code == "manifest.escapes") return checked.error();
  return WithFile("index.invalid", name, checked.error());
}

Result<std::unique_ptr<EntryReader>> OpenEntries(const Context& ctx, ObjectStore& store,
                                                 const EnvironmentId& env,
                                                 const LibraryFacts& library) {
  if (!library.index)
    return std::unique_ptr<EntryReader>(std::make_unique<VectorReader<Entry>>(library.files));
  const IndexFacts& facts = *library.index;
  Result<std::string> bytes = store.Get(ctx, facts.path, kMaxManifestBytes);
  if (!bytes.has_value()) {
    if (bytes.error().kind != ErrorKind::kNotFound) return std::move(bytes).error();
    return WithFile("index.lost", facts.path, bytes.error());
  }
  if (const std::string sha256 = Sha256Hex(*bytes); sha256 != facts.sha256)
    return Mismatch("index.mismatch", facts.path, "the SHA-256", facts.sha256, sha256);
  LC2_ASSIGN_OR_RETURN(LibraryIndex index, ParseIndex(*bytes, env, facts.path));
  const std::array<std::tuple<std::string_view, std::int64_t, std::int64_t>, 3> totals = {{
      {"objectCount", library.object_count, index.object_count},
      {"totalSizeBytes", library.total_size_bytes, index.total_size_bytes},
      {"the number of shards", facts.shards, static_cast<std::int64_t>(index.shards.size())},
  }};
  for (const auto& [what, expected, found] : totals) {
    if (expected != found)
      return Mismatch("index.mismatch", facts.path, what, std::to_string(expected),
                      std::to_string(found));
  }
  return std::unique_ptr<EntryReader>(std::make_unique<ShardsReader>(
      ctx, store, env, library.layout, facts.path, std::move(index)));
}

}  // namespace lc2::vault
