// What is written to a disk that refuses it, or that lacks a call. The calls below take the place
// of the C library's in this test program.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iterator>

#include "base/file.h"

namespace {

// The errno that each call answers; 0: it is made.
std::atomic<int> rename_fault = 0;
std::atomic<int> sync_file_fault = 0;
std::atomic<int> sync_folder_fault = 0;

template <class... Arguments>
int Call(int fault, long number, Arguments... arguments) {
  if (fault == 0) return static_cast<int>(::syscall(number, arguments...));
  errno = fault;
  return -1;
}

}  // namespace

extern "C" {

int renameat2(int from, const char* name, int to, const char* new_name, unsigned flags) noexcept {
  return Call(rename_fault, SYS_renameat2, from, name, to, new_name, flags);
}
int fsync(int fd) {
  struct stat status {};
  ::fstat(fd, &status);
  return Call(S_ISDIR(status.st_mode) ? sync_folder_fault : sync_file_fault, SYS_fsync, fd);
}

}  // extern "C"

namespace lc2 {
namespace {

namespace fs = std::filesystem;

class FileFaults : public ::testing::Test {
 protected:
  ~FileFaults() override {
    for (std::atomic<int>* fault : {&rename_fault, &sync_file_fault, &sync_folder_fault}) {
      *fault = 0;
    }
  }
  fs::path Path(std::string_view name) const { return folder_.path() / name; }
  std::ptrdiff_t FileCount() const {
    return std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator());
  }

  const TemporaryFolder folder_ = TemporaryFolder::Create("lc2-faults").value();
};

TEST_F(FileFaults, WithoutRenamesThatReplaceNothingLinksDo) {
  for (const int error : {EINVAL, ENOSYS}) {
    rename_fault = error;
    const fs::path path = Path(std::to_string(error));
    ASSERT_TRUE(CreateFileAtomically(path, "first", 0600).has_value()) << error;
    const auto second = CreateFileAtomically(path, "second", 0600);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().kind, ErrorKind::kAlreadyExists);
    EXPECT_EQ(ReadFile(path, 100).value(), "first");
    EXPECT_EQ(fs::hard_link_count(path), 1U) << "the temporary name is gone";
  }
  EXPECT_EQ(FileCount(), 2);
}

TEST_F(FileFaults, WhatIsNotDurableReplacesNothing) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "old").has_value());
  sync_file_fault = EIO;
  const auto written = WriteFileAtomically(Path("a"), "new");
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, "file.io_error");
  EXPECT_NE(written.error().message.find(Path("a").native()), std::string::npos);
  EXPECT_EQ(ReadFile(Path("a"), 100).value(), "old");
  EXPECT_EQ(FileCount(), 1);
}

TEST_F(FileFaults, ANameThatIsNotDurableIsNoSuccess) {
  sync_folder_fault = EIO;
  const auto written = WriteFileAtomically(Path("a"), "x");
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, "file.io_error");
  // A file system that cannot sync folders keeps their order itself.
  sync_folder_fault = EINVAL;
  EXPECT_TRUE(WriteFileAtomically(Path("b"), "x").has_value());
}

TEST_F(FileFaults, ATemporaryFolderWhereNoneCanBeMade) {
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TMPDIR", "/proc/self", 1);
  const Result<TemporaryFolder> folder = TemporaryFolder::Create("lc2-test");
  before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
  ASSERT_FALSE(folder.has_value());
  EXPECT_NE(folder.error().message.find("'/proc/self'"), std::string::npos);
}

}  // namespace
}  // namespace lc2
