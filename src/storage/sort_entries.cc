#include "storage/sort_entries.h"

#include <fcntl.h>
#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/file.h"
#include "storage/entry_json.h"

namespace lc2 {

namespace {

constexpr std::size_t kBatch = 1'000;

bool Before(const Entry& a, const Entry& b) { return a.key < b.key; }

// Of equal keys the last stays.
void SortAndThin(std::vector<Entry>& entries) {
  std::stable_sort(entries.begin(), entries.end(), Before);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i + 1 < entries.size() && entries[i].key == entries[i + 1].key) continue;
    if (kept != i) entries[kept] = std::move(entries[i]);
    ++kept;
  }
  entries.resize(kept);
}

// A sorted part that lies in a file.
struct Run {
  UniqueFd fd;
  std::unique_ptr<EntryReader> reader;
  std::unique_ptr<Cursor<Entry>> cursor;
};

// Gives the smallest key of all runs; of equal ones that of the latest.
class Merged final : public EntryReader {
 public:
  Merged(TemporaryFolder folder, std::vector<Run> runs)
      : folder_(std::move(folder)), runs_(std::move(runs)) {}

  Result<std::vector<Entry>> Read() override {
    std::vector<Entry> batch;
    while (batch.size() < kBatch) {
      Run* first = nullptr;
      for (Run& run : runs_) {
        Entry* const entry = run.cursor->get();
        if (entry == nullptr) continue;
        if (first == nullptr || !(first->cursor->get()->key < entry->key)) first = &run;
      }
      if (first == nullptr) break;
      batch.push_back(std::move(*first->cursor->get()));
      LC2_RETURN_IF_ERROR(first->cursor->Advance());
      for (Run& run : runs_) {
        if (run.cursor->get() != nullptr && run.cursor->get()->key == batch.back().key) {
          LC2_RETURN_IF_ERROR(run.cursor->Advance());
        }
      }
    }
    return batch;
  }

 private:
  const TemporaryFolder folder_;
  std::vector<Run> runs_;
};

class Sorter {
 public:
  Sorter(const Context& ctx, EntryReader& source, std::size_t in_memory)
      : ctx_(ctx), source_(source), in_memory_(in_memory) {}

  Result<std::unique_ptr<EntryReader>> Sort() {
    for (;;) {
      LC2_RETURN_IF_ERROR(ctx_.Check());
      LC2_ASSIGN_OR_RETURN(std::vector<Entry> batch, source_.Read());
      if (batch.empty()) break;
      std::move(batch.begin(), batch.end(), std::back_inserter(held_));
      if (held_.size() >= in_memory_) LC2_RETURN_IF_ERROR(Spill());
    }
    if (runs_.empty()) {
      SortAndThin(held_);
      return std::unique_ptr<EntryReader>(std::make_unique<VectorReader<Entry>>(std::move(held_)));
    }
    LC2_RETURN_IF_ERROR(Spill());
    for (Run& run : runs_) LC2_RETURN_IF_ERROR(Rewind(run));
    return std::unique_ptr<EntryReader>(
        std::make_unique<Merged>(*std::move(folder_), std::move(runs_)));
  }

 private:
  Result<void> Spill() {
    if (held_.empty()) return {};
    SortAndThin(held_);
    if (!folder_) {
      LC2_ASSIGN_OR_RETURN(TemporaryFolder folder, TemporaryFolder::Create("lc2-sort-"));
      folder_.emplace(std::move(folder));
    }
    const std::filesystem::path path = folder_->path() / std::to_string(runs_.size());
    Run run{.fd = UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600))};
    if (!run.fd.valid()) return ErrnoError(errno, "create", path.native());
    FdSink sink(run.fd.get(), path.native());
    NdjsonWriter<Entry> writer(sink);
    for (const Entry& entry : held_) LC2_RETURN_IF_ERROR(writer.Write(entry));
    LC2_RETURN_IF_ERROR(writer.Finish());
    held_.clear();
    runs_.push_back(std::move(run));
    return {};
  }

  static Result<void> Rewind(Run& run) {
    if (::lseek(run.fd.get(), 0, SEEK_SET) != 0) return ErrnoError(errno, "read", "a sorted part");
    run.reader = ReadNdjson<Entry>(std::make_unique<FdSource>(run.fd.get(), "a sorted part"));
    run.cursor = std::make_unique<Cursor<Entry>>(*run.reader);
    return run.cursor->Advance();
  }

  const Context& ctx_;
  EntryReader& source_;
  const std::size_t in_memory_;
  std::vector<Entry> held_;
  std::optional<TemporaryFolder> folder_;
  std::vector<Run> runs_;
};

}  // namespace

Result<std::unique_ptr<EntryReader>> SortEntries(const Context& ctx, EntryReader& source,
                                                 std::size_t in_memory) {
  return Sorter(ctx, source, in_memory).Sort();
}

}  // namespace lc2
