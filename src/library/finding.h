#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "base/io.h"
#include "base/result.h"
#include "codec/zstd_stream.h"
#include "storage/entry.h"
#include "storage/object_store.h"
#include "storage/sorted_stream.h"

namespace lc2 {

BOOST_DESCRIBE_ENUM(ReferenceSource, kDLFileVersion, kImage)

// What can be wrong, or worth knowing, about one key (design.md section 6).
enum class FindingKind {
  kLostAtSource,  // a row refers to it, the source does not hold it
  kLostInBackup,  // a row refers to it, the backup should hold it and does not
  kSizeMismatch,  // the row says another size than the object has
  kDamaged,       // the backup's object does not have the recorded bytes
  kUnstable,      // it changed each time it was read; the backup does not hold it
  kUnreadable,    // reading it was refused; the backup does not hold it
  kOrphan,        // no row refers to it; kept
  kChanged,       // it changed between listing and copying; the later state was copied
  kVanished,      // no row refers to it, and it was gone before it could be copied
  kSkippedName,   // a name that is no object: a link, a device, a name that is no UTF-8
};
BOOST_DESCRIBE_ENUM(FindingKind, kLostAtSource, kLostInBackup, kSizeMismatch, kDamaged, kUnstable,
                    kUnreadable, kOrphan, kChanged, kVanished, kSkippedName)

// One key that does not simply agree. A key has at most one finding, the gravest.
struct Finding {
  std::string key;
  FindingKind kind = FindingKind::kOrphan;
  std::optional<std::int64_t> expected_size;  // the row's
  std::optional<std::int64_t> actual_size;    // the object's
  std::optional<std::int64_t> row_id;         // present: a row refers to the key
  std::optional<ReferenceSource> source;
  std::string note;  // for people; empty: nothing to add
  bool operator==(const Finding&) const = default;
};
BOOST_DESCRIBE_STRUCT(Finding, (), (key, kind, expected_size, actual_size, row_id, source, note))

// A finding about an object that a row refers to.
Finding MakeFinding(const Reference& reference, FindingKind kind, std::string note = {});

// One line of findings.ndjson, with the line break: `{"key":...,"kind":"LostAtSource",...}`.
void AppendFindingLine(std::string& out, const Finding& finding);
// Error: kCorrupt "finding.invalid". Unknown members are ignored.
Result<Finding> ParseFindingLine(std::string_view line);

using FindingReader = SortedReader<Finding>;

// Where findings go: in ascending order of keys, then the skipped names in the order they were met
// (they are no keys and have no place in that order).
class FindingSink {
 public:
  virtual ~FindingSink() = default;
  virtual Result<void> Write(const Finding& finding) = 0;
};

// Writes findings as NDJSON in zstd frames.
class FindingWriter final : public FindingSink {
 public:
  explicit FindingWriter(ByteSink& sink, int level = 3);
  Result<void> Write(const Finding& finding) override;
  std::int64_t count() const { return count_; }
  Result<codec::ZstdSummary> Finish();

 private:
  std::unique_ptr<codec::ZstdFrameWriter> frames_;
  std::string line_;
  std::int64_t count_ = 0;
};

// Reads what FindingWriter wrote. Errors: kCorrupt on damage or a bad line.
std::unique_ptr<FindingReader> ReadFindings(std::unique_ptr<ByteSource> stored);

// Collects names that a listing passes over: its callback runs on the listing's thread. Keeps the
// first `kMaxNames` by name, counts all. Thread-safe.
class SkippedNames {
 public:
  static constexpr std::size_t kMaxNames = 10'000;

  void Add(const SkippedName& name);
  // For ListQuery::on_skipped; this object must outlive the listing.
  std::function<void(const SkippedName&)> Callback();
  std::int64_t count() const;
  // As findings: a folder that could not be read is kUnreadable, all else kSkippedName.
  std::vector<Finding> Findings() const;
  // Of all names, the folders that could not be read: what lies in them is not known.
  std::int64_t unreadable() const;

 private:
  mutable std::mutex mutex_;
  std::vector<SkippedName> names_;
  std::int64_t count_ = 0;
  std::int64_t unreadable_ = 0;
};

}  // namespace lc2
