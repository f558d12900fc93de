#include "storage/folder_write.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/crash_point.h"
#include "storage/key_text.h"

namespace lc2::storage {

namespace {

// So much of a large file is handed to the disk at a time while the rest of it is still being made:
// else fsync at its end waits for all of it.
constexpr std::int64_t kWriteBehindBytes = 8 << 20;

constexpr int kTries = 8;  // when others remove a folder, empty so far, while we put a file into it

Result<void> WriteAll(const FolderRoot& root, int fd, std::string_view bytes,
                      const std::string& key) {
  while (!bytes.empty()) {
    const ssize_t count =
        AtCrashPoint("folder.write", [&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      return root.Failed(errno, "write", key);
    }
  }
  return {};
}

Error Exists(const FolderRoot& root, const std::string& key) {
  return Error{.kind = ErrorKind::kAlreadyExists,
               .code = "store.exists",
               .message = fmt::format("'{}' in {} exists already", key, root.name())};
}

// Whether the file got the name: it has a second link, or the name leads to it. The answer of
// link(2) is not what counts: over NFS it may be lost, and the call that is sent again then says
// EEXIST about our own link.
bool HasName(int file, int directory, const char* name) {
  struct stat mine {};
  struct stat there {};
  if (::fstat(file, &mine) != 0) return false;
  return mine.st_nlink > 1 || (::fstatat(directory, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
                               there.st_ino == mine.st_ino && there.st_dev == mine.st_dev);
}

Error NoCreateOnly(const FolderRoot& root, const std::string& key) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "store.no_create_only",
               .message = fmt::format("cannot create '{}' in {}: its file system has neither hard "
                                      "links nor renames that replace nothing",
                                      key, root.name()),
               .hint = "choose a folder on another file system, such as ext4, xfs, btrfs or NFS"};
}

bool IsFolder(int directory, const char* name) {
  struct stat there {};
  return ::fstatat(directory, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(there.st_mode);
}

bool LinksAreMissing(int error) {
  return error == EPERM || error == EOPNOTSUPP || error == ENOSYS || error == EMLINK;
}

// 0 or errno.
int RemoveFolder(const FolderRoot& root, std::string_view path) {
  const OpenAttempt parent = root.OpenBeneath(std::string(FolderOf(path)), O_PATH | O_DIRECTORY);
  if (!parent.fd.valid()) return parent.error;
  const std::string name(NameIn(path));
  const auto remove = [&] { return ::unlinkat(parent.fd.get(), name.c_str(), AT_REMOVEDIR); };
  return AtCrashPoint("folder.rmdir", remove) == 0 ? 0 : errno;
}

// Removes folders that have become empty, upwards: an object store has none. One that is gone
// already went with a delete that was cut short.
void RemoveEmptyFolders(const FolderRoot& root, std::string_view path) {
  while (!path.empty()) {
    const int error = RemoveFolder(root, path);
    if (error != 0 && error != ENOENT) return;
    path = FolderOf(path);
  }
}

class FileWriter final : public ObjectWriter {
 public:
  FileWriter(const FolderRoot& root, FolderWriter& folder, TemporaryFile file, std::string key,
             PutMode mode)
      : root_(root), folder_(folder), file_(std::move(file)), key_(std::move(key)), mode_(mode) {}

  Result<void> Write(std::string_view bytes) override {
    LC2_CHECK(!finished_);
    // A write that failed once leaves a hole or a torn end: nothing after it makes that good.
    if (failed_) return *failed_;
    Result<void> written = WriteAll(root_, file_.fd(), bytes, key_);
    if (!written.has_value()) failed_ = written.error();
    size_ += static_cast<std::int64_t>(bytes.size());
    if (size_ - handed_over_ >= kWriteBehindBytes) HandOver();
    return written;
  }

  Result<ObjectFacts> Finish() override {
    LC2_CHECK(!finished_);
    finished_ = true;
    if (failed_) return *failed_;
    return folder_.Publish(file_, key_, mode_);
  }

 private:
  // Begins to write, and waits for nothing. Only a matter of speed: what fails here, fails again in
  // fsync, and is told there.
  void HandOver() {
    ::sync_file_range(file_.fd(), handed_over_, size_ - handed_over_, SYNC_FILE_RANGE_WRITE);
    handed_over_ = size_;
  }

  const FolderRoot& root_;
  FolderWriter& folder_;
  TemporaryFile file_;
  const std::string key_;
  const PutMode mode_;
  std::int64_t size_ = 0;         // written so far
  std::int64_t handed_over_ = 0;  // of that, on its way to the disk
  std::optional<Error> failed_;
  bool finished_ = false;
};

}  // namespace

FolderWriter::FolderWriter(const FolderRoot& root) : root_(root), directories_(root), area_(root) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  area_.RemoveStale(Time(std::chrono::seconds(now.tv_sec)));
}

Result<ObjectFacts> FolderWriter::Put(const PutOperation& put) {
  LC2_ASSIGN_OR_RETURN(TemporaryFile file, area_.Create());
  LC2_RETURN_IF_ERROR(WriteAll(root_, file.fd(), put.body, put.key));
  if (put.mode == PutMode::kCreateOnly || put.durability == Durability::kNow) {
    return Publish(file, put.key, put.mode);
  }
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0) return root_.Failed(errno, "write", put.key);
  if (const int error = file.Close(); error != 0) return root_.Failed(error, "write", put.key);
  ObjectFacts facts = FactsOf(status);
  facts.folder.reset();  // the rename to come changes its ctime
  const std::lock_guard lock(pending_mutex_);
  pending_.push_back({.file = std::move(file), .key = put.key});
  return facts;
}

