#include "storage/folder_read.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "storage/byte_range.h"

namespace lc2::storage {

namespace {

struct OpenFile {
  UniqueFd fd;
  struct stat status {};
};

Result<OpenFile> OpenPlainFile(const FolderRoot& root, const std::string& key, int flags) {
  OpenAttempt attempt = root.OpenBeneath(key, flags);
  if (!attempt.fd.valid()) {
    switch (attempt.error) {
      case ENOENT:
      case ENOTDIR:
      case ENAMETOOLONG:
        return root.NotFound(key);
      case ENXIO:
        return root.NoObject(key, "a socket or a device");
      default:
        return root.Failed(attempt.error, "read", key);
    }
  }
  OpenFile file{.fd = std::move(attempt.fd)};
  if (::fstat(file.fd.get(), &file.status) != 0) return root.Failed(errno, "read", key);
  if (S_ISDIR(file.status.st_mode)) return root.NotFound(key);
  if (!S_ISREG(file.status.st_mode)) return root.NoObject(key, FileKindName(file.status));
  return file;
}

Error Changed(const FolderRoot& root, const std::string& key) {
  return Error{.kind = ErrorKind::kConflict,
               .code = "store.changed",
               .message = fmt::format("'{}' in {} was replaced or removed while it was read", key,
                                      root.name()),
               .hint = "read it again"};
}

class FileReader final : public ObjectReader {
 public:
  // `whole`: to the end, wherever that is by then; else `length` bytes.
  FileReader(const FolderRoot& root, std::string key, OpenFile file, const ByteRange& range,
             bool whole)
      : root_(root),
        key_(std::move(key)),
        file_(std::move(file)),
        offset_(range.offset),
        left_(whole ? INT64_MAX : range.length) {}

  Result<std::size_t> Read(std::span<char> buffer) override {
    const auto wanted = static_cast<std::size_t>(
        std::min<std::int64_t>(left_, static_cast<std::int64_t>(buffer.size())));
    while (wanted > 0) {
      const ssize_t count = ::pread(file_.fd.get(), buffer.data(), wanted, offset_);
      if (count >= 0) {
        offset_ += count;
        left_ -= count;
        return static_cast<std::size_t>(count);
      }
      if (errno != EINTR) return root_.Failed(errno, "read", key_);
    }
    return std::size_t{0};
  }

  Result<ObjectFacts> CurrentFacts() override {
    struct stat mine {};
    if (::fstat(file_.fd.get(), &mine) != 0) return root_.Failed(errno, "read", key_);
    const Result<OpenFile> named = OpenPlainFile(root_, key_, O_PATH);
    if (!named.has_value()) {
      const bool gone =
          named.error().kind == ErrorKind::kNotFound || named.error().code == "store.not_an_object";
      return gone ? Changed(root_, key_) : named.error();
    }
    const struct stat& there = named.value().status;
    if (there.st_ino != mine.st_ino || there.st_dev != mine.st_dev) return Changed(root_, key_);
    return FactsOf(mine);
  }

 private:
  const FolderRoot& root_;
  const std::string key_;
  const OpenFile file_;
  std::int64_t offset_;
  std::int64_t left_;
};

// O_NONBLOCK: opening a pipe for reading would wait for a writer. It means nothing for plain files.
constexpr int kReadFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY;

}  // namespace

Result<ObjectFacts> HeadFile(const FolderRoot& root, const std::string& key) {
  LC2_ASSIGN_OR_RETURN(const OpenFile file, OpenPlainFile(root, key, O_PATH));
  return FactsOf(file.status);
}

Result<OperationResult> GetFile(const FolderRoot& root, const GetOperation& get) {
  LC2_ASSIGN_OR_RETURN(OpenFile file, OpenPlainFile(root, get.key, kReadFlags));
  LC2_ASSIGN_OR_RETURN(const ByteRange range,
                       ResolveRange(get.range, file.status.st_size, get.key));
  if (range.length > get.limit) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "io.too_large",
                 .message = fmt::format("'{}' in {} has {} bytes, above the limit of {}", get.key,
                                        root.name(), range.length, get.limit)};
  }
  OperationResult result{.facts = FactsOf(file.status), .body = {}};
  result.body.resize(static_cast<std::size_t>(range.length));
  FileReader reader(root, get.key, std::move(file), range, false);
  std::span<char> rest(result.body);
  while (!rest.empty()) {
    LC2_ASSIGN_OR_RETURN(const std::size_t count, reader.Read(rest));
    if (count == 0) return Changed(root, get.key);  // cut short since it was opened
    rest = rest.subspan(count);
  }
  return result;
}

Result<std::unique_ptr<ObjectReader>> OpenFileReader(const FolderRoot& root, const std::string& key,
                                                     std::optional<ByteRange> range) {
  LC2_ASSIGN_OR_RETURN(OpenFile file, OpenPlainFile(root, key, kReadFlags));
  LC2_ASSIGN_OR_RETURN(const ByteRange part, ResolveRange(range, file.status.st_size, key));
  return std::unique_ptr<ObjectReader>(
      std::make_unique<FileReader>(root, key, std::move(file), part, !range.has_value()));
}

}  // namespace lc2::storage
