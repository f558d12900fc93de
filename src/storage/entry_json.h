#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/io.h"
#include "codec/json.h"
#include "codec/zstd_stream.h"
#include "storage/entry.h"
#include "storage/sorted_stream.h"

namespace lc2 {

// The JSON form of entries and references (docs/format.md): one object a line in shards and
// references, members in a fixed order, absent ones left out. Times are RFC 3339 with whole
// seconds; the numbers of `folder` are strings, as JSON readers keep 53 bits only.
void AppendEntryLine(std::string& out, const Entry& entry);  // with the line break
void AppendReferenceLine(std::string& out, const Reference& reference);
// Errors: kCorrupt "entry.invalid". Unknown members are ignored; an entry's key, size and path are
// checked. A reference's key is what a database row says: any text but the empty one.
Result<Entry> ParseEntryLine(std::string_view line);
Result<Reference> ParseReferenceLine(std::string_view line);
// The same for a manifest's inline `files`.
codec::Json EncodeEntry(const Entry& entry);
Result<Entry> DecodeEntry(const codec::Json& json, const codec::Path& path);

// Writes NDJSON in zstd frames of at most 1 MiB of whole lines, so that each frame can be read
// alone. Refuses items out of order (LC2_CHECK: our own bug). Error: kInvalid "entry.unwritable"
// for an item that could not be read back (a key that CheckKey refuses, text that is no UTF-8, a
// line above 1 MiB), and those of the sink. `sink` must outlive the writer.
template <class T>
class NdjsonWriter final : public SortedWriter<T> {
 public:
  explicit NdjsonWriter(ByteSink& sink, int level = 3);
  Result<void> Write(const T& item) override;
  std::int64_t count() const { return count_; }
  Result<codec::ZstdSummary> Finish();

 private:
  std::unique_ptr<codec::ZstdFrameWriter> frames_;
  std::string line_, last_key_;
  std::int64_t count_ = 0;
};
extern template class NdjsonWriter<Entry>;
extern template class NdjsonWriter<Reference>;

// Reads what NdjsonWriter wrote from the stored (compressed) stream. Errors: kCorrupt on damage, a
// bad line, or items out of order.
template <class T>
std::unique_ptr<SortedReader<T>> ReadNdjson(std::unique_ptr<ByteSource> stored);
extern template std::unique_ptr<SortedReader<Entry>> ReadNdjson(std::unique_ptr<ByteSource>);
extern template std::unique_ptr<SortedReader<Reference>> ReadNdjson(std::unique_ptr<ByteSource>);

}  // namespace lc2
