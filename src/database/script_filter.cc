#include "database/script_filter.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace lc2::database {

namespace {

constexpr std::size_t kBufferBytes = 128 << 10;
// A line that the filter may want to take out is short; longer ones pass.
constexpr std::size_t kLineBytes = 256;

constexpr std::string_view kRestrict = "\\restrict ";
constexpr std::string_view kUnrestrict = "\\unrestrict ";
constexpr std::string_view kTransactionTimeout = "SET transaction_timeout = 0;";

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

// The lines that stand before the first object of a dump.
bool BelongsToHead(std::string_view line) {
  return line.empty() || StartsWith(line, "--") || StartsWith(line, "SET ") ||
         StartsWith(line, "SELECT pg_catalog.set_config(") || StartsWith(line, kRestrict);
}

}  // namespace

struct ScriptFilter::State {
  explicit State(ByteSource& source) : script(source) {}

  // The next line is to be looked at: it stands in the head, or starts with a backslash.
  bool Interesting() const { return in_head || in[at] == '\\'; }

  // Takes a whole short line at `at`; true if it is to be taken out.
  bool TakesOut(std::string_view line) {
    if (in_head && StartsWith(line, kRestrict)) {
      token = line.substr(kRestrict.size());
      return true;
    }
    if (in_head && line == kTransactionTimeout) return true;
    in_head = in_head && BelongsToHead(line);
    return !token.empty() && StartsWith(line, kUnrestrict) &&
           line.substr(kUnrestrict.size()) == token;
  }

  // Moves what is ready into `out`. Needs more input when it returns with `in` not used up.
  void Filter() {
    while (at < in.size()) {
      const std::size_t end = in.find('\n', at);
      const bool whole = end != std::string::npos;
      if (at_line_start && Interesting()) {
        if (!whole && !at_end && in.size() - at < kLineBytes) return;
        const std::size_t stop = whole ? end : in.size();
        const std::string_view line(in.data() + at, stop - at);
        if (line.size() < kLineBytes && TakesOut(line)) {
          at = whole ? end + 1 : stop;
          continue;
        }
        if (line.size() >= kLineBytes) in_head = false;
      }
      // Past the head only lines that start with a backslash matter: run on to the next of them.
      std::size_t stop = whole ? end + 1 : in.size();
      if (!in_head && whole) {
        const std::size_t next = in.find("\n\\", end);
        stop = next == std::string::npos ? in.rfind('\n') + 1 : next + 1;
      }
      out.append(in, at, stop - at);
      at_line_start = stop > 0 && in[stop - 1] == '\n';
      at = stop;
    }
    in.clear();
    at = 0;
  }

  Result<void> Fill() {
    while (out.size() == given && !at_end) {
      out.clear();
      given = 0;
      in.erase(0, at);
      at = 0;
      buffer.resize(kBufferBytes);
      LC2_ASSIGN_OR_RETURN(const std::size_t count, script.Read(buffer));
      at_end = count == 0;
      in.append(buffer.data(), count);
      Filter();
    }
    return {};
  }

  ByteSource& script;
  std::vector<char> buffer;
  std::string in;  // not yet looked at, from `at`
  std::size_t at = 0;
  std::string out;  // ready, from `given`
  std::size_t given = 0;
  std::string token;
  bool in_head = true;
  bool at_line_start = true;
  bool at_end = false;
};

ScriptFilter::ScriptFilter(ByteSource& script, std::string_view token)
    : state_(std::make_unique<State>(script)) {
  if (!token.empty()) state_->out = fmt::format("\\restrict {}\n", token);
}
ScriptFilter::~ScriptFilter() = default;

Result<std::size_t> ScriptFilter::Read(std::span<char> buffer) {
  State& s = *state_;
  LC2_RETURN_IF_ERROR(s.Fill());
  const std::size_t count = std::min(buffer.size(), s.out.size() - s.given);
  std::memcpy(buffer.data(), s.out.data() + s.given, count);
  s.given += count;
  return count;
}

bool KnowsRestrict(const ToolVersion& psql) {
  switch (psql.major) {  // the releases of 2025-08-14
    case 13:
      return psql.minor >= 22;
    case 14:
      return psql.minor >= 19;
    case 15:
      return psql.minor >= 14;
    case 16:
      return psql.minor >= 10;
    case 17:
      return psql.minor >= 6;
    default:
      return psql.major >= 18;
  }
}

}  // namespace lc2::database
