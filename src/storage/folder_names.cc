#include "storage/folder_names.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace lc2::storage {

namespace {

constexpr std::size_t kBufferBytes = 64 << 10;

// What stands at `at` in the key: the "/" of a folder, or -1 at the end.
int ByteAt(const FolderNames::Name& name, std::size_t at) {
  if (at < name.length) return static_cast<unsigned char>(name.text[at]);
  return name.folder ? '/' : -1;
}

bool Precedes(const FolderNames::Name& a, const FolderNames::Name& b) {
  if (a.head != b.head) return a.head < b.head;
  const std::size_t common = std::min(a.length, b.length);
  const int order = std::memcmp(a.text, b.text, common);
  return order != 0 ? order < 0 : ByteAt(a, common) < ByteAt(b, common);
}

bool IsSame(const FolderNames::Name& a, const FolderNames::Name& b) {
  return a.folder == b.folder && a.view() == b.view();
}

std::uint64_t HeadOf(const FolderNames::Name& name) {
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < sizeof head; ++i) {
    const int byte = i <= name.length ? ByteAt(name, i) : -1;
    head = head << 8 | static_cast<std::uint64_t>(byte < 0 ? 0 : byte);
  }
  return head;
}

bool IsDots(const char* name) {
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

}  // namespace

int FolderNames::Read(int fd) {
  text_.clear();
  names_.clear();
  alignas(dirent64) std::array<char, kBufferBytes> buffer;
  while (true) {
    const ssize_t count = ::getdents64(fd, buffer.data(), buffer.size());
    if (count < 0) return errno;
    if (count == 0) break;
    for (ssize_t at = 0; at < count;) {
      const auto& item = *reinterpret_cast<const dirent64*>(buffer.data() + at);
      if (const int error = Append(fd, item); error != 0) return error;
      at += item.d_reclen;
    }
  }
  Sort();
  return 0;
}

int FolderNames::Append(int fd, const dirent64& item) {
  const char* name = item.d_name;
  if (IsDots(name)) return 0;
  bool folder = item.d_type == DT_DIR;
  if (item.d_type == DT_UNKNOWN) {  // some file systems do not say
    struct stat status {};
    if (::fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT ? 0 : errno;
    folder = S_ISDIR(status.st_mode);
  }
  const std::size_t length = std::strlen(name);
  text_.insert(text_.end(), name, name + length + 1);
  names_.push_back({.length = static_cast<std::uint32_t>(length), .folder = folder});
  return 0;
}

void FolderNames::Sort() {
  // The text has grown and moved until now.
  const char* at = text_.data();
  for (Name& name : names_) {
    name.text = at;
    name.head = HeadOf(name);
    at += name.length + 1;
  }
  std::sort(names_.begin(), names_.end(), Precedes);
  // A folder that changes while it is read may give a name twice.
  names_.erase(std::unique(names_.begin(), names_.end(), IsSame), names_.end());
}

}  // namespace lc2::storage
