#include "storage/sorted_stream.h"

#include <exception>
#include <optional>
#include <thread>

#include "base/bounded_queue.h"

namespace lc2 {

namespace {

template <class T>
class PrefetchingReader final : public SortedReader<T> {
 public:
  PrefetchingReader(std::unique_ptr<SortedReader<T>> source, int batches)
      : source_(std::move(source)),
        queue_(static_cast<std::size_t>(batches)),
        thread_([this] { ReadAhead(); }) {}

  // A reader that is dropped early lets the thread end after the batch it is reading.
  ~PrefetchingReader() override { queue_.Close(); }

  Result<std::vector<T>> Read() override {
    if (failed_) return *failed_;
    if (at_end_) return std::vector<T>();
    std::optional<Result<std::vector<T>>> batch = queue_.Pop();
    LC2_CHECK(batch.has_value());  // the queue is closed by the destructor only
    if (!batch->has_value()) {
      failed_ = batch->error();
    } else {
      at_end_ = batch->value().empty();
    }
    return *std::move(batch);
  }

 private:
  void ReadAhead() {
    while (true) {
      Result<std::vector<T>> batch = ReadOne();
      const bool last = !batch.has_value() || batch.value().empty();
      if (!queue_.Push(std::move(batch)) || last) return;
    }
  }

  Result<std::vector<T>> ReadOne() {
    try {
      return source_->Read();
    } catch (const std::exception& problem) {
      return Error{.kind = ErrorKind::kInternal,
                   .code = "stream.failed",
                   .message = std::string("reading ahead failed: ") + problem.what()};
    }
  }

  std::unique_ptr<SortedReader<T>> source_;
  BoundedQueue<Result<std::vector<T>>> queue_;
  std::optional<Error> failed_;
  bool at_end_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace

template <class T>
std::unique_ptr<SortedReader<T>> Prefetch(std::unique_ptr<SortedReader<T>> source, int batches) {
  return std::make_unique<PrefetchingReader<T>>(std::move(source), batches);
}

template std::unique_ptr<SortedReader<Entry>> Prefetch(std::unique_ptr<SortedReader<Entry>>, int);
template std::unique_ptr<SortedReader<Reference>> Prefetch(std::unique_ptr<SortedReader<Reference>>,
                                                           int);

}  // namespace lc2
