#pragma once

#include <optional>
#include <string_view>

#include "storage/entry.h"

namespace lc2::storage {

// Reads a line just as AppendEntryLine writes it: members in their order, no white space, ASCII but
// in key and path. Nothing for any other line, valid or not: the general reader decides about it,
// and would read the same from a line that is accepted here.
std::optional<Entry> ReadUsualEntry(std::string_view line);
std::optional<Reference> ReadUsualReference(std::string_view line);

}  // namespace lc2::storage
