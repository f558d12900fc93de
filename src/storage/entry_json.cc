#include "storage/entry_json.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <type_traits>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/time_format.h"
#include "storage/entry_line.h"
#include "storage/object_store.h"

namespace lc2 {

namespace {

using codec::Json;
using codec::JsonObject;

// Times in the format lie in the years that time_format reads; a file system may hold any.
constexpr Time kEarliest = std::chrono::sys_days(std::chrono::year(1700) / 1 / 1);
constexpr Time kLatest =
    std::chrono::sys_days(std::chrono::year(2261) / 1 / 1) - std::chrono::seconds(1);

template <class Number>
void AppendNumber(std::string& out, Number value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, end.ptr);
}

void AppendDigits(char* out, unsigned value, int count) {
  for (int i = count - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

// As FormatRfc3339, without its detour over a format string: this runs for each entry.
void AppendTime(std::string& out, Time time) {
  const auto second =
      std::chrono::floor<std::chrono::seconds>(std::clamp(time, kEarliest, kLatest));
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const auto of_day = static_cast<unsigned>((second - day).count());
  char text[] = "0000-00-00T00:00:00Z";
  AppendDigits(text, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  AppendDigits(text + 5, static_cast<unsigned>(date.month()), 2);
  AppendDigits(text + 8, static_cast<unsigned>(date.day()), 2);
  AppendDigits(text + 11, of_day / 3600, 2);
  AppendDigits(text + 14, of_day / 60 % 60, 2);
  AppendDigits(text + 17, of_day % 60, 2);
  out.append(text, sizeof text - 1);
}

bool NeedsEscape(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

void AppendEscape(std::string& out, char c) {
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
    return;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u00";
  out += kDigits[static_cast<unsigned char>(c) >> 4];
  out += kDigits[static_cast<unsigned char>(c) & 15];
}

void AppendText(std::string& out, std::string_view text) {
  auto begin = text.begin();
  while (true) {
    const auto stop = std::find_if(begin, text.end(), NeedsEscape);
    out.append(begin, stop);
    if (stop == text.end()) break;
    AppendEscape(out, *stop);
    begin = stop + 1;
  }
}

// `before` holds everything from the comma to the opening quote.
void AppendMember(std::string& out, std::string_view before, std::string_view text) {
  out += before;
  AppendText(out, text);
  out += '"';
}

void AppendOptional(std::string& out, std::string_view before, std::string_view text) {
  if (!text.empty()) AppendMember(out, before, text);
}

void AppendFolder(std::string& out, const FolderIdentity& folder) {
  out += R"(,"folder":{"mtimeNs":")";
  AppendNumber(out, folder.mtime_ns);
  out += R"(","ctimeNs":")";
  AppendNumber(out, folder.ctime_ns);
  out += R"(","inode":")";
  AppendNumber(out, folder.inode);
  out += R"(","device":")";
  AppendNumber(out, folder.device);
  out += "\"}";
}

std::string_view SourceWord(ReferenceSource source) {
  return source == ReferenceSource::kImage ? "Image" : "DLFileVersion";
}

std::string TimeText(Time time) {
  std::string text;
  AppendTime(text, time);
  return text;
}

// Reads members of one JSON object; the first problem is kept and later reads are idle.
class ObjectDecoder {
 public:
  static Result<ObjectDecoder> Of(const Json& json, const codec::Path& path) {
    if (!json.is_object()) return codec::ShapeError(path, "an object");
    return ObjectDecoder(json.get_object(), path);
  }

  std::string Text(std::string_view name, bool required = false) {
    const Json* member = Find(name, required);
    if (member == nullptr) return {};
    if (!member->is_string() || (required && member->get_string().empty())) {
      Fail(name, "a text");
      return {};
    }
    return std::string(member->get_string());
  }

  std::int64_t Integer(std::string_view name) {
    const Json* member = Find(name, true);
    if (member == nullptr) return 0;
    if (!member->is_int64()) {
      Fail(name, "an integer");
      return 0;
    }
    return member->get_int64();
  }

  template <class Number>
  Number QuotedInteger(std::string_view name) {
    const std::string text = Text(name, true);
    Number value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end.ec != std::errc() || end.ptr != text.data() + text.size()) {
      Fail(name, "an integer in quotes");
    }
    return value;
  }

  std::optional<Time> OptionalTime(std::string_view name) {
    const std::string text = Text(name);
    if (text.empty()) return std::nullopt;
    const Result<Time> time = ParseRfc3339(text);
    if (!time.has_value()) {
      Fail(name, "a time such as 2025-11-09T14:30:00Z");
      return std::nullopt;
    }
    return time.value();
  }

  // Null where the member is absent.
  const Json* Find(std::string_view name, bool required = false) {
    if (failed_) return nullptr;
    const Json* member = object_->if_contains(name);
    if (member != nullptr && member->is_null()) member = nullptr;
    if (member == nullptr && required) Fail(name, "to be there");
    return member;
  }

  void Fail(std::string_view name, std::string_view expected) {
    if (!failed_) failed_ = codec::ShapeError(path_ / name, expected);
  }
  void Adopt(Error error) {
    if (!failed_) failed_ = std::move(error);
  }
  codec::Path path(std::string_view name) const { return path_ / name; }
  const std::optional<Error>& failed() const { return failed_; }

 private:
  ObjectDecoder(const JsonObject& object, codec::Path path)
      : object_(&object), path_(std::move(path)) {}

  const JsonObject* object_;
  codec::Path path_;
  std::optional<Error> failed_;
};

Result<FolderIdentity> DecodeFolder(const Json& json, const codec::Path& path) {
  LC2_ASSIGN_OR_RETURN(ObjectDecoder members, ObjectDecoder::Of(json, path));
  const FolderIdentity folder{.mtime_ns = members.QuotedInteger<std::int64_t>("mtimeNs"),
                              .ctime_ns = members.QuotedInteger<std::int64_t>("ctimeNs"),
                              .inode = members.QuotedInteger<std::uint64_t>("inode"),
                              .device = members.QuotedInteger<std::uint64_t>("device")};
  if (members.failed()) return *members.failed();
  return folder;
}

Result<Checksum> DecodeChecksum(const Json& json, const codec::Path& path) {
  LC2_ASSIGN_OR_RETURN(ObjectDecoder members, ObjectDecoder::Of(json, path));
  Checksum checksum{.alg = members.Text("alg", true),
                    .value = members.Text("value", true),
                    .by = members.Text("by")};
  if (members.failed()) return *members.failed();
  return checksum;
}

template <class T, class Decoder>
void DecodeMember(ObjectDecoder& members, std::string_view name, std::optional<T>& value,
                  Decoder decode) {
  const Json* json = members.Find(name);
  if (json == nullptr) return;
  Result<T> decoded = decode(*json, members.path(name));
  if (decoded.has_value()) {
    value = std::move(decoded).value();
  } else {
    members.Adopt(std::move(decoded).error());
  }
}

Result<void> CheckEntry(const Entry& entry, const codec::Path& path) {
  LC2_RETURN_IF_ERROR(CheckKey(entry.key));
  if (entry.size < 0) return codec::ShapeError(path / "size", "a size");
  if (!entry.path.empty()) return CheckKey(entry.path);
  return {};
}

Result<Entry> DecodeUnwrapped(const Json& json, const codec::Path& path) {
  LC2_ASSIGN_OR_RETURN(ObjectDecoder members, ObjectDecoder::Of(json, path));
  Entry entry;
  entry.key = members.Text("key", true);
  entry.size = members.Integer("size");
  entry.etag = members.Text("etag");
  entry.last_modified = members.OptionalTime("lastModified").value_or(Time());
  entry.source_version_id = members.Text("sourceVersionId");
  DecodeMember(members, "folder", entry.folder, DecodeFolder);
  DecodeMember(members, "checksum", entry.checksum, DecodeChecksum);
  entry.path = members.Text("path");
  entry.pool_version_id = members.Text("poolVersionId");
  entry.locked_until = members.OptionalTime("lockedUntil");
  if (members.failed()) return *members.failed();
  LC2_RETURN_IF_ERROR(CheckEntry(entry, path));
  return entry;
}

Result<Reference> DecodeReference(const Json& json) {
  LC2_ASSIGN_OR_RETURN(ObjectDecoder members, ObjectDecoder::Of(json, {}));
  Reference reference{.key = members.Text("key", true),
                      .size = members.Integer("size"),
                      .row_id = members.Integer("rowId")};
  const std::string source = members.Text("source", true);
  if (source == SourceWord(ReferenceSource::kImage)) {
    reference.source = ReferenceSource::kImage;
  } else if (source != SourceWord(ReferenceSource::kDLFileVersion)) {
    members.Fail("source", "one of DLFileVersion, Image");
  }
  if (members.failed()) return *members.failed();
  return reference;
}

Error Invalid(Error cause, std::string_view what) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "entry.invalid",
               .message = fmt::format("not a valid {}", what),
               .cause = Share(std::move(cause))};
}

}  // namespace

