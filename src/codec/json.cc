#include "codec/json.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <set>
#include <vector>

namespace lc2::codec {

namespace {

namespace bj = boost::json;

// Looks at keys only: refuses a key that its object has already.
struct DuplicateKeyHandler {
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  std::vector<std::set<std::string, std::less<>>> objects;
  std::string key;
  std::string duplicate;

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_object_begin(bj::error_code&) {
    objects.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, bj::error_code&) {
    objects.pop_back();
    return true;
  }
  bool on_array_begin(bj::error_code&) { return true; }
  bool on_array_end(std::size_t, bj::error_code&) { return true; }
  bool on_key_part(bj::string_view part, std::size_t, bj::error_code&) {
    key.append(part.data(), part.size());
    return true;
  }
  bool on_key(bj::string_view part, std::size_t, bj::error_code& failed) {
    key.append(part.data(), part.size());
    if (!objects.back().insert(key).second) {
      duplicate = key;
      failed = bj::error::syntax;
      return false;
    }
    key.clear();
    return true;
  }
  bool on_string_part(bj::string_view, std::size_t, bj::error_code&) { return true; }
  bool on_string(bj::string_view, std::size_t, bj::error_code&) { return true; }
  bool on_number_part(bj::string_view, bj::error_code&) { return true; }
  bool on_int64(std::int64_t, bj::string_view, bj::error_code&) { return true; }
  bool on_uint64(std::uint64_t, bj::string_view, bj::error_code&) { return true; }
  bool on_double(double, bj::string_view, bj::error_code&) { return true; }
  bool on_bool(bool, bj::error_code&) { return true; }
  bool on_null(bj::error_code&) { return true; }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }
};

Error Invalid(std::string message) {
  return Error{.kind = ErrorKind::kInvalid, .code = "json.invalid", .message = std::move(message)};
}

// RFC 8785 section 3.2.3: members are sorted by the UTF-16 code units of their names. That differs
// from the order of the UTF-8 bytes only where a surrogate pair (4 bytes) meets U+E000..U+FFFF.
bool Utf16Less(bj::string_view a, bj::string_view b) {
  const std::size_t common = std::min(a.size(), b.size());
  std::size_t i = 0;
  while (i < common && a[i] == b[i]) ++i;
  if (i == common) return a.size() < b.size();
  const auto x = static_cast<unsigned char>(a[i]);
  const auto y = static_cast<unsigned char>(b[i]);
  const bool x_pair = x >= 0xF0;
  const bool y_pair = y >= 0xF0;
  if (x_pair != y_pair && (x_pair ? y : x) >= 0xEE) return x_pair;
  return x < y;
}

void AppendString(std::string& out, bj::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

// ECMAScript's Number::toString from the shortest digits that read back as the same number.
void AppendDouble(std::string& out, double value) {
  LC2_CHECK(std::isfinite(value));
  if (value == 0) {
    out += '0';
    return;
  }
  char buffer[32];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, std::abs(value), std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<std::size_t>(end.ptr - buffer));
  const std::size_t e = text.find('e');
  std::string digits(text.substr(0, e));
  std::erase(digits, '.');
  int exponent = 0;
  const char* first = text.data() + e + 1;
  std::from_chars(*first == '+' ? first + 1 : first, text.data() + text.size(), exponent);
  const int n = exponent + 1;  // position of the decimal point
  const int k = static_cast<int>(digits.size());
  if (value < 0) out += '-';
  if (k <= n && n <= 21) {
    out += digits + std::string(static_cast<std::size_t>(n - k), '0');
  } else if (0 < n && n <= 21) {
    out += digits.substr(0, static_cast<std::size_t>(n)) + '.' +
           digits.substr(static_cast<std::size_t>(n));
  } else if (-6 < n && n <= 0) {
    out += "0." + std::string(static_cast<std::size_t>(-n), '0') + digits;
  } else {
    out += digits.substr(0, 1);
    if (k > 1) out += '.' + digits.substr(1);
    out += fmt::format("e{}{}", n - 1 < 0 ? "-" : "+", std::abs(n - 1));
  }
}

enum class Style { kCanonical, kPretty, kCompact };

class Printer {
 public:
  explicit Printer(Style style) : style_(style) {}

