#pragma once

#include <filesystem>

#include "base/file.h"
#include "base/result.h"

namespace lc2::cli {

// Held by the one `lc2 serve` of a home, from its start until its process ends, however it ends.
class ServeLock {
 public:
  // kConflict "serve.running" while another process holds it.
  static Result<ServeLock> Take(const std::filesystem::path& home);

 private:
  explicit ServeLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// Whether a `lc2 serve` works on this home now.
bool IsServed(const std::filesystem::path& home);

}  // namespace lc2::cli
