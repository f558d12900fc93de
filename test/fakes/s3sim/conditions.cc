#include <algorithm>
#include <chrono>

#include "s3sim/call_internal.h"
#include "s3sim/conditions_internal.h"
#include "s3sim/text_internal.h"

namespace lc2::s3sim {

namespace {

// Times in headers have whole seconds.
bool IsLater(Time modified, Time than) {
  return std::chrono::floor<std::chrono::seconds>(modified) > than;
}

struct Conditions {
  const std::string* match;
  const std::string* none_match;
  std::optional<Time> modified_since;
  std::optional<Time> unmodified_since;
};

Conditions ConditionsOf(const S3Request& request, const std::string& prefix) {
  const auto time = [&](const char* name) -> std::optional<Time> {
    const std::string* value = request.Header(prefix + name);
    return value == nullptr ? std::nullopt : ParseHttpDate(*value);
  };
  return {.match = request.Header(prefix + "if-match"),
          .none_match = request.Header(prefix + "if-none-match"),
          .modified_since = time("if-modified-since"),
          .unmodified_since = time("if-unmodified-since")};
}

// What says that the version is another one than is wanted, and what says that it is the same; ""
// for neither. A tag counts for more than a time (RFC 9110, section 13.2.2).
struct Verdict {
  std::string_view differs;
  std::string_view unchanged;
};
Verdict Judge(const Conditions& conditions, const Version& version) {
  Verdict verdict;
  if (conditions.match != nullptr) {
    if (!Names(*conditions.match, version.tag)) verdict.differs = "If-Match";
  } else if (conditions.unmodified_since &&
             IsLater(version.modified, *conditions.unmodified_since)) {
    verdict.differs = "If-Unmodified-Since";
  }
  if (conditions.none_match != nullptr) {
    if (Names(*conditions.none_match, version.tag)) verdict.unchanged = "If-None-Match";
  } else if (conditions.modified_since && !IsLater(version.modified, *conditions.modified_since)) {
    verdict.unchanged = "If-Modified-Since";
  }
  return verdict;
}

}  // namespace

bool Names(std::string_view header, const EntityTag& tag) {
  const std::string quoted = tag.str();
  const std::string_view bare = std::string_view(quoted).substr(1, quoted.size() - 2);
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(','), header.size());
    const std::string_view one = Trimmed(header.substr(0, end));
    header.remove_prefix(std::min(end + 1, header.size()));
    if (one == "*" || one == quoted || one == bare) return true;
  }
  return false;
}

std::optional<Refusal> CheckReadConditions(const S3Request& request, const Version& version) {
  const Verdict verdict = Judge(ConditionsOf(request, ""), version);
  if (!verdict.differs.empty()) return PreconditionFailed(verdict.differs);
  if (!verdict.unchanged.empty()) {
    return Refusal{304, "NotModified", "", {}, {{"etag", version.tag.str()}}};
  }
  return std::nullopt;
}

std::optional<Refusal> CheckSourceConditions(const S3Request& request, const Version& source) {
  const Verdict verdict = Judge(ConditionsOf(request, "x-amz-copy-source-"), source);
  const std::string_view failed = verdict.differs.empty() ? verdict.unchanged : verdict.differs;
  if (failed.empty()) return std::nullopt;
  return PreconditionFailed("x-amz-copy-source-" + std::string(failed));
}

std::optional<Refusal> CheckWriteConditions(const S3Request& request, const Version* current) {
  if (const std::string* none = request.Header("if-none-match")) {
    if (*none != "*") {
      return Refusal{501, "NotImplemented", "If-None-Match of a write takes nothing but '*'"};
    }
    if (current != nullptr) return PreconditionFailed("If-None-Match");
  }
  if (const std::string* match = request.Header("if-match")) {
    if (current == nullptr) return NoSuchKey(request.key);
    if (!Names(*match, current->tag)) return PreconditionFailed("If-Match");
  }
  return std::nullopt;
}

}  // namespace lc2::s3sim
