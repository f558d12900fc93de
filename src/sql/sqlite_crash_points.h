#pragma once

namespace lc2::sql {

// Puts crash points (base/crash_point.h) around the system calls by which SQLite changes files.
// For builds with LC2_CRASH_POINTS; only the first call does something. Thread-safe.
void AddCrashPointsToSqlite();

}  // namespace lc2::sql
