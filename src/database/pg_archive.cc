#include "database/pg_archive.h"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_set>

namespace lc2::database {

namespace {

constexpr std::string_view kMagicText = "PGDMP";
constexpr int kCustomFormat = 1;
constexpr int kOldestMinor = 12;  // PostgreSQL 9.0
constexpr int kNewestMinor = 16;  // PostgreSQL 17, 18
constexpr int kMinorWithTableAm = 14;
constexpr int kMinorWithCompressionName = 15;
constexpr int kMinorWithRelkind = 16;
constexpr std::int64_t kMaxEntries = 100'000'000;
constexpr std::size_t kKeptText = 256;  // of a string of the head

constexpr int kDataBlock = 1;
constexpr int kLargeObjectsBlock = 3;
constexpr int kOffsetNotSet = 1;
constexpr int kOffsetSet = 2;
constexpr int kOffsetNoData = 3;

// What comes next in the stream, in the order of the format.
enum class At {
  kMagic,
  kMajor,
  kMinor,
  kRevision,
  kIntSize,
  kOffsetSize,
  kFormat,
  kCompression,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kMonth,
  kYear,
  kDaylight,
  kDatabase,
  kServerVersion,
  kToolVersion,
  kEntryCount,
  // An entry of the table of contents.
  kEntryId,
  kHasData,
  kTableOid,
  kOid,
  kTag,
  kDescription,
  kSection,
  kDefinition,
  kDropStatement,
  kCopyStatement,
  kNamespace,
  kTablespace,
  kTableAm,
  kRelkind,
  kOwner,
  kWithOids,
  kDependency,
  kEntryOffset,
  // The data.
  kBlockType,
  kBlockId,
  kChunkSize,
  kLargeObjectId,
  kLargeObjectChunkSize,
};

enum class Shape { kMagic, kByte, kInteger, kText, kOffset };

Shape ShapeOf(At at, int minor) {
  switch (at) {
    case At::kMagic:
      return Shape::kMagic;
    case At::kMajor:
    case At::kMinor:
    case At::kRevision:
    case At::kIntSize:
    case At::kOffsetSize:
    case At::kFormat:
    case At::kBlockType:
      return Shape::kByte;
    case At::kCompression:
      return minor >= kMinorWithCompressionName ? Shape::kByte : Shape::kInteger;
    case At::kDatabase:
    case At::kServerVersion:
    case At::kToolVersion:
    case At::kTableOid:
    case At::kOid:
    case At::kTag:
    case At::kDescription:
    case At::kDefinition:
    case At::kDropStatement:
    case At::kCopyStatement:
    case At::kNamespace:
    case At::kTablespace:
    case At::kTableAm:
    case At::kOwner:
    case At::kWithOids:
    case At::kDependency:
      return Shape::kText;
    case At::kEntryOffset:
      return Shape::kOffset;
    default:
      return Shape::kInteger;
  }
}

bool IsAbsent(At at, int minor) {
  return (at == At::kTableAm && minor < kMinorWithTableAm) ||
         (at == At::kRelkind && minor < kMinorWithRelkind);
}

Error Broken(std::int64_t offset, std::string_view why) {
  return Error{
      .kind = ErrorKind::kCorrupt,
      .code = "database.bad_archive",
      .message = fmt::format("the dump is no whole archive at byte {}: {}", offset, why),
      .hint = "the client's version may be too new for this lc2, or the bytes are damaged"};
}

Error Incomplete(std::string message) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "database.dump_incomplete",
               .message = std::move(message),
               .hint =
                   "run the backup again; if it stays so, run the client by hand and look at "
                   "what it says"};
}

}  // namespace

struct ArchiveChecker::State {
  ArchiveFacts facts;
  At at = At::kMagic;
  int minor = 0;
  std::size_t int_size = 4;
  std::size_t offset_size = 8;

  std::string field;     // bytes so far of the field at `at`
  bool in_text = false;  // its length is known, its bytes follow
  std::int64_t to_skip = 0;
  std::string text;  // the kept front of such a string

  std::int64_t entries_left = 0;
  std::int32_t entry = 0;
  bool entry_has_data = false;
  int block = 0;
  std::int64_t raw_bytes = 0;
  std::unordered_set<std::int32_t> without_block;  // entries with data whose block has not come

  std::size_t FieldSize() const {
    switch (ShapeOf(at, minor)) {
      case Shape::kMagic:
        return kMagicText.size();
      case Shape::kByte:
        return 1;
      case Shape::kOffset:
        return 1 + offset_size;
      default:
        return 1 + int_size;  // the sign, then the bytes, lowest first
    }
  }

