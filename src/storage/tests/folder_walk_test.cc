#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "storage/stores.h"
#include "testing/fake_clock.h"

namespace lc2 {
namespace {

namespace fs = std::filesystem;

class FolderWalkTest : public ::testing::Test {
 protected:
  FolderWalkTest()
      : folder_(TemporaryFolder::Create("lc2-walk").value()), ctx_(testing::TestContext()) {
    store_ = OpenFolderStore(folder_.path(), {.read_only = true}).value();
  }

  void Write(const std::string& key, const std::string& text = "x") {
    const fs::path path = folder_.path() / key;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  std::vector<std::string> KeysOf(ListQuery query) {
    skipped_.clear();
    query.on_skipped = [this](const SkippedName& name) { skipped_[name.name] = name.reason; };
    std::vector<std::string> keys;
    auto reader = store_->List(ctx_, query);
    EXPECT_TRUE(reader.has_value());
    Cursor<Entry> cursor(*reader.value());
    while (true) {
      const Result<void> advanced = cursor.Advance();
      EXPECT_TRUE(advanced.has_value()) << Describe(advanced.error());
      if (!advanced.has_value() || cursor.get() == nullptr) return keys;
      keys.push_back(cursor.get()->key);
    }
  }

  TemporaryFolder folder_;
  Context ctx_;
  std::unique_ptr<ObjectStore> store_;
  std::map<std::string, SkipReason> skipped_;
};

// Works with the file system's rights of an ordinary user, on this thread.
class AsNobody {
 public:
  AsNobody() { ::setfsuid(65534); }
  ~AsNobody() { ::setfsuid(::geteuid()); }
};

TEST_F(FolderWalkTest, EntriesCarryWhatTheFileSystemSays) {
  Write("a/b", "hello");
  const Entry entry = store_->List(ctx_, {}).value()->Read().value().at(0);
  struct stat status {};
  ASSERT_EQ(::stat((folder_.path() / "a/b").c_str(), &status), 0);
  EXPECT_EQ(entry.key, "a/b");
  EXPECT_EQ(entry.size, 5);
  EXPECT_EQ(entry.etag, "");
  ASSERT_TRUE(entry.folder.has_value());
  EXPECT_EQ(entry.folder->inode, status.st_ino);
  EXPECT_EQ(entry.folder->device, status.st_dev);
  EXPECT_EQ(entry.folder->mtime_ns, status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec);
  EXPECT_EQ(entry.folder->ctime_ns, status.st_ctim.tv_sec * 1'000'000'000 + status.st_ctim.tv_nsec);
  EXPECT_EQ(entry.last_modified.time_since_epoch().count(), entry.folder->mtime_ns);
  EXPECT_FALSE(entry.checksum.has_value());
}

TEST_F(FolderWalkTest, NamesThatAreNoObjectsAreReported) {
  Write("file");
  Write("bad\nname");
  Write("bad\xFF");
  Write("dir\x01/inside");
  fs::create_symlink("file", folder_.path() / "link");
  fs::create_directory_symlink("/etc", folder_.path() / "linked-folder");
  ASSERT_EQ(::mkfifo((folder_.path() / "pipe").c_str(), 0600), 0);
  Write(".lc2-tmp/temporary");
  Write("sub/.lc2-tmp");
  EXPECT_EQ(KeysOf({}), (std::vector<std::string>{"file", "sub/.lc2-tmp"}));
  EXPECT_EQ(skipped_,
            (std::map<std::string, SkipReason>{{"bad\\x0aname", SkipReason::kInvalidName},
                                               {"bad\\xff", SkipReason::kInvalidName},
                                               {"dir\\x01/", SkipReason::kInvalidName},
                                               {"link", SkipReason::kSymbolicLink},
                                               {"linked-folder", SkipReason::kSymbolicLink},
                                               {"pipe", SkipReason::kSpecialFile}}));
  EXPECT_EQ(KeysOf({.prefix = "f"}), std::vector<std::string>{"file"});
  EXPECT_TRUE(skipped_.empty());
  // Without anybody to tell they are passed over.
  EXPECT_EQ(store_->List(ctx_, {}).value()->Read().value().size(), 2u);
}

TEST_F(FolderWalkTest, AFileInTheTemporaryFoldersPlaceIsNoObject) {
  Write(".lc2-tmp");
  EXPECT_TRUE(KeysOf({}).empty());
  EXPECT_EQ(skipped_.at(".lc2-tmp"), SkipReason::kInvalidName);
}

TEST_F(FolderWalkTest, KeysAboveTheLimitAreReported) {
  fs::path deep = folder_.path();
  for (int i = 0; i < 6; ++i) {
    deep /= std::string(200, static_cast<char>('a' + i));
    ASSERT_EQ(::mkdir(deep.c_str(), 0700), 0);
    std::ofstream(deep / "f") << "x";
  }
  EXPECT_EQ(KeysOf({}).size(), 5u);
  ASSERT_EQ(skipped_.size(), 1u);
  EXPECT_EQ(skipped_.begin()->second, SkipReason::kInvalidName);
}

TEST_F(FolderWalkTest, DeepTreesUseFewDescriptors) {
  fs::path deep = folder_.path();
  std::string key;
  std::vector<std::string> expected;
  for (int i = 0; i < 400; ++i) {
    std::ofstream(deep / "a") << "x";
    std::ofstream(deep / "z") << "x";
    deep /= "d";
    ASSERT_EQ(::mkdir(deep.c_str(), 0700), 0);
    expected.push_back(key + "a");
    expected.push_back(key + "z");
    key += "d/";
  }
  std::sort(expected.begin(), expected.end());
  const int before = ::dup(0);
  ::close(before);
  auto reader = store_->List(ctx_, {}).value();
  ASSERT_EQ(reader->Read().value().size(), 512u);
  const int after = ::dup(0);
  ::close(after);
  EXPECT_LT(after - before, 64);
  EXPECT_EQ(KeysOf({}), expected);
}

TEST_F(FolderWalkTest, WhatVanishesIsLeftOut) {
  for (int i = 0; i < 1000; ++i) Write("k" + std::to_string(1000 + i));
  Write("z/1");
  auto reader = store_->List(ctx_, {}).value();
  ASSERT_EQ(reader->Read().value().size(), 512u);
  fs::remove(folder_.path() / "k1999");
  fs::remove_all(folder_.path() / "z");
  std::size_t rest = 0;
  while (true) {
    const auto batch = reader->Read();
    ASSERT_TRUE(batch.has_value());
    if (batch.value().empty()) break;
    rest += batch.value().size();
  }
  EXPECT_EQ(rest, 1000u - 512 - 1);
}

TEST_F(FolderWalkTest, UnreadableFoldersAreReportedOrFail) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  Write("open/1");
  Write("shut/1");
  Write("names-only/1");
  ::chmod(folder_.path().c_str(), 0755);
  ::chmod((folder_.path() / "shut").c_str(), 0700);
  ::chmod((folder_.path() / "names-only").c_str(), 0744);
  {
    const AsNobody nobody;
    EXPECT_EQ(KeysOf({}), std::vector<std::string>{"open/1"});
    EXPECT_EQ(skipped_,
              (std::map<std::string, SkipReason>{{"names-only/", SkipReason::kUnreadableFolder},
                                                 {"shut/", SkipReason::kUnreadableFolder}}));
    EXPECT_EQ(KeysOf({.prefix = "open"}), std::vector<std::string>{"open/1"});
    EXPECT_TRUE(skipped_.empty());
    // Silence would hide objects.
    EXPECT_EQ(store_->List(ctx_, {.prefix = "shut/"}).error().kind, ErrorKind::kDenied);
    EXPECT_EQ(store_->List(ctx_, {}).value()->Read().error().kind, ErrorKind::kDenied);
  }
  ::chmod(folder_.path().c_str(), 0700);
  const AsNobody nobody;
  EXPECT_EQ(store_->List(ctx_, {.on_skipped = [](const SkippedName&) {}}).error().kind,
            ErrorKind::kDenied);
}

TEST_F(FolderWalkTest, UnreadableFilesAreListedAndDenied) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  Write("k");
  ::chmod(folder_.path().c_str(), 0755);
  ::chmod((folder_.path() / "k").c_str(), 0600);
  const AsNobody nobody;
  EXPECT_EQ(KeysOf({}), std::vector<std::string>{"k"});
  EXPECT_TRUE(store_->Head(ctx_, "k").has_value());
  const auto reader = store_->OpenReader(ctx_, "k");
  EXPECT_EQ(reader.error().kind, ErrorKind::kDenied);
  EXPECT_FALSE(reader.error().hint.empty());
}

}  // namespace
}  // namespace lc2
