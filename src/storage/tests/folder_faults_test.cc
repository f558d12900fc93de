// What a folder store does where the system refuses a call, or has none of the kind. The calls
// below take the place of the C library's in this test program.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/file.h"
#include "storage/stores.h"
#include "testing/fake_clock.h"

namespace {

// The errno that each call answers; 0: it is made.
struct Faults {
  std::atomic<int> link = 0;
  std::atomic<int> rename = 0;
  std::atomic<int> rename_no_replace = 0;
  std::atomic<int> make_folder = 0;
  std::atomic<int> unlink = 0;
  std::atomic<int> sync_file = 0;
  std::atomic<int> sync_folder = 0;
  std::atomic<int> sync_all = 0;
  std::atomic<std::int64_t> handed_over = 0;  // bytes that the disk was given before fsync
};
Faults faults;

template <class... Arguments>
int Call(const std::atomic<int>& fault, long number, Arguments... arguments) {
  if (const int error = fault; error != 0) {
    errno = error;
    return -1;
  }
  return static_cast<int>(::syscall(number, arguments...));
}

}  // namespace

extern "C" {

int linkat(int from, const char* name, int to, const char* new_name, int flags) noexcept {
  return Call(faults.link, SYS_linkat, from, name, to, new_name, flags);
}
int renameat(int from, const char* name, int to, const char* new_name) noexcept {
  return Call(faults.rename, SYS_renameat2, from, name, to, new_name, 0);
}
int renameat2(int from, const char* name, int to, const char* new_name, unsigned flags) noexcept {
  return Call(faults.rename_no_replace, SYS_renameat2, from, name, to, new_name, flags);
}
int mkdirat(int folder, const char* name, mode_t mode) noexcept {
  return Call(faults.make_folder, SYS_mkdirat, folder, name, mode);
}
int unlinkat(int folder, const char* name, int flags) noexcept {
  return Call(faults.unlink, SYS_unlinkat, folder, name, flags);
}
int fsync(int fd) {
  struct stat status {};
  ::fstat(fd, &status);
  return Call(S_ISDIR(status.st_mode) ? faults.sync_folder : faults.sync_file, SYS_fsync, fd);
}
int syncfs(int fd) noexcept { return Call(faults.sync_all, SYS_syncfs, fd); }
int sync_file_range(int, off_t begin, off_t size, unsigned) {
  if (begin == faults.handed_over) faults.handed_over += size;
  return 0;
}

}  // extern "C"

namespace lc2 {
namespace {

namespace fs = std::filesystem;

class FolderFaults : public ::testing::Test {
 protected:
  FolderFaults()
      : folder_(TemporaryFolder::Create("lc2-faults").value()),
        ctx_(testing::TestContext()),
        store_(OpenFolderStore(folder_.path()).value()) {}
  ~FolderFaults() override {
    for (std::atomic<int>* fault :
         {&faults.link, &faults.rename, &faults.rename_no_replace, &faults.make_folder,
          &faults.unlink, &faults.sync_file, &faults.sync_folder, &faults.sync_all}) {
      *fault = 0;
    }
    faults.handed_over = 0;
  }

  Result<ObjectFacts> Create(const std::string& key, const std::string& body) {
    return store_->Put(ctx_, {.key = key, .body = body, .mode = PutMode::kCreateOnly});
  }
  Result<ObjectFacts> PutAtBarrier(const std::string& key) {
    return store_->Put(ctx_, {.key = key, .body = "x", .durability = Durability::kAtBarrier});
  }
  template <class T>
  static std::string CodeOf(const Result<T>& result) {
    return result.has_value() ? "ok" : result.error().code;
  }
  std::ptrdiff_t TemporaryFiles() const {
    return std::count_if(fs::directory_iterator(folder_.path() / ".lc2-tmp"),
                         fs::directory_iterator(),
                         [](const auto& file) { return file.path().extension() != ".lock"; });
  }

