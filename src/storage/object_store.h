#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/context.h"
#include "base/io.h"
#include "base/result.h"
#include "storage/entry.h"
#include "storage/sorted_stream.h"

namespace lc2 {

// What a store can do beyond the basic operations.
struct StoreFeatures {
  bool create_only = false;  // PutMode::kCreateOnly is atomic against other writers
  bool server_copy = false;  // Copy moves no byte through this process
  bool versions = false;     // old versions are kept and can be read by id
  bool object_lock = false;
  bool folder_identity = false;  // entries carry FolderIdentity
};

struct ObjectFacts {
  std::int64_t size = 0;
  std::string etag;
  std::string version;
  Time last_modified{};
  std::optional<FolderIdentity> folder;
};

// A part of an object. What reaches beyond its end is cut off; a range that starts at or beyond the
// end, or has no length, is kInvalid "store.bad_range".
struct ByteRange {
  std::int64_t offset = 0;
  std::int64_t length = 0;
};

enum class PutMode {
  // For decisions: exactly one writer wins, the others get kAlreadyExists. kTimeout and
  // kUnavailable say nothing about whether the object exists now.
  kCreateOnly,
  // For data under a run-owned name: one writer, so an object that is there already came from an
  // earlier try of the same run and is replaced.
  kRunOwned,
};

enum class Durability {
  kNow,  // durable and visible when the operation completes
  // Durable and visible when the next Barrier() completes; until then maybe neither. The facts that
  // such a put answers have no FolderIdentity: it is settled by the barrier. Create-only puts are
  // decisions and always kNow.
  kAtBarrier,
};

struct HeadOperation {
  std::string key;
  std::string version = {};  // empty: the current one
};
struct GetOperation {
  std::string key;
  std::string version = {};
  std::optional<ByteRange> range = {};
  std::int64_t limit = 64 << 20;  // kInvalid "io.too_large" beyond it
};
struct PutOperation {
  std::string key;
  std::string body;
  PutMode mode = PutMode::kRunOwned;
  Durability durability = Durability::kNow;
};
// Copies inside the provider. `from_etag`, if given, guards the copy: a source changed since gives
// kConflict. kInvalid "store.unsupported" where StoreFeatures::server_copy is absent.
struct CopyOperation {
  std::string from_key;
  std::string from_version = {};
  std::string from_etag = {};
  std::string to_key;
  PutMode mode = PutMode::kRunOwned;
  Durability durability = Durability::kNow;
};
// Removing what is not there is a success. On versioned stores a version id is required. In a
// folder a power cut before the next Barrier() may bring the object back.
struct DeleteOperation {
  std::string key;
  std::string version = {};
};
using Operation =
    std::variant<HeadOperation, GetOperation, PutOperation, CopyOperation, DeleteOperation>;

struct OperationResult {
  ObjectFacts facts;  // of the object read or written; nothing after a delete
  std::string body;   // of a Get
};
using Completion = std::function<void(Result<OperationResult>)>;

// Why a listed name is no object that can be backed up.
enum class SkipReason { kSymbolicLink, kSpecialFile, kInvalidName, kUnreadableFolder };
struct SkippedName {
  // The key it would have; bytes that are no printable text stand as "\xNN". Folders end in "/".
  std::string name;
  SkipReason reason = SkipReason::kSpecialFile;
};

struct ListQuery {
  std::string prefix = {};       // by bytes; need not end at a "/"
  std::string start_after = {};  // exclusive
  std::string end_before = {};   // exclusive; empty: no end
  // Called on the reading thread for names that are no objects; none: they are passed over, but for
  // an unreadable folder, which then is an error (kDenied): silence would hide the objects in it.
  std::function<void(const SkippedName&)> on_skipped = {};
};

// Writes one object of unknown size. The object exists only after Finish(); a writer that is
// dropped unfinished leaves nothing behind (multipart uploads are aborted).
class ObjectWriter : public ByteSink {
 public:
  virtual Result<ObjectFacts> Finish() = 0;
};

// Reads one object, or a part of it.
class ObjectReader : public ByteSource {
 public:
  // What the opened object is now, so that a caller can compare before and after reading. In a
  // folder: of the open file, after a look whether the key still names it. Error: kConflict
  // "store.changed" when the key has another object now, or none.
  virtual Result<ObjectFacts> CurrentFacts() = 0;
};

// Objects under keys: the one door to every kind of storage. Keys are relative to the store's root
// (bucket + prefix, or a folder) and obey CheckKey(). Thread-safe. `root_name()` names it for
// people ("folder '/srv/vault'"). Readers and writers must not outlive their store.
//
// Kinds that every operation may answer: kNotFound, kDenied, kThrottled, kUnavailable, kTimeout,
// kCancelled, kInvalid (bad key), kInternal.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  virtual StoreFeatures features() const = 0;
  virtual const std::string& root_name() const = 0;

  // Starts an operation and calls `done` exactly once, from another thread or before it returns.
  // Waits while as many operations as the store's window holds are in flight.
  virtual void Submit(const Context& ctx, Operation operation, Completion done) = 0;

  // Opens an object for streaming; `range` may ask for a part. kNotFound if it is not there.
  virtual Result<std::unique_ptr<ObjectReader>> OpenReader(const Context& ctx,
                                                           const std::string& key,
                                                           std::optional<ByteRange> range = {},
                                                           const std::string& version = {}) = 0;
  virtual Result<std::unique_ptr<ObjectWriter>> OpenWriter(const Context& ctx,
                                                           const std::string& key,
                                                           PutMode mode = PutMode::kRunOwned) = 0;
  // Objects whose keys start with the prefix, in ascending order of key bytes.
  virtual Result<std::unique_ptr<EntryReader>> List(const Context& ctx, const ListQuery& query) = 0;

  // Makes everything written with Durability::kAtBarrier before this call durable and visible.
  // After an error nothing is sure, and what could not be made visible is tried again by later
  // barriers. Error: kUnavailable "store.barrier_failed" now and from then on when the system could
  // not write what it held; the store must be opened anew.
  virtual Result<void> Barrier(const Context& ctx) = 0;

  // The store's own clock: what its last-modified times are taken from.
  virtual Result<Time> Now(const Context& ctx) = 0;
  // Free space for new objects; nothing where there is no such limit.
  virtual Result<std::optional<std::int64_t>> FreeBytes(const Context& ctx) = 0;

  // Submit and wait.
  Result<ObjectFacts> Head(const Context& ctx, const std::string& key);
  Result<std::string> Get(const Context& ctx, const std::string& key,
                          std::int64_t limit = 64 << 20);
  Result<ObjectFacts> Put(const Context& ctx, PutOperation operation);
  Result<ObjectFacts> Copy(const Context& ctx, CopyOperation operation);
  Result<void> Delete(const Context& ctx, const std::string& key, const std::string& version = {});

 private:
  Result<OperationResult> Call(const Context& ctx, Operation operation);
};

// A key is 1 to 1,024 bytes (the S3 limit) of valid UTF-8 without control characters, segments
// split by "/", none of them empty, "." or "..". Error: kInvalid "store.bad_key".
Result<void> CheckKey(std::string_view key);

}  // namespace lc2
