#pragma once

#include <string>
#include <string_view>

namespace lc2::cloud::aws {

// ASCII letters alone: names of headers and settings have no others.
inline std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace lc2::cloud::aws
