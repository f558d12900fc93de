#pragma once

#include <dirent.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace lc2::storage {

// The names in one folder, sorted as the keys below it sort: a folder counts as its name and "/".
class FolderNames {
 public:
  struct Name {
    const char* text = nullptr;  // ends with a NUL
    std::uint32_t length = 0;
    bool folder = false;
    std::uint64_t head = 0;  // the first 8 bytes, big-endian: most comparisons end here
    std::string_view view() const { return {text, length}; }
  };

  // Reads all names from an open folder. Returns the errno, or 0.
  int Read(int fd);
  const std::vector<Name>& names() const { return names_; }

 private:
  int Append(int fd, const dirent64& item);
  void Sort();

  std::vector<char> text_;
  std::vector<Name> names_;
};

}  // namespace lc2::storage
