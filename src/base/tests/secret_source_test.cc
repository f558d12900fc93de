#include "base/secret_source.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"

namespace lc2 {
namespace {

namespace fs = std::filesystem;

class SecretSourceTest : public ::testing::Test {
 protected:
  void Put(const fs::path& path, std::string_view text) {
    fs::create_directories((folder_.path() / path).parent_path());
    ASSERT_TRUE(WriteFileAtomically(folder_.path() / path, text, 0600).has_value());
  }

  const TemporaryFolder folder_ = TemporaryFolder::Create("lc2-test").value();
  FileSecretSource source_{folder_.path() / "secrets"};
};

TEST_F(SecretSourceTest, ReadsOneKeyAFile) {
  Put("secrets/retail-prd-db/host", "db.example");
  Put("secrets/retail-prd-db/password", "s3cret\n");
  Put("secrets/retail-prd-db/windows", "s3cret\r\n");
  Put("secrets/retail-prd-db/two-lines", "a\n\n");
  Put("secrets/retail-prd-db/ends-in-return", "a\r");
  Put("secrets/retail-prd-db/.hidden", "no");
  Put("secrets/retail-prd-db/folder/file", "no");

  const SecretValues values = source_.Read("retail-prd-db").value();
  ASSERT_EQ(values.size(), 5U);
  EXPECT_EQ(values.at("host").Expose(), "db.example");
  EXPECT_EQ(values.at("password").Expose(), "s3cret");
  EXPECT_EQ(values.at("windows").Expose(), "s3cret");
  EXPECT_EQ(values.at("two-lines").Expose(), "a\n");
  EXPECT_EQ(values.at("ends-in-return").Expose(), "a\r");
}

// As kubelet lays it out: each key is a link into a folder that is swapped as a whole.
TEST_F(SecretSourceTest, FollowsTheLinksOfAMountedSecret) {
  Put("secrets/db/..2025_11_09/password", "x");
  fs::create_directory_symlink("..2025_11_09", folder_.path() / "secrets/db/..data");
  fs::create_symlink("..data/password", folder_.path() / "secrets/db/password");
  const SecretValues values = source_.Read("db").value();
  ASSERT_EQ(values.size(), 1U);
  EXPECT_EQ(values.at("password").Expose(), "x");
}

TEST_F(SecretSourceTest, ANameCannotLeaveTheFolder) {
  Put("other/password", "x");
  for (const char* name :
       {"", ".", "..", "../other", "/etc", "a/b", "Upper", "under_score", ".x"}) {
    const Result<SecretValues> values = source_.Read(name);
    ASSERT_FALSE(values.has_value()) << name;
    EXPECT_EQ(values.error().code, "secret.bad_name");
  }
  EXPECT_FALSE(source_.Read(std::string(254, 'a')).has_value());
}

TEST_F(SecretSourceTest, SaysWhereTheFilesOfAMissingSecretBelong) {
  const Result<SecretValues> values = source_.Read("db");
  ASSERT_FALSE(values.has_value());
  EXPECT_EQ(values.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(values.error().code, "secret.unreadable");
  EXPECT_NE(values.error().hint.find("secrets/db"), std::string::npos);
}

TEST_F(SecretSourceTest, RefusesAValueThatIsNoSecret) {
  Put("secrets/fits/key", std::string(1 << 20, 'x'));
  EXPECT_EQ(source_.Read("fits").value().at("key").Expose().size(), std::size_t{1} << 20);
  Put("secrets/big/key", std::string((1 << 20) + 1, 'x'));
  EXPECT_EQ(source_.Read("big").error().code, "secret.too_large");
}

}  // namespace
}  // namespace lc2
