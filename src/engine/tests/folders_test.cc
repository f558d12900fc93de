// The whole way on real folders, with the provider that serves them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "engine/tests/world.h"
#include "provider/provider.h"

namespace lc2::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class NoSecrets final : public SecretSource {
 public:
  Result<SecretValues> Read(std::string_view) override {
    return Error{.kind = ErrorKind::kNotFound, .code = "secret.not_found"};
  }
};

class Folders : public ::testing::Test {
 protected:
  void SetUp() override {
    site_.environment.spec.document_library.bucket = Path("library");
    site_.location.spec.bucket = Path("vault");
    Write("20097/20123/4301/1.0", "first version");
    Write("20097/20123/4302/1.0", "another file");
  }
  std::string Path(const std::string& name) const { return (root_.path() / name).native(); }
  void Write(const std::string& key, const std::string& text) {
    const fs::path path = Path("library/" + key);
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
  Files Library() {
    const auto store = OpenFolderStore(Path("library"), {.read_only = true}).value();
    return FilesOf(*store, ctx_);
  }
  // The reason of the first conflict.
  std::string Conflict(const vault::OpenedBackup& backup) {
    const auto plan = site_.Plan(backup, api::RestoreType::kStorageOnly);
    EXPECT_TRUE(IsOk(plan));
    if (!plan.has_value() || plan->conflicts.empty()) return "none";
    return plan->conflicts.front().reason + ": " + plan->conflicts.front().message;
  }

  TemporaryFolder root_ = TemporaryFolder::Create("lc2-engine-test").value();
  Context ctx_ = testing::TestContext();
  NoSecrets secrets_;
  std::unique_ptr<provider::Provider> provider_ = provider::MakeLocalProvider(secrets_);
  std::unique_ptr<ObjectStore> vault_ = OpenFolderStore(Path("vault"), {.create = true}).value();
  World site_{ctx_, *vault_, *provider_};
};

TEST_F(Folders, GoThereAndBack) {
  site_.verify = api::VerifyLevel::kFull;
  const Files before = Library();
  const auto backup = site_.BackUp(kFirstBackup);
  ASSERT_TRUE(IsOk(backup));
  EXPECT_EQ(site_.Held(backup->manifest), before);
  fs::remove_all(Path("library"));  // the folder itself is gone as well
  EXPECT_EQ(Conflict(*backup), "none");
  EXPECT_FALSE(fs::exists(Path("library")));
  ASSERT_TRUE(IsOk(site_.Restore(*backup, api::RestoreType::kStorageOnly)));
  EXPECT_EQ(Library(), before);
}

TEST_F(Folders, AreRefusedWhereTheyLieInOneAnother) {
  const auto backup = site_.BackUp(kFirstBackup);
  ASSERT_TRUE(IsOk(backup));
  fs::create_directory_symlink(Path("vault"), Path("link"));
  const std::size_t before = FilesOf(*vault_, ctx_).size();
  for (const char* folder : {"vault", "vault/library", "", "link/library", "library/../vault"}) {
    site_.environment.spec.document_library.bucket = Path(folder);
    EXPECT_THAT(Conflict(*backup), HasSubstr("Invalid: ")) << folder;
    EXPECT_EQ(CodeOf(site_.Restore(*backup, api::RestoreType::kStorageOnly)), "restore.conflict");
  }
  EXPECT_EQ(FilesOf(*vault_, ctx_).size(), before);
  site_.environment.spec.document_library.bucket = Path("vault");
  EXPECT_EQ(CodeOf(site_.BackUp(kSecondBackup)), "provider.overlap");
  site_.environment.spec.document_library.bucket = "library";
  EXPECT_EQ(CodeOf(site_.BackUp(kThirdBackup)), "provider.relative_folder");
}

TEST_F(Folders, AreNotLeftThroughALinkInTheTarget) {
  const auto backup = site_.BackUp(kFirstBackup);
  ASSERT_TRUE(IsOk(backup));
  fs::remove_all(Path("library/20097"));
  fs::create_directories(Path("elsewhere/20123/4301"));
  fs::create_directory_symlink(Path("elsewhere"), Path("library/20097"));
  site_.overwrite = true;
  const auto report = site_.Restore(*backup, api::RestoreType::kStorageOnly);
  EXPECT_FALSE(report.has_value());
  EXPECT_TRUE(fs::is_empty(Path("elsewhere/20123/4301")));
  EXPECT_FALSE(fs::exists(Path("elsewhere/20123/4302")));
}

// A vault in a stranger's hands: manifest and log agree, and the key leads out of the target.
TEST_F(Folders, AreNotLeftByTheKeysOfAHostileManifest) {
  const auto backup = site_.BackUp(kFirstBackup);
  ASSERT_TRUE(IsOk(backup));
  fs::remove_all(Path("library"));
  const std::string manifest_key = vault::ManifestKey(kRetail, BackupId(kFirstBackup));
  const std::string log = vault::ControlEntryKey(kRetail, backup->manifest.run_id, 2);
  const std::string entry = vault_->Get(ctx_, log).value();
  ASSERT_THAT(entry, HasSubstr(backup->manifest_digest));
  for (const char* key : {"../evil", "/tmp/evil", "20097/../../evil", "20097//evil", ".", "a/./b",
                          ".lc2-tmp/evil", "a\x01"}) {
    vault::Manifest hostile = backup->manifest;
    hostile.document_library.files.erase(hostile.document_library.files.begin() + 1,
                                         hostile.document_library.files.end());
    hostile.document_library.files[0].key = key;
    hostile.document_library.object_count = 1;
    hostile.document_library.total_size_bytes = hostile.document_library.files[0].size;
    const std::string bytes = vault::EncodeManifest(hostile);
    const std::string digest = "sha256:" + Sha256Hex(bytes);
    std::string forged = entry;
    forged.replace(forged.find(backup->manifest_digest), digest.size(), digest);
    ASSERT_TRUE(IsOk(vault_->Delete(ctx_, vault::SignatureKey(kRetail, BackupId(kFirstBackup)))));
    ASSERT_TRUE(IsOk(vault_->Put(ctx_, {.key = log, .body = forged})));
    ASSERT_TRUE(IsOk(vault_->Put(ctx_, {.key = manifest_key, .body = bytes})));
    RestoreRun run = site_.MakeRestore(*backup, api::RestoreType::kStorageOnly);
    run.manifest_digest = digest;
    const auto report = RunRestore(ctx_, *provider_, run);
    EXPECT_FALSE(report.has_value()) << key;
    EXPECT_NE(CodeOf(report), "restore.other_backup") << key;
    for (const auto& found : fs::recursive_directory_iterator(root_.path())) {
      EXPECT_NE(found.path().filename(), "evil") << key;
    }
  }
}

TEST_F(Folders, AreBackedUpWithoutLinksAndStrangeFiles) {
  fs::create_symlink("/etc/passwd", Path("library/20097/link"));
  const Files before = Library();
  const auto backup = site_.BackUp(kFirstBackup);
  ASSERT_TRUE(IsOk(backup));
  EXPECT_EQ(site_.Held(backup->manifest), before);
  EXPECT_FALSE(before.contains("20097/link"));
  EXPECT_EQ(backup->manifest.consistency.findings->count, 1);
}

}  // namespace
}  // namespace lc2::engine
