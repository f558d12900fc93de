#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "library/finding.h"
#include "storage/entry.h"
#include "storage/sorted_stream.h"

// Sorted streams in memory for the tests of this module.
namespace lc2::library {

// Gives its items in batches of `batch`, then an error if one is set.
template <class T>
class BatchedReader final : public SortedReader<T> {
 public:
  BatchedReader(std::vector<T> items, std::size_t batch)
      : items_(std::move(items)), batch_(batch) {}
  void FailAtEnd(Error error) { error_ = std::move(error); }

  Result<std::vector<T>> Read() override {
    std::vector<T> batch;
    while (batch.size() < batch_ && next_ < items_.size()) batch.push_back(items_[next_++]);
    if (batch.empty() && error_.has_value()) return *error_;
    return batch;
  }

 private:
  const std::vector<T> items_;
  const std::size_t batch_;
  std::size_t next_ = 0;
  std::optional<Error> error_;
};

class CollectedEntries final : public EntryWriter {
 public:
  Result<void> Write(const Entry& entry) override {
    if (fail_at_ == entry.key) {
      return Error{.kind = ErrorKind::kUnavailable, .code = "test.full", .message = "disk full"};
    }
    LC2_CHECK(items.empty() || items.back().key < entry.key);
    items.push_back(entry);
    return {};
  }
  void FailAt(std::string key) { fail_at_ = std::move(key); }
  std::vector<Entry> items;

 private:
  std::string fail_at_;
};

class CollectedFindings final : public FindingSink {
 public:
  Result<void> Write(const Finding& finding) override {
    items.push_back(finding);
    return {};
  }
  std::vector<std::string> Keys(FindingKind kind) const {
    std::vector<std::string> keys;
    for (const Finding& finding : items) {
      if (finding.kind == kind) keys.push_back(finding.key);
    }
    return keys;
  }
  std::vector<Finding> items;
};

inline Reference Row(std::string key, std::int64_t size, std::int64_t id = 1) {
  return Reference{.key = std::move(key), .size = size, .row_id = id};
}

// As a folder lists it: changed long ago.
inline Entry Listed(std::string key, std::int64_t size, std::uint64_t inode = 1) {
  return Entry{.key = std::move(key),
               .size = size,
               .folder = FolderIdentity{.mtime_ns = 10, .ctime_ns = 20, .inode = inode}};
}

// As a backup holds it.
inline Entry Backed(Entry entry, std::string path = "pool/aa/x") {
  entry.path = std::move(path);
  entry.checksum = Checksum{.alg = "sha256", .value = std::string(64, 'a'), .by = "lc2"};
  return entry;
}

}  // namespace lc2::library
