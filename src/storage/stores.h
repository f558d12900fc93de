#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "storage/object_store.h"

namespace lc2 {

struct FolderStoreOptions {
  bool create = false;        // make the root if it is absent
  unsigned root_mode = 0700;  // of a root that is made: what lies in a vault is for its owner alone
  bool read_only = false;     // every write answers kDenied (a source library)
  int threads = 2;            // of the pool that completes operations
  int window = 64;            // operations in flight
};

// Objects as files below a root. Paths are resolved beneath it and never through symbolic links
// (openat2), whatever a key says. Create-only is temporary file, fsync, link(2), judged by link
// count and inode, not by errno. Barrier: syncfs, rename into place, syncfs. Temporary files lie in
// `<root>/.lc2-tmp/`, which is never listed, is no key, and goes when nothing is left in it. Etags
// are absent: FolderIdentity stands in for them. Small at-barrier puts, heads and deletes complete
// before Submit returns. Copies are kInvalid "store.unsupported".
// Errors: kNotFound, kDenied, kInvalid (no folder).
Result<std::unique_ptr<ObjectStore>> OpenFolderStore(const std::filesystem::path& root,
                                                     const FolderStoreOptions& options = {});

// What a memory store does instead of working.
struct Fault {
  enum class Effect {
    kFailBefore,  // the operation has no effect and answers `kind`
    kFailAfter,   // it takes effect, but the answer is lost: `kind`; a list fails half-way
    kFlipBit,     // a Get or reader delivers one flipped bit
    kTruncate,    // a Get or reader ends early, as if that were all
  };
  // "head", "get" (readers too), "put" (writers too), "copy", "delete", "list", "barrier"; empty:
  // any
  std::string operation;
  std::string key_part;  // the key contains it; empty: any key
  int skip = 0;          // let so many matching operations pass first
  int times = 1;         // then hit so many
  Effect effect = Effect::kFailBefore;
  ErrorKind kind = ErrorKind::kUnavailable;
};

// Objects in memory, deterministic, with planned faults; for tests and simulators. Versions on
// request. Objects written with kAtBarrier are invisible before Barrier(), and DropUnbarriered()
// forgets them: a power cut.
class MemoryStore : public ObjectStore {
 public:
  virtual void Plan(Fault fault) = 0;
  virtual void DropUnbarriered() = 0;
  // Every operation so far: "put control/runs/x/000001.json".
  virtual std::vector<std::string> history() const = 0;
};
struct MemoryStoreOptions {
  bool versions = false;
  bool create_only = true;  // what features() says; creating is atomic either way
};
// `clock` must outlive the store, the store its readers and writers.
std::unique_ptr<MemoryStore> MakeMemoryStore(const Clock& clock,
                                             const MemoryStoreOptions& options = {});

}  // namespace lc2
