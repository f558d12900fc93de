#pragma once

#include <chrono>
#include <string>

#include "library/generated.h"
#include "library/merge_join.h"
#include "storage/entry.h"
#include "storage/sorted_stream.h"

namespace lc2::library {

// How an object stands to the rows of the database.
enum class Standing {
  kReferenced,    // a row refers to it, and it has the row's size
  kSizeMismatch,  // a row refers to it, and it has another size
  kMissing,       // a row refers to it, and it is not there
  kOrphan,        // no row refers to it
  kGenerated,     // no row refers to it, and the portal can make it again
  kStoreOwn,      // no row refers to it, and it belongs to the store
  kUnchecked,     // there are no references to compare with
  kGone,          // only the base has it
};

enum class CopyAction {
  kLeaveOut,
  kCarry,  // unchanged since the base: its copy there is referred to again
  kCopy,
};

struct KeyDecision {
  Standing standing = Standing::kGone;
  CopyAction action = CopyAction::kLeaveOut;
  bool operator==(const KeyDecision&) const = default;
};

// An object modified less than this before the listing may change once more without showing it:
// file systems keep time in ticks, object stores in seconds.
inline constexpr std::chrono::seconds kSettlingTime{2};

struct JoinOptions {
  bool exclude_generated = true;
  // The store's clock when the listing began, less kSettlingTime. What was modified since is copied
  // even if it looks unchanged. Left out, nothing is certain and everything is copied.
  Time certain_before{};
  // Keys up to this one were dealt with by an earlier attempt and are passed over.
  std::string start_after = {};
};

// Whether what a source lists now is what the base took its copy of: equal size and equal identity
// (the folder's; else the version; else ETag and modification time).
bool IsUnchanged(const Entry& listed, const Entry& base);
// Whether the identity of a listed object proves its bytes: last changed before `certain_before`.
bool IsCertain(const Entry& listed, Time certain_before);

// What one key holds in each stream; null: nothing. `has_references` tells a library without any
// rows from one whose rows are not known.
struct KeyFacts {
  const Reference* reference = nullptr;
  const Entry* listed = nullptr;
  const Entry* base = nullptr;
  KeyClass key_class = KeyClass::kContent;
  bool has_references = true;
};

// What becomes of one key. A key that a row refers to is content, whatever its name looks like.
KeyDecision DecideEntry(const KeyFacts& facts, const JoinOptions& options);

// A key on its way through the join. The items may be moved from; they end with the next Next().
struct JoinedKey {
  Reference* reference = nullptr;
  Entry* listed = nullptr;
  Entry* base = nullptr;
  KeyDecision decision = {};
};

// references x listing x base, key by key, in constant memory (design.md section 6). Any of the
// readers may be null; they must outlive it. Not thread-safe.
class LibraryJoin {
 public:
  LibraryJoin(ReferenceReader* references, EntryReader* listing, EntryReader* base,
              JoinOptions options);

  // The next key, or null at the end. Errors: those of the readers, kCorrupt "library.unsorted".
  Result<JoinedKey*> Next();
  const std::string& key() const { return join_.key(); }
  const JoinOptions& options() const { return options_; }

 private:
  MergeJoin<Reference, Entry, Entry> join_;
  const bool has_references_;
  const JoinOptions options_;
  KeyClassifier classifier_;
  JoinedKey current_;
};

// `over` laid on `under`: where both have a key, the entry of `over`. A resumed attempt joins with
// the entries that the attempt before it made durable, laid on those of the base.
class OverlayReader final : public EntryReader {
 public:
  OverlayReader(EntryReader* over, EntryReader* under) : join_(over, under) {}
  Result<std::vector<Entry>> Read() override;

 private:
  MergeJoin<Entry, Entry> join_;
};

}  // namespace lc2::library
