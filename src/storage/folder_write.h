#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/folder_directories.h"
#include "storage/folder_root.h"
#include "storage/folder_temporary.h"
#include "storage/object_store.h"

namespace lc2::storage {

// Writing below the root of a folder store. Keys have been checked. An object appears as a whole
// under its name: it is written as a temporary file and renamed or linked. Thread-safe.
class FolderWriter {
 public:
  // `root` must outlive the writer.
  explicit FolderWriter(const FolderRoot& root);

  Result<ObjectFacts> Put(const PutOperation& put);
  // The file below must not be used after the writer is gone.
  Result<std::unique_ptr<ObjectWriter>> Open(const std::string& key, PutMode mode);
  Result<void> Delete(const std::string& key);
  Result<void> Barrier();
  // The clock that gives files of this file system their times (a server's, on a network one).
  Result<Time> Now();

  // Gives the written file its name, durably. On an error it is not known to have it, but for
  // kAlreadyExists: then it has not.
  Result<ObjectFacts> Publish(TemporaryFile& file, const std::string& key, PutMode mode);

 private:
  struct Pending {
    TemporaryFile file;
    std::string key;
  };

  Result<void> Replace(TemporaryFile& file, const std::string& key);
  Result<void> Rename(TemporaryFile& file, Directory& directory, const std::string& key);
  Result<void> CreateOnly(TemporaryFile& file, Directory& directory, const std::string& key);
  Result<void> SyncFileSystem();

  const FolderRoot& root_;
  DirectoryCache directories_;
  TemporaryArea area_;

  std::mutex barrier_mutex_;     // one barrier at a time
  std::optional<Error> broken_;  // guarded by barrier_mutex_
  std::mutex pending_mutex_;
  std::vector<Pending> pending_;  // guarded by pending_mutex_
};

}  // namespace lc2::storage