void AppendEntryLine(std::string& out, const Entry& entry) {
  AppendMember(out, R"({"key":")", entry.key);
  out += R"(,"size":)";
  AppendNumber(out, entry.size);
  AppendOptional(out, R"(,"etag":")", entry.etag);
  if (entry.last_modified != Time()) {
    out += R"(,"lastModified":")";
    AppendTime(out, entry.last_modified);
    out += '"';
  }
  AppendOptional(out, R"(,"sourceVersionId":")", entry.source_version_id);
  if (entry.folder) AppendFolder(out, *entry.folder);
  if (entry.checksum) {
    AppendMember(out, R"(,"checksum":{"alg":")", entry.checksum->alg);
    AppendMember(out, R"(,"value":")", entry.checksum->value);
    AppendOptional(out, R"(,"by":")", entry.checksum->by);
    out += '}';
  }
  AppendOptional(out, R"(,"path":")", entry.path);
  AppendOptional(out, R"(,"poolVersionId":")", entry.pool_version_id);
  if (entry.locked_until) {
    out += R"(,"lockedUntil":")";
    AppendTime(out, *entry.locked_until);
    out += '"';
  }
  out += "}\n";
}

void AppendReferenceLine(std::string& out, const Reference& reference) {
  AppendMember(out, R"({"key":")", reference.key);
  out += R"(,"size":)";
  AppendNumber(out, reference.size);
  out += R"(,"rowId":)";
  AppendNumber(out, reference.row_id);
  AppendMember(out, R"(,"source":")", SourceWord(reference.source));
  out += "}\n";
}

