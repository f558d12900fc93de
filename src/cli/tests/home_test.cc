#include "cli/home.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/file.h"
#include "testing/fake_clock.h"

namespace lc2::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::SizeIs;

unsigned ModeOf(const fs::path& path) {
  struct stat facts {};
  EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
  return facts.st_mode & 0777;
}

class HomeTest : public ::testing::Test {
 protected:
  std::unique_ptr<Home> Open(const std::string& name = "home") {
    auto home = Home::Open(ctx_, folder_.path() / name, {}, nullptr);
    EXPECT_TRUE(home.has_value()) << home.error().message;
    return std::move(home).value();
  }

  TemporaryFolder folder_ = TemporaryFolder::Create("home").value();
  Context ctx_ = testing::TestContext();
};

TEST_F(HomeTest, IsForItsOwnerAlone) {
  const auto home = Open();
  EXPECT_EQ(ModeOf(home->folder()), 0700u);
  EXPECT_EQ(ModeOf(home->folder() / "keys/signing.pem"), 0600u);
  EXPECT_EQ(ModeOf(home->folder() / "secrets"), 0700u);
}

TEST_F(HomeTest, OpenedToOthersIsClosedAgain) {
  fs::create_directories(folder_.path() / "home");
  ::chmod((folder_.path() / "home").c_str(), 0755);
  EXPECT_EQ(ModeOf(Open()->folder()), 0700u);
}

TEST_F(HomeTest, SigningKeyIsMadeOnce) {
  const std::string first = Open()->signing_key().public_key().id();
  EXPECT_EQ(Open()->signing_key().public_key().id(), first);
  EXPECT_NE(Open("other")->signing_key().public_key().id(), first);
}

TEST_F(HomeTest, BrokenSigningKeyIsNeverReplaced) {
  const fs::path key = Open()->folder() / "keys/signing.pem";
  ASSERT_TRUE(WriteFileAtomically(key, "no key").has_value());
  EXPECT_FALSE(Home::Open(ctx_, folder_.path() / "home", {}, nullptr).has_value());
  EXPECT_EQ(ReadFile(key, 100).value(), "no key");
}

TEST_F(HomeTest, TrustsItselfAndWhomItIsToldTo) {
  const std::string foreign = Open("other")->signing_key().public_key().ToPem();
  const auto home = Open();
  EXPECT_THAT(home->trusted(), SizeIs(1));
  const auto id = home->Trust(foreign);
  ASSERT_TRUE(id.has_value());
  EXPECT_THAT(home->trusted(), SizeIs(2));
  EXPECT_EQ(home->deps().trusted.back().id(), *id);
  EXPECT_THAT(Open()->trusted(), SizeIs(2)) << "it is remembered";
}

TEST_F(HomeTest, TrustingTwiceIsTrustingOnce) {
  const auto home = Open();
  const std::string foreign = Open("other")->signing_key().public_key().ToPem();
  ASSERT_TRUE(home->Trust(foreign).has_value());
  ASSERT_TRUE(home->Trust(foreign).has_value());
  ASSERT_TRUE(home->Trust(home->signing_key().public_key().ToPem()).has_value());
  EXPECT_THAT(home->trusted(), SizeIs(2));
  EXPECT_THAT(Open()->trusted(), SizeIs(2));
}

TEST_F(HomeTest, PrivateKeyIsNoPublicOne) {
  const auto home = Open();
  const std::string pem = ReadFile(home->folder() / "keys/signing.pem", 1000).value();
  EXPECT_EQ(home->Trust(pem).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(home->Trust("").error().kind, ErrorKind::kInvalid);
}

TEST_F(HomeTest, SecretsAreFilesOfTheirOwner) {
  const auto home = Open();
  ASSERT_TRUE(home->WriteSecret("retail-prd-db", {{"password", Secret("s3cret")}}).has_value());
  const fs::path file = home->folder() / "secrets/retail-prd-db/password";
  EXPECT_EQ(ModeOf(file), 0600u);
  EXPECT_EQ(ModeOf(file.parent_path()), 0700u);
  EXPECT_EQ(ReadFile(file, 100).value(), "s3cret");
}

TEST_F(HomeTest, CatalogueMayLieElsewhere) {
  const fs::path file = folder_.path() / "elsewhere.db";
  ASSERT_TRUE(Home::Open(ctx_, folder_.path() / "home", file, nullptr).has_value());
  EXPECT_TRUE(fs::exists(file));
  EXPECT_FALSE(fs::exists(folder_.path() / "home/catalog.db"));
}

TEST_F(HomeTest, TheCatalogueIsReadWhereStoreAndKeysAreDamaged) {
  const fs::path folder = folder_.path() / "home";
  ASSERT_TRUE(Home::OpenCatalog(ctx_, folder, {}).has_value());
  EXPECT_EQ(ModeOf(folder), 0700u);
  EXPECT_FALSE(fs::exists(folder / "store.db"));
  ASSERT_TRUE(Home::Open(ctx_, folder, {}, nullptr).has_value());
  ASSERT_TRUE(WriteFileAtomically(folder / "keys/signing.pem", "damage").has_value());
  EXPECT_FALSE(Home::Open(ctx_, folder, {}, nullptr).has_value());
  EXPECT_TRUE(Home::OpenCatalog(ctx_, folder, {}).has_value());
}

TEST_F(HomeTest, PlaceThatIsNoFolderIsRefused) {
  ASSERT_TRUE(WriteFileAtomically(folder_.path() / "file", "x").has_value());
  EXPECT_FALSE(Home::Open(ctx_, folder_.path() / "file", {}, nullptr).has_value());
  EXPECT_FALSE(Home::Open(ctx_, folder_.path() / "file/below", {}, nullptr).has_value());
}

TEST(DefaultHome, IsChosenByTheEnvironment) {
  const std::string home = std::getenv("HOME") != nullptr ? std::getenv("HOME") : "";
  const std::string own = std::getenv("LC2_HOME") != nullptr ? std::getenv("LC2_HOME") : "";
  ::setenv("LC2_HOME", "/somewhere", 1);
  EXPECT_EQ(DefaultHome(), "/somewhere");
  ::setenv("LC2_HOME", "", 1);
  ::setenv("HOME", "/home/alice", 1);
  EXPECT_EQ(DefaultHome(), "/home/alice/.lc2");
  ::unsetenv("HOME");
  EXPECT_EQ(DefaultHome(), ".lc2");
  ::setenv("HOME", home.c_str(), 1);
  if (own.empty()) {
    ::unsetenv("LC2_HOME");
  } else {
    ::setenv("LC2_HOME", own.c_str(), 1);
  }
}

TEST(CurrentUser, HasNameAndMachine) {
  EXPECT_THAT(CurrentUser(), ::testing::MatchesRegex("[^@]+@[^@]+"));
}

}  // namespace
}  // namespace lc2::cli
