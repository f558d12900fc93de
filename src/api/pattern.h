#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lc2::api {

// A regular expression of the part that ECMAScript and RE2 (which a kube-apiserver uses) share and
// our schemas need: literals, '.', classes, groups, '|', '*', '+', '?', '^', '$', and '\' before a
// sign. Not anchored by itself, as in Kubernetes. Matching takes time linear in the text and no
// stack, whatever the expression; std::regex recurses once a character. Works on bytes: '.' and a
// negated class match a byte of a longer character.
class Pattern {
 public:
  // Error: kInvalid "schema.invalid", also for what is above but has no place in that part.
  static Result<Pattern> Compile(std::string_view expression);
  bool Matches(std::string_view text) const;
  const std::string& text() const { return text_; }

 private:
  struct Automaton;
  Pattern(std::string text, std::shared_ptr<const Automaton> automaton);

  std::string text_;
  std::shared_ptr<const Automaton> automaton_;
};

}  // namespace lc2::api
