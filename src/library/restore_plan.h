#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "base/context.h"
#include "library/generated.h"
#include "library/key_filter.h"
#include "library/merge_join.h"
#include "storage/entry.h"

namespace lc2::library {

enum class ExtraKeys { kKeep, kRemove };

struct RestoreScope {
  KeyFilter filter = {};
  ExtraKeys extra_keys = ExtraKeys::kKeep;
};

enum class RestoreAction {
  kWrite,    // the target has no such key
  kReplace,  // the target has it in another size
  kCompare,  // the target has it in the same size: left alone if the bytes are equal
  kKeep,     // extra in the target
  kRemove,   // extra in the target, to be removed
  kIgnore,   // outside the filter, or the store's own
};

// What becomes of one key; at least one of the entries is there.
RestoreAction DecideRestore(const Entry* wanted, const Entry* present, KeyClass key_class,
                            const RestoreScope& scope);

// backup x target, key by key. `target` may be null: an empty target.
class RestoreJoin {
 public:
  RestoreJoin(EntryReader& backup, EntryReader* target, RestoreScope scope)
      : join_(&backup, target), scope_(std::move(scope)) {}

  struct Key {
    Entry* wanted = nullptr;   // in the backup
    Entry* present = nullptr;  // in the target
    RestoreAction action = RestoreAction::kIgnore;
  };
  // The next key, or null at the end; its items end with the next call.
  Result<Key*> Next();
  const std::string& key() const { return join_.key(); }

 private:
  MergeJoin<Entry, Entry> join_;
  RestoreScope scope_;
  KeyClassifier classifier_;
  Key current_;
};

// How much a restore would do. Nothing is read but the two lists.
struct RestorePlan {
  std::int64_t write = 0;
  std::int64_t write_bytes = 0;
  std::int64_t replace = 0;
  std::int64_t replace_bytes = 0;
  std::int64_t compare = 0;
  std::int64_t compare_bytes = 0;
  std::int64_t extra = 0;  // kept or removed, as the scope says
  std::int64_t extra_bytes = 0;
  std::int64_t filtered_out = 0;
  bool operator==(const RestorePlan&) const = default;
};
BOOST_DESCRIBE_STRUCT(RestorePlan, (),
                      (write, write_bytes, replace, replace_bytes, compare, compare_bytes, extra,
                       extra_bytes, filtered_out))

Result<RestorePlan> PlanRestore(const Context& ctx, RestoreJoin& join);

// What restoring a library alone would take from the rows of the live database: objects that are
// there now in the row's size, and afterwards would be gone or of another size. What is lost
// already is not lost newly (design.md section 6).
struct NewLosses {
  std::int64_t count = 0;
  std::vector<std::string> named;  // the first ten
  bool operator==(const NewLosses&) const = default;
};
Result<NewLosses> FindNewLosses(const Context& ctx, ReferenceReader& references,
                                EntryReader& backup, EntryReader* target,
                                const RestoreScope& scope);

}  // namespace lc2::library
