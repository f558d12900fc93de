#include <fmt/core.h>

#include <string>
#include <utility>

#include "base/utf8.h"
#include "storage/entry_json.h"
#include "storage/key_text.h"
#include "storage/object_store.h"

namespace lc2 {

namespace {

constexpr std::int64_t kFrameBytes = 1 << 20;
constexpr std::int64_t kMaxLine = kFrameBytes;
constexpr std::size_t kBatch = 1024;

Result<void> CheckItem(const Entry& entry) {
  LC2_RETURN_IF_ERROR(CheckKey(entry.key));
  return entry.path.empty() ? Result<void>() : CheckKey(entry.path);
}
Result<void> CheckItem(const Reference&) { return {}; }

void AppendLine(std::string& out, const Entry& entry) { AppendEntryLine(out, entry); }
void AppendLine(std::string& out, const Reference& reference) {
  AppendReferenceLine(out, reference);
}

template <class T>
Result<T> ParseLine(std::string_view line);
template <>
Result<Entry> ParseLine(std::string_view line) {
  return ParseEntryLine(line);
}
template <>
Result<Reference> ParseLine(std::string_view line) {
  return ParseReferenceLine(line);
}

Error Unwritable(std::string_view key, std::string_view why) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "entry.unwritable",
               .message = fmt::format("cannot record '{}': {}",
                                      storage::EscapeName(key.substr(0, 100)), why)};
}

template <class T>
class NdjsonReader final : public SortedReader<T> {
 public:
  explicit NdjsonReader(std::unique_ptr<ByteSource> stored)
      : stored_(std::move(stored)), raw_(*stored_), lines_(raw_, kMaxLine) {}

  Result<std::vector<T>> Read() override {
    std::vector<T> items;
    items.reserve(kBatch);
    while (items.size() < kBatch) {
      LC2_ASSIGN_OR_RETURN(const std::optional<std::string_view> line, lines_.Next());
      if (!line) break;
      ++line_number_;
      Result<T> item = ParseLine<T>(*line);
      if (!item.has_value()) return AtLine(std::move(item).error());
      const std::string& last = items.empty() ? last_key_ : items.back().key;
      if (line_number_ > 1 && item.value().key <= last) return OutOfOrder();
      items.push_back(std::move(item).value());
    }
    if (!items.empty()) last_key_ = items.back().key;
    return items;
  }

 private:
  Error AtLine(Error cause) const {
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "entry.invalid",
                 .message = fmt::format("line {} is damaged", line_number_),
                 .cause = Share(std::move(cause))};
  }
  Error OutOfOrder() const {
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "entry.out_of_order",
                 .message = fmt::format("line {} is not in ascending order of keys", line_number_)};
  }

  std::unique_ptr<ByteSource> stored_;
  codec::ZstdSource raw_;
  codec::LineReader lines_;
  std::string last_key_;
  std::int64_t line_number_ = 0;
};

}  // namespace

template <class T>
NdjsonWriter<T>::NdjsonWriter(ByteSink& sink, int level)
    : frames_(codec::ZstdFrameWriter::Make(sink, {.frame_bytes = kFrameBytes, .level = level})) {}

template <class T>
Result<void> NdjsonWriter<T>::Write(const T& item) {
  LC2_CHECK(count_ == 0 || last_key_ < item.key);
  if (const Result<void> checked = CheckItem(item); !checked.has_value()) {
    return Unwritable(item.key, checked.error().message);
  }
  line_.clear();
  AppendLine(line_, item);
  const auto size = static_cast<std::int64_t>(line_.size());
  if (size > kMaxLine) return Unwritable(item.key, fmt::format("its line has {} bytes", size));
  if (!IsUtf8(line_)) return Unwritable(item.key, "it holds text that is no UTF-8");
  if (frames_->open_frame_bytes() + size > kFrameBytes) LC2_RETURN_IF_ERROR(frames_->EndFrame());
  LC2_RETURN_IF_ERROR(frames_->Write(line_));
  last_key_ = item.key;
  ++count_;
  return {};
}

template <class T>
Result<codec::ZstdSummary> NdjsonWriter<T>::Finish() {
  return frames_->Finish();
}

template <class T>
std::unique_ptr<SortedReader<T>> ReadNdjson(std::unique_ptr<ByteSource> stored) {
  return std::make_unique<NdjsonReader<T>>(std::move(stored));
}

template class NdjsonWriter<Entry>;
template class NdjsonWriter<Reference>;
template std::unique_ptr<SortedReader<Entry>> ReadNdjson(std::unique_ptr<ByteSource>);
template std::unique_ptr<SortedReader<Reference>> ReadNdjson(std::unique_ptr<ByteSource>);

}  // namespace lc2
