#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/result.h"
#include "storage/entry.h"

namespace lc2 {

// A stream of items in strictly ascending order of the bytes of their keys, read in batches so that
// memory does not grow with its length. Not thread-safe.
template <class T>
class SortedReader {
 public:
  virtual ~SortedReader() = default;
  // The next items; an empty batch only at the end.
  virtual Result<std::vector<T>> Read() = 0;
};
using EntryReader = SortedReader<Entry>;
using ReferenceReader = SortedReader<Reference>;

// Takes items in strictly ascending key order.
template <class T>
class SortedWriter {
 public:
  virtual ~SortedWriter() = default;
  virtual Result<void> Write(const T& item) = 0;
};
using EntryWriter = SortedWriter<Entry>;

// Looks at a reader one item at a time, for merge-joins. Advance() before the first look.
template <class T>
class Cursor {
 public:
  explicit Cursor(SortedReader<T>& reader) : reader_(&reader) {}

  Result<void> Advance() {
    if (at_end_) return {};
    if (++index_ < batch_.size()) return {};
    LC2_ASSIGN_OR_RETURN(batch_, reader_->Read());
    index_ = 0;
    at_end_ = batch_.empty();
    return {};
  }
  // Null at the end. The item may be moved from.
  T* get() { return at_end_ || index_ >= batch_.size() ? nullptr : &batch_[index_]; }

 private:
  SortedReader<T>* reader_;
  std::vector<T> batch_;
  std::size_t index_ = static_cast<std::size_t>(-1);
  bool at_end_ = false;
};

// A reader over items in memory, already sorted.
template <class T>
class VectorReader final : public SortedReader<T> {
 public:
  explicit VectorReader(std::vector<T> items) : items_(std::move(items)) {}
  Result<std::vector<T>> Read() override { return std::exchange(items_, {}); }

 private:
  std::vector<T> items_;
};

// Reads `source` ahead on a thread of its own, at most `batches` batches.
template <class T>
std::unique_ptr<SortedReader<T>> Prefetch(std::unique_ptr<SortedReader<T>> source, int batches = 4);
extern template std::unique_ptr<SortedReader<Entry>> Prefetch(std::unique_ptr<SortedReader<Entry>>,
                                                              int);
extern template std::unique_ptr<SortedReader<Reference>> Prefetch(
    std::unique_ptr<SortedReader<Reference>>, int);

}  // namespace lc2