  void Print(const Json& value) {
    switch (value.kind()) {
      case bj::kind::null: out_ += "null"; break;
      case bj::kind::bool_: out_ += value.get_bool() ? "true" : "false"; break;
      case bj::kind::int64: out_ += std::to_string(value.get_int64()); break;
      case bj::kind::uint64: out_ += std::to_string(value.get_uint64()); break;
      case bj::kind::double_: AppendDouble(out_, value.get_double()); break;
      case bj::kind::string: AppendString(out_, value.get_string()); break;
      case bj::kind::array: PrintArray(value.get_array()); break;
      case bj::kind::object: PrintObject(value.get_object()); break;
    }
  }

  std::string Take() { return std::move(out_); }

 private:
  void PrintArray(const JsonArray& array) {
    out_ += '[';
    ++depth_;
    bool first = true;
    for (const Json& item : array) {
      Separate(first);
      Print(item);
    }
    Close(first, ']');
  }

  void PrintObject(const JsonObject& object) {
    std::vector<const bj::key_value_pair*> members;
    members.reserve(object.size());
    for (const auto& member : object) members.push_back(&member);
    if (style_ == Style::kCanonical) {
      std::sort(members.begin(), members.end(),
                [](const auto* a, const auto* b) { return Utf16Less(a->key(), b->key()); });
    }
    out_ += '{';
    ++depth_;
    bool first = true;
    for (const auto* member : members) {
      Separate(first);
      AppendString(out_, member->key());
      out_ += style_ == Style::kPretty ? ": " : ":";
      Print(member->value());
    }
    Close(first, '}');
  }

  void Separate(bool& first) {
    if (!first) out_ += ',';
    first = false;
    Indent();
  }

  void Close(bool empty, char bracket) {
    --depth_;
    if (!empty) Indent();
    out_ += bracket;
  }

  void Indent() {
    if (style_ != Style::kPretty) return;
    out_ += '\n';
    out_.append(depth_ * 2, ' ');
  }

  const Style style_;
  std::size_t depth_ = 0;
  std::string out_;
};

std::string Print(const Json& value, Style style) {
  Printer printer(style);
  printer.Print(value);
  return printer.Take();
}

}  // namespace

Result<Json> ParseJson(std::string_view text, const JsonLimits& limits) {
  if (static_cast<std::int64_t>(text.size()) > limits.max_bytes) {
    return Invalid(fmt::format("a JSON text of {} bytes is larger than the limit of {}",
                               text.size(), limits.max_bytes));
  }
  bj::parse_options options;
  options.max_depth = static_cast<std::size_t>(limits.max_depth);
  bj::error_code failed;
  bj::basic_parser<DuplicateKeyHandler> checker(options);
  const std::size_t read = checker.write_some(false, text.data(), text.size(), failed);
  if (!checker.handler().duplicate.empty()) {
    return Invalid(fmt::format("member '{}' stands twice in one JSON object",
                               checker.handler().duplicate.substr(0, 100)));
  }
  if (failed || read != text.size()) {
    return Invalid(fmt::format("not valid JSON at byte {}: {}", read,
                               failed ? failed.message() : "something follows the text"));
  }
  try {
    Json value = bj::parse(bj::string_view(text.data(), text.size()), failed, {}, options);
    if (failed) return Invalid("not valid JSON: " + failed.message());
    return value;
  } catch (const std::exception& problem) {
    return Invalid(fmt::format("not valid JSON: {}", problem.what()));
  }
}

std::string CanonicalJson(const Json& value) { return Print(value, Style::kCanonical); }
std::string PrettyJson(const Json& value) { return Print(value, Style::kPretty) + "\n"; }
std::string CompactJson(const Json& value) { return Print(value, Style::kCompact); }

Path Path::operator/(std::string_view member) const {
  Path child;
  child.text_ = text_.empty() ? std::string(member) : fmt::format("{}.{}", text_, member);
  return child;
}

Path Path::operator[](std::size_t index) const {
  Path child;
  child.text_ = fmt::format("{}[{}]", text_, index);
  return child;
}

Error ShapeError(const Path& path, std::string_view expected) {
  return Error{
      .kind = ErrorKind::kInvalid,
      .code = "json.shape",
      .message = fmt::format("{}: expected {}", path.str().empty() ? "document" : path.str(),
                             expected)};
}

std::string CamelCase(std::string_view snake) {
  std::string camel;
  bool upper = false;
  for (const char c : snake) {
    if (c == '_') {
      upper = true;
    } else {
      camel += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      upper = false;
    }
  }
  return camel;
}

}  // namespace lc2::codec