Result<std::unique_ptr<ObjectWriter>> FolderWriter::Open(const std::string& key, PutMode mode) {
  LC2_ASSIGN_OR_RETURN(TemporaryFile file, area_.Create());
  return std::unique_ptr<ObjectWriter>(
      std::make_unique<FileWriter>(root_, *this, std::move(file), key, mode));
}

Result<ObjectFacts> FolderWriter::Publish(TemporaryFile& file, const std::string& key,
                                          PutMode mode) {
  if (AtCrashPoint("folder.fsync", [&] { return ::fsync(file.fd()); }) != 0) {
    return root_.Failed(errno, "make durable", key);
  }
  const std::string path(FolderOf(key));
  for (int attempt = 0; attempt < kTries; ++attempt) {
    LC2_ASSIGN_OR_RETURN(const std::shared_ptr<Directory> directory, directories_.Open(path));
    const Result<void> named = mode == PutMode::kCreateOnly ? CreateOnly(file, *directory, key)
                                                            : Rename(file, *directory, key);
    if (!named.has_value()) {
      if (named.error().kind != ErrorKind::kNotFound) return named.error();
      directories_.Clear();
      continue;
    }
    LC2_RETURN_IF_ERROR(MakeDurable(root_, *directory));
    // The folder may be one that somebody has moved away since it was opened.
    if (!IsCurrent(root_, *directory)) break;
    struct stat status {};
    if (::fstat(file.fd(), &status) != 0) return root_.Failed(errno, "write", key);
    return FactsOf(status);
  }
  directories_.Clear();
  return Error{.kind = ErrorKind::kConflict,
               .code = "store.changed",
               .message = fmt::format("the folder of '{}' in {} was moved or removed while it was "
                                      "written",
                                      key, root_.name()),
               .hint = "does something else tidy up there? write it again"};
}

Result<void> FolderWriter::Rename(TemporaryFile& file, Directory& directory,
                                  const std::string& key) {
  const std::string name(NameIn(key));
  if (AtCrashPoint("folder.rename", [&] {
        return ::renameat(file.folder(), file.name().c_str(), directory.fd.get(), name.c_str());
      }) != 0) {
    return root_.Failed(errno, "write", key);
  }
  file.Forget();
  return {};
}

