#include "storage/folder_directories.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/crash_point.h"

namespace lc2::storage {

namespace {

constexpr std::size_t kMaxOpen = 300;  // the 256 folders of a pool, and some
constexpr int kFlags = O_RDONLY | O_DIRECTORY;
constexpr unsigned kFolderMode = 0777;  // less the umask
constexpr int kTries = 8;

// EINVAL: the file system cannot sync folders, and so keeps their order itself or not at all.
Result<void> SyncNames(const FolderRoot& root, const Directory& directory) {
  const auto sync = [&] { return ::fsync(directory.fd.get()); };
  if (AtCrashPoint("folder.fsync_names", sync) == 0 || errno == EINVAL) return {};
  return root.Failed(errno, "make durable", directory.path);
}

}  // namespace

std::string_view NameIn(std::string_view key) {
  const std::size_t slash = key.rfind('/');
  return slash == std::string_view::npos ? key : key.substr(slash + 1);
}

std::string_view FolderOf(std::string_view key) {
  const std::size_t slash = key.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : key.substr(0, slash);
}

Result<std::shared_ptr<Directory>> DirectoryCache::Open(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return OpenLocked(path);
}

void DirectoryCache::Clear() {
  const std::lock_guard lock(mutex_);
  by_path_.clear();
  recent_.clear();
}

Result<std::shared_ptr<Directory>> DirectoryCache::OpenLocked(const std::string& path) {
  if (const auto found = by_path_.find(path); found != by_path_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return recent_.front();
  }
  LC2_ASSIGN_OR_RETURN(std::shared_ptr<Directory> directory, OpenOrMake(path));
  Keep(directory);
  return directory;
}

Result<std::shared_ptr<Directory>> DirectoryCache::OpenOrMake(const std::string& path) {
  auto directory = std::make_shared<Directory>();
  directory->path = path;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    if (!path.empty()) {
      LC2_ASSIGN_OR_RETURN(directory->parent, OpenLocked(std::string(FolderOf(path))));
    }
    OpenAttempt opened = root_.OpenBeneath(path, kFlags);
    if (opened.fd.valid()) {
      directory->fd = std::move(opened.fd);
      return directory;
    }
    if (opened.error != ENOENT || path.empty()) {
      return root_.Failed(opened.error, "open folder", path);
    }
    const std::string name(NameIn(path));
    const auto make = [&] {
      return ::mkdirat(directory->parent->fd.get(), name.c_str(), kFolderMode);
    };
    if (AtCrashPoint("folder.mkdir", make) == 0 || errno == EEXIST) continue;
    if (errno != ENOENT) return root_.Failed(errno, "create folder", path);
    // The parent was removed since it was opened: whoever empties a folder removes it.
    by_path_.clear();
    recent_.clear();
  }
  return root_.Failed(EAGAIN, "create folder", path);
}

void DirectoryCache::Keep(std::shared_ptr<Directory> directory) {
  recent_.push_front(std::move(directory));
  by_path_[recent_.front()->path] = recent_.begin();
  if (recent_.size() <= kMaxOpen) return;
  by_path_.erase(recent_.back()->path);
  recent_.pop_back();
}

Result<void> MakeDurable(const FolderRoot& root, Directory& directory) {
  LC2_RETURN_IF_ERROR(SyncNames(root, directory));
  for (Directory* at = &directory; at->parent != nullptr && !at->anchored; at = at->parent.get()) {
    LC2_RETURN_IF_ERROR(SyncNames(root, *at->parent));
    at->anchored = true;
  }
  return {};
}

bool IsCurrent(const FolderRoot& root, const Directory& directory) {
  struct stat mine {};
  struct stat there {};
  const OpenAttempt named = root.OpenBeneath(directory.path, O_PATH | O_DIRECTORY);
  return named.fd.valid() && ::fstat(named.fd.get(), &there) == 0 &&
         ::fstat(directory.fd.get(), &mine) == 0 && mine.st_ino == there.st_ino &&
         mine.st_dev == there.st_dev;
}

}  // namespace lc2::storage
