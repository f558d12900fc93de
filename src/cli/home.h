#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/random.h"
#include "base/secret_source.h"
#include "base/signing.h"
#include "control/deps.h"

namespace lc2::cli {

// Where the embedded store of this user lies: `--home`, else $LC2_HOME, else ~/.lc2.
std::filesystem::path DefaultHome();
// "alice@host", for records.
std::string CurrentUser();

// The embedded control plane of one machine: requests, catalogue, keys and secrets below a folder
// of mode 0700 (design.md section 4, embedded details).
class Home {
 public:
  // Opens or makes the folder and what it holds; the signing key is made once. `progress` gets
  // what running attempts report. All arguments must outlive it.
  static Result<std::unique_ptr<Home>> Open(const Context& ctx, const std::filesystem::path& folder,
                                            const std::filesystem::path& catalog,
                                            ProgressSink* progress);

  // The catalogue alone: who only lists needs neither store nor keys. The folder is made if it is
  // not there.
  static Result<std::unique_ptr<catalog::Catalog>> OpenCatalog(
      const Context& ctx, const std::filesystem::path& folder,
      const std::filesystem::path& catalog);

  const control::Deps& deps() const { return *deps_; }
  const std::filesystem::path& folder() const { return folder_; }
  const SigningKey& signing_key() const { return *signing_key_; }
  SecretSource& secrets() const { return *secrets_; }

  // Adds a public key (PEM) to those whose backups may be restored; returns its id.
  Result<std::string> Trust(const std::string& pem);
  const std::vector<PublicKey>& trusted() const { return deps_->trusted; }

  // Writes secrets/<name>/<key> with mode 0600.
  Result<void> WriteSecret(const std::string& name, const SecretValues& values);

 private:
  Home() = default;
  Result<void> LoadKeys();
  void AddTrusted(const PublicKey& key);

  std::filesystem::path folder_;
  SystemRandom random_;
  std::unique_ptr<SecretSource> secrets_;
  std::unique_ptr<ResourceStore> resources_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<provider::Provider> provider_;
  std::unique_ptr<control::Platform> platform_;
  std::unique_ptr<SigningKey> signing_key_;
  std::unique_ptr<control::Deps> deps_;
};

}  // namespace lc2::cli
