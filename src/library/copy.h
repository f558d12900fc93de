#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "library/crosscheck.h"
#include "library/finding.h"
#include "library/library_join.h"
#include "storage/object_store.h"
#include "storage/sorted_stream.h"

namespace lc2::library {

// What names the copy of an object.
struct CopyIdentity {
  std::string hash;  // 64 hex digits: SHA-256 of the bytes, as they pass through this process
  std::string key;   // for layouts that name copies after the object
};

// Where objects are copied from and to.
struct CopyRoute {
  ObjectStore* source = nullptr;
  ObjectStore* destination = nullptr;
  // The destination's key of a copy; a pure function, called from several threads.
  std::function<std::string(const CopyIdentity&)> pool_path = {};
  // Facts of an object that this run (or one it is heir of) wrote before under that path, so that
  // it need not be written again. Called from several threads. None: everything is written.
  std::function<Result<std::optional<ObjectFacts>>(const Context&, const std::string& path,
                                                   std::int64_t size)>
      already_there = {};
};

// The unit of recovery: everything in it is durable when it is handed over.
struct CopiedBatch {
  std::string last_key;       // keys up to this one are dealt with
  std::vector<Entry> copied;  // entries whose bytes were copied, in key order; two may share a path
};

struct CopySinks {
  EntryWriter* entries = nullptr;   // all entries of the backup, in key order
  FindingSink* findings = nullptr;  // may be null
  std::function<Result<void>(const CopiedBatch&)> on_batch = {};
};

struct CopyOptions {
  int workers = 2;
  int window = 256;  // keys on their way at once
  int attempts = 3;  // to read an object that changes while it is read
  std::int64_t batch_objects = 10'000;
  std::int64_t batch_bytes = std::int64_t{1} << 30;
  std::int64_t whole_limit = std::int64_t{8} << 20;  // up to this size an object is held in memory
  const KnownLosses* known = nullptr;
  const SkippedNames* skipped = nullptr;  // filled by the listing while it is read
  std::int64_t objects_total = 0;         // for progress; 0: unknown
  std::int64_t bytes_total = 0;
};

struct ObjectCount {
  std::int64_t objects = 0;
  std::int64_t bytes = 0;
  bool operator==(const ObjectCount&) const = default;
  void Add(std::int64_t size) {
    ++objects;
    bytes += size;
  }
};

struct CopySummary {
  Verdict verdict;
  ObjectCount kept;  // entries of the backup: carried + copied
  ObjectCount carried;
  ObjectCount copied;
  ObjectCount written;    // fewer than copied where files are equal or were adopted
  ObjectCount generated;  // left out because the portal can make them again
  std::int64_t store_own = 0;
  std::int64_t gone = 0;  // in the base only
};

// The library step: goes through the join, copies what is new, and streams entries and findings in
// key order, in constant memory. Bytes are read once (up to `whole_limit`) or twice (above: first
// for the name, then for the copy), and count only if the object's facts are the same before and
// after. An object that changed since it was listed is taken as it is now and judged by the size
// it has now; one that changes with every attempt is kUnstable.
//
// An entry keeps its FolderIdentity only if it is certain (JoinOptions::certain_before): without
// one, the next backup copies the object again instead of trusting a time stamp that may hide a
// change.
//
// The result says what was found; whether that is a success is up to Judge(). Errors: those of the
// stores and sinks, kCancelled, kTimeout. A file that may not be read is a finding, not an error.
Result<CopySummary> CopyLibrary(const Context& ctx, LibraryJoin& join, const CopyRoute& route,
                                const CopySinks& sinks, const CopyOptions& options = {});

}  // namespace lc2::library
