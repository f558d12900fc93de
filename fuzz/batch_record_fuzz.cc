// Batch records: an earlier attempt's list of what it copied, taken up by the next one. Whatever it
// says, keys come in order or the stream is refused, and nothing is carried that is not listed now
// with the same size.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/io.h"
#include "codec/zstd_stream.h"
#include "library/library_join.h"
#include "storage/entry_json.h"

namespace {

using namespace lc2;  // NOLINT(google-build-using-namespace): one file, one purpose

constexpr Time kWritten{std::chrono::seconds(1'762'000'000)};
constexpr Time kListed{std::chrono::seconds(1'762'700'000)};

Entry Listed(const std::string& key, std::int64_t size) {
  return {.key = key,
          .size = size,
          .etag = "e" + std::to_string(size),
          .last_modified = kWritten,
          .path = "retail/prd/pool/3f/of-the-base"};
}
// What the library holds now, and what the base of the run held.
std::vector<Entry> Library() {
  return {Listed("1/2/3/1.0", 3), Listed("1/2/4/1.0", 4), Listed("1/2/5/1.0", 5)};
}
std::vector<Entry> Base() { return {Listed("1/2/3/1.0", 3), Listed("1/2/5/1.0", 6)}; }

std::string Compressed(std::string_view lines) {
  StringSink stored;
  const auto writer = codec::ZstdFrameWriter::Make(stored, {.level = 1});
  LC2_CHECK(writer->Write(lines).has_value() && writer->Finish().has_value());
  return std::move(stored.text());
}

// One record after the other.
class Records final : public EntryReader {
 public:
  explicit Records(std::vector<std::string> stored) : stored_(std::move(stored)) {}
  Result<std::vector<Entry>> Read() override {
    while (next_ <= stored_.size()) {
      if (record_ != nullptr) {
        LC2_ASSIGN_OR_RETURN(std::vector<Entry> entries, record_->Read());
        if (!entries.empty()) return entries;
      }
      if (next_ == stored_.size()) break;
      record_ = ReadNdjson<Entry>(std::make_unique<StringSource>(stored_[next_++]));
    }
    return std::vector<Entry>();
  }

 private:
  const std::vector<std::string> stored_;
  std::size_t next_ = 0;
  std::unique_ptr<EntryReader> record_;
};

void Resume(const std::vector<std::string>& stored) {
  Records records(stored);
  VectorReader<Entry> base(Base());
  VectorReader<Entry> listing(Library());
  library::OverlayReader carried(&records, &base);
  library::LibraryJoin join(nullptr, &listing, &carried, {.certain_before = kListed});
  std::string last;
  std::size_t listed = 0;
  while (true) {
    const Result<library::JoinedKey*> next = join.Next();
    if (!next.has_value()) {
      LC2_CHECK(next.error().kind == ErrorKind::kCorrupt);
      return;
    }
    const library::JoinedKey* const key = *next;
    if (key == nullptr) break;
    LC2_CHECK(last < join.key());
    last = join.key();
    if (key->listed != nullptr) ++listed;
    if (key->decision.action == library::CopyAction::kCarry) {
      LC2_CHECK(key->listed != nullptr && key->base != nullptr);
      LC2_CHECK(key->listed->size == key->base->size);
    }
    // What is not there any more is in no backup, whatever an earlier attempt says.
    LC2_CHECK(key->listed != nullptr || key->decision.action == library::CopyAction::kLeaveOut);
  }
  LC2_CHECK(listed == Library().size());
}

}  // namespace

// Records are parted by empty lines: compressed here, and as stored bytes, as they are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> records;
  std::string_view rest = bytes;
  while (records.size() < 4) {
    const std::size_t end = rest.find("\n\n");
    records.push_back(Compressed(rest.substr(0, end)));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 2);
  }
  Resume(records);
  Resume({std::string(bytes)});
  return 0;
}
