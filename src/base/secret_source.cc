#include "base/secret_source.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/file.h"

namespace lc2 {

namespace {

// RFC 1123 label, as Kubernetes names secrets (dots allowed, but not in front).
bool IsSecretName(std::string_view name) {
  return !name.empty() && name.size() <= 253 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

constexpr std::int64_t kMaxSecretBytes = 1 << 20;  // Kubernetes: a Secret holds at most 1 MiB

}  // namespace

Result<SecretValues> FileSecretSource::Read(std::string_view name) {
  if (!IsSecretName(name)) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "secret.bad_name",
                 .message = fmt::format("'{}' is not the name of a secret", name.substr(0, 64)),
                 .hint = "use lower-case letters, digits, '-' and '.'"};
  }
  const std::filesystem::path folder = root_ / name;
  std::error_code failed;
  std::filesystem::directory_iterator files(folder, failed);
  if (failed) {
    Error error = ErrnoError(failed.value(), "read secret", folder.native());
    error.code = "secret.unreadable";
    error.hint = fmt::format("put one file for each key into '{}'", folder.native());
    return error;
  }
  SecretValues values;
  for (const auto& file : files) {
    const std::string key = file.path().filename().native();
    if (key.starts_with(".") || !file.is_regular_file(failed)) continue;
    LC2_ASSIGN_OR_RETURN(std::string text, ReadFile(file.path(), kMaxSecretBytes));
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    values.emplace(key, Secret(std::move(text)));
  }
  return values;
}

}  // namespace lc2
