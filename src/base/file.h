#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/io.h"
#include "base/result.h"

namespace lc2 {

// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd() { Close(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void Close();

 private:
  int fd_ = -1;
};

// An error for a failed system call on `path`, with the kind and hint that `error_number` calls for
// (ENOSPC and EDQUOT: kUnavailable "file.no_space"; EACCES, EPERM: kDenied; EROFS: kDenied
// "file.read_only"; EMFILE, ENFILE: kUnavailable "file.no_descriptors"; EIO: kUnavailable
// "file.io_error"; ENOENT: kNotFound ...).
// EPIPE is kUnavailable "file.reader_gone": how the reader ended tells why.
Error ErrnoError(int error_number, std::string_view doing, std::string_view path);

// Reads and writes a descriptor; short reads and EINTR are dealt with.
class FdSource final : public ByteSource {
 public:
  FdSource(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  Result<std::size_t> Read(std::span<char> buffer) override;

 private:
  int fd_;
  std::string name_;
};

class FdSink final : public ByteSink {
 public:
  FdSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  Result<void> Write(std::string_view bytes) override;

 private:
  int fd_;
  std::string name_;
};

Result<UniqueFd> OpenForReading(const std::filesystem::path& path);
// kInvalid ("io.too_large") beyond `limit` bytes.
Result<std::string> ReadFile(const std::filesystem::path& path, std::int64_t limit);
// Replaces `path` as a whole: a temporary file beside it, fsync, rename, fsync of the folder. The
// file has exactly `mode`, whatever the umask. A symbolic link at `path` is itself replaced, what
// it points to stays as it is. After an error `path` holds the old or the new bytes, never a
// mixture.
Result<void> WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes,
                                 unsigned mode = 0644);
// The same for a file that is made once: of several processes one makes it. kAlreadyExists
// ("file.exists") where there is one.
Result<void> CreateFileAtomically(const std::filesystem::path& path, std::string_view bytes,
                                  unsigned mode = 0644);

// A folder of mode 0700 that is removed with all it holds at the end.
class TemporaryFolder {
 public:
  static Result<TemporaryFolder> Create(std::string_view name_prefix);
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

// The same open file under a number above 2, close-on-exec: in a process that was started without
// standard input or output, a new descriptor may else take their place in a child.
Result<UniqueFd> AboveStandardFds(UniqueFd fd);

// An anonymous file of mode 0600 in memory that a child process can be given by descriptor; for
// secrets. Positioned at the start. `name` (at most 249 bytes) shows in /proc only.
Result<UniqueFd> MakeMemoryFile(std::string_view name, std::string_view contents);

}  // namespace lc2
