#include "library/library_join.h"

#include <utility>

namespace lc2::library {

namespace {

// Entries that went through JSON have whole seconds.
bool SameSecond(Time a, Time b) {
  return std::chrono::floor<std::chrono::seconds>(a) == std::chrono::floor<std::chrono::seconds>(b);
}

Standing StandingOf(const KeyFacts& facts) {
  if (facts.reference != nullptr) {
    if (facts.listed == nullptr) return Standing::kMissing;
    return facts.listed->size == facts.reference->size ? Standing::kReferenced
                                                       : Standing::kSizeMismatch;
  }
  if (facts.listed == nullptr) return Standing::kGone;
  switch (facts.key_class) {
    case KeyClass::kGenerated:
      return Standing::kGenerated;
    case KeyClass::kStoreOwn:
      return Standing::kStoreOwn;
    case KeyClass::kContent:
      break;
  }
  return facts.has_references ? Standing::kOrphan : Standing::kUnchecked;
}

bool IsKept(Standing standing, const JoinOptions& options) {
  switch (standing) {
    case Standing::kReferenced:
    case Standing::kSizeMismatch:
    case Standing::kOrphan:
    case Standing::kUnchecked:
      return true;
    case Standing::kGenerated:
      return !options.exclude_generated;
    case Standing::kMissing:
    case Standing::kStoreOwn:
    case Standing::kGone:
      return false;
  }
  return true;
}

bool CanBeCarried(const Entry& base) { return !base.path.empty() && base.checksum.has_value(); }

}  // namespace

bool IsUnchanged(const Entry& listed, const Entry& base) {
  if (listed.size != base.size) return false;
  if (listed.folder.has_value() || base.folder.has_value()) return listed.folder == base.folder;
  if (!listed.source_version_id.empty() || !base.source_version_id.empty()) {
    return listed.source_version_id == base.source_version_id;
  }
  return !listed.etag.empty() && listed.etag == base.etag &&
         SameSecond(listed.last_modified, base.last_modified);
}

bool IsCertain(const Entry& listed, Time certain_before) {
  if (!listed.folder.has_value()) return listed.last_modified < certain_before;
  // The change time counts: anybody can set the modification time, nobody the change time.
  return Time(std::chrono::nanoseconds(listed.folder->ctime_ns)) < certain_before;
}

KeyDecision DecideEntry(const KeyFacts& facts, const JoinOptions& options) {
  const Standing standing = StandingOf(facts);
  if (!IsKept(standing, options)) return {.standing = standing, .action = CopyAction::kLeaveOut};
  const bool carried = facts.base != nullptr && CanBeCarried(*facts.base) &&
                       IsUnchanged(*facts.listed, *facts.base) &&
                       IsCertain(*facts.listed, options.certain_before);
  return {.standing = standing, .action = carried ? CopyAction::kCarry : CopyAction::kCopy};
}

LibraryJoin::LibraryJoin(ReferenceReader* references, EntryReader* listing, EntryReader* base,
                         JoinOptions options)
    : join_(references, listing, base),
      has_references_(references != nullptr),
      options_(std::move(options)) {}

Result<JoinedKey*> LibraryJoin::Next() {
  while (true) {
    LC2_ASSIGN_OR_RETURN(const bool more, join_.Next());
    if (!more) return nullptr;
    Entry* const listed = join_.get<1>();
    // Keys that are passed over are looked at too: an ".index" file may follow.
    const KeyClass key_class =
        listed != nullptr ? classifier_.Classify(join_.key()) : KeyClass::kContent;
    if (join_.key() <= options_.start_after) continue;
    current_ = JoinedKey{.reference = join_.get<0>(), .listed = listed, .base = join_.get<2>()};
    current_.decision = DecideEntry({.reference = current_.reference,
                                     .listed = current_.listed,
                                     .base = current_.base,
                                     .key_class = key_class,
                                     .has_references = has_references_},
                                    options_);
    return &current_;
  }
}

Result<std::vector<Entry>> OverlayReader::Read() {
  constexpr std::size_t kBatch = 1'000;
  std::vector<Entry> batch;
  while (batch.size() < kBatch) {
    LC2_ASSIGN_OR_RETURN(const bool more, join_.Next());
    if (!more) break;
    Entry* const entry = join_.get<0>() != nullptr ? join_.get<0>() : join_.get<1>();
    LC2_CHECK(entry != nullptr);
    batch.push_back(std::move(*entry));
  }
  return batch;
}

}  // namespace lc2::library
