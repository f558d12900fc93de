#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace lc2 {
namespace {

namespace fs = std::filesystem;

class FileTest : public ::testing::Test {
 protected:
  fs::path Path(std::string_view name) const { return folder_.path() / name; }
  std::string Text(std::string_view name) const { return ReadFile(Path(name), 1 << 20).value(); }
  std::ptrdiff_t FileCount() const {
    return std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator());
  }
  static unsigned ModeOf(const fs::path& path) {
    struct stat facts {};
    return ::stat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777U : 0;
  }

  const TemporaryFolder folder_ = TemporaryFolder::Create("lc2-test").value();
};

TEST(UniqueFd, OwnsItsDescriptor) {
  UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int number = fd.get();
  UniqueFd moved = std::move(fd);
  EXPECT_FALSE(fd.valid());  // NOLINT(bugprone-use-after-move): that it is empty is the promise
  EXPECT_EQ(moved.get(), number);
  UniqueFd other(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int replaced = other.get();
  other = std::move(moved);
  EXPECT_EQ(::fcntl(replaced, F_GETFD), -1);
  EXPECT_EQ(other.release(), number);
  EXPECT_FALSE(other.valid());
  EXPECT_NE(::fcntl(number, F_GETFD), -1);
  UniqueFd(number).Close();
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

TEST(ErrnoError, KindSaysWhatToDo) {
  const std::pair<int, ErrorKind> rows[] = {
      {ENOENT, ErrorKind::kNotFound},      {ENOTDIR, ErrorKind::kNotFound},
      {EACCES, ErrorKind::kDenied},        {EPERM, ErrorKind::kDenied},
      {EROFS, ErrorKind::kDenied},         {EEXIST, ErrorKind::kAlreadyExists},
      {ENOSPC, ErrorKind::kUnavailable},   {EDQUOT, ErrorKind::kUnavailable},
      {ENAMETOOLONG, ErrorKind::kInvalid}, {EISDIR, ErrorKind::kInvalid},
      {EMFILE, ErrorKind::kUnavailable},   {EIO, ErrorKind::kUnavailable},
      {EPIPE, ErrorKind::kUnavailable},    {EFBIG, ErrorKind::kInvalid},
      {EAGAIN, ErrorKind::kUnavailable},   {ENOMEM, ErrorKind::kUnavailable},
      {EBADF, ErrorKind::kInternal}};
  for (const auto& [number, kind] : rows) {
    EXPECT_EQ(ErrnoError(number, "open", "x").kind, kind) << number;
  }
  const Error full = ErrnoError(ENOSPC, "write", "/vault/a");
  EXPECT_EQ(full.code, "file.no_space");
  EXPECT_EQ(full.message, "cannot write '/vault/a': No space left on device");
  EXPECT_FALSE(full.hint.empty());
}

TEST_F(FileTest, ReadFileKeepsToItsLimit) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "12345").has_value());
  EXPECT_EQ(ReadFile(Path("a"), 5).value(), "12345");
  const Result<std::string> cut = ReadFile(Path("a"), 4);
  ASSERT_FALSE(cut.has_value());
  EXPECT_EQ(cut.error().code, "io.too_large");
  EXPECT_NE(cut.error().message.find(Path("a").native()), std::string::npos);
}

TEST_F(FileTest, ReadFileNamesWhatItCannotRead) {
  EXPECT_EQ(ReadFile(Path("none"), 5).error().code, "file.not_found");
  EXPECT_EQ(ReadFile(folder_.path(), 5).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(ReadFile(Path(std::string(300, 'x')), 5).error().code, "file.invalid_path");
}

TEST_F(FileTest, WriteReplacesTheWholeFileWithTheModeAskedFor) {
  const mode_t before = ::umask(077);
  const Result<void> first = WriteFileAtomically(Path("a"), "a long text", 0644);
  const Result<void> second = WriteFileAtomically(Path("a"), "new", 0640);
  ::umask(before);
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(Text("a"), "new");
  EXPECT_EQ(ModeOf(Path("a")), 0640U);
  EXPECT_EQ(FileCount(), 1);
}

TEST_F(FileTest, WriteReplacesALinkAndNotItsTarget) {
  ASSERT_TRUE(WriteFileAtomically(Path("target"), "old").has_value());
  fs::create_symlink("target", Path("link"));
  ASSERT_TRUE(WriteFileAtomically(Path("link"), "new").has_value());
  EXPECT_EQ(Text("target"), "old");
  EXPECT_EQ(Text("link"), "new");
  EXPECT_FALSE(fs::is_symlink(Path("link")));
}

TEST_F(FileTest, AFailedWriteLeavesNothingBehind) {
  fs::create_directories(Path("folder/full"));
  EXPECT_FALSE(WriteFileAtomically(Path("folder"), "x").has_value());
  EXPECT_EQ(FileCount(), 1);
  EXPECT_EQ(WriteFileAtomically(Path("none/a"), "x").error().code, "file.not_found");
  EXPECT_FALSE(WriteFileAtomically("", "x").has_value());
}

TEST_F(FileTest, CreateReplacesNothing) {
  ASSERT_TRUE(CreateFileAtomically(Path("key"), "first", 0600).has_value());
  EXPECT_EQ(ModeOf(Path("key")), 0600U);
  const Result<void> second = CreateFileAtomically(Path("key"), "second", 0600);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, ErrorKind::kAlreadyExists);
  EXPECT_EQ(Text("key"), "first");
  EXPECT_EQ(FileCount(), 1);
}

