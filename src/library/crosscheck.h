#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>

#include "base/context.h"
#include "library/finding.h"
#include "library/key_filter.h"
#include "storage/sorted_stream.h"

namespace lc2 {

// What was found when references and objects were put side by side (design.md section 6).
struct Verdict {
  std::int64_t references = 0;
  std::int64_t lost_at_source = 0;
  std::int64_t lost_in_backup = 0;  // absent or damaged there
  std::int64_t size_mismatches = 0;
  std::int64_t orphans = 0;
  std::int64_t recovered = 0;  // taken from an older version
  std::int64_t in_flight = 0;  // rows in one of two readings only
  std::int64_t known = 0;      // of lost_at_source and size_mismatches: accepted before
  std::int64_t unstable = 0;   // referenced, but never held still
  std::int64_t unreadable = 0;
  std::int64_t changed = 0;   // copied in a later state than was listed
  std::int64_t left_out = 0;  // unreferenced; gone, or never held still
  std::int64_t skipped_names = 0;
  // The first ten keys that speak against the backup, with the reason: "20097/... (LostAtSource)".
  std::vector<std::string> named;

  std::int64_t missing() const { return lost_at_source + lost_in_backup; }
  // Counts one finding. `accepted`: it is a known loss.
  void Count(const Finding& finding, bool accepted = false);
  // Adds the counters of a part checked separately.
  void Add(const Verdict& part);
  bool operator==(const Verdict&) const = default;
};
BOOST_DESCRIBE_STRUCT(Verdict, (),
                      (references, lost_at_source, lost_in_backup, size_mismatches, orphans,
                       recovered, in_flight, known, unstable, unreadable, changed, left_out,
                       skipped_names, named))

namespace library {

// A loss that somebody accepted (`lc2 backup accept-missing`): this key, lost in this way, with
// this size in its row. When the row changes, the loss is a new one.
struct KnownLoss {
  std::string key;
  FindingKind kind = FindingKind::kLostAtSource;  // or kSizeMismatch
  std::int64_t size = 0;
  auto operator<=>(const KnownLoss&) const = default;
};
// The finding as a loss to accept; nothing if findings of this kind cannot be accepted.
std::optional<KnownLoss> AsKnownLoss(const Finding& finding);

class KnownLosses {
 public:
  KnownLosses() = default;
  explicit KnownLosses(std::vector<KnownLoss> losses);  // in any order, repeats allowed
  bool Covers(const Finding& finding) const;

 private:
  std::vector<KnownLoss> sorted_;
};

// Whether a backup or restore with this verdict may be called a success. Fails with kCorrupt
// "crosscheck.incomplete", which names up to ten keys, if
// - losses at the source plus size mismatches minus known ones exceed `tolerance`, or
// - anything is lost or damaged in the backup, unreadable, or unstable though referenced.
Result<void> Judge(const Verdict& verdict, std::int64_t tolerance);

struct EntryCheck {
  // What the backup itself recorded: a loss that it names, of the same kind and with the same size
  // in the row, was accepted when it was made, and counts as known. Null: nothing recorded.
  FindingReader* recorded = nullptr;
  const KnownLosses* known = nullptr;
  FindingSink* findings = nullptr;
  // Takes losses and size mismatches that neither of the two explains.
  FindingSink* unexplained = nullptr;
  // Keys outside it are passed over: for a selective restore.
  const KeyFilter* only = nullptr;
  // Count and report entries that no reference names.
  bool report_orphans = true;
  // The entries are those of a library, not of a backup: what they lack is lost at the source.
  bool live = false;
};
// Puts references beside the entries of a backup, a restored library or a listing, offline: for
// verify, drill and restore. Streams; constant memory.
Result<Verdict> CheckEntries(const Context& ctx, ReferenceReader& references, EntryReader& entries,
                             const EntryCheck& check = {});

}  // namespace library
}  // namespace lc2
