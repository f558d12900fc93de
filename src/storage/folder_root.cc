#include "storage/folder_root.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "base/crash_point.h"
#include "storage/key_text.h"

namespace lc2::storage {

namespace {

constexpr int kAlways = O_CLOEXEC | O_NOFOLLOW;

OpenAttempt Taken(int fd) {
  return fd >= 0 ? OpenAttempt{UniqueFd(fd), 0} : OpenAttempt{{}, errno};
}

OpenAttempt CallOpenat2(int root, const char* path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(static_cast<unsigned>(flags | kAlways));
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  while (true) {
    OpenAttempt attempt =
        Taken(static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how)));
    if (attempt.error != EINTR && attempt.error != EAGAIN) return attempt;
  }
}

bool IsLink(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISLNK(status.st_mode);
}

OpenAttempt OpenByKernel(int root, const char* path, int flags) {
  OpenAttempt attempt = CallOpenat2(root, path, flags);
  // Where a folder is asked for, a link as the last segment is merely no folder.
  if (attempt.error == ENOTDIR && (flags & O_DIRECTORY) != 0) {
    const OpenAttempt itself = CallOpenat2(root, path, O_PATH);
    if (itself.fd.valid() && IsLink(itself.fd.get())) attempt.error = ELOOP;
  }
  return attempt;
}

// The same for open(2), which says so of any segment.
int WithLinksTold(int parent, const char* name, int error) {
  struct stat status {};
  const bool link = error == ENOTDIR &&
                    ::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                    S_ISLNK(status.st_mode);
  return link ? ELOOP : error;
}

OpenAttempt OpenBySegments(int root, std::string_view path, int flags) {
  UniqueFd held;
  int parent = root;
  while (true) {
    const std::size_t slash = path.find('/');
    const bool last = slash == std::string_view::npos;
    const std::string segment(path.substr(0, slash));
    if (segment.empty() || segment == "..") return {{}, EXDEV};  // as RESOLVE_BENEATH answers
    OpenAttempt next =
        Taken(::openat(parent, segment.c_str(), (last ? flags : O_PATH | O_DIRECTORY) | kAlways));
    if (!next.fd.valid()) next.error = WithLinksTold(parent, segment.c_str(), next.error);
    if (last || !next.fd.valid()) return next;
    held = std::move(next.fd);
    parent = held.get();
    path.remove_prefix(slash + 1);
  }
}

std::int64_t NanosecondsOf(const timespec& time) {
  std::int64_t nanoseconds = 0;
  if (__builtin_mul_overflow(std::int64_t{time.tv_sec}, std::int64_t{1'000'000'000},
                             &nanoseconds) ||
      __builtin_add_overflow(nanoseconds, std::int64_t{time.tv_nsec}, &nanoseconds)) {
    return time.tv_sec < 0 ? std::numeric_limits<std::int64_t>::min()
                           : std::numeric_limits<std::int64_t>::max();
  }
  return nanoseconds;
}

constexpr unsigned kParentMode = 0777;  // less the umask, as mkdir -p does

// Makes `path` and its missing parents, each durable in its parent.
Result<void> MakeFolders(const std::filesystem::path& path, unsigned mode) {
  const auto make = [&] { return ::mkdir(path.c_str(), mode); };
  if (AtCrashPoint("folder.mkdir_root", make) != 0) {
    if (errno == EEXIST) return {};
    if (errno != ENOENT || !path.has_parent_path() || path.parent_path() == path) {
      return ErrnoError(errno, "create folder", path.native());
    }
    LC2_RETURN_IF_ERROR(MakeFolders(path.parent_path(), kParentMode));
    if (AtCrashPoint("folder.mkdir_root", make) != 0 && errno != EEXIST) {
      return ErrnoError(errno, "create folder", path.native());
    }
  }
  const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
  const UniqueFd fd(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) {
    return ErrnoError(errno, "make durable", parent.native());
  }
  return {};
}

// What network file systems answer while their server is away.
bool IsServerTrouble(int error_number) {
  return error_number == ESTALE || error_number == ETIMEDOUT || error_number == ENOTCONN ||
         error_number == EHOSTDOWN || error_number == EBUSY;
}

Error RootError(int error_number, const std::filesystem::path& path) {
  if (error_number == ENOENT) {
    return Error{.kind = ErrorKind::kNotFound,
                 .code = "store.root_missing",
                 .message = fmt::format("there is no folder '{}'", path.native()),
                 .hint = "create it, or mount the volume that holds it"};
  }
  if (error_number == ENOTDIR) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "store.root_invalid",
                 .message = fmt::format("'{}' is no folder", path.native()),
                 .hint = "name the folder that holds the objects"};
  }
  return ErrnoError(error_number, "open folder", path.native());
}

}  // namespace

