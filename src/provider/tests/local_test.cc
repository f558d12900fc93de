#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "provider/provider.h"
#include "testing/fake_clock.h"

namespace lc2::provider {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::TestContext;

class KnownSecrets final : public SecretSource {
 public:
  Result<SecretValues> Read(std::string_view name) override {
    if (name == "db") return SecretValues{{"host", Secret("db.example")}};
    return Error{.kind = ErrorKind::kNotFound, .code = "secret.not_found"};
  }
};

template <class T>
std::string CodeOf(const Result<T>& result) {
  return result.has_value() ? "ok" : result.error().code;
}

class Local : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_.path() / "library");
    fs::create_directories(folder_.path() / "vault");
    environment_.metadata.name = "retail-prd";
    environment_.spec.document_library.bucket = Path("library");
    location_.metadata.name = "here";
    location_.spec.bucket = Path("vault");
  }
  std::string Path(const std::string& name) const { return (folder_.path() / name).native(); }
  std::string Apart(const std::string& library, const std::string& vault) {
    environment_.spec.document_library.bucket = library;
    location_.spec.bucket = vault;
    return CodeOf(provider_->CheckApart(environment_, location_));
  }

  TemporaryFolder folder_ = TemporaryFolder::Create("lc2-provider-test").value();
  Context ctx_ = TestContext();
  KnownSecrets secrets_;
  std::unique_ptr<Provider> provider_ = MakeLocalProvider(secrets_);
  api::LiferayEnvironment environment_;
  api::BackupLocation location_;
};

TEST_F(Local, OpensTheVaultBelowItsPrefixWithTheAccessAskedFor) {
  EXPECT_TRUE(provider_->OpenVault(location_, VaultAccess::kRead).has_value());
  location_.spec.prefix = "backups/lc2";
  const auto absent = provider_->OpenVault(location_, VaultAccess::kWrite);
  ASSERT_FALSE(absent.has_value());
  EXPECT_EQ(absent.error().kind, ErrorKind::kNotFound);
  {
    const auto made = provider_->OpenVault(location_, VaultAccess::kCreate);
    ASSERT_TRUE(made.has_value()) << Describe(made.error());
    ASSERT_TRUE((*made)->Put(ctx_, {.key = "vault.json", .body = "{}"}).has_value());
  }
  EXPECT_TRUE(fs::exists(Path("vault/backups/lc2/vault.json")));
  const auto reader = provider_->OpenVault(location_, VaultAccess::kRead).value();
  EXPECT_EQ(reader->Get(ctx_, "vault.json").value(), "{}");
  EXPECT_EQ(reader->Put(ctx_, {.key = "other", .body = ""}).error().kind, ErrorKind::kDenied);
}

TEST_F(Local, OpensTheLibraryToReadUnlessItIsRestored) {
  const auto source = provider_->OpenLibrary(environment_, LibraryAccess::kRead).value();
  EXPECT_EQ(source->Put(ctx_, {.key = "a", .body = ""}).error().kind, ErrorKind::kDenied);
  environment_.spec.document_library.prefix = "document_library";
  EXPECT_EQ(provider_->OpenLibrary(environment_, LibraryAccess::kRead).error().kind,
            ErrorKind::kNotFound);
  const auto target = provider_->OpenLibrary(environment_, LibraryAccess::kWrite).value();
  ASSERT_TRUE(target->Put(ctx_, {.key = "a", .body = "x"}).has_value());
  EXPECT_TRUE(fs::exists(Path("library/document_library/a")));
}

TEST_F(Local, RefusesFoldersThatAreNoWholePaths) {
  for (const char* folder : {"", "library", "./library", "../library"}) {
    environment_.spec.document_library.bucket = folder;
    location_.spec.bucket = folder;
    EXPECT_EQ(CodeOf(provider_->OpenLibrary(environment_, LibraryAccess::kRead)),
              "provider.relative_folder");
    EXPECT_EQ(CodeOf(provider_->OpenVault(location_, VaultAccess::kCreate)),
              "provider.relative_folder");
    EXPECT_EQ(CodeOf(provider_->CheckApart(environment_, location_)), "provider.relative_folder");
    EXPECT_EQ(CodeOf(provider_->FreeBytesForLibrary(environment_)), "provider.relative_folder");
  }
}

TEST_F(Local, RefusesPrefixesThatLeaveTheirFolder) {
  for (const char* prefix : {"..", "../other", "a/../../b", "/etc", "./../x"}) {
    location_.spec.prefix = prefix;
    environment_.spec.document_library.prefix = prefix;
    EXPECT_EQ(CodeOf(provider_->OpenVault(location_, VaultAccess::kCreate)), "provider.bad_prefix")
        << prefix;
    EXPECT_EQ(CodeOf(provider_->OpenLibrary(environment_, LibraryAccess::kWrite)),
              "provider.bad_prefix")
        << prefix;
  }
  for (const char* prefix : {"a", "a/b", "a/../b", ".", "..a"}) {
    location_.spec.prefix = prefix;
    EXPECT_EQ(CodeOf(provider_->OpenVault(location_, VaultAccess::kCreate)), "ok") << prefix;
  }
  EXPECT_FALSE(fs::exists(Path("other")));
}

