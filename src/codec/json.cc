#include "codec/json.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>

#include "base/utf8.h"

namespace lc2::codec {

namespace {

namespace bj = boost::json;

// Builds the value. Counts members as they are read: an object keeps one of each name, so fewer in
// the value than were read means that one stood twice. Which one is asked for in a second pass, as
// keeping all names costs as much as all the rest.
struct Builder {
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  bj::value_stack stack;
  std::string number;
  std::size_t members = 0;

  bool find_twice = false;
  std::vector<std::set<std::string>> open_objects;  // the names so far
  std::string name;
  std::string twice;

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_object_begin(bj::error_code&) {
    if (find_twice) open_objects.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t size, bj::error_code&) {
    if (find_twice) open_objects.pop_back();
    members += size;
    stack.push_object(size);
    return true;
  }
  bool on_array_begin(bj::error_code&) { return true; }
  bool on_array_end(std::size_t size, bj::error_code&) {
    stack.push_array(size);
    return true;
  }
  bool on_key_part(bj::string_view part, std::size_t, bj::error_code&) {
    if (find_twice) name.append(part.data(), part.size());
    stack.push_chars(part);
    return true;
  }
  bool on_key(bj::string_view part, std::size_t, bj::error_code& failed) {
    if (find_twice) {
      name.append(part.data(), part.size());
      if (!open_objects.back().insert(name).second) {
        twice = name;
        failed = bj::error::syntax;
        return false;
      }
      name.clear();
    }
    stack.push_key(part);
    return true;
  }
  bool on_string_part(bj::string_view part, std::size_t, bj::error_code&) {
    stack.push_chars(part);
    return true;
  }
  bool on_string(bj::string_view part, std::size_t, bj::error_code&) {
    stack.push_string(part);
    return true;
  }
  bool on_number_part(bj::string_view part, bj::error_code&) {
    number.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t value, bj::string_view, bj::error_code&) {
    number.clear();
    stack.push_int64(value);
    return true;
  }
  bool on_uint64(std::uint64_t value, bj::string_view, bj::error_code&) {
    number.clear();
    stack.push_uint64(value);
    return true;
  }
  // Boost 1.81 computes doubles roughly: the last digit may be wrong, and 1e999 is infinity.
  bool on_double(double rough, bj::string_view part, bj::error_code& failed) {
    number.append(part.data(), part.size());
    double value = rough;  // stays so where from_chars says out of range: infinity or zero
    std::from_chars(number.data(), number.data() + number.size(), value);
    number.clear();
    if (!std::isfinite(value)) {
      failed = bj::error::exponent_overflow;
      return false;
    }
    stack.push_double(value);
    return true;
  }
  bool on_bool(bool value, bj::error_code&) {
    stack.push_bool(value);
    return true;
  }
  bool on_null(bj::error_code&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }
};

std::size_t CountMembers(const Json& value) {
  std::size_t count = 0;
  if (value.is_array()) {
    for (const Json& item : value.get_array()) count += CountMembers(item);
  } else if (value.is_object()) {
    count = value.get_object().size();
    for (const auto& member : value.get_object()) count += CountMembers(member.value());
  }
  return count;
}

constexpr std::size_t kMaxPathInMessage = 300;  // names come from outside, of any length

Error Invalid(std::string message) {
  return Error{.kind = ErrorKind::kInvalid, .code = "json.invalid", .message = std::move(message)};
}

Error TwiceNamed(std::string_view text, const bj::parse_options& options) {
  bj::basic_parser<Builder> parser(options);
  parser.handler().find_twice = true;
  bj::error_code failed;
  parser.write_some(false, text.data(), text.size(), failed);
  const std::string shown = parser.handler().twice.substr(0, 100);
  return Invalid(
      fmt::format("member '{}' stands twice in one JSON object", WithoutInvalidUtf8(shown)));
}
}  // namespace

Result<Json> ParseJson(std::string_view text, const JsonLimits& limits) {
  if (static_cast<std::int64_t>(text.size()) > limits.max_bytes) {
    return Invalid(fmt::format("a JSON text of {} bytes is larger than the limit of {}",
                               text.size(), limits.max_bytes));
  }
  bj::parse_options options;
  options.max_depth = static_cast<std::size_t>(limits.max_depth);
  try {
    bj::basic_parser<Builder> parser(options);
    Builder& builder = parser.handler();
    bj::error_code failed;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), failed);
    if (failed)
      return Invalid(fmt::format("not valid JSON at byte {}: {}", read, failed.message()));
    if (read != text.size()) {
      return Invalid(fmt::format("not valid JSON at byte {}: something follows the text", read));
    }
    Json value = builder.stack.release();
    if (CountMembers(value) != builder.members) return TwiceNamed(text, options);
    return value;
  } catch (const std::exception& problem) {
    return Invalid(fmt::format("not valid JSON: {}", problem.what()));
  }
}

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
  return Error{.kind = ErrorKind::kInvalid,
               .code = "json.shape",
               .message = fmt::format(
                   "{}: expected {}",
                   path.str().empty() ? "document"
                                      : WithoutInvalidUtf8(path.str().substr(0, kMaxPathInMessage)),
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
