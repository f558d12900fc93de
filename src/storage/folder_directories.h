#pragma once

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/file.h"
#include "base/result.h"
#include "storage/folder_root.h"

namespace lc2::storage {

// The last segment of a key, and the path of the folder it lies in ("" for the root).
std::string_view NameIn(std::string_view key);
std::string_view FolderOf(std::string_view key);

// An open folder below the root.
struct Directory {
  std::string path;
  UniqueFd fd;
  std::shared_ptr<Directory> parent;   // null for the root
  std::atomic<bool> anchored = false;  // its name in the parent is known to be durable
};

// Open folders to write into, made where they are missing, so that a write costs no path walk.
// Holds at most a few hundred descriptors, the least recently used go first. Thread-safe.
class DirectoryCache {
 public:
  explicit DirectoryCache(const FolderRoot& root) : root_(root) {}

  // The folder `path`, made with its parents where it is missing.
  Result<std::shared_ptr<Directory>> Open(const std::string& path);
  // Forgets all: a cached folder was removed or moved by somebody else.
  void Clear();

 private:
  Result<std::shared_ptr<Directory>> OpenLocked(const std::string& path);
  Result<std::shared_ptr<Directory>> OpenOrMake(const std::string& path);
  void Keep(std::shared_ptr<Directory> directory);

  const FolderRoot& root_;
  std::mutex mutex_;
  std::list<std::shared_ptr<Directory>> recent_;  // most recently used first; guarded by mutex_
  std::unordered_map<std::string_view, std::list<std::shared_ptr<Directory>>::iterator> by_path_;
};

// Makes the names in `directory`, its own name and those of its parents durable.
Result<void> MakeDurable(const FolderRoot& root, Directory& directory);

// Whether its path still names this folder.
bool IsCurrent(const FolderRoot& root, const Directory& directory);

}  // namespace lc2::storage