  TemporaryFolder folder_;
  Context ctx_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(FolderFaults, WithoutHardLinksOneStillCreatesAndReplacesNothing) {
  for (const int error : {EPERM, EOPNOTSUPP, ENOSYS, EMLINK}) {
    faults.link = error;
    const std::string key = "a/" + std::to_string(error);
    ASSERT_EQ(CodeOf(Create(key, "first")), "ok") << error;
    EXPECT_EQ(CodeOf(Create(key, "second")), "store.exists") << error;
    EXPECT_EQ(store_->Get(ctx_, key).value(), "first") << error;
  }
  fs::create_directories(folder_.path() / "b/folder");
  EXPECT_FALSE(Create("b/folder", "x").has_value());
  EXPECT_EQ(TemporaryFiles(), 0);
}

TEST_F(FolderFaults, WithNeitherLinksNorSuchRenamesNothingIsCreated) {
  faults.link = EPERM;
  faults.rename_no_replace = EINVAL;
  const auto created = Create("k", "x");
  EXPECT_EQ(CodeOf(created), "store.no_create_only");
  EXPECT_NE(created.error().message.find("'k'"), std::string::npos);
  EXPECT_NE(created.error().message.find(store_->root_name()), std::string::npos);
  EXPECT_EQ(store_->Head(ctx_, "k").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(TemporaryFiles(), 0);
  EXPECT_TRUE(store_->Put(ctx_, {.key = "k", .body = "x"}).has_value()) << "this needs neither";
}

TEST_F(FolderFaults, AFileThatIsNotDurableGetsNoName) {
  faults.sync_file = EIO;
  for (const PutMode mode : {PutMode::kRunOwned, PutMode::kCreateOnly}) {
    const auto put = store_->Put(ctx_, {.key = "k", .body = "x", .mode = mode});
    EXPECT_EQ(CodeOf(put), "file.io_error");
    EXPECT_EQ(store_->Head(ctx_, "k").error().kind, ErrorKind::kNotFound);
  }
  EXPECT_EQ(TemporaryFiles(), 0);
}

TEST_F(FolderFaults, ANameThatIsNotDurableIsNoSuccess) {
  faults.sync_folder = EIO;
  EXPECT_EQ(CodeOf(Create("a/k", "x")), "file.io_error");
  // A file system that cannot sync folders keeps their order itself.
  faults.sync_folder = EINVAL;
  EXPECT_EQ(CodeOf(Create("b/k", "x")), "ok");
}

// The kernel tells of lost writes once.
TEST_F(FolderFaults, AfterABarrierThatFailedNoneSucceeds) {
  ASSERT_TRUE(PutAtBarrier("k").has_value());
  faults.sync_all = EIO;
  const auto failed = store_->Barrier(ctx_);
  ASSERT_EQ(CodeOf(failed), "store.barrier_failed");
  EXPECT_EQ(failed.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(failed.error().cause->code, "file.io_error");
  faults.sync_all = 0;
  EXPECT_EQ(CodeOf(store_->Barrier(ctx_)), "store.barrier_failed");
  EXPECT_EQ(store_->Head(ctx_, "k").error().kind, ErrorKind::kNotFound);
}

TEST_F(FolderFaults, WhatABarrierCouldNotNameIsNamedByTheNext) {
  ASSERT_TRUE(PutAtBarrier("a/k").has_value());
  faults.rename = ENOENT;  // as if others removed the folder again and again
  const auto failed = store_->Barrier(ctx_);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(store_->Head(ctx_, "a/k").error().kind, ErrorKind::kNotFound);
  faults.rename = 0;
  ASSERT_EQ(CodeOf(store_->Barrier(ctx_)), "ok");
  EXPECT_EQ(store_->Get(ctx_, "a/k").value(), "x");
}

TEST_F(FolderFaults, AFolderThatVanishesAgainAndAgainEndsTheTry) {
  ASSERT_TRUE(Create("first", "x").has_value());
  faults.make_folder = ENOENT;
  const auto put = Create("a/b/k", "x");
  ASSERT_FALSE(put.has_value());
  EXPECT_EQ(put.error().kind, ErrorKind::kUnavailable);
  faults.make_folder = 0;
  EXPECT_EQ(CodeOf(Create("a/b/k", "x")), "ok");
}

TEST_F(FolderFaults, WhatCannotBeRemovedStaysAndIsAnError) {
  ASSERT_TRUE(Create("a/k", "x").has_value());
  faults.unlink = EROFS;
  const auto removed = store_->Delete(ctx_, "a/k");
  ASSERT_FALSE(removed.has_value());
  EXPECT_EQ(removed.error().kind, ErrorKind::kDenied);
  faults.unlink = 0;
  EXPECT_EQ(store_->Get(ctx_, "a/k").value(), "x");
  // Somebody else was faster.
  faults.unlink = ENOENT;
  EXPECT_EQ(CodeOf(store_->Delete(ctx_, "a/k")), "ok");
}

TEST_F(FolderFaults, WithoutDescriptorsNothingIsWrittenAndLaterItIs) {
  ASSERT_TRUE(Create("a", "x").has_value());
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  struct rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const std::string code = CodeOf(Create("b", "x"));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(code, "file.no_descriptors");
  EXPECT_EQ(CodeOf(Create("b", "x")), "ok");
}

TEST_F(FolderFaults, ALargeFileGoesToTheDiskWhileItIsWritten) {
  const std::string piece(1 << 20, 'p');
  const auto writer = store_->OpenWriter(ctx_, "large", PutMode::kRunOwned).value();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(writer->Write(piece).has_value());
    const std::int64_t left = (i + 1) * std::int64_t{1 << 20} - faults.handed_over;
    EXPECT_LT(left, 8 << 20) << "its end would wait for all of it";
  }
  ASSERT_TRUE(writer->Finish().has_value());
  EXPECT_EQ(store_->Head(ctx_, "large")->size, 20 << 20);
}

}  // namespace
}  // namespace lc2
