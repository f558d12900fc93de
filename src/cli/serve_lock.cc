#include "cli/serve_lock.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>

namespace lc2::cli {

namespace {

constexpr const char* kLockFile = "serve.lock";

struct flock WholeFile() {
  struct flock whole = {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return whole;
}

}  // namespace

Result<ServeLock> ServeLock::Take(const std::filesystem::path& home) {
  const std::filesystem::path path = home / kLockFile;
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoError(errno, "open", path.native());
  struct flock whole = WholeFile();
  if (::fcntl(fd.get(), F_OFD_SETLK, &whole) == 0) return ServeLock(std::move(fd));
  if (errno != EAGAIN && errno != EACCES) return ErrnoError(errno, "lock", path.native());
  return Error{.kind = ErrorKind::kConflict,
               .code = "serve.running",
               .message = fmt::format("another 'lc2 serve' works on '{}'", home.native()),
               .hint =
                   "one is enough: requests that you create are done by it; stop it first to "
                   "start it with other options"};
}

bool IsServed(const std::filesystem::path& home) {
  const UniqueFd fd(::open((home / kLockFile).c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid()) return false;
  // Looked at without being taken: a look must not keep a server from its lock.
  struct flock whole = WholeFile();
  return ::fcntl(fd.get(), F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

}  // namespace lc2::cli
