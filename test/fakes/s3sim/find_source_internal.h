#pragma once

#include <variant>

#include "s3sim/call_internal.h"
#include "s3sim/copy_source_internal.h"

namespace lc2::s3sim {

// What a copy reads, as it is now.
struct Source {
  CopySource name;
  Version version;  // shares the body and the attributes
  bool shows_versions = false;
};

// Takes the state's lock. Refuses a source that is not there, is archived or encrypted by a key
// that was not sent, or does not meet the conditions of the request.
std::variant<Source, Refusal> FindSource(const Call& call);

}  // namespace lc2::s3sim
