#include "library/key_filter.h"

#include <fmt/core.h>

#include <algorithm>

namespace lc2 {

namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

// Bytes of the UTF-8 character that starts at `at`.
std::size_t CharacterLength(std::string_view text, std::size_t at) {
  std::size_t length = 1;
  while (at + length < text.size() &&
         (static_cast<unsigned char>(text[at + length]) & 0xC0) == 0x80) {
    ++length;
  }
  return length;
}

// Where to try again with one more character given to a star.
struct Retry {
  std::size_t pattern = kNone;  // behind the star
  std::size_t key = 0;
};

}  // namespace

// Only the last star of each kind is ever tried again. A later `**` can take over whatever an
// earlier one might have matched; a `*` ends at the next "/", so an earlier segment's stars cannot
// help a later one. That keeps hostile patterns from taking exponential time.
bool MatchesGlob(std::string_view pattern, std::string_view key) {
  std::size_t p = 0;
  std::size_t k = 0;
  Retry segment_star;
  Retry any_star;
  while (true) {
    if (pattern.substr(p).starts_with("**")) {
      p += 2;
      any_star = {.pattern = p, .key = k};
      segment_star = {};
      continue;
    }
    if (p < pattern.size() && pattern[p] == '*') {
      segment_star = {.pattern = ++p, .key = k};
      continue;
    }
    if (k == key.size() && p == pattern.size()) return true;
    if (k < key.size() && p < pattern.size()) {
      if (pattern[p] == '?' && key[k] != '/') {
        ++p;
        k += CharacterLength(key, k);
        continue;
      }
      if (pattern[p] != '?' && pattern[p] == key[k]) {
        ++p;
        ++k;
        continue;
      }
    }
    if (segment_star.pattern != kNone && segment_star.key < key.size() &&
        key[segment_star.key] != '/') {
      p = segment_star.pattern;
      k = ++segment_star.key;
    } else if (any_star.pattern != kNone && any_star.key < key.size()) {
      p = any_star.pattern;
      k = ++any_star.key;
      segment_star = {};
    } else {
      return false;
    }
  }
}

Result<KeyFilter> KeyFilter::Make(std::vector<std::string> include,
                                  std::vector<std::string> exclude) {
  for (std::vector<std::string>* patterns : {&include, &exclude}) {
    for (std::string& pattern : *patterns) {
      if (pattern.empty() || pattern.starts_with('/')) {
        return Error{.kind = ErrorKind::kInvalid,
                     .code = "restore.bad_pattern",
                     .message = fmt::format("'{}' is no pattern for keys of a library", pattern),
                     .hint =
                         "keys do not start with '/'; '20097/**' takes all of one company, "
                         "'20097/20123/4301/*' all versions of one file"};
      }
      if (pattern.ends_with('/')) pattern += "**";
    }
  }
  KeyFilter filter;
  filter.include_ = std::move(include);
  filter.exclude_ = std::move(exclude);
  return filter;
}

bool KeyFilter::Takes(std::string_view key) const {
  const auto matches = [key](const std::string& pattern) { return MatchesGlob(pattern, key); };
  if (!include_.empty() && std::none_of(include_.begin(), include_.end(), matches)) return false;
  return std::none_of(exclude_.begin(), exclude_.end(), matches);
}

}  // namespace lc2
