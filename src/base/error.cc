#include "base/error.h"

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/check.h"

namespace lc2 {

namespace internal {
void CheckFailed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "lc2: invariant violated: %s (%s:%d)\n", expression, file, line);
  std::abort();
}
}  // namespace internal

namespace {
// Exit codes 2 and up leave 1 to "something failed that has no kind" (a crash of the shell, say).
constexpr std::array<ErrorKindFacts, 11> kKinds{{
    {ErrorKind::kNotFound, "NotFound", false, 404, 3},
    {ErrorKind::kAlreadyExists, "AlreadyExists", false, 409, 4},
    {ErrorKind::kConflict, "Conflict", true, 409, 5},
    {ErrorKind::kDenied, "Denied", false, 403, 6},
    {ErrorKind::kInvalid, "Invalid", false, 422, 2},
    {ErrorKind::kThrottled, "Throttled", true, 429, 7},
    {ErrorKind::kUnavailable, "Unavailable", true, 503, 8},
    {ErrorKind::kTimeout, "Timeout", true, 504, 9},
    {ErrorKind::kCancelled, "Cancelled", false, 499, 10},
    {ErrorKind::kCorrupt, "Corrupt", false, 500, 11},
    {ErrorKind::kInternal, "Internal", false, 500, 12},
}};
}  // namespace

const ErrorKindFacts& FactsOf(ErrorKind kind) {
  for (const ErrorKindFacts& facts : kKinds) {
    if (facts.kind == kind) return facts;
  }
  return kKinds.back();
}

std::string Describe(const Error& error) {
  std::string text = error.message;
  for (const Error* cause = error.cause.get(); cause != nullptr; cause = cause->cause.get()) {
    if (!text.empty()) text += ": ";
    text += cause->message;
  }
  return text;
}

std::string HintOf(const Error& error) {
  for (const Error* at = &error; at != nullptr; at = at->cause.get()) {
    if (!at->hint.empty()) return at->hint;
  }
  return {};
}

}  // namespace lc2
