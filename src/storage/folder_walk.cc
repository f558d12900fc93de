#include "storage/folder_walk.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "storage/folder_names.h"
#include "storage/key_text.h"

namespace lc2::storage {

namespace {

constexpr std::size_t kBatch = 512;
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NONBLOCK;
// Deeper levels give their descriptor back while a folder below them is walked, so that a deep tree
// cannot use up the process's descriptors.
constexpr std::size_t kOpenLevels = 48;

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

// Whether a key itself, or any key below a folder ("a/b/"), can answer the query.
bool Matches(const ListQuery& query, std::string_view key) {
  return StartsWith(key, query.prefix) && key > query.start_after &&
         (query.end_before.empty() || key < query.end_before);
}
bool MayMatchBelow(const ListQuery& query, std::string_view folder) {
  return (StartsWith(folder, query.prefix) || StartsWith(query.prefix, folder)) &&
         (folder > query.start_after || StartsWith(query.start_after, folder)) &&
         (query.end_before.empty() || folder < query.end_before);
}

class Walker final : public EntryReader {
 public:
  Walker(const Context& ctx, const FolderRoot& root, ListQuery query)
      : ctx_(ctx), root_(root), query_(std::move(query)) {}

  // Starts in the folder that the prefix names, if it names one: its siblings cannot match.
  Result<void> Start() {
    const std::size_t slash = query_.prefix.rfind('/');
    if (slash == std::string::npos) return Enter(root_.OpenBeneath("", kFolderFlags));
    const std::string folder = query_.prefix.substr(0, slash);
    if (!CheckFolderKey(folder).has_value()) return {};  // no key starts like this
    key_ = folder + "/";
    OpenAttempt attempt = root_.OpenBeneath(folder, kFolderFlags);
    if (attempt.error == ELOOP || attempt.error == ENAMETOOLONG) return {};
    return Enter(std::move(attempt));
  }

  Result<std::vector<Entry>> Read() override {
    LC2_RETURN_IF_ERROR(ctx_.Check());
    std::vector<Entry> batch;
    batch.reserve(kBatch);
    while (batch.size() < kBatch && !levels_.empty()) {
      Level& level = levels_.back();
      if (level.next == level.names.names().size()) {
        levels_.pop_back();
        continue;
      }
      const FolderNames::Name& name = level.names.names()[level.next++];
      key_.resize(level.key_length);
      key_ += name.view();
      if (name.folder) {
        LC2_RETURN_IF_ERROR(VisitFolder(name));
      } else {
        LC2_RETURN_IF_ERROR(VisitFile(name, batch));
      }
    }
    return batch;
  }

 private:
  struct Level {
    UniqueFd fd;
    FolderNames names;
    std::size_t next = 0;
    std::size_t key_length = 0;  // of the folder's key with its "/"
  };

  // Reads the names of the folder `key_`.
  Result<void> Enter(OpenAttempt attempt) {
    LC2_RETURN_IF_ERROR(ctx_.Check());
    Level level{.key_length = key_.size()};
    int error = attempt.error;
    if (error == 0) {
      level.fd = std::move(attempt.fd);
      error = level.names.Read(level.fd.get());
    }
    if (error == EACCES || error == EPERM) return Unreadable(error);
    if (error == ENOENT || error == ENOTDIR) return {};  // vanished, or never there
    if (error != 0) return root_.Failed(error, "list", key_);
    if (levels_.size() >= kOpenLevels) levels_.back().fd.Close();
    levels_.push_back(std::move(level));
    return {};
  }

  // A level's descriptor; opened again if it was given back.
  Result<int> FdOf(Level& level) {
    if (!level.fd.valid()) {
      const std::string folder = key_.substr(0, level.key_length - 1);
      OpenAttempt attempt = root_.OpenBeneath(folder, kFolderFlags);
      if (!attempt.fd.valid()) return root_.Failed(attempt.error, "list", folder);
      level.fd = std::move(attempt.fd);
    }
    return level.fd.get();
  }

  Result<void> VisitFolder(const FolderNames::Name& name) {
    if (key_ == kTemporaryFolder) return {};
    key_ += '/';
    if (!MayMatchBelow(query_, key_)) return {};
    if (!CheckKey(std::string_view(key_).substr(0, key_.size() - 1)).has_value()) {
      return Skip(SkipReason::kInvalidName);
    }
    LC2_ASSIGN_OR_RETURN(const int parent, FdOf(levels_.back()));
    UniqueFd fd(::openat(parent, name.text, kFolderFlags | O_NOFOLLOW | O_CLOEXEC));
    const int error = fd.valid() ? 0 : errno;
    // ENOTDIR, ELOOP: no folder any more since its name was read.
    if (error == ELOOP) return {};
    return Enter({std::move(fd), error});
  }

  Result<void> VisitFile(const FolderNames::Name& name, std::vector<Entry>& batch) {
    if (!Matches(query_, key_)) return {};
    LC2_ASSIGN_OR_RETURN(const int parent, FdOf(levels_.back()));
    struct stat status {};
    if (::fstatat(parent, name.text, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return {};
      if (errno == EACCES) return LeaveUnreadable(errno);
      return root_.Failed(errno, "list", key_);
    }
    if (S_ISLNK(status.st_mode)) return Skip(SkipReason::kSymbolicLink);
    if (S_ISDIR(status.st_mode)) return {};  // made since its name was read
    if (!S_ISREG(status.st_mode)) return Skip(SkipReason::kSpecialFile);
    if (!CheckFolderKey(key_).has_value()) return Skip(SkipReason::kInvalidName);
    Entry& entry = batch.emplace_back();
    entry.key = key_;
    entry.size = status.st_size;
    entry.last_modified = ModifiedAt(status);
    entry.folder = IdentityOf(status);
    return {};
  }

  // A folder whose names can be read but not looked up (no search permission): none of it can be.
  Result<void> LeaveUnreadable(int error) {
    key_.resize(levels_.back().key_length);
    levels_.pop_back();
    return Unreadable(error);
  }

  Result<void> Unreadable(int error) {
    if (key_.empty() || !query_.on_skipped) return root_.Failed(error, "list folder", key_);
    return Skip(SkipReason::kUnreadableFolder);
  }

  Result<void> Skip(SkipReason reason) {
    if (query_.on_skipped) query_.on_skipped({.name = EscapeName(key_), .reason = reason});
    return {};
  }

  const Context ctx_;
  const FolderRoot& root_;
  const ListQuery query_;
  std::vector<Level> levels_;
  std::string key_;  // of what is being looked at
};

}  // namespace

Result<std::unique_ptr<EntryReader>> WalkFolder(const Context& ctx, const FolderRoot& root,
                                                const ListQuery& query) {
  auto walker = std::make_unique<Walker>(ctx, root, query);
  LC2_RETURN_IF_ERROR(walker->Start());
  return std::unique_ptr<EntryReader>(std::move(walker));
}

}  // namespace lc2::storage
