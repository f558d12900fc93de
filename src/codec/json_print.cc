#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "base/check.h"
#include "codec/json.h"

namespace lc2::codec {

namespace {

namespace bj = boost::json;

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
  std::size_t plain = 0;  // where the part not yet written begins
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.data() + plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
    }
  }
  out.append(text.data() + plain, text.size() - plain);
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
      case bj::kind::null:
        out_ += "null";
        break;
      case bj::kind::bool_:
        out_ += value.get_bool() ? "true" : "false";
        break;
      case bj::kind::int64:
        out_ += std::to_string(value.get_int64());
        break;
      case bj::kind::uint64:
        out_ += std::to_string(value.get_uint64());
        break;
      case bj::kind::double_:
        AppendDouble(out_, value.get_double());
        break;
      case bj::kind::string:
        AppendString(out_, value.get_string());
        break;
      case bj::kind::array:
        PrintArray(value.get_array());
        break;
      case bj::kind::object:
        PrintObject(value.get_object());
        break;
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
    out_ += '{';
    ++depth_;
    bool first = true;
    if (style_ == Style::kCanonical) {
      std::vector<const bj::key_value_pair*> members;
      members.reserve(object.size());
      for (const auto& member : object) members.push_back(&member);
      std::sort(members.begin(), members.end(),
                [](const auto* a, const auto* b) { return Utf16Less(a->key(), b->key()); });
      for (const auto* member : members) PrintMember(*member, first);
    } else {
      for (const auto& member : object) PrintMember(member, first);
    }
    Close(first, '}');
  }

  void PrintMember(const bj::key_value_pair& member, bool& first) {
    Separate(first);
    AppendString(out_, member.key());
    out_ += style_ == Style::kPretty ? ": " : ":";
    Print(member.value());
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

std::string CanonicalJson(const Json& value) { return Print(value, Style::kCanonical); }
std::string PrettyJson(const Json& value) { return Print(value, Style::kPretty) + "\n"; }
std::string CompactJson(const Json& value) { return Print(value, Style::kCompact); }

}  // namespace lc2::codec