TEST_F(Local, RefusesOtherProvidersAndStores) {
  location_.spec.provider = api::Provider::kAws;
  const auto vault = provider_->OpenVault(location_, VaultAccess::kRead);
  ASSERT_EQ(CodeOf(vault), "provider.unsupported");
  EXPECT_THAT(vault.error().message, HasSubstr("location 'here' is on provider 'aws'"));
  environment_.spec.provider = api::Provider::kGcp;
  EXPECT_EQ(CodeOf(provider_->OpenLibrary(environment_, LibraryAccess::kRead)),
            "provider.unsupported");
  environment_.spec.provider = api::Provider::kLocal;
  for (const auto store :
       {api::LibraryStore::kAdvancedFileSystem, api::LibraryStore::kS3, api::LibraryStore::kDB}) {
    environment_.spec.document_library.store = store;
    EXPECT_EQ(CodeOf(provider_->OpenLibrary(environment_, LibraryAccess::kRead)),
              "library.unsupported_store");
  }
}

TEST_F(Local, KeepsLibraryAndVaultApart) {
  EXPECT_EQ(Apart(Path("library"), Path("vault")), "ok");
  EXPECT_EQ(Apart(Path("vault"), Path("vault")), "provider.overlap");
  EXPECT_EQ(Apart(Path("vault/"), Path("vault")), "provider.overlap");
  EXPECT_EQ(Apart(Path("vault/library"), Path("vault")), "provider.overlap");
  EXPECT_EQ(Apart(Path("vault"), Path("vault/below")), "provider.overlap");
  EXPECT_EQ(Apart(Path("library/../vault"), Path("vault")), "provider.overlap");
  EXPECT_EQ(Apart("/", Path("vault")), "provider.overlap");
  // Names that only begin alike, also where nothing is there yet.
  EXPECT_EQ(Apart(Path("vault2"), Path("vault")), "ok");
  EXPECT_EQ(Apart(Path("not/yet"), Path("not/here")), "ok");
  EXPECT_EQ(Apart(Path("not/yet/below"), Path("not/yet")), "provider.overlap");
}

TEST_F(Local, LooksThroughLinksForTheOverlap) {
  fs::create_directory_symlink(Path("vault"), Path("link"));
  EXPECT_EQ(Apart(Path("link"), Path("vault")), "provider.overlap");
  EXPECT_EQ(Apart(Path("link/library"), Path("vault")), "provider.overlap");
  EXPECT_EQ(Apart(Path("library"), Path("link")), "ok");
  environment_.spec.document_library.prefix = "below";
  EXPECT_EQ(Apart(Path("link"), Path("vault")), "provider.overlap");
}

// A link into the vault whose end is not there yet: nothing is ever made through it.
TEST_F(Local, MakesNoLibraryThroughALinkThatLeadsNowhere) {
  fs::create_directory_symlink(Path("vault/later"), Path("dangling"));
  for (const char* prefix : {"", "below"}) {
    environment_.spec.document_library.bucket = Path("dangling");
    environment_.spec.document_library.prefix = prefix;
    EXPECT_EQ(CodeOf(provider_->CheckApart(environment_, location_)), "provider.overlap") << prefix;
  }
}

TEST_F(Local, OpensNothingThroughLinksThatGoInACircle) {
  fs::create_directory_symlink(Path("b"), Path("a"));
  fs::create_directory_symlink(Path("a"), Path("b"));
  EXPECT_EQ(Apart(Path("a"), Path("vault")), "ok");
  EXPECT_FALSE(provider_->OpenLibrary(environment_, LibraryAccess::kRead).has_value());
  EXPECT_FALSE(provider_->OpenLibrary(environment_, LibraryAccess::kWrite).has_value());
}

TEST_F(Local, KnowsTheRoomForALibraryThatIsNotThereYet) {
  environment_.spec.document_library.bucket = Path("not/yet/there");
  const auto free = provider_->FreeBytesForLibrary(environment_);
  ASSERT_TRUE(free.has_value()) << Describe(free.error());
  ASSERT_TRUE(free->has_value());
  EXPECT_GT(**free, 0);
}

TEST_F(Local, ReadsTheSecretThatTheEnvironmentNames) {
  const auto unnamed = provider_->DatabaseSecret(environment_);
  ASSERT_EQ(CodeOf(unnamed), "environment.no_connection_secret");
  EXPECT_THAT(unnamed.error().message, HasSubstr("'retail-prd'"));
  environment_.spec.database.connection_secret.name = "db";
  EXPECT_EQ(provider_->DatabaseSecret(environment_).value().at("host").Expose(), "db.example");
  environment_.spec.database.connection_secret.name = "other";
  EXPECT_EQ(CodeOf(provider_->DatabaseSecret(environment_)), "secret.not_found");
}

}  // namespace
}  // namespace lc2::provider