  Result<std::int64_t> Number() const {
    if (ShapeOf(at, minor) == Shape::kByte) return static_cast<unsigned char>(field[0]);
    std::uint64_t value = 0;
    for (std::size_t i = int_size; i > 0; --i) {
      value = value << 8 | static_cast<unsigned char>(field[i]);
    }
    if (value > UINT32_MAX) return Broken(raw_bytes, "a number is too large");
    const auto number = static_cast<std::int64_t>(value);
    return field[0] != 0 ? -number : number;
  }

  void Go(At next) {
    while (IsAbsent(next, minor)) next = static_cast<At>(static_cast<int>(next) + 1);
    at = next;
  }
  void GoOn() { Go(static_cast<At>(static_cast<int>(at) + 1)); }
  void AfterTheEntries() { Go(entries_left == 0 ? At::kBlockType : At::kEntryId); }

  // The field at `at` is whole.
  Result<void> TakeField() {
    switch (ShapeOf(at, minor)) {
      case Shape::kMagic:
        if (field != kMagicText) return Broken(0, "it does not start as a custom-format archive");
        GoOn();
        return {};
      case Shape::kOffset:
        return TakeOffset();
      case Shape::kText: {
        LC2_ASSIGN_OR_RETURN(const std::int64_t length, Number());
        return TakeTextLength(length);
      }
      default: {
        LC2_ASSIGN_OR_RETURN(const std::int64_t number, Number());
        return at < At::kBlockType ? TakeHeadNumber(number) : TakeDataNumber(number);
      }
    }
  }

  Result<void> TakeTextLength(std::int64_t length) {
    if (length < 0) {  // null: ends the list of dependencies
      GoOn();
      return {};
    }
    text.clear();
    in_text = true;
    to_skip = length;
    return length == 0 ? TakeText() : Result<void>();
  }

  Result<void> TakeText() {
    in_text = false;
    switch (at) {
      case At::kDatabase:
        facts.database = text;
        break;
      case At::kServerVersion:
        facts.server_version = text;
        break;
      case At::kToolVersion:
        facts.tool_version = text;
        break;
      case At::kDependency:
        return {};  // there may be another
      default:
        break;
    }
    GoOn();
    return {};
  }

  Result<void> TakeHeadNumber(std::int64_t number) {
    switch (at) {
      case At::kMajor:
        if (number != 1) return Broken(raw_bytes, "unknown format version");
        break;
      case At::kMinor:
        if (number < kOldestMinor || number > kNewestMinor) {
          return Broken(raw_bytes, fmt::format("unknown format version 1.{}", number));
        }
        minor = static_cast<int>(number);
        facts.format_version = fmt::format("1.{}", minor);
        break;
      case At::kIntSize:
        if (number != 4 && number != 8) return Broken(raw_bytes, "bad size of integers");
        int_size = static_cast<std::size_t>(number);
        break;
      case At::kOffsetSize:
        if (number != 4 && number != 8) return Broken(raw_bytes, "bad size of offsets");
        offset_size = static_cast<std::size_t>(number);
        break;
      case At::kFormat:
        if (number != kCustomFormat) return Broken(raw_bytes, "it is not of the custom format");
        break;
      case At::kEntryCount:
        if (number < 0 || number > kMaxEntries) return Broken(raw_bytes, "bad number of entries");
        facts.entries = entries_left = number;
        AfterTheEntries();
        return {};
      case At::kEntryId:
        if (number <= 0 || number > INT32_MAX) return Broken(raw_bytes, "bad id of an entry");
        entry = static_cast<std::int32_t>(number);
        break;
      case At::kHasData:
        if (number != 0 && number != 1) return Broken(raw_bytes, "bad entry");
        entry_has_data = number == 1;
        break;
      default:
        break;
    }
    GoOn();
    return {};
  }

  Result<void> TakeOffset() {
    const int flag = static_cast<unsigned char>(field[0]);
    const bool has_data = flag == kOffsetNotSet || flag == kOffsetSet;
    if (!has_data && flag != kOffsetNoData) return Broken(raw_bytes, "bad offset of an entry");
    if (has_data != entry_has_data) return Broken(raw_bytes, "an entry contradicts itself");
    if (has_data) {
      ++facts.data_entries;
      if (!without_block.insert(entry).second) return Broken(raw_bytes, "two entries of one id");
    }
    --entries_left;
    AfterTheEntries();
    return {};
  }

