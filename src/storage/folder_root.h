#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"
#include "storage/object_store.h"
#include "storage/stores.h"

namespace lc2::storage {

// Where temporary files of a folder store lie; no key, and never listed.
inline constexpr std::string_view kTemporaryFolder = ".lc2-tmp";

// CheckKey, and not the folder of temporary files. Error: kInvalid "store.bad_key".
Result<void> CheckFolderKey(std::string_view key);

// How paths are kept below the root. kKernel is openat2(2) with RESOLVE_BENEATH and
// RESOLVE_NO_SYMLINKS (Linux 5.6): one call, atomic. kSegments, where the kernel has no openat2 or
// a container's filter hides it, opens segment by segment, each with O_NOFOLLOW: keys have no "..",
// so this leaves the tree as little; it costs a call a segment.
enum class Confinement { kKernel, kSegments };

// A descriptor, or the errno of why there is none.
struct OpenAttempt {
  UniqueFd fd;
  int error = 0;
};

// The root of a folder store: every path is opened beneath it and through no symbolic link.
// Thread-safe.
class FolderRoot {
 public:
  // Errors: kNotFound "store.root_missing", kInvalid "store.root_invalid", kDenied.
  static Result<FolderRoot> Open(const std::filesystem::path& path,
                                 const FolderStoreOptions& options);

  // Opens `path` (relative, "" for the root) with O_CLOEXEC | O_NOFOLLOW and `flags`. A symbolic
  // link anywhere in it is ELOOP (as last segment with O_PATH: the link itself), a zero byte
  // EINVAL.
  OpenAttempt OpenBeneath(const std::string& path, int flags) const;

  int fd() const { return fd_.get(); }
  const std::string& name() const { return name_; }  // "folder '/srv/vault'"
  std::string PathOf(std::string_view key) const;    // for messages
  // Error for a failed call on a key; adds what ErrnoError cannot know about objects.
  Error Failed(int error_number, std::string_view doing, std::string_view key) const;
  Error NotFound(std::string_view key) const;  // kNotFound "store.not_found"
  Error NoObject(std::string_view key,
                 std::string_view what) const;  // kInvalid "store.not_an_object"

  Confinement confinement() const { return confinement_; }
  void set_confinement(Confinement confinement) { confinement_ = confinement; }

 private:
  FolderRoot(UniqueFd fd, std::string path);

  UniqueFd fd_;
  std::string path_;
  std::string name_;
  Confinement confinement_ = Confinement::kKernel;
};

// What a file system says about an object. Times beyond the range of Time (years 1678 to 2262) are
// cut to its ends.
FolderIdentity IdentityOf(const struct stat& status);
Time ModifiedAt(const struct stat& status);
ObjectFacts FactsOf(const struct stat& status);

// "a symbolic link", "a device", ... of what is neither a plain file nor a folder: for messages.
std::string_view FileKindName(const struct stat& status);

}  // namespace lc2::storage
