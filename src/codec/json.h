#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>
#include <boost/json/value.hpp>

#include "base/result.h"

namespace lc2::codec {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

struct JsonLimits {
  std::int64_t max_bytes = 64 << 20;
  int max_depth = 32;
};

// Parses one JSON text (RFC 8259), UTF-8 checked, nothing after it. A duplicate key is an error:
// two readers of such a text could see different documents. So is a number beyond what a double
// holds (1e999). Integers of 64 bits, signed or unsigned, are kept exactly; all other numbers are
// the nearest double. Error: kInvalid, "json.invalid".
Result<Json> ParseJson(std::string_view text, const JsonLimits& limits = {});

// RFC 8785 (JSON Canonicalization Scheme): equal values have equal bytes. Integers beyond 2^53 are
// written with all their digits, where the RFC, which knows doubles only, wants them rounded (its
// section 3.1 advises against such numbers). The value holds no NaN, no infinity (LC2_CHECK) and
// only UTF-8, as everything that ParseJson gives does.
std::string CanonicalJson(const Json& value);
// Indented by two spaces, members in the order of the object, with a final line break.
std::string PrettyJson(const Json& value);
// One line, members in the order of the object.
std::string CompactJson(const Json& value);

// Where in a document a value stands, for messages: "spec.files[3].size".
class Path {
 public:
  Path() = default;
  explicit Path(std::string_view root) : text_(root) {}
  Path operator/(std::string_view member) const;
  Path operator[](std::size_t index) const;
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

// kInvalid, "json.shape": "spec.size: expected integer".
Error ShapeError(const Path& path, std::string_view expected);

// "snake_case" -> "snakeCase", the form of member names in JSON.
std::string CamelCase(std::string_view snake);

}  // namespace lc2::codec