  Result<void> TakeDataNumber(std::int64_t number) {
    switch (at) {
      case At::kBlockType:
        if (number != kDataBlock && number != kLargeObjectsBlock) {
          return Broken(raw_bytes, "unknown kind of data");
        }
        block = static_cast<int>(number);
        Go(At::kBlockId);
        return {};
      case At::kBlockId:
        if (number > INT32_MAX || without_block.erase(static_cast<std::int32_t>(number)) == 0) {
          return Broken(raw_bytes, "data of an entry that has none, or had it already");
        }
        Go(block == kDataBlock ? At::kChunkSize : At::kLargeObjectId);
        return {};
      case At::kLargeObjectId:  // 0 ends the block; ids above 2^31 look negative
        if (number != 0) ++facts.large_objects;
        Go(number == 0 ? At::kBlockType : At::kLargeObjectChunkSize);
        return {};
      default:  // the size of a chunk; 0 ends the data or the large object
        if (number < 0) return Broken(raw_bytes, "a chunk of negative size");
        to_skip = number;
        if (number == 0) Go(at == At::kChunkSize ? At::kBlockType : At::kLargeObjectId);
        return {};
    }
  }

  // Passes over bytes that only count; returns how many of `bytes`.
  std::size_t Skip(std::string_view bytes) {
    const auto count =
        static_cast<std::size_t>(std::min(to_skip, static_cast<std::int64_t>(bytes.size())));
    if (in_text && text.size() < kKeptText) {
      text.append(bytes.substr(0, std::min(count, kKeptText - text.size())));
    }
    to_skip -= static_cast<std::int64_t>(count);
    return count;
  }
};

ArchiveChecker::ArchiveChecker() : state_(std::make_unique<State>()) {}
ArchiveChecker::~ArchiveChecker() = default;

bool ArchiveChecker::in_head() const { return state_->at < At::kBlockType; }

Result<std::size_t> ArchiveChecker::Consume(std::string_view bytes) {
  State& s = *state_;
  std::size_t head = in_head() ? bytes.size() : 0;
  const std::size_t all = bytes.size();
  while (!bytes.empty()) {
    const bool was_in_head = in_head();
    std::size_t count = 0;
    if (s.to_skip > 0) {
      count = s.Skip(bytes);
      if (s.to_skip == 0 && s.in_text) LC2_RETURN_IF_ERROR(s.TakeText());
    } else {
      count = std::min(s.FieldSize() - s.field.size(), bytes.size());
      s.field.append(bytes.substr(0, count));
      if (s.field.size() == s.FieldSize()) {
        LC2_RETURN_IF_ERROR(s.TakeField());
        s.field.clear();
      }
    }
    bytes.remove_prefix(count);
    s.raw_bytes += static_cast<std::int64_t>(count);
    if (was_in_head && !in_head()) head = all - bytes.size();
  }
  return head;
}

Result<ArchiveFacts> ArchiveChecker::Finish() {
  State& s = *state_;
  if (in_head()) {
    return Incomplete(
        fmt::format("the dump ends after {} bytes, within its table of contents", s.raw_bytes));
  }
  if (s.at != At::kBlockType || !s.field.empty()) {
    return Incomplete(
        fmt::format("the dump ends after {} bytes, in the middle of data", s.raw_bytes));
  }
  if (!s.without_block.empty()) {
    return Incomplete(
        fmt::format("the dump ends after {} bytes, without the data of {} of {} "
                    "entries",
                    s.raw_bytes, s.without_block.size(), s.facts.data_entries));
  }
  s.facts.raw_bytes = s.raw_bytes;
  return s.facts;
}

void PlainDumpChecker::Consume(std::string_view bytes) {
  constexpr std::size_t kTail = 4096;
  if (bytes.size() >= kTail) {
    tail_ = bytes.substr(bytes.size() - kTail);
    return;
  }
  tail_ += bytes;
  if (tail_.size() > kTail) tail_.erase(0, tail_.size() - kTail);
}

Result<void> PlainDumpChecker::Finish() const {
  constexpr std::string_view kEnd = "\n-- PostgreSQL database dump complete\n";
  const std::size_t found = tail_.rfind(kEnd);
  if (found == std::string::npos) {
    return Incomplete("the dump does not end with the comment that pg_dump writes last");
  }
  // What may follow: "--", empty lines, and "\unrestrict <token>" of newer versions.
  std::string_view rest = std::string_view(tail_).substr(found + kEnd.size());
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    if (!line.empty() && line != "--" && line.substr(0, 12) != "\\unrestrict ") {
      return Incomplete("something follows the comment that pg_dump writes last");
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return {};
}

}  // namespace lc2::database
