#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace lc2::api {

// One thing wrong with a document. `path` is the field ("spec.retentionDays"; empty: the document),
// `message` does not repeat it. `file` and `line` (1-based) are empty and 0 where there is none.
struct Fault {
  std::string path;
  std::string message;
  std::string hint;
  std::string file;
  int line = 0;

  bool operator==(const Fault&) const = default;
};
using Faults = std::vector<Fault>;

// "env.yaml:12: spec.retentionDays: must be at least 7, is 3"
std::string Describe(const Fault& fault);

// All faults as one error, kInvalid "resource.invalid": `what` ("LiferayEnvironment 'retail-prd' is
// not valid"), then each fault on a line of its own. The hint is the first fault's that has one,
// else a general one.
Error FaultsError(std::string_view what, const Faults& faults);

}  // namespace lc2::api
