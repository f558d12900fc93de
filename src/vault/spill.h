#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/context.h"
#include "base/result.h"
#include "base/strong.h"
#include "storage/object_store.h"

// Which pool objects a backup owes to its own run: 256 sets of (pool name, size) by <hh>, so that
// the control plane can join each with a listing of pool/<hh>/ in the memory of one of them.
namespace lc2::vault {

// Whose pool objects the sets hold: those of the run and of a run it inherited. Others are carried
// from the base by reference.
struct OwnRuns {
  RunId run;
  std::optional<RunId> inherited;
  bool Owns(std::string_view run8) const;
};

// A sum over (pool name, size) pairs in any order: two lists with equal sums and counts hold the
// same pairs, repeats counted. Tells that no entry of a candidate was left out of the sets.
class PairSum {
 public:
  void Add(std::string_view name, std::int64_t size);
  std::int64_t count() const { return count_; }
  bool operator==(const PairSum&) const = default;

 private:
  std::uint64_t lanes_[4] = {};
  std::int64_t count_ = 0;
};

// Worker side; LibraryWriter feeds it. Not thread-safe.
class WrittenObjects {
 public:
  // `max_bytes` of memory at most; fuller sets are flushed as numbered parts
  // written/<hh>-<000000>.ndjson.
  static std::unique_ptr<WrittenObjects> Make(const Context& ctx, ObjectStore& store,
                                              std::string folder, std::int64_t max_bytes);
  virtual ~WrittenObjects() = default;
  // `name` is "<hash>-<run8>".
  virtual Result<void> Add(std::string_view name, std::int64_t size) = 0;
  virtual Result<void> Finish() = 0;
};

// Control side: reads the sets of an attempt and checks each object against the listing of the
// pool. Returns the sum over all pairs. Errors: kCorrupt "spill.invalid"; kCorrupt
// "candidate.object_lost" (not in the pool), "candidate.object_size".
Result<PairSum> CheckWrittenObjects(const Context& ctx, ObjectStore& store,
                                    const EnvironmentId& env, const std::string& folder,
                                    const OwnRuns& own);

}  // namespace lc2::vault