Result<void> FolderWriter::CreateOnly(TemporaryFile& file, Directory& directory,
                                      const std::string& key) {
  const std::string name(NameIn(key));
  const int to = directory.fd.get();
  const auto link = [&] {
    return ::linkat(file.folder(), file.name().c_str(), to, name.c_str(), 0);
  };
  int error = AtCrashPoint("folder.link", link) == 0 ? 0 : errno;
  if (HasName(file.fd(), to, name.c_str())) {
    file.Remove();
    return {};
  }
  if (LinksAreMissing(error)) {
    const int flags = RENAME_NOREPLACE;
    error =
        ::renameat2(file.folder(), file.name().c_str(), to, name.c_str(), flags) == 0 ? 0 : errno;
    if (HasName(file.fd(), to, name.c_str())) {
      file.Forget();
      return {};
    }
    if (error == EINVAL) return NoCreateOnly(root_, key);
  }
  if (error == EEXIST && IsFolder(to, name.c_str())) error = EISDIR;
  if (error == EEXIST) return Exists(root_, key);
  // Done, and undone by somebody else before we could look.
  if (error == 0) error = EAGAIN;
  return root_.Failed(error, "create", key);
}

Result<void> FolderWriter::Delete(const std::string& key) {
  const std::string path(FolderOf(key));
  const std::string name(NameIn(key));
  const OpenAttempt folder = root_.OpenBeneath(path, O_PATH | O_DIRECTORY);
  struct stat status {};
  int error = folder.error;
  if (folder.fd.valid() &&
      ::fstatat(folder.fd.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    error = errno;
  }
  if (error == ENOENT) RemoveEmptyFolders(root_, path);
  if (error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG) return {};
  if (error != 0) return root_.Failed(error, "remove", key);
  if (S_ISDIR(status.st_mode)) return {};  // the folder of other objects, no object itself
  if (!S_ISREG(status.st_mode)) return root_.NoObject(key, FileKindName(status));
  const auto remove = [&] { return ::unlinkat(folder.fd.get(), name.c_str(), 0); };
  if (AtCrashPoint("folder.unlink", remove) != 0 && errno != ENOENT) {
    return root_.Failed(errno, "remove", key);
  }
  RemoveEmptyFolders(root_, path);
  return {};
}

Result<void> FolderWriter::Replace(TemporaryFile& file, const std::string& key) {
  const std::string path(FolderOf(key));
  for (int attempt = 0; attempt < kTries; ++attempt) {
    LC2_ASSIGN_OR_RETURN(const std::shared_ptr<Directory> directory, directories_.Open(path));
    Result<void> renamed = Rename(file, *directory, key);
    if (renamed.has_value() || renamed.error().kind != ErrorKind::kNotFound) return renamed;
    directories_.Clear();
  }
  return root_.Failed(EAGAIN, "write", key);
}

Result<void> FolderWriter::SyncFileSystem() {
  if (AtCrashPoint("folder.syncfs", [&] { return ::syncfs(root_.fd()); }) == 0) return {};
  // The kernel tells of lost writes once, and drops the data: asking again would succeed.
  broken_ =
      Error{.kind = ErrorKind::kUnavailable,
            .code = "store.barrier_failed",
            .message = fmt::format("the system could not write what {} was given", root_.name()),
            .hint = "see the system's log for the disk's trouble, then start again",
            .cause = Share(root_.Failed(errno, "make durable", ""))};
  return *broken_;
}

Result<void> FolderWriter::Barrier() {
  const std::lock_guard one_at_a_time(barrier_mutex_);
  if (broken_) return *broken_;
  std::vector<Pending> pending;
  {
    const std::lock_guard lock(pending_mutex_);
    pending.swap(pending_);
  }
  LC2_RETURN_IF_ERROR(SyncFileSystem());
  // Folders are found anew: one moved away since an earlier barrier must not swallow objects.
  directories_.Clear();
  Result<void> renamed;
  for (Pending& item : pending) {
    Result<void> one = Replace(item.file, item.key);
    if (one.has_value()) continue;
    renamed = std::move(one);
    // Kept, so that the barrier of another thread that waits for this object fails as well.
    const std::lock_guard lock(pending_mutex_);
    pending_.push_back(std::move(item));
  }
  if (!pending.empty()) LC2_RETURN_IF_ERROR(SyncFileSystem());
  return renamed;
}

Result<Time> FolderWriter::Now() {
  LC2_ASSIGN_OR_RETURN(const TemporaryFile file, area_.Create());
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0) return root_.Failed(errno, "read the clock of", "");
  return ModifiedAt(status);
}

}  // namespace lc2::storage
