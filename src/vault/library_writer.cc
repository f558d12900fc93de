#include <fmt/format.h>

#include "base/hash.h"
#include "storage/entry_json.h"
#include "vault/entries.h"
#include "vault/paths.h"
#include "vault/spill.h"

namespace lc2::vault {
namespace {

// An open shard: entries -> NDJSON -> zstd frames -> object.
struct Shard {
  ShardFacts facts;
  std::unique_ptr<ObjectWriter> object;
  std::unique_ptr<NdjsonWriter<Entry>> lines;
};

class Writer final : public LibraryWriter {
 public:
  Writer(const Context& ctx, ObjectStore& store, LibraryWriterOptions options)
      : ctx_(ctx),
        store_(store),
        options_(std::move(options)),
        own_{.run = options_.run, .inherited = options_.inherited},
        folder_(LibraryFolder(options_.env, options_.backup_id, options_.attempt)),
        written_(WrittenObjects::Make(ctx, store,
                                      WrittenFolder(options_.env, options_.run, options_.attempt),
                                      options_.spill_bytes)) {
    LC2_CHECK(options_.inline_limit <= kMaxInlineFiles);
    LC2_CHECK(options_.shard_entries >= 1 && options_.shard_entries <= kMaxShardEntries);
  }

  Result<void> Write(const Entry& entry) override {
    LC2_CHECK(count_ == 0 || last_key_ < entry.key);
    last_key_ = entry.key;
    ++count_;
    bytes_ += entry.size;
    if (const auto pool = ParsePoolKey(options_.env, entry.path); pool && own_.Owns(pool->run8))
      LC2_RETURN_IF_ERROR(written_->Add(pool->hash + "-" + pool->run8, entry.size));
    if (count_ <= options_.inline_limit) {
      few_.push_back(entry);
      return {};
    }
    for (const Entry& early : std::exchange(few_, {})) LC2_RETURN_IF_ERROR(WriteToShard(early));
    return WriteToShard(entry);
  }

  Result<LibraryFacts> Finish(LibraryFacts facts) override {
    LC2_RETURN_IF_ERROR(written_->Finish());
    facts.object_count = count_;
    facts.total_size_bytes = bytes_;
    facts.index.reset();
    facts.files = std::move(few_);
    if (count_ <= options_.inline_limit) return facts;
    LC2_RETURN_IF_ERROR(EndShard());
    index_.object_count = count_;
    index_.total_size_bytes = bytes_;
    const std::string path = folder_ + "index.json";
    const std::string bytes = EncodeIndex(index_);
    LC2_RETURN_IF_ERROR(store_.Barrier(ctx_));  // shards before the index that names them
    LC2_RETURN_IF_ERROR(store_.Put(ctx_, {.key = path, .body = bytes}));
    facts.index = IndexFacts{.path = path,
                             .sha256 = Sha256Hex(bytes),
                             .shards = static_cast<std::int64_t>(index_.shards.size())};
    return facts;
  }

 private:
  Result<void> WriteToShard(const Entry& entry) {
    if (shard_ && shard_->facts.count == options_.shard_entries) LC2_RETURN_IF_ERROR(EndShard());
    if (!shard_) LC2_RETURN_IF_ERROR(StartShard(entry.key));
    ++shard_->facts.count;
    shard_->facts.last_key = entry.key;
    return shard_->lines->Write(entry);
  }

  Result<void> StartShard(const std::string& first_key) {
    LC2_RETURN_IF_ERROR(ctx_.Check());
    Shard shard;
    shard.facts.path = fmt::format("{}{:05}.ndjson.zst", folder_, index_.shards.size());
    shard.facts.first_key = first_key;
    LC2_ASSIGN_OR_RETURN(shard.object, store_.OpenWriter(ctx_, shard.facts.path));
    shard.lines = std::make_unique<NdjsonWriter<Entry>>(*shard.object);
    shard_ = std::move(shard);
    return {};
  }

  Result<void> EndShard() {
    LC2_ASSIGN_OR_RETURN(const codec::ZstdSummary stored, shard_->lines->Finish());
    LC2_RETURN_IF_ERROR(shard_->object->Finish());
    shard_->facts.size_bytes = stored.size;
    shard_->facts.sha256 = stored.sha256;
    index_.shards.push_back(shard_->facts);
    shard_.reset();
    return {};
  }

  const Context ctx_;
  ObjectStore& store_;
  const LibraryWriterOptions options_;
  const OwnRuns own_;
  const std::string folder_;
  std::unique_ptr<WrittenObjects> written_;
  std::vector<Entry> few_;  // while they may still stand in the manifest
  std::optional<Shard> shard_;
  LibraryIndex index_;
  std::string last_key_;
  std::int64_t count_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace

std::unique_ptr<LibraryWriter> LibraryWriter::Make(const Context& ctx, ObjectStore& store,
                                                   LibraryWriterOptions options) {
  return std::make_unique<Writer>(ctx, store, std::move(options));
}

}  // namespace lc2::vault
