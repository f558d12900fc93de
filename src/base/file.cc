#include "base/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

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
    case EACCES:
    case EPERM:
    case EROFS:
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
    case ENOMEM:
    case EAGAIN:
    case EIO:
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

Result<void> WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes,
                                 unsigned mode) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::string temporary = path.native() + ".XXXXXX";
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.valid()) return ErrnoError(errno, "create a file beside", path.native());
  FdSink sink(fd.get(), temporary);
  Result<void> done = sink.Write(bytes);
  if (done.has_value() && (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0 ||
                           ::rename(temporary.c_str(), path.c_str()) != 0)) {
    done = ErrnoError(errno, "write", path.native());
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
