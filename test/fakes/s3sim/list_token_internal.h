#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lc2::s3sim {

// Where a page of a listing begins, and where the one before it began: a fault sends that again.
struct ListToken {
  std::string after;   // a key, or a common prefix, that all that follows lies behind
  std::string before;  // the same of the page before; "" for the beginning
};

// Opaque to clients: what they make of it is their mistake.
std::string TokenText(const ListToken& token);
std::optional<ListToken> ParseToken(std::string_view text);

}  // namespace lc2::s3sim
