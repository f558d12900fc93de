#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "base/context.h"
#include "base/result.h"
#include "base/strong.h"
#include "storage/object_store.h"
#include "storage/sorted_stream.h"
#include "vault/manifest.h"

// The list of a backup's objects: inline in the manifest, or shards below an index.
namespace lc2::vault {

// One shard: NDJSON in independent zstd frames.
struct ShardFacts {
  std::string path;
  std::string first_key;
  std::string last_key;
  std::int64_t count = 0;
  std::int64_t size_bytes = 0;  // as stored
  std::string sha256;           // of the stored bytes, hex
};
BOOST_DESCRIBE_STRUCT(ShardFacts, (), (path, first_key, last_key, count, size_bytes, sha256))

// index.json
struct LibraryIndex {
  std::int64_t format = 1;
  std::int64_t object_count = 0;
  std::int64_t total_size_bytes = 0;
  std::vector<ShardFacts> shards;
};
BOOST_DESCRIBE_STRUCT(LibraryIndex, (), (format, object_count, total_size_bytes, shards))

std::string EncodeIndex(const LibraryIndex& index);
// Errors: kCorrupt "index.invalid", "manifest.escapes".
Result<LibraryIndex> ParseIndex(std::string_view bytes, const EnvironmentId& env,
                                const std::string& name);

struct LibraryWriterOptions {
  EnvironmentId env;
  BackupId backup_id;
  RunId run;
  AttemptId attempt;
  // The run that this one won as heir (StartedRun::inherited): its objects count as ours.
  std::optional<RunId> inherited;
  std::int64_t inline_limit = kMaxInlineFiles;
  std::int64_t shard_entries = kMaxShardEntries;
  // Memory of the written-object sets (spill.h): full after 50,000 objects, so that a larger
  // library takes no more.
  std::int64_t spill_bytes = 4 << 20;
};

// Takes all entries of a backup in key order and writes shards, index and the sets of objects that
// the run itself wrote, in constant memory. Not thread-safe. The store must outlive it.
class LibraryWriter : public EntryWriter {
 public:
  static std::unique_ptr<LibraryWriter> Make(const Context& ctx, ObjectStore& store,
                                             LibraryWriterOptions options);
  // Sets object_count, total_size_bytes, and files or index of `facts`; the rest is handed through.
  virtual Result<LibraryFacts> Finish(LibraryFacts facts) = 0;
};

// Streams a backup's entries and proves them on the way: digest of the index; digest, size, first
// and last key and count of every shard; order within and across shards; the manifest's totals;
// every path inside the environment. A shard's digest is known at its end only, so entries are
// final when the reader has come to its end without error. Errors: kCorrupt "index.mismatch",
// "shard.mismatch", "shard.invalid", "manifest.escapes", each naming file, expected and found;
// kNotFound becomes kCorrupt "index.lost" or "shard.lost". The store must outlive the reader.
Result<std::unique_ptr<EntryReader>> OpenEntries(const Context& ctx, ObjectStore& store,
                                                 const EnvironmentId& env,
                                                 const LibraryFacts& library);

}  // namespace lc2::vault
