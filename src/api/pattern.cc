#include "api/pattern.h"

#include <fmt/core.h>

#include <bitset>
#include <utility>
#include <vector>

namespace lc2::api {

namespace {

using Bytes = std::bitset<256>;

enum class Op { kBytes, kFork, kBegin, kEnd, kMatch };

// One state of Thompson's automaton. kFork goes on to `next` and to `other`.
struct State {
  Op op = Op::kMatch;
  Bytes bytes;
  std::size_t next = 0;
  std::size_t other = 0;
};

enum class NodeKind { kBytes, kBegin, kEnd, kSequence, kChoice, kStar, kPlus, kOptional };

struct Node {
  NodeKind kind = NodeKind::kSequence;
  Bytes bytes;
  std::vector<Node> children;
};

constexpr std::size_t kMaxExpression = 1024;
constexpr int kMaxDepth = 16;

Bytes Single(char c) { return Bytes().set(static_cast<unsigned char>(c)); }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Node> Parse() {
    if (text_.size() > kMaxExpression) return Bad("it is too long");
    LC2_ASSIGN_OR_RETURN(Node node, Choice(0));
    if (at_ != text_.size()) return Bad("')' without '('");
    return node;
  }

 private:
  Error Bad(std::string_view why) const {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "schema.invalid",
                 .message = fmt::format("regular expression '{}': {} at byte {}",
                                        text_.substr(0, kMaxExpression), why, at_)};
  }

