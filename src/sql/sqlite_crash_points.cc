#include "sql/sqlite_crash_points.h"

#include <sqlite3.h>
#include <unistd.h>

#include "base/crash_point.h"

namespace lc2::sql {

namespace {

ssize_t Write(int fd, const void* bytes, std::size_t size) {
  return AtCrashPoint("sqlite.write", [&] { return ::write(fd, bytes, size); });
}

ssize_t WriteAt(int fd, const void* bytes, std::size_t size, off_t offset) {
  return AtCrashPoint("sqlite.write", [&] { return ::pwrite(fd, bytes, size, offset); });
}

int Truncate(int fd, off_t size) {
  return AtCrashPoint("sqlite.truncate", [&] { return ::ftruncate(fd, size); });
}

int Unlink(const char* path) {
  return AtCrashPoint("sqlite.unlink", [&] { return ::unlink(path); });
}

template <class Function>
sqlite3_syscall_ptr AsSystemCall(Function* function) {
  return reinterpret_cast<sqlite3_syscall_ptr>(function);
}

bool Install() {
  sqlite3_vfs* const files = sqlite3_vfs_find(nullptr);
  // Which of the three it writes by was decided when SQLite was built.
  files->xSetSystemCall(files, "write", AsSystemCall(Write));
  files->xSetSystemCall(files, "pwrite", AsSystemCall(WriteAt));
  files->xSetSystemCall(files, "pwrite64", AsSystemCall(WriteAt));
  files->xSetSystemCall(files, "ftruncate", AsSystemCall(Truncate));
  files->xSetSystemCall(files, "unlink", AsSystemCall(Unlink));
  return true;
}

}  // namespace

void AddCrashPointsToSqlite() { [[maybe_unused]] static const bool installed = Install(); }

}  // namespace lc2::sql
