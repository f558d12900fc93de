#pragma once

namespace lc2::internal {
[[noreturn]] void CheckFailed(const char* expression, const char* file, int line);
}

// Invariants of our own code; aborts in every build. Never for outside input.
#define LC2_CHECK(condition) \
  ((condition) ? void(0) : ::lc2::internal::CheckFailed(#condition, __FILE__, __LINE__))

// The same, in debug and sanitizer builds only.
#ifdef NDEBUG
#define LC2_DCHECK(condition) ((void)sizeof((condition) ? 1 : 0))
#else
#define LC2_DCHECK(condition) LC2_CHECK(condition)
#endif
