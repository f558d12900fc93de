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

constexpr std::size_t kMaxSecretBytes = 1 << 20;  // Kubernetes: a Secret holds at most 1 MiB

Result<std::size_t> Fill(ByteSource& source, std::span<char> buffer) {
  std::size_t size = 0;
  while (size < buffer.size()) {
    LC2_ASSIGN_OR_RETURN(const std::size_t count, source.Read(buffer.subspan(size)));
    if (count == 0) break;
    size += count;
  }
  return size;
}

// Without one trailing line break, as an editor leaves it.
std::string_view WithoutLineBreak(std::string_view text) {
  if (!text.ends_with('\n')) return text;
  text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// Like ReadFile, but leaves no copy behind in freed memory.
Result<Secret> ReadSecretFile(const std::filesystem::path& path) {
  LC2_ASSIGN_OR_RETURN(const UniqueFd fd, OpenForReading(path));
  FdSource source(fd.get(), path.native());
  std::string buffer(kMaxSecretBytes + 1, '\0');
  Result<Secret> secret = Fill(source, buffer).and_then([&](std::size_t size) -> Result<Secret> {
    if (size <= kMaxSecretBytes) {
      return Secret(std::string(WithoutLineBreak(std::string_view(buffer).substr(0, size))));
    }
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "secret.too_large",
                 .message = fmt::format("secret file '{}' is larger than {} bytes", path.native(),
                                        kMaxSecretBytes),
                 .hint = "a secret's key holds a password or a key file: is this one of them?"};
  });
  Secret::Wipe(buffer);
  return secret;
}

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
  for (; files != std::filesystem::directory_iterator(); files.increment(failed)) {
    const std::string key = files->path().filename().native();
    std::error_code ignored;
    if (key.starts_with(".") || !files->is_regular_file(ignored)) continue;
    LC2_ASSIGN_OR_RETURN(Secret secret, ReadSecretFile(files->path()));
    values.emplace(key, std::move(secret));
  }
  if (failed) return ErrnoError(failed.value(), "read secret", folder.native());
  return values;
}

}  // namespace lc2
