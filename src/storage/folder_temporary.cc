#include "storage/folder_temporary.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <set>

#include "base/crash_point.h"
#include "base/random.h"
#include "storage/folder_names.h"

namespace lc2::storage {

namespace {

constexpr auto kStaleAfter = std::chrono::hours(24);
constexpr unsigned kFolderMode = 0700;
constexpr unsigned kFileMode = 0666;  // less the umask: temporaries become objects
constexpr int kTries = 8;

constexpr std::string_view kLockSuffix = ".lock";

std::string AreaName() { return std::string(kTemporaryFolder); }

struct flock WholeFile() {
  struct flock whole = {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return whole;
}

// Of an open file description: it ends with the process, however that ends.
bool TryLock(int fd) {
  struct flock whole = WholeFile();
  return ::fcntl(fd, F_OFD_SETLK, &whole) == 0;
}

// What is known of the sessions that have a lock file.
struct Sessions {
  std::set<std::string, std::less<>> over;
  std::set<std::string, std::less<>> living;
};

// Names were read before the locks are looked at: a session that begins meanwhile has none there.
Sessions SortSessions(int folder, const FolderNames& names) {
  Sessions sessions;
  for (const FolderNames::Name& name : names.names()) {
    const std::string_view text = name.view();
    if (!text.ends_with(kLockSuffix)) continue;
    const std::string session(text.substr(0, text.size() - kLockSuffix.size()));
    const UniqueFd fd(::openat(folder, name.text, O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid()) continue;
    if (TryLock(fd.get())) {
      sessions.over.insert(session);
    } else if (errno == EAGAIN || errno == EACCES) {
      sessions.living.insert(session);
    }
  }
  return sessions;
}

std::string_view SessionOf(std::string_view name) {
  return name.ends_with(kLockSuffix) ? name.substr(0, name.size() - kLockSuffix.size())
                                     : name.substr(0, name.rfind('-'));
}

bool IsOld(const struct stat& status, Time now) { return ModifiedAt(status) < now - kStaleAfter; }

}  // namespace

int TemporaryFile::Close() { return ::close(fd_.release()) == 0 ? 0 : errno; }

void TemporaryFile::Remove() {
  if (!name_.empty()) {
    AtCrashPoint("temporary.unlink", [&] { return ::unlinkat(folder_->get(), name_.c_str(), 0); });
  }
  name_.clear();
}

TemporaryArea::TemporaryArea(const FolderRoot& root)
    : root_(root), session_(SystemRandom().Hex(8)) {}

TemporaryArea::~TemporaryArea() {
  if (lock_.valid()) EndSession();
  if (folder_ != nullptr) RemoveArea();
}

// Fails, as it should, while a process has files in it.
void TemporaryArea::RemoveArea() {
  AtCrashPoint("temporary.rmdir",
               [&] { return ::unlinkat(root_.fd(), AreaName().c_str(), AT_REMOVEDIR); });
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
    const auto make = [&] { return ::mkdirat(root_.fd(), AreaName().c_str(), kFolderMode); };
    if (AtCrashPoint("temporary.mkdir", make) != 0 && errno != EEXIST) {
      return root_.Failed(errno, "create folder", kTemporaryFolder);
    }
    OpenAttempt opened = root_.OpenBeneath(AreaName(), O_RDONLY | O_DIRECTORY);
    if (opened.fd.valid()) {
      BeginSession(opened.fd.get());
      return std::make_shared<const UniqueFd>(std::move(opened.fd));
    }
    error = opened.error;
    if (error != ENOENT) break;  // ENOENT: another process has just removed it
  }
  return root_.Failed(error, "open folder", kTemporaryFolder);
}

// What could not be removed (a disk that became read-only) keeps its lock file, which nobody holds
// from now on: so the next session knows that it may go.
void TemporaryArea::EndSession() {
  const UniqueFd names_of(::openat(folder_->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  FolderNames names;
  if (!names_of.valid() || names.Read(names_of.get()) != 0) return;
  for (const FolderNames::Name& name : names.names()) {
    if (name.view().starts_with(session_ + "-")) return;
  }
  const std::string lock = session_ + std::string(kLockSuffix);
  const auto unlock = [&] { return ::unlinkat(folder_->get(), lock.c_str(), 0); };
  // Once more: in a library the next session may be months away.
  if (AtCrashPoint("temporary.unlock", unlock) != 0) AtCrashPoint("temporary.unlock", unlock);
}

// Without a lock, files that nobody comes back for stay for a day.
void TemporaryArea::BeginSession(int folder) {
  const std::string name = session_ + std::string(kLockSuffix);
  lock_ = UniqueFd(AtCrashPoint("temporary.lock", [&] {
    return ::openat(folder, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    kFileMode);
  }));
  if (!lock_.valid() || TryLock(lock_.get())) return;
  ::unlinkat(folder, name.c_str(), 0);
  lock_.Close();
}

Result<TemporaryFile> TemporaryArea::Create() {
  std::string name = fmt::format("{}-{}", session_, next_.fetch_add(1));
  int error = 0;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    LC2_ASSIGN_OR_RETURN(std::shared_ptr<const UniqueFd> folder, Folder());
    UniqueFd fd(AtCrashPoint("temporary.create", [&] {
      return ::openat(folder->get(), name.c_str(),
                      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode);
    }));
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
  const Sessions sessions = SortSessions(opened.fd.get(), names);
  for (const FolderNames::Name& name : names.names()) {
    const std::string_view session = SessionOf(name.view());
    if (sessions.living.contains(session)) continue;
    struct stat status {};
    if (::fstatat(opened.fd.get(), name.text, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(status.st_mode) && (sessions.over.contains(session) || IsOld(status, now))) {
      AtCrashPoint("temporary.sweep", [&] { return ::unlinkat(opened.fd.get(), name.text, 0); });
    }
  }
  RemoveArea();  // where nothing was left
}

}  // namespace lc2::storage
