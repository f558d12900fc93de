#include "base/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "base/crash_point.h"

namespace lc2 {

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void UniqueFd::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Error ErrnoError(int error_number, std::string_view doing, std::string_view path) {
  Error error{
      .kind = ErrorKind::kInternal,
      .code = "file.failed",
      .message = fmt::format("cannot {} '{}': {}", doing, path, std::strerror(error_number))};
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      error.kind = ErrorKind::kNotFound;
      error.code = "file.not_found";
      error.hint = "does the path exist, and is it spelled right?";
      break;
    case EROFS:
      error.kind = ErrorKind::kDenied;
      error.code = "file.read_only";
      error.hint =
          "the file system is mounted read-only: if nobody did that on purpose, the system's log "
          "says why; mount it for writing and run it again";
      break;
    case EACCES:
    case EPERM:
      error.kind = ErrorKind::kDenied;
      error.code = "file.denied";
      error.hint = "may the user that runs lc2 read and write there?";
      break;
    case EEXIST:
      error.kind = ErrorKind::kAlreadyExists;
      error.code = "file.exists";
      error.hint = "choose another name, or move away what is there";
      break;
    case ENOSPC:
    case EDQUOT:
      error.kind = ErrorKind::kUnavailable;
      error.code = "file.no_space";
      error.hint = "free some space, or raise the quota, and run it again";
      break;
    case ENAMETOOLONG:
    case EINVAL:
    case ELOOP:
    case EISDIR:
      error.kind = ErrorKind::kInvalid;
      error.code = "file.invalid_path";
      error.hint = "does the path name a file, and one that this file system can hold?";
      break;
    case EPIPE:
      error.kind = ErrorKind::kUnavailable;
      error.code = "file.reader_gone";
      error.hint = "whoever was to read it has stopped: what does that program say?";
      break;
    case EFBIG:
      error.kind = ErrorKind::kInvalid;
      error.code = "file.too_big";
      error.hint = "does the file system, and `ulimit -f`, allow files of this size?";
      break;
    case EMFILE:
    case ENFILE:
      error.kind = ErrorKind::kUnavailable;
      error.code = "file.no_descriptors";
      error.hint = "raise the limit of open files (`ulimit -n 4096`) and run it again";
      break;
    case EIO:
      error.kind = ErrorKind::kUnavailable;
      error.code = "file.io_error";
      error.hint =
          "a disk or mount fails: the system's log names it; once it is well, run it again";
      break;
    case ENOMEM:
    case EAGAIN:
      error.kind = ErrorKind::kUnavailable;
      error.code = "file.unavailable";
      break;
    default:
      break;
  }
  return error;
}

Result<std::size_t> FdSource::Read(std::span<char> buffer) {
  while (true) {
    const ssize_t count = ::read(fd_, buffer.data(), buffer.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return ErrnoError(errno, "read", name_);
  }
}

Result<void> FdSink::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      return ErrnoError(errno, "write", name_);
    }
  }
  return {};
}

Result<UniqueFd> OpenForReading(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoError(errno, "open", path.native());
  return fd;
}

Result<std::string> ReadFile(const std::filesystem::path& path, std::int64_t limit) {
  LC2_ASSIGN_OR_RETURN(const UniqueFd fd, OpenForReading(path));
  FdSource source(fd.get(), path.native());
  Result<std::string> text = ReadAll(source, limit);
  if (text.has_value() || text.error().code != "io.too_large") return text;
  Error error = std::move(text).error();
  error.message = fmt::format("'{}' is {}", path.native(), error.message);
  error.hint = "is it the right file?";
  return error;
}

