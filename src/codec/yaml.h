#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json.h"

namespace lc2::codec {

// One document of a YAML stream as JSON, with the line (1-based) of each value by its path. Only
// paths of up to 512 bytes have one of their own: else a long key and many values below it would
// fill the memory.
struct YamlDocument {
  Json value;
  int line = 1;
  std::map<std::string, int> lines;

  // The line of `path`, else of its nearest parent that has one.
  int LineOf(const std::string& path) const;
};

struct YamlLimits {
  std::int64_t max_bytes = 4 << 20;
  int max_depth = 32;
  std::int64_t max_nodes = 200'000;  // of all documents; aliases count each time they are used
  std::int64_t max_key = 1024;       // bytes
};

// Parses a YAML 1.2 stream with the core schema (plain true, false, null, integers and floats are
// typed; "yes" and "no" are strings; an integer beyond 64 bits is a float). Empty documents are
// left out. Refused is what people mean differently than it would be read: a duplicate key, a key
// that is no string ("1:", "true:"), merge keys ("<<"), tags but for !!str, !!map and !!seq, .inf,
// .nan and numbers beyond a double, control characters. Error: kInvalid "yaml.invalid" with the
// line.
Result<std::vector<YamlDocument>> ParseYaml(std::string_view text, const YamlLimits& limits = {});

// Block style, members in the order of the object. Readers of YAML 1.1 (kubectl) see the same
// values as those of 1.2.
std::string PrintYaml(const Json& value);

}  // namespace lc2::codec
