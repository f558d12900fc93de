#include "storage/folder_temporary.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>

#include "base/random.h"
#include "storage/folder_names.h"

namespace lc2::storage {

namespace {

constexpr auto kStaleAfter = std::chrono::hours(24);
constexpr unsigned kFolderMode = 0700;
constexpr unsigned kFileMode = 0666;  // less the umask: temporaries become objects
constexpr int kTries = 8;

std::string AreaName() { return std::string(kTemporaryFolder); }

}  // namespace

TemporaryFile& TemporaryFile::operator=(TemporaryFile&& other) noexcept {
  if (this != &other) {
    Remove();
    folder_ = std::move(other.folder_);
    name_ = std::exchange(other.name_, {});
    fd_ = std::move(other.fd_);
  }
  return *this;
}

int TemporaryFile::Close() { return ::close(fd_.release()) == 0 ? 0 : errno; }

void TemporaryFile::Remove() {
  if (!name_.empty()) ::unlinkat(folder_->get(), name_.c_str(), 0);
  name_.clear();
}

TemporaryArea::TemporaryArea(const FolderRoot& root)
    : root_(root), session_(SystemRandom().Hex(8)) {}

TemporaryArea::~TemporaryArea() {
  // Fails, as it should, while another process has files in it.
  if (folder_ != nullptr) ::unlinkat(root_.fd(), AreaName().c_str(), AT_REMOVEDIR);
}

Result<std::shared_ptr<const UniqueFd>> TemporaryArea::Folder() {
  const std::lock_guard lock(mutex_);
  if (folder_ == nullptr) {
    LC2_ASSIGN_OR_RETURN(folder_, MakeFolder());
  }
  return folder_;
}

Result<std::shared_ptr<const UniqueFd>> TemporaryArea::MakeFolder() {
  int error = 0;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    if (::mkdirat(root_.fd(), AreaName().c_str(), kFolderMode) != 0 && errno != EEXIST) {
      return root_.Failed(errno, "create folder", kTemporaryFolder);
    }
    OpenAttempt opened = root_.OpenBeneath(AreaName(), O_RDONLY | O_DIRECTORY);
    if (opened.fd.valid()) return std::make_shared<const UniqueFd>(std::move(opened.fd));
    error = opened.error;
    if (error != ENOENT) break;  // ENOENT: another process has just removed it
  }
  return root_.Failed(error, "open folder", kTemporaryFolder);
}

Result<TemporaryFile> TemporaryArea::Create() {
  std::string name = fmt::format("{}-{}", session_, next_.fetch_add(1));
  int error = 0;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    LC2_ASSIGN_OR_RETURN(std::shared_ptr<const UniqueFd> folder, Folder());
    UniqueFd fd(::openat(folder->get(), name.c_str(),
                         O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
    if (fd.valid()) return TemporaryFile(std::move(folder), std::move(name), std::move(fd));
    error = errno;
    if (error != ENOENT) break;
    // Another process removed the empty folder since we opened it.
    const std::lock_guard lock(mutex_);
    if (folder_ == folder) folder_ = nullptr;
  }
  return root_.Failed(error, "create a file in", kTemporaryFolder);
}

void TemporaryArea::RemoveStale(Time now) {
  const OpenAttempt opened = root_.OpenBeneath(AreaName(), O_RDONLY | O_DIRECTORY);
  FolderNames names;
  if (!opened.fd.valid() || names.Read(opened.fd.get()) != 0) return;
  for (const FolderNames::Name& name : names.names()) {
    struct stat status {};
    if (::fstatat(opened.fd.get(), name.text, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(status.st_mode) && ModifiedAt(status) < now - kStaleAfter) {
      ::unlinkat(opened.fd.get(), name.text, 0);
    }
  }
  ::unlinkat(root_.fd(), AreaName().c_str(), AT_REMOVEDIR);  // where nothing was left
}

}  // namespace lc2::storage