namespace {

// A process that is killed leaves its temporary file behind; nobody writes one for a day.
constexpr std::chrono::hours kStaleAfter{24};
constexpr std::size_t kRandomPart = 7;  // ".XXXXXX"

std::filesystem::path FolderOf(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

// What temporary files beside `path` begin with. The dot in front keeps them from being taken for
// one of the folder's own files, such as a key of a secret.
std::string TemporaryStem(const std::filesystem::path& path) {
  return "." + path.filename().native();
}

void RemoveStale(const std::filesystem::path& path) {
  const std::string stem = TemporaryStem(path);
  std::error_code failed;
  std::filesystem::directory_iterator files(FolderOf(path), failed);
  for (; !failed && files != std::filesystem::directory_iterator(); files.increment(failed)) {
    const std::string name = files->path().filename().native();
    if (!name.starts_with(stem + ".") || name.size() != stem.size() + kRandomPart) continue;
    struct stat status {};
    if (::lstat(files->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (std::chrono::seconds(::time(nullptr) - status.st_mtime) < kStaleAfter) continue;
    ::unlink(files->path().c_str());
  }
}

// Writes a durable file of `mode` beside `path`, hands its name to `publish`, which gives 0 or an
// errno, and makes the folder durable. Afterwards the temporary name is gone.
template <class Publish>
Result<void> WriteBeside(const std::filesystem::path& path, std::string_view bytes, unsigned mode,
                         const Publish& publish) {
  const std::filesystem::path folder = FolderOf(path);
  RemoveStale(path);
  std::string temporary = (folder / (TemporaryStem(path) + ".XXXXXX")).native();
  UniqueFd fd(AtCrashPoint("file.create", [&] { return ::mkostemp(temporary.data(), O_CLOEXEC); }));
  if (!fd.valid()) return ErrnoError(errno, "create a file beside", path.native());
  Result<void> done;
  const auto write = [&] {
    done = FdSink(fd.get(), temporary).Write(bytes);
    return done.has_value() ? 0 : -1;
  };
  const auto fails = [](const char* site, const auto& call) {
    return AtCrashPoint(site, call) != 0;
  };
  if (fails("file.write", write) || ::fchmod(fd.get(), mode) != 0 ||
      fails("file.fsync", [&] { return ::fsync(fd.get()); })) {
    if (done.has_value()) done = ErrnoError(errno, "write", path.native());
  } else if (const int error = publish(temporary); error != 0) {
    done = ErrnoError(error, "write", path.native());
  }
  if (!done.has_value()) {
    ::unlink(temporary.c_str());
    return done;
  }
  const UniqueFd parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // EINVAL: the file system cannot sync folders, and so keeps their order itself or not at all.
  if (!parent.valid() || (::fsync(parent.get()) != 0 && errno != EINVAL)) {
    return ErrnoError(errno, "make durable", folder.native());
  }
  return {};
}

}  // namespace

Result<void> WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes,
                                 unsigned mode) {
  return WriteBeside(path, bytes, mode, [&](const std::string& temporary) {
    const auto rename = [&] { return ::rename(temporary.c_str(), path.c_str()); };
    return AtCrashPoint("file.rename", rename) == 0 ? 0 : errno;
  });
}

Result<void> CreateFileAtomically(const std::filesystem::path& path, std::string_view bytes,
                                  unsigned mode) {
  return WriteBeside(path, bytes, mode, [&](const std::string& temporary) {
    const auto rename = [&] {
      return ::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE);
    };
    int error = AtCrashPoint("file.rename", rename) == 0 ? 0 : errno;
    // A file system without such renames has links, which replace nothing either.
    if (error == EINVAL || error == ENOSYS) {
      error = ::link(temporary.c_str(), path.c_str()) == 0 ? 0 : errno;
      if (error == 0) ::unlink(temporary.c_str());
    }
    return error;
  });
}

Result<TemporaryFolder> TemporaryFolder::Create(std::string_view name_prefix) {
  std::error_code failed;
  const std::filesystem::path base = std::filesystem::temp_directory_path(failed);
  if (failed) return ErrnoError(failed.value(), "find the folder for temporary files", "TMPDIR");
  std::string name = (base / fmt::format("{}-XXXXXX", name_prefix)).native();
  if (::mkdtemp(name.data()) == nullptr)
    return ErrnoError(errno, "create a folder in", base.native());
  return TemporaryFolder(std::filesystem::path(name));
}

TemporaryFolder::~TemporaryFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Result<UniqueFd> AboveStandardFds(UniqueFd fd) {
  if (!fd.valid() || fd.get() > STDERR_FILENO) return fd;
  UniqueFd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!moved.valid()) return ErrnoError(errno, "duplicate", "a descriptor");
  return moved;
}

Result<UniqueFd> MakeMemoryFile(std::string_view name, std::string_view contents) {
  UniqueFd fd(::memfd_create(std::string(name).c_str(), MFD_CLOEXEC));
  if (!fd.valid() || ::fchmod(fd.get(), 0600) != 0) {
    return ErrnoError(errno, "create a memory file", name);
  }
  FdSink sink(fd.get(), std::string(name));
  LC2_RETURN_IF_ERROR(sink.Write(contents));
  ::lseek(fd.get(), 0, SEEK_SET);
  return AboveStandardFds(std::move(fd));
}

}  // namespace lc2
