#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lc2 {

// Which keys a selective restore takes. In a pattern `*` stands for any characters within a
// segment, `**` for any characters, `?` for one character other than "/"; a pattern that ends in
// "/" means everything below. Patterns match whole keys.
class KeyFilter {
 public:
  // Takes every key.
  KeyFilter() = default;
  // Error: kInvalid "restore.bad_pattern" for an empty pattern or one that starts with "/".
  static Result<KeyFilter> Make(std::vector<std::string> include, std::vector<std::string> exclude);

  // Some `include` pattern matches (or there is none), and no `exclude` pattern does.
  bool Takes(std::string_view key) const;

 private:
  std::vector<std::string> include_;
  std::vector<std::string> exclude_;
};

bool MatchesGlob(std::string_view pattern, std::string_view key);

}  // namespace lc2