TEST_F(FileTest, OfManyThatCreateOneDoes) {
  std::atomic<int> made = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      made += CreateFileAtomically(Path("key"), std::to_string(i)).has_value() ? 1 : 0;
    });
  }
  threads.clear();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(FileCount(), 1);
}

// A killed process leaves such files: they are none of the folder's own, and go after a day.
TEST_F(FileTest, WhatADeadProcessLeftIsHiddenAndGoes) {
  std::ofstream(Path(".a.AbCdEf")) << "left a day ago";
  std::ofstream(Path(".a.GhIjKl")) << "perhaps being written";
  std::ofstream(Path(".a.b.AbCdEf")) << "another's";
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(25);
  fs::last_write_time(Path(".a.AbCdEf"), old);
  fs::last_write_time(Path(".a.b.AbCdEf"), old);
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "x").has_value());
  EXPECT_FALSE(fs::exists(Path(".a.AbCdEf")));
  EXPECT_TRUE(fs::exists(Path(".a.GhIjKl")));
  EXPECT_TRUE(fs::exists(Path(".a.b.AbCdEf")));
}

TEST_F(FileTest, WriteTakesANameInTheCurrentFolder) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_.path());
  const Result<void> done = WriteFileAtomically("plain", "x");
  fs::current_path(before);
  EXPECT_TRUE(done.has_value());
  EXPECT_EQ(Text("plain"), "x");
}

TEST_F(FileTest, FdsReportErrorsByName) {
  const UniqueFd null(::open("/dev/full", O_RDWR | O_CLOEXEC));
  FdSink sink(null.get(), "the full one");
  const Result<void> done = sink.Write("x");
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, "file.no_space");
  EXPECT_NE(done.error().message.find("the full one"), std::string::npos);
  FdSource source(-1, "nothing");
  char buffer[1];
  EXPECT_FALSE(source.Read(buffer).has_value());
}

TEST_F(FileTest, APipeTakesMoreThanItHolds) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  UniqueFd read(fds[0]);
  UniqueFd write(fds[1]);
  const std::string text(3'000'000, 'p');
  std::thread writer([&] {
    FdSink sink(write.get(), "pipe");
    EXPECT_TRUE(sink.Write(text).has_value());
    write.Close();
  });
  FdSource source(read.get(), "pipe");
  EXPECT_EQ(ReadAll(source, 4'000'000).value(), text);
  writer.join();
}

TEST(TemporaryFolder, IsPrivateAndGoesWithAllItHolds) {
  fs::path path;
  {
    TemporaryFolder folder = TemporaryFolder::Create("lc2-test").value();
    path = folder.path();
    struct stat facts {};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777U, 0700U);
    fs::create_directories(path / "a/b");
    ASSERT_TRUE(WriteFileAtomically(path / "a/b/c", "x").has_value());
    const TemporaryFolder moved = std::move(folder);
    EXPECT_EQ(moved.path(), path);
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(TemporaryFolder, ALinkInsideIsNotFollowed) {
  const TemporaryFolder outside = TemporaryFolder::Create("lc2-test").value();
  ASSERT_TRUE(WriteFileAtomically(outside.path() / "keep", "x").has_value());
  {
    const TemporaryFolder folder = TemporaryFolder::Create("lc2-test").value();
    fs::create_directory_symlink(outside.path(), folder.path() / "link");
  }
  EXPECT_TRUE(fs::exists(outside.path() / "keep"));
}

TEST(TemporaryFolder, SaysThatThereIsNoPlaceForIt) {
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TMPDIR", "/nonexistent/folder", 1);
  const Result<TemporaryFolder> folder = TemporaryFolder::Create("lc2-test");
  before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
  ASSERT_FALSE(folder.has_value());
  EXPECT_NE(folder.error().message.find("TMPDIR"), std::string::npos);
}

TEST(MemoryFile, IsPrivateAndStandsAtItsStart) {
  const UniqueFd fd = MakeMemoryFile("passfile", "secret text").value();
  struct stat facts {};
  ASSERT_EQ(::fstat(fd.get(), &facts), 0);
  EXPECT_TRUE(S_ISREG(facts.st_mode));
  EXPECT_EQ(facts.st_mode & 07777U, 0600U);
  EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_GT(fd.get(), 2);
  FdSource source(fd.get(), "passfile");
  EXPECT_EQ(ReadAll(source, 100).value(), "secret text");
  EXPECT_FALSE(MakeMemoryFile(std::string(300, 'x'), "").has_value());
}

TEST(AboveStandardFds, MovesOnlyWhatStandsThere) {
  const int copy = ::fcntl(0, F_DUPFD_CLOEXEC, 10);
  if (copy >= 0) ::close(0);
  UniqueFd low(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(low.get(), 0);
  const UniqueFd high = AboveStandardFds(std::move(low)).value();
  EXPECT_GT(high.get(), 2);
  EXPECT_NE(::fcntl(high.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(::fcntl(0, F_GETFD), -1);
  if (copy >= 0) {
    ::dup2(copy, 0);
    ::close(copy);
  }
  UniqueFd other(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int number = other.get();
  EXPECT_EQ(AboveStandardFds(std::move(other)).value().get(), number);
}

}  // namespace
}  // namespace lc2