Result<Entry> ParseEntryLine(std::string_view line) {
  if (std::optional<Entry> entry = storage::ReadUsualEntry(line)) return *std::move(entry);
  const Result<Json> json = codec::ParseJson(line);
  if (!json.has_value()) return Invalid(json.error(), "entry");
  return DecodeEntry(json.value(), {});
}

Result<Reference> ParseReferenceLine(std::string_view line) {
  if (std::optional<Reference> usual = storage::ReadUsualReference(line)) return *std::move(usual);
  const Result<Json> json = codec::ParseJson(line);
  if (!json.has_value()) return Invalid(json.error(), "reference");
  Result<Reference> reference = DecodeReference(json.value());
  if (!reference.has_value()) return Invalid(std::move(reference).error(), "reference");
  return reference;
}

Json EncodeEntry(const Entry& entry) {
  JsonObject object;
  const auto put = [&object](const char* name, const std::string& text) {
    if (!text.empty()) object.emplace(name, text);
  };
  object.emplace("key", entry.key);
  object.emplace("size", entry.size);
  put("etag", entry.etag);
  if (entry.last_modified != Time()) object.emplace("lastModified", TimeText(entry.last_modified));
  put("sourceVersionId", entry.source_version_id);
  if (entry.folder) {
    object.emplace("folder", JsonObject({{"mtimeNs", std::to_string(entry.folder->mtime_ns)},
                                         {"ctimeNs", std::to_string(entry.folder->ctime_ns)},
                                         {"inode", std::to_string(entry.folder->inode)},
                                         {"device", std::to_string(entry.folder->device)}}));
  }
  if (entry.checksum) {
    JsonObject checksum({{"alg", entry.checksum->alg}, {"value", entry.checksum->value}});
    if (!entry.checksum->by.empty()) checksum.emplace("by", entry.checksum->by);
    object.emplace("checksum", std::move(checksum));
  }
  put("path", entry.path);
  put("poolVersionId", entry.pool_version_id);
  if (entry.locked_until) object.emplace("lockedUntil", TimeText(*entry.locked_until));
  return Json(std::move(object));
}

Result<Entry> DecodeEntry(const Json& json, const codec::Path& path) {
  Result<Entry> entry = DecodeUnwrapped(json, path);
  if (!entry.has_value()) return Invalid(std::move(entry).error(), "entry");
  return entry;
}

}  // namespace lc2
