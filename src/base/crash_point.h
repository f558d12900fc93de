#pragma once

#include <cerrno>

// Numbered places at which a test kills, stops or fails this program: before and after everything
// that leaves a trace beyond the process (a write, a rename, a commit, a child). Compiled in by the
// CMake option LC2_CRASH_POINTS alone; in every other build what stands here is the bare call, and
// the library holds nothing of crash_point.cc.
//
// A test steers the program by its environment:
//   LC2_CRASH_TRACE=FILE   one line for each point passed: its number, its name, and at the
//                          beginning of an operation that one's number
//   LC2_CRASH_AT=N         at the N-th point the program is killed, as by SIGKILL
//   LC2_CRASH_AT=NAME:N    at the N-th of this name: threads pass points in no fixed order, so that
//                          only this is the same in every run
//   LC2_STOP_AT=N          or NAME:N: it is stopped there, until somebody sends SIGCONT
//   LC2_FAULT_AT=N:ENOSPC  the N-th operation is not done and fails so; with N+ all from then on.
//                          ENOSPC, EROFS, EIO, EMFILE, EDQUOT or EACCES
namespace lc2 {

namespace crash {

// Passes the point "<site>.<side>". Keeps errno. Thread-safe.
void Pass(const char* site, const char* side);
// Passes "<site>.before"; the errno with which the operation has to fail, or 0.
int Begin(const char* site);

}  // namespace crash

// Builds with and without are told apart by the linker, so that a test may have its own.
#ifdef LC2_CRASH_POINTS
inline namespace crash_points_on {

inline void PassCrashPoint(const char* site, const char* side) { crash::Pass(site, side); }
inline int BeginCrashPoint(const char* site) { return crash::Begin(site); }
#else
inline namespace crash_points_off {

inline void PassCrashPoint(const char*, const char*) {}
constexpr int BeginCrashPoint(const char*) { return 0; }
#endif

// Makes a system call between the points "<site>.before" and "<site>.after". A fault that is due
// takes the call's place: -1 and errno.
template <class Call>
auto AtCrashPoint(const char* site, const Call& call) -> decltype(call()) {
  if (const int fault = BeginCrashPoint(site); fault != 0) {
    errno = fault;
    return -1;
  }
  const auto result = call();
  PassCrashPoint(site, "after");
  return result;
}

}  // namespace crash_points_on or crash_points_off

}  // namespace lc2