  bool AtEnd() const { return at_ == text_.size(); }
  bool Take(char c) {
    if (AtEnd() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Result<Node> Choice(int depth) {
    if (depth > kMaxDepth) return Bad("too many groups in each other");
    Node choice{.kind = NodeKind::kChoice};
    do {
      LC2_ASSIGN_OR_RETURN(Node branch, Sequence(depth));
      choice.children.push_back(std::move(branch));
    } while (Take('|'));
    return choice;
  }

  Result<Node> Sequence(int depth) {
    Node sequence{.kind = NodeKind::kSequence};
    while (!AtEnd() && text_[at_] != '|' && text_[at_] != ')') {
      LC2_ASSIGN_OR_RETURN(Node atom, Atom(depth));
      for (;;) {
        if (Take('*')) {
          atom = Repeat(NodeKind::kStar, std::move(atom));
        } else if (Take('+')) {
          atom = Repeat(NodeKind::kPlus, std::move(atom));
        } else if (Take('?')) {
          atom = Repeat(NodeKind::kOptional, std::move(atom));
        } else {
          break;
        }
      }
      sequence.children.push_back(std::move(atom));
    }
    return sequence;
  }

  static Node Repeat(NodeKind kind, Node atom) {
    Node node{.kind = kind};
    node.children.push_back(std::move(atom));
    return node;
  }

  Result<Node> Atom(int depth) {
    if (Take('(')) {
      if (Take('?')) return Bad("groups with '?' are not supported");
      LC2_ASSIGN_OR_RETURN(Node group, Choice(depth + 1));
      if (!Take(')')) return Bad("'(' without ')'");
      return group;
    }
    if (Take('^')) return Node{.kind = NodeKind::kBegin};
    if (Take('$')) return Node{.kind = NodeKind::kEnd};
    if (Take('.')) return Node{.kind = NodeKind::kBytes, .bytes = ~Single('\n')};
    if (Take('[')) return Class();
    if (std::string_view("*+?{}]").find(text_[at_]) != std::string_view::npos) {
      return Bad("a sign that needs '\\' before it");
    }
    LC2_ASSIGN_OR_RETURN(const char c, Literal());
    return Node{.kind = NodeKind::kBytes, .bytes = Single(c)};
  }

  // The byte here; after '\' a sign only, since letters there are classes or controls.
  Result<char> Literal() {
    if (AtEnd()) return Bad("it ends too early");
    if (!Take('\\')) return text_[at_++];
    if (AtEnd()) return Bad("it ends too early");
    const char c = text_[at_++];
    const bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (letter) return Bad("'\\' before a letter or digit is not supported");
    return c;
  }

  Result<Node> Class() {
    const bool negated = Take('^');
    Node node{.kind = NodeKind::kBytes};
    if (Take(']')) return Bad("an empty class");
    while (!Take(']')) {
      LC2_ASSIGN_OR_RETURN(const char first, Literal());
      char last = first;
      if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        ++at_;
        LC2_ASSIGN_OR_RETURN(last, Literal());
      }
      if (static_cast<unsigned char>(last) < static_cast<unsigned char>(first)) {
        return Bad("a range that goes backwards");
      }
      for (int c = static_cast<unsigned char>(first); c <= static_cast<unsigned char>(last); ++c) {
        node.bytes.set(static_cast<std::size_t>(c));
      }
    }
    if (negated) node.bytes = ~node.bytes;
    return node;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

class Builder {
 public:
  // Appends the states of `node`, which lead on to state `next`; returns where they start.
  std::size_t Build(const Node& node, std::size_t next) {
    switch (node.kind) {
      case NodeKind::kBytes:
        return Add({.op = Op::kBytes, .bytes = node.bytes, .next = next});
      case NodeKind::kBegin:
        return Add({.op = Op::kBegin, .next = next});
      case NodeKind::kEnd:
        return Add({.op = Op::kEnd, .next = next});
      case NodeKind::kSequence: {
        std::size_t start = next;
        for (auto child = node.children.rbegin(); child != node.children.rend(); ++child) {
          start = Build(*child, start);
        }
        return start;
      }
      case NodeKind::kChoice: {
        std::size_t start = Build(node.children.back(), next);
        for (std::size_t i = node.children.size() - 1; i-- > 0;) {
          const std::size_t branch = Build(node.children[i], next);
          start = Add({.op = Op::kFork, .next = branch, .other = start});
        }
        return start;
      }
      case NodeKind::kOptional: {
        const std::size_t body = Build(node.children[0], next);
        return Add({.op = Op::kFork, .next = body, .other = next});
      }
      case NodeKind::kStar:
      case NodeKind::kPlus: {
        const std::size_t fork = Add({.op = Op::kFork, .other = next});
        const std::size_t body = Build(node.children[0], fork);
        states_[fork].next = body;
        return node.kind == NodeKind::kStar ? fork : body;
      }
    }
    return next;
  }

  std::size_t Add(State state) {
    states_.push_back(std::move(state));
    return states_.size() - 1;
  }

  std::vector<State> Take() { return std::move(states_); }

 private:
  std::vector<State> states_;
};

// The states the automaton is in, each once.
class StateSet {
 public:
  explicit StateSet(std::size_t count) : in_(count, false) {}
  // False if it is there already.
  bool Insert(std::size_t state) {
    if (in_[state]) return false;
    in_[state] = true;
    list_.push_back(state);
    return true;
  }
  void Clear() {
    for (const std::size_t state : list_) in_[state] = false;
    list_.clear();
  }
  const std::vector<std::size_t>& list() const { return list_; }

 private:
  std::vector<bool> in_;
  std::vector<std::size_t> list_;
};

}  // namespace

struct Pattern::Automaton {
  std::vector<State> states;
  std::size_t start = 0;

  // `set` and all that is reached from `state` without reading a byte; true if that is a match.
  bool Enter(StateSet& set, std::size_t state, bool at_begin, bool at_end) const {
    std::vector<std::size_t> open{state};
    while (!open.empty()) {
      const std::size_t here = open.back();
      open.pop_back();
      if (!set.Insert(here)) continue;
      const State& s = states[here];
      if (s.op == Op::kMatch) return true;
      if (s.op == Op::kFork) open.insert(open.end(), {s.other, s.next});
      if ((s.op == Op::kBegin && at_begin) || (s.op == Op::kEnd && at_end)) open.push_back(s.next);
    }
    return false;
  }
};

Pattern::Pattern(std::string text, std::shared_ptr<const Automaton> automaton)
    : text_(std::move(text)), automaton_(std::move(automaton)) {}

Result<Pattern> Pattern::Compile(std::string_view expression) {
  LC2_ASSIGN_OR_RETURN(const Node root, Parser(expression).Parse());
  Builder builder;
  const std::size_t match = builder.Add({.op = Op::kMatch});
  auto automaton = std::make_shared<Automaton>();
  automaton->start = builder.Build(root, match);
  automaton->states = builder.Take();
  return Pattern(std::string(expression), std::move(automaton));
}

bool Pattern::Matches(std::string_view text) const {
  StateSet now(automaton_->states.size());
  StateSet next(automaton_->states.size());
  for (std::size_t i = 0;; ++i) {
    const bool at_end = i == text.size();
    if (automaton_->Enter(now, automaton_->start, i == 0, at_end)) return true;
    if (at_end) return false;
    next.Clear();
    for (const std::size_t here : now.list()) {
      const State& state = automaton_->states[here];
      if (state.op != Op::kBytes || !state.bytes.test(static_cast<unsigned char>(text[i])))
        continue;
      if (automaton_->Enter(next, state.next, false, i + 1 == text.size())) return true;
    }
    std::swap(now, next);
  }
}

}  // namespace lc2::api