Result<void> CheckFolderKey(std::string_view key) {
  LC2_RETURN_IF_ERROR(CheckKey(key));
  if (key.substr(0, key.find('/')) == kTemporaryFolder) {
    return Error{
        .kind = ErrorKind::kInvalid,
        .code = "store.bad_key",
        .message = fmt::format("'{}' lies in the folder of temporary files", key),
        .hint = fmt::format("choose a key that does not start with '{}'", kTemporaryFolder)};
  }
  return {};
}

FolderRoot::FolderRoot(UniqueFd fd, std::string path)
    : fd_(std::move(fd)), path_(std::move(path)), name_(fmt::format("folder '{}'", path_)) {}

Result<FolderRoot> FolderRoot::Open(const std::filesystem::path& path,
                                    const FolderStoreOptions& options) {
  // "/srv/vault/" is "/srv/vault": its parent is then the folder above.
  const std::filesystem::path plain = path.has_filename() ? path : path.parent_path();
  if (plain.empty()) return RootError(ENOENT, path);
  if (options.create) LC2_RETURN_IF_ERROR(MakeFolders(plain, options.root_mode));
  OpenAttempt opened = Taken(::open(plain.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.fd.valid()) return RootError(opened.error, plain);
  FolderRoot root(std::move(opened.fd), plain.native());
  const OpenAttempt probe = OpenByKernel(root.fd(), ".", O_PATH | O_DIRECTORY);
  // Some container filters answer EPERM to calls they do not know.
  if (probe.error == ENOSYS || probe.error == EPERM) root.confinement_ = Confinement::kSegments;
  return root;
}

OpenAttempt FolderRoot::OpenBeneath(const std::string& path, int flags) const {
  // The kernel reads up to a zero byte: what was asked for and what was opened would differ.
  if (path.find('\0') != std::string::npos) return {{}, EINVAL};
  const std::string& name = path.empty() ? "." : path;
  return confinement_ == Confinement::kKernel ? OpenByKernel(fd(), name.c_str(), flags)
                                              : OpenBySegments(fd(), name, flags);
}

std::string FolderRoot::PathOf(std::string_view key) const {
  return fmt::format("{}/{}", path_, EscapeName(key));
}

Error FolderRoot::Failed(int error_number, std::string_view doing, std::string_view key) const {
  Error error = ErrnoError(error_number, doing, PathOf(key));
  if (error_number == ELOOP) return NoObject(key, "a symbolic link, or lies behind one");
  if (error_number == ENOTDIR || error_number == EISDIR) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "store.name_taken",
                 .message = error.message,
                 .hint =
                     "a folder holds no object whose key is the folder of another one: choose "
                     "another key"};
  }
  if (error_number == EXDEV) {
    return Error{
        .kind = ErrorKind::kInvalid,
        .code = "store.other_file_system",
        .message = error.message,
        .hint = fmt::format("{} must lie on one file system: is something mounted inside?", name_)};
  }
  if (IsServerTrouble(error_number)) {
    error.kind = ErrorKind::kUnavailable;
    error.code = "file.unavailable";
  }
  return error;
}

Error FolderRoot::NotFound(std::string_view key) const {
  return Error{.kind = ErrorKind::kNotFound,
               .code = "store.not_found",
               .message = fmt::format("no object '{}' in {}", EscapeName(key), name_)};
}

Error FolderRoot::NoObject(std::string_view key, std::string_view what) const {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "store.not_an_object",
               .message = fmt::format("'{}' in {} is {}", EscapeName(key), name_, what),
               .hint = "only plain files below the folder are objects: replace it by a file"};
}

FolderIdentity IdentityOf(const struct stat& status) {
  return {.mtime_ns = NanosecondsOf(status.st_mtim),
          .ctime_ns = NanosecondsOf(status.st_ctim),
          .inode = status.st_ino,
          .device = status.st_dev};
}

Time ModifiedAt(const struct stat& status) {
  return Time(std::chrono::nanoseconds(NanosecondsOf(status.st_mtim)));
}

ObjectFacts FactsOf(const struct stat& status) {
  return {.size = status.st_size,
          .etag = {},
          .version = {},
          .last_modified = ModifiedAt(status),
          .folder = IdentityOf(status)};
}

std::string_view FileKindName(const struct stat& status) {
  switch (status.st_mode & S_IFMT) {
    case S_IFLNK:
      return "a symbolic link";
    case S_IFIFO:
      return "a pipe";
    case S_IFSOCK:
      return "a socket";
    default:
      return "a device";
  }
}

}  // namespace lc2::storage
