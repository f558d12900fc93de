#pragma once

#include <sys/stat.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/result.h"
#include "storage/folder_root.h"

namespace lc2::storage {

// A file in the folder of temporary files. Removed at the end unless it was renamed away.
class TemporaryFile {
 public:
  TemporaryFile(std::shared_ptr<const UniqueFd> folder, std::string name, UniqueFd fd)
      : folder_(std::move(folder)), name_(std::move(name)), fd_(std::move(fd)) {}
  TemporaryFile(TemporaryFile&& other) noexcept
      : folder_(std::move(other.folder_)),
        name_(std::exchange(other.name_, {})),
        fd_(std::move(other.fd_)) {}
  ~TemporaryFile() { Remove(); }

  int folder() const { return folder_->get(); }
  const std::string& name() const { return name_; }
  int fd() const { return fd_.get(); }

  // The name is gone from the folder: renamed to where it belongs.
  void Forget() { name_.clear(); }
  // Removes the name now; the open file stays.
  void Remove();
  // Closes the descriptor; the errno, as some network file systems tell of a failed write only
  // here.
  int Close();

 private:
  std::shared_ptr<const UniqueFd> folder_;
  std::string name_;
  UniqueFd fd_;
};

// The folder of temporary files of a folder store: made when the first one is, removed at the end
// if nothing is left in it. Other processes use it at the same time: each names its files after a
// session, and holds a lock on "<session>.lock" as long as it lives, so that others know whose
// files nobody will come back for. Thread-safe.
class TemporaryArea {
 public:
  explicit TemporaryArea(const FolderRoot& root);
  ~TemporaryArea();
  TemporaryArea(const TemporaryArea&) = delete;
  TemporaryArea& operator=(const TemporaryArea&) = delete;

  Result<TemporaryFile> Create();
  // Removes files of sessions that are over, and of those without a lock (on file systems that have
  // none) what was last written more than a day before `now`: a younger one may belong to a process
  // that still writes it.
  void RemoveStale(Time now);

 private:
  Result<std::shared_ptr<const UniqueFd>> Folder();
  Result<std::shared_ptr<const UniqueFd>> MakeFolder();
  void BeginSession(int folder);
  void EndSession();
  void RemoveArea();

  const FolderRoot& root_;
  const std::string session_;  // random: names are unique among processes
  std::atomic<std::uint64_t> next_ = 0;
  std::mutex mutex_;
  std::shared_ptr<const UniqueFd> folder_;  // guarded by mutex_
  UniqueFd lock_;                           // guarded by mutex_; none where nothing can be locked
};

}  // namespace lc2::storage
