#pragma once

#include <map>
#include <string>
#include <string_view>

#include "codec/json.h"

namespace lc2 {

// A text of an object's metadata; empty if it is not there.
std::string MetaText(const codec::Json& object, std::string_view member);
// Whether the object has each of the labels with this value.
bool HasLabels(const codec::Json& object, const std::map<std::string, std::string>& labels);

}  // namespace lc2
