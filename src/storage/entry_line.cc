#include "storage/entry_line.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/utf8.h"
#include "storage/object_store.h"

namespace lc2::storage {

namespace {

// What a byte inside a JSON string means to this reader.
enum class ByteClass : std::uint8_t { kAscii, kHigh, kStop };

constexpr std::array<ByteClass, 256> MakeByteClasses() {
  std::array<ByteClass, 256> classes{};
  for (std::size_t i = 0; i < classes.size(); ++i) {
    classes[i] = i >= 0x80                           ? ByteClass::kHigh
                 : i < 0x20 || i == '"' || i == '\\' ? ByteClass::kStop
                                                     : ByteClass::kAscii;
  }
  return classes;
}
constexpr std::array<ByteClass, 256> kByteClasses = MakeByteClasses();

// A scan over one line. Each reader returns false where the line is not the usual one; the position
// then no longer matters.
class Scanner {
 public:
  explicit Scanner(std::string_view line) : at_(line.data()), end_(at_ + line.size()) {}

  bool Literal(std::string_view text) {
    if (static_cast<std::size_t>(end_ - at_) < text.size() ||
        std::memcmp(at_, text.data(), text.size()) != 0) {
      return false;
    }
    at_ += text.size();
    return true;
  }

  // What follows an opening quote, to the closing one. Only quotes and backslashes may be escaped
  // (S3 etags have quotes). Text is never empty: empty members are left out.
  bool Text(std::string& out, bool only_ascii = true) {
    bool high = false;
    while (true) {
      const char* begin = at_;
      while (at_ < end_ && Class(*at_) != ByteClass::kStop) {
        high |= Class(*at_) == ByteClass::kHigh;
        ++at_;
      }
      if (at_ == end_) return false;
      out.append(begin, at_);
      if (*at_ == '"') break;
      if (end_ - at_ < 2 || *at_ != '\\' || (at_[1] != '"' && at_[1] != '\\')) return false;
      out += at_[1];
      at_ += 2;
    }
    ++at_;
    return !out.empty() && (!high || (!only_ascii && IsUtf8(out)));
  }

  bool Key(std::string& out) { return Text(out, false) && CheckKey(out).has_value(); }

  // JSON has no leading zeros and no plus sign.
  template <class Number>
  bool Integer(Number& value) {
    const char* digits = at_ < end_ && *at_ == '-' ? at_ + 1 : at_;
    if (digits == end_ || (*digits == '0' && digits + 1 < end_ && IsDigit(digits[1])) ||
        (*digits == '0' && digits != at_)) {
      return false;
    }
    const auto read = std::from_chars(at_, end_, value);
    at_ = read.ptr;
    return read.ec == std::errc();
  }

  template <class Number>
  bool QuotedInteger(Number& value) {
    return Integer(value) && Literal("\"");
  }

  // "2025-11-09T14:30:00Z" and the closing quote.
  bool Seconds(Time& time) {
    if (end_ - at_ < 21 || at_[4] != '-' || at_[7] != '-' || at_[10] != 'T' || at_[13] != ':' ||
        at_[16] != ':' || at_[19] != 'Z' || at_[20] != '"') {
      return false;
    }
    const int year = Pair(0) * 100 + Pair(2);
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(Pair(5))),
                                           std::chrono::day(static_cast<unsigned>(Pair(8)))};
    const int hour = Pair(11);
    const int minute = Pair(14);
    const int second = Pair(17);
    if (bad_digit_ || year < 1700 || year > 2260 || !date.ok() || hour > 23 || minute > 59 ||
        second > 59) {
      return false;
    }
    time = Time(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
           std::chrono::minutes(minute) + std::chrono::seconds(second);
    at_ += 21;
    return true;
  }

  bool at_end() const { return at_ == end_; }

 private:
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }
  static ByteClass Class(char c) { return kByteClasses[static_cast<unsigned char>(c)]; }

  int Pair(int offset) {
    const char tens = at_[offset];
    const char ones = at_[offset + 1];
    bad_digit_ |= !IsDigit(tens) || !IsDigit(ones);
    return (tens - '0') * 10 + (ones - '0');
  }

  const char* at_;
  const char* end_;
  bool bad_digit_ = false;
};

bool ReadFolder(Scanner& line, FolderIdentity& folder) {
  return line.Literal(R"("mtimeNs":")") && line.QuotedInteger(folder.mtime_ns) &&
         line.Literal(R"(,"ctimeNs":")") && line.QuotedInteger(folder.ctime_ns) &&
         line.Literal(R"(,"inode":")") && line.QuotedInteger(folder.inode) &&
         line.Literal(R"(,"device":")") && line.QuotedInteger(folder.device) && line.Literal("}");
}

bool ReadChecksum(Scanner& line, Checksum& checksum) {
  if (!line.Literal(R"("alg":")") || !line.Text(checksum.alg) || !line.Literal(R"(,"value":")") ||
      !line.Text(checksum.value)) {
    return false;
  }
  if (line.Literal(R"(,"by":")") && !line.Text(checksum.by)) return false;
  return line.Literal("}");
}

bool ReadEntry(Scanner& line, Entry& entry) {
  if (!line.Literal(R"({"key":")") || !line.Key(entry.key) || !line.Literal(R"(,"size":)") ||
      !line.Integer(entry.size) || entry.size < 0) {
    return false;
  }
  if (line.Literal(R"(,"etag":")") && !line.Text(entry.etag)) return false;
  if (line.Literal(R"(,"lastModified":")") && !line.Seconds(entry.last_modified)) return false;
  if (line.Literal(R"(,"sourceVersionId":")") && !line.Text(entry.source_version_id)) return false;
  if (line.Literal(R"(,"folder":{)") && !ReadFolder(line, entry.folder.emplace())) return false;
  if (line.Literal(R"(,"checksum":{)") && !ReadChecksum(line, entry.checksum.emplace())) {
    return false;
  }
  if (line.Literal(R"(,"path":")") && !line.Key(entry.path)) return false;
  if (line.Literal(R"(,"poolVersionId":")") && !line.Text(entry.pool_version_id)) return false;
  if (line.Literal(R"(,"lockedUntil":")") && !line.Seconds(entry.locked_until.emplace())) {
    return false;
  }
  return line.Literal("}") && line.at_end();
}

bool ReadReference(Scanner& line, Reference& reference) {
  if (!line.Literal(R"({"key":")") || !line.Text(reference.key, false) ||
      !line.Literal(R"(,"size":)") || !line.Integer(reference.size) ||
      !line.Literal(R"(,"rowId":)") || !line.Integer(reference.row_id)) {
    return false;
  }
  if (line.Literal(R"(,"source":"Image"})")) {
    reference.source = ReferenceSource::kImage;
  } else if (!line.Literal(R"(,"source":"DLFileVersion"})")) {
    return false;
  }
  return line.at_end();
}

}  // namespace

std::optional<Entry> ReadUsualEntry(std::string_view line) {
  std::optional<Entry> entry(std::in_place);
  Scanner scanner(line);
  if (!ReadEntry(scanner, *entry)) entry.reset();
  return entry;
}

std::optional<Reference> ReadUsualReference(std::string_view line) {
  std::optional<Reference> reference(std::in_place);
  Scanner scanner(line);
  if (!ReadReference(scanner, *reference)) reference.reset();
  return reference;
}

}  // namespace lc2::storage
