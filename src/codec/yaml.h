#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json.h"

namespace lc2::codec {

// One document of a YAML stream as JSON, with the line (1-based) of each value by its path.
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
  std::int64_t max_nodes = 200'000;  // aliases count each time they are used
};

// Parses a YAML 1.2 stream with the core schema (plain true, false, null, integers and floats are
// typed; "yes" and "no" are strings). Empty documents are left out. A duplicate or non-string key is an error, as
// is a value that no JSON has. Error: kInvalid "yaml.invalid" with the line.
Result<std::vector<YamlDocument>> ParseYaml(std::string_view text, const YamlLimits& limits = {});

// Block style, members in the order of the object.
std::string PrintYaml(const Json& value);

}  // namespace lc2::codec
