#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json.h"
#include "codec/yaml.h"

namespace lc2::api {

// One object out of a file, ready for a ResourceStore.
struct ResourceDocument {
  std::string file;
  int line = 1;  // where it starts
  std::string kind;
  codec::Json object;  // with defaults and namespace
  std::shared_ptr<const codec::YamlDocument> source;
  codec::Path place;  // of the object in it

  // Of a field of the object.
  int LineOf(const std::string& path) const {
    return path.empty() ? line : source->LineOf((place / path).str());
  }
};

// Reads the objects of a YAML stream or JSON text (`kind: List` included) and checks each against
// schema and rules. All faults of all documents come back in one error, each with file, line and
// field: kInvalid "resource.invalid"; a text that cannot be read at all is "yaml.invalid"; one
// without any object "resource.none".
Result<std::vector<ResourceDocument>> LoadManifests(std::string_view file_name,
                                                    std::string_view text);

}  // namespace lc2::api
