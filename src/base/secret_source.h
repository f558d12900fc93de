#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace lc2 {

// One named secret: its keys and values ("host", "password", ...).
using SecretValues = std::map<std::string, Secret>;

// Where named secrets come from. Names are DNS labels, so a name cannot leave its folder.
class SecretSource {
 public:
  virtual ~SecretSource() = default;
  // Errors: kNotFound, kDenied, kInvalid (bad name, a value above 1 MiB).
  virtual Result<SecretValues> Read(std::string_view name) = 0;
};

// `<root>/<name>/<key>` files, the form in which a pod sees its secrets. One trailing line break is
// cut. Files whose name starts with "." are skipped (kubelet's own).
class FileSecretSource final : public SecretSource {
 public:
  explicit FileSecretSource(std::filesystem::path root) : root_(std::move(root)) {}
  Result<SecretValues> Read(std::string_view name) override;

 private:
  std::filesystem::path root_;
};

}  // namespace lc2
