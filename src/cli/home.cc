#include "cli/home.h"

#include <fmt/core.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/crash_point.h"
#include "base/file.h"
#include "control/local_platform.h"
#include "resources/embedded_store.h"

namespace lc2::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMaxKeyBytes = 64 * 1024;
constexpr unsigned kPrivate = 0600;

Result<void> MakePrivateFolder(const fs::path& folder) {
  std::error_code failed;
  const auto make = [&] {
    fs::create_directories(folder, failed);
    return failed ? -1 : 0;
  };
  if (AtCrashPoint("home.mkdir", make) != 0) {
    return ErrnoError(failed ? failed.value() : errno, "create", folder.native());
  }
  if (::chmod(folder.c_str(), 0700) != 0) return ErrnoError(errno, "protect", folder.native());
  return {};
}

// The home's own key, made the first time. Of two processes that find none, one makes it and the
// other takes that one: what a lost key has signed, nobody would trust.
Result<SigningKey> LoadOrMakeKey(const fs::path& file) {
  Result<std::string> pem = ReadFile(file, kMaxKeyBytes);
  if (!pem.has_value() && pem.error().kind == ErrorKind::kNotFound) {
    const Result<void> made =
        CreateFileAtomically(file, SigningKey::Generate().ToPem().Expose(), kPrivate);
    if (!made.has_value() && made.error().kind != ErrorKind::kAlreadyExists) return made.error();
    pem = ReadFile(file, kMaxKeyBytes);
  }
  if (!pem.has_value()) return std::move(pem).error();
  return SigningKey::FromPem(Secret(std::move(pem).value()));
}

// A damaged store holds nothing that a backup needs: what was decided lies in the vaults.
Result<std::unique_ptr<ResourceStore>> OpenResources(const Context& ctx, const fs::path& file,
                                                     Random& random) {
  auto store = OpenEmbeddedStore(ctx, file, random);
  if (store.has_value() || store.error().kind != ErrorKind::kCorrupt) return store;
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "home.store_damaged",
               .message = fmt::format("the store '{}' is damaged", file.native()),
               .hint =
                   "no backup depends on it: put back a copy of it, or move it away (with its -wal "
                   "and -shm), apply location and environment again, and run `lc2 catalog rebuild`",
               .cause = Share(store.error())};
}

}  // namespace

fs::path DefaultHome() {
  if (const char* home = std::getenv("LC2_HOME"); home != nullptr && *home != '\0') return home;
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    return fs::path(home) / ".lc2";
  }
  return ".lc2";
}

std::string CurrentUser() {
  char host[256] = "localhost";
  ::gethostname(host, sizeof host - 1);
  const passwd* user = ::getpwuid(::geteuid());
  return fmt::format("{}@{}", user != nullptr ? user->pw_name : std::to_string(::geteuid()), host);
}

Result<std::unique_ptr<catalog::Catalog>> Home::OpenCatalog(const Context& ctx,
                                                            const fs::path& folder,
                                                            const fs::path& catalog) {
  LC2_RETURN_IF_ERROR(MakePrivateFolder(folder));
  return catalog::Catalog::Open(ctx, catalog.empty() ? folder / "catalog.db" : catalog);
}

Result<std::unique_ptr<Home>> Home::Open(const Context& ctx, const fs::path& folder,
                                         const fs::path& catalog, ProgressSink* progress) {
  std::unique_ptr<Home> home(new Home());
  home->folder_ = fs::absolute(folder).lexically_normal();
  for (const char* part : {"", "keys", "keys/trusted", "secrets", "locks"}) {
    LC2_RETURN_IF_ERROR(MakePrivateFolder(home->folder_ / part));
  }
  home->secrets_ = std::make_unique<FileSecretSource>(home->folder_ / "secrets");
  LC2_ASSIGN_OR_RETURN(home->resources_,
                       OpenResources(ctx, home->folder_ / "store.db", home->random_));
  LC2_ASSIGN_OR_RETURN(home->catalog_, OpenCatalog(ctx, home->folder_, catalog));
  home->provider_ = provider::MakeProvider(*home->secrets_, ctx.clock(), ctx.log());
  home->platform_ =
      control::MakeLocalPlatform(ctx.clock(), ctx.log(), *home->provider_,
                                 {.locks = home->folder_ / "locks", .progress = progress});
  home->deps_.reset(new control::Deps{.resources = *home->resources_,
                                      .provider = *home->provider_,
                                      .platform = *home->platform_,
                                      .catalog = *home->catalog_,
                                      .random = home->random_,
                                      .signing_key = nullptr,
                                      .trusted = {},
                                      .who = CurrentUser()});
  LC2_RETURN_IF_ERROR(home->LoadKeys());
  return home;
}

Result<void> Home::LoadKeys() {
  LC2_ASSIGN_OR_RETURN(SigningKey key, LoadOrMakeKey(folder_ / "keys" / "signing.pem"));
  signing_key_ = std::make_unique<SigningKey>(std::move(key));
  deps_->signing_key = signing_key_.get();
  // A home trusts what it signed itself.
  deps_->trusted = {signing_key_->public_key()};
  std::error_code failed;
  for (const auto& file : fs::directory_iterator(folder_ / "keys" / "trusted", failed)) {
    if (file.path().extension() != ".pem") continue;
    LC2_ASSIGN_OR_RETURN(const std::string pem, ReadFile(file.path(), kMaxKeyBytes));
    LC2_ASSIGN_OR_RETURN(PublicKey trusted, PublicKey::FromPem(pem));
    AddTrusted(trusted);
  }
  if (failed) return ErrnoError(failed.value(), "list", (folder_ / "keys/trusted").native());
  return {};
}

void Home::AddTrusted(const PublicKey& key) {
  std::vector<PublicKey>& all = deps_->trusted;
  const auto same = [&](const PublicKey& other) { return other.id() == key.id(); };
  if (std::none_of(all.begin(), all.end(), same)) all.push_back(key);
}

Result<std::string> Home::Trust(const std::string& pem) {
  LC2_ASSIGN_OR_RETURN(const PublicKey key, PublicKey::FromPem(pem));
  LC2_RETURN_IF_ERROR(
      WriteFileAtomically(folder_ / "keys" / "trusted" / (key.id() + ".pem"), key.ToPem()));
  AddTrusted(key);
  return key.id();
}

Result<void> Home::WriteSecret(const std::string& name, const SecretValues& values) {
  const fs::path folder = folder_ / "secrets" / name;
  LC2_RETURN_IF_ERROR(MakePrivateFolder(folder));
  for (const auto& [key, value] : values) {
    LC2_RETURN_IF_ERROR(WriteFileAtomically(folder / key, value.Expose(), kPrivate));
  }
  return {};
}

}  // namespace lc2::cli
