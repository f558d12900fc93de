#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "storage/folder_root.h"
#include "storage/stores.h"
#include "testing/fake_clock.h"

namespace lc2 {
namespace {

namespace fs = std::filesystem;

class FolderStoreTest : public ::testing::Test {
 protected:
  FolderStoreTest()
      : folder_(TemporaryFolder::Create("lc2-folder").value()),
        root_(folder_.path() / "root"),
        ctx_(testing::TestContext()) {
    fs::create_directory(root_);
    store_ = OpenFolderStore(root_).value();
  }

  static void WriteFile(const fs::path& path, std::string_view text = "x") {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  Result<ObjectFacts> PutAtBarrier(const std::string& key, const std::string& body = "x") {
    return store_->Put(ctx_, {.key = key, .body = body, .durability = Durability::kAtBarrier});
  }
  std::size_t TemporaryFiles() const {
    const fs::path area = root_ / ".lc2-tmp";
    if (!fs::exists(area)) return 0;
    return static_cast<std::size_t>(
        std::count_if(fs::directory_iterator(area), fs::directory_iterator(),
                      [](const auto& file) { return file.path().extension() != ".lock"; }));
  }

  TemporaryFolder folder_;
  fs::path root_;
  Context ctx_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(FolderStoreTest, ObjectsArePlainFiles) {
  ASSERT_TRUE(store_->Put(ctx_, {.key = "a/b/c", .body = "hello"}).has_value());
  EXPECT_EQ(ReadFile(root_ / "a/b/c", 100).value(), "hello");
  EXPECT_EQ(store_->root_name(), "folder '" + root_.native() + "'");
  EXPECT_EQ(TemporaryFiles(), 0u);
}

TEST_F(FolderStoreTest, FactsAreThoseOfTheFileAfterAll) {
  for (const PutMode mode : {PutMode::kRunOwned, PutMode::kCreateOnly}) {
    const std::string key = mode == PutMode::kRunOwned ? "k" : "c";
    const ObjectFacts put = store_->Put(ctx_, {.key = key, .body = "x", .mode = mode}).value();
    const ObjectFacts head = store_->Head(ctx_, key).value();
    EXPECT_EQ(put.folder, head.folder);
    EXPECT_EQ(put.last_modified, head.last_modified);
    struct stat status {};
    ASSERT_EQ(::stat((root_ / key).c_str(), &status), 0);
    EXPECT_EQ(head.folder->inode, status.st_ino);
    EXPECT_EQ(status.st_nlink, 1u);
  }
}

TEST_F(FolderStoreTest, TheRootMustBeAFolderThatIsThere) {
  const auto missing = OpenFolderStore(folder_.path() / "none");
  EXPECT_EQ(missing.error().code, "store.root_missing");
  EXPECT_EQ(missing.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(OpenFolderStore("").error().code, "store.root_missing");
  WriteFile(folder_.path() / "file");
  EXPECT_EQ(OpenFolderStore(folder_.path() / "file").error().code, "store.root_invalid");
  EXPECT_FALSE(OpenFolderStore(folder_.path() / "file/x", {.create = true}).has_value());
}

TEST_F(FolderStoreTest, CreateMakesTheRootAndItsParents) {
  const fs::path deep = folder_.path() / "x/y/z/";
  ASSERT_TRUE(OpenFolderStore(deep, {.create = true}).has_value());
  ASSERT_TRUE(OpenFolderStore(deep, {.create = true}).has_value());
  struct stat status {};
  ASSERT_EQ(::stat(deep.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(FolderStoreTest, SymbolicLinksAreNeverFollowed) {
  WriteFile(folder_.path() / "outside/secret", "secret");
  fs::create_symlink(folder_.path() / "outside/secret", root_ / "link");
  fs::create_symlink(folder_.path() / "outside", root_ / "dir");
  fs::create_symlink("inside", root_ / "near");
  WriteFile(root_ / "inside/file");
  for (const char* key : {"link", "dir/secret", "near/file"}) {
    SCOPED_TRACE(key);
    EXPECT_EQ(store_->Get(ctx_, key).error().code, "store.not_an_object");
    EXPECT_EQ(store_->Head(ctx_, key).error().code, "store.not_an_object");
    EXPECT_EQ(store_->OpenReader(ctx_, key).error().code, "store.not_an_object");
    EXPECT_EQ(store_->Delete(ctx_, key).error().code, "store.not_an_object");
  }
  for (const PutMode mode : {PutMode::kRunOwned, PutMode::kCreateOnly}) {
    EXPECT_EQ(store_->Put(ctx_, {.key = "dir/new", .body = "x", .mode = mode}).error().code,
              "store.not_an_object");
    EXPECT_EQ(store_->Put(ctx_, {.key = "dir/a/new", .body = "x", .mode = mode}).error().code,
              "store.not_an_object");
  }
  // A link under the very name is replaced as a name, never written through.
  EXPECT_EQ(
      store_->Put(ctx_, {.key = "link", .body = "x", .mode = PutMode::kCreateOnly}).error().kind,
      ErrorKind::kAlreadyExists);
  ASSERT_TRUE(store_->Put(ctx_, {.key = "link", .body = "mine"}).has_value());
  EXPECT_EQ(store_->Get(ctx_, "link").value(), "mine");
  EXPECT_EQ(ReadFile(folder_.path() / "outside/secret", 100).value(), "secret");
  EXPECT_FALSE(fs::exists(folder_.path() / "outside/new"));
}

TEST_F(FolderStoreTest, TheTemporaryFolderIsNoKeyAndCannotBeALink) {
  EXPECT_EQ(store_->Put(ctx_, {.key = ".lc2-tmp/x", .body = {}}).error().code, "store.bad_key");
  EXPECT_EQ(store_->Get(ctx_, ".lc2-tmp").error().code, "store.bad_key");
  EXPECT_TRUE(store_->Put(ctx_, {.key = "a/.lc2-tmp/x", .body = {}}).has_value());
  fs::create_directory(folder_.path() / "elsewhere");
  store_.reset();
  fs::create_symlink(folder_.path() / "elsewhere", root_ / ".lc2-tmp");
  store_ = OpenFolderStore(root_).value();
  EXPECT_FALSE(store_->Put(ctx_, {.key = "k", .body = {}}).has_value());
  EXPECT_TRUE(fs::is_empty(folder_.path() / "elsewhere"));
}

TEST_F(FolderStoreTest, PipesSocketsAndDevicesAreNoObjectsAndBlockNobody) {
  ASSERT_EQ(::mkfifo((root_ / "pipe").c_str(), 0600), 0);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const fs::path here = fs::current_path();
  fs::current_path(root_);  // the path of a socket is at most 108 bytes
  std::string("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  fs::current_path(here);
  std::vector<std::string> keys = {"pipe", "socket"};
  if (::mknod((root_ / "device").c_str(), S_IFCHR | 0600, makedev(1, 5)) == 0) {
    keys.push_back("device");
  }
  for (const std::string& key : keys) {
    SCOPED_TRACE(key);
    EXPECT_EQ(store_->Get(ctx_, key).error().code, "store.not_an_object");
    EXPECT_EQ(store_->Head(ctx_, key).error().code, "store.not_an_object");
    EXPECT_EQ(store_->OpenReader(ctx_, key).error().code, "store.not_an_object");
    EXPECT_EQ(store_->Delete(ctx_, key).error().code, "store.not_an_object");
  }
  ::close(socket);
}

TEST_F(FolderStoreTest, AnObjectCannotBeTheFolderOfAnother) {
  ASSERT_TRUE(store_->Put(ctx_, {.key = "a/b", .body = "x"}).has_value());
  for (const PutMode mode : {PutMode::kRunOwned, PutMode::kCreateOnly}) {
    for (const char* key : {"a", "a/b/c", "a/b/c/d"}) {
      const auto put = store_->Put(ctx_, {.key = key, .body = "x", .mode = mode});
      ASSERT_FALSE(put.has_value());
      EXPECT_EQ(put.error().code, "store.name_taken") << key << Describe(put.error());
      EXPECT_FALSE(put.error().hint.empty());
    }
  }
  EXPECT_EQ(store_->Get(ctx_, "a/b").value(), "x");
  EXPECT_EQ(TemporaryFiles(), 0u);
}

TEST_F(FolderStoreTest, SegmentsTooLongForTheFileSystem) {
  const std::string key = "a/" + std::string(300, 'n');
  EXPECT_EQ(store_->Head(ctx_, key).error().kind, ErrorKind::kNotFound);
  EXPECT_TRUE(store_->Delete(ctx_, key).has_value());
  EXPECT_EQ(store_->Put(ctx_, {.key = key, .body = {}}).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(TemporaryFiles(), 0u);
}

TEST_F(FolderStoreTest, ReadOnlyRefusesEveryWriteAndLeavesNoTrace) {
  WriteFile(root_ / "k", "text");
  auto source = OpenFolderStore(root_, {.read_only = true}).value();
  EXPECT_EQ(source->Get(ctx_, "k").value(), "text");
  EXPECT_TRUE(source->Now(ctx_).has_value());
  const auto put = source->Put(ctx_, {.key = "k", .body = {}});
  EXPECT_EQ(put.error().kind, ErrorKind::kDenied);
  EXPECT_EQ(put.error().code, "store.read_only");
  EXPECT_EQ(source->Delete(ctx_, "k").error().code, "store.read_only");
  EXPECT_EQ(source->OpenWriter(ctx_, "k").error().code, "store.read_only");
  EXPECT_EQ(source->Barrier(ctx_).error().code, "store.read_only");
  source.reset();
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 1);
}

TEST_F(FolderStoreTest, VersionsAreRefused) {
  WriteFile(root_ / "k");
  EXPECT_EQ(store_->OpenReader(ctx_, "k", {}, "v1").error().code, "store.unsupported");
  EXPECT_EQ(store_->Delete(ctx_, "k", "v1").error().code, "store.unsupported");
}

TEST_F(FolderStoreTest, NothingIsVisibleBeforeTheBarrier) {
  ASSERT_TRUE(PutAtBarrier("pool/aa/1").has_value());
  ASSERT_TRUE(PutAtBarrier("pool/aa/2").has_value());
  EXPECT_FALSE(fs::exists(root_ / "pool"));
  EXPECT_EQ(TemporaryFiles(), 2u);
  ASSERT_TRUE(store_->Barrier(ctx_).has_value());
  EXPECT_TRUE(fs::exists(root_ / "pool/aa/1"));
  EXPECT_TRUE(fs::exists(root_ / "pool/aa/2"));
  EXPECT_EQ(TemporaryFiles(), 0u);
}

TEST_F(FolderStoreTest, WhatNoBarrierCoveredGoesWithTheStore) {
  ASSERT_TRUE(PutAtBarrier("k").has_value());
  auto writer = store_->OpenWriter(ctx_, "w").value();
  ASSERT_TRUE(writer->Write("x").has_value());
  EXPECT_EQ(TemporaryFiles(), 2u);
  writer.reset();
  store_.reset();
  EXPECT_TRUE(fs::is_empty(root_));
}

TEST_F(FolderStoreTest, AFailedBarrierFailsAgainUntilItsObjectsAreVisible) {
  WriteFile(root_ / "a/in-the-way");
  ASSERT_TRUE(PutAtBarrier("a").has_value());
  ASSERT_TRUE(PutAtBarrier("b").has_value());
  EXPECT_EQ(store_->Barrier(ctx_).error().code, "store.name_taken");
  EXPECT_TRUE(fs::exists(root_ / "b"));
  EXPECT_EQ(store_->Barrier(ctx_).error().code, "store.name_taken");
  fs::remove_all(root_ / "a");
  EXPECT_TRUE(store_->Barrier(ctx_).has_value());
  EXPECT_TRUE(fs::is_regular_file(root_ / "a"));
}

TEST_F(FolderStoreTest, TheLastOfTwoPutsWins) {
  ASSERT_TRUE(PutAtBarrier("k", "one").has_value());
  ASSERT_TRUE(PutAtBarrier("k", "two").has_value());
  ASSERT_TRUE(store_->Barrier(ctx_).has_value());
  EXPECT_EQ(store_->Get(ctx_, "k").value(), "two");
}

TEST_F(FolderStoreTest, StaleTemporaryFilesGoAndYoungOnesStay) {
  WriteFile(root_ / ".lc2-tmp/old");
  WriteFile(root_ / ".lc2-tmp/young");
  fs::last_write_time(root_ / ".lc2-tmp/old",
                      fs::file_time_type::clock::now() - std::chrono::hours(25));
  auto second = OpenFolderStore(root_).value();
  EXPECT_FALSE(fs::exists(root_ / ".lc2-tmp/old"));
  EXPECT_TRUE(fs::exists(root_ / ".lc2-tmp/young"));
}

TEST_F(FolderStoreTest, WhatAKilledProcessLeftGoesAtOnce) {
  for (const char* name : {"dead-0", "dead-17", "dead.lock", "other-0"}) {
    WriteFile(root_ / ".lc2-tmp" / name);
  }
  auto second = OpenFolderStore(root_).value();
  EXPECT_FALSE(fs::exists(root_ / ".lc2-tmp/dead-0"));
  EXPECT_FALSE(fs::exists(root_ / ".lc2-tmp/dead-17"));
  EXPECT_FALSE(fs::exists(root_ / ".lc2-tmp/dead.lock"));
  EXPECT_TRUE(fs::exists(root_ / ".lc2-tmp/other-0")) << "nothing says that it is over";
}

TEST_F(FolderStoreTest, WhatALivingStoreHoldsStaysHoweverOld) {
  ASSERT_TRUE(PutAtBarrier("k", "v").has_value());
  for (const auto& file : fs::directory_iterator(root_ / ".lc2-tmp")) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(25));
  }
  auto second = OpenFolderStore(root_).value();
  EXPECT_EQ(TemporaryFiles(), 1u);
  ASSERT_TRUE(store_->Barrier(ctx_).has_value());
  EXPECT_EQ(second->Get(ctx_, "k").value(), "v");
}

TEST_F(FolderStoreTest, DeletingRemovesFoldersThatBecomeEmpty) {
  ASSERT_TRUE(store_->Put(ctx_, {.key = "a/b/c", .body = {}}).has_value());
  ASSERT_TRUE(store_->Put(ctx_, {.key = "a/d", .body = {}}).has_value());
  ASSERT_TRUE(store_->Delete(ctx_, "a/b/c").has_value());
  EXPECT_FALSE(fs::exists(root_ / "a/b"));
  ASSERT_TRUE(store_->Delete(ctx_, "a/d").has_value());
  EXPECT_FALSE(fs::exists(root_ / "a"));
  EXPECT_TRUE(fs::exists(root_));
}

TEST_F(FolderStoreTest, DeletingOnceMoreRemovesTheFoldersToo) {
  ASSERT_TRUE(store_->Put(ctx_, {.key = "a/x", .body = {}}).has_value());
  fs::create_directories(root_ / "a/b/c");
  ASSERT_TRUE(store_->Delete(ctx_, "a/b/c/gone").has_value());
  EXPECT_FALSE(fs::exists(root_ / "a/b"));
  fs::create_directories(root_ / "a/b");
  ASSERT_TRUE(store_->Delete(ctx_, "a/b/c/gone").has_value());
  EXPECT_FALSE(fs::exists(root_ / "a/b"));
  EXPECT_TRUE(fs::exists(root_ / "a/x"));
}

// The folders that the store holds open vanish behind its back; it must not write into the void.
TEST_F(FolderStoreTest, FoldersThatVanishAreMadeAgain) {
  for (const PutMode mode : {PutMode::kRunOwned, PutMode::kCreateOnly}) {
    ASSERT_TRUE(store_->Put(ctx_, {.key = "a/b/1", .body = {}}).has_value());
    fs::remove_all(root_ / "a");
    ASSERT_TRUE(store_->Put(ctx_, {.key = "a/b/2", .body = "x", .mode = mode}).has_value());
    EXPECT_EQ(store_->Get(ctx_, "a/b/2").value(), "x");
    fs::remove_all(root_ / "a");
    ASSERT_TRUE(store_->Put(ctx_, {.key = "a/c/3", .body = "x", .mode = mode}).has_value());
    fs::remove_all(root_ / "a");
    fs::remove_all(root_ / ".lc2-tmp");
  }
  ASSERT_TRUE(PutAtBarrier("a/b/4").has_value());
  ASSERT_TRUE(store_->Barrier(ctx_).has_value());
  EXPECT_TRUE(fs::exists(root_ / "a/b/4"));
}

TEST_F(FolderStoreTest, AFolderMovedAwayIsNoSuccess) {
  ASSERT_TRUE(store_->Put(ctx_, {.key = "log/1", .body = {}}).has_value());
  fs::rename(root_ / "log", folder_.path() / "moved");
  const auto put = store_->Put(ctx_, {.key = "log/2", .body = {}, .mode = PutMode::kCreateOnly});
  EXPECT_EQ(put.error().code, "store.changed");
  EXPECT_TRUE(
      store_->Put(ctx_, {.key = "log/2", .body = {}, .mode = PutMode::kCreateOnly}).has_value());
  EXPECT_TRUE(fs::exists(root_ / "log/2"));

  fs::rename(root_ / "log", folder_.path() / "moved2");
  ASSERT_TRUE(PutAtBarrier("log/3").has_value());
  ASSERT_TRUE(store_->Barrier(ctx_).has_value());
  EXPECT_TRUE(fs::exists(root_ / "log/3"));
}

TEST_F(FolderStoreTest, MoreFoldersThanAreKeptOpen) {
  for (int i = 0; i < 700; ++i) {
    ASSERT_TRUE(PutAtBarrier("d" + std::to_string(i) + "/x").has_value());
  }
  ASSERT_TRUE(store_->Barrier(ctx_).has_value());
  for (int i = 0; i < 700; ++i) EXPECT_TRUE(fs::exists(root_ / ("d" + std::to_string(i)) / "x"));
}

TEST_F(FolderStoreTest, LargePutsGoThroughThePoolAndTheBarrier) {
  const std::string body(1 << 20, 'b');
  ASSERT_TRUE(PutAtBarrier("big", body).has_value());
  ASSERT_TRUE(store_->Barrier(ctx_).has_value());
  EXPECT_EQ(store_->Get(ctx_, "big").value(), body);
}

TEST_F(FolderStoreTest, AFileCutShortWhileItIsReadShows) {
  WriteFile(root_ / "k", std::string(100, 'x'));
  auto reader = store_->OpenReader(ctx_, "k").value();
  const ObjectFacts before = reader->CurrentFacts().value();
  fs::resize_file(root_ / "k", 50);
  EXPECT_EQ(ReadAll(*reader, 1000).value().size(), 50u);
  const ObjectFacts after = reader->CurrentFacts().value();
  EXPECT_NE(before.folder, after.folder);
  EXPECT_EQ(after.size, 50);
  fs::remove(root_ / "k");
  fs::create_symlink("elsewhere", root_ / "k");
  EXPECT_EQ(reader->CurrentFacts().error().code, "store.changed");
}

TEST_F(FolderStoreTest, OfManyProcessesOneCreates) {
  constexpr int kProcesses = 4;
  constexpr int kKeys = 25;
  store_.reset();  // no threads while this process forks
  std::vector<pid_t> children;
  for (int child = 0; child < kProcesses; ++child) {
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      int won = 0;
      auto store = OpenFolderStore(root_).value();
      for (int i = 0; i < kKeys; ++i) {
        const auto put = store->Put(ctx_, {.key = "log/" + std::to_string(i),
                                           .body = std::to_string(child),
                                           .mode = PutMode::kCreateOnly});
        if (put.has_value()) {
          ++won;
        } else if (put.error().kind != ErrorKind::kAlreadyExists) {
          ::_exit(255);
        }
      }
      ::_exit(won);
    }
    children.push_back(pid);
  }
  int won = 0;
  for (const pid_t pid : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_NE(WEXITSTATUS(status), 255);
    won += WEXITSTATUS(status);
  }
  EXPECT_EQ(won, kKeys);
}

// As in a container whose filter hides openat2.
TEST(FolderRoot, BothConfinementsAnswerAlike) {
  const TemporaryFolder folder = TemporaryFolder::Create("lc2-root").value();
  fs::create_directories(folder.path() / "in/a/b");
  std::ofstream(folder.path() / "in/a/b/file") << "x";
  std::ofstream(folder.path() / "secret") << "x";
  fs::create_symlink(folder.path() / "secret", folder.path() / "in/link");
  fs::create_symlink(folder.path(), folder.path() / "in/a/up");
  auto root = storage::FolderRoot::Open(folder.path() / "in", {}).value();
  struct Case {
    std::string path;
    int flags;
    int error;
  };
  for (const storage::Confinement confinement :
       {storage::Confinement::kKernel, storage::Confinement::kSegments}) {
    root.set_confinement(confinement);
    for (const Case& one : {Case{"a/b/file", O_RDONLY, 0},
                            {"a/b", O_RDONLY | O_DIRECTORY, 0},
                            {"", O_RDONLY | O_DIRECTORY, 0},
                            {"a/b/none", O_RDONLY, ENOENT},
                            {"a/none/file", O_RDONLY, ENOENT},
                            {"a/b/file/x", O_RDONLY, ENOTDIR},
                            {"link", O_RDONLY, ELOOP},
                            {"a/up/secret", O_RDONLY, ELOOP},
                            {"a/up", O_RDONLY | O_DIRECTORY, ELOOP},
                            {"a/up", O_PATH | O_DIRECTORY, ELOOP},
                            {"../secret", O_RDONLY, EXDEV},
                            {"a/../../secret", O_RDONLY, EXDEV},
                            // The kernel would read the first two bytes alone.
                            {std::string("..\0x", 4), O_RDONLY, EINVAL},
                            {std::string("a\0/b", 4), O_RDONLY, EINVAL},
                            {"link", O_PATH, 0}}) {
      const storage::OpenAttempt attempt = root.OpenBeneath(one.path, one.flags);
      EXPECT_EQ(attempt.error, one.error) << one.path;
      EXPECT_EQ(attempt.fd.valid(), one.error == 0) << one.path;
    }
    EXPECT_FALSE(root.OpenBeneath((folder.path() / "secret").native(), O_RDONLY).fd.valid());
  }
}

TEST(FolderRoot, ErrorsSayWhatToDo) {
  const TemporaryFolder folder = TemporaryFolder::Create("lc2-root").value();
  const auto root = storage::FolderRoot::Open(folder.path(), {}).value();
  EXPECT_EQ(root.Failed(EXDEV, "write", "k").code, "store.other_file_system");
  EXPECT_EQ(root.Failed(ESTALE, "write", "k").kind, ErrorKind::kUnavailable);
  EXPECT_EQ(root.Failed(EACCES, "read", "k").kind, ErrorKind::kDenied);
  EXPECT_EQ(root.Failed(EACCES, "read", "k").message,
            "cannot read '" + folder.path().native() + "/k': Permission denied");
  EXPECT_FALSE(root.Failed(EACCES, "read", "k").hint.empty());
}

TEST(FolderRoot, TimesBeyondTheRangeAreCut) {
  struct stat status {};
  status.st_mtim = {.tv_sec = INT64_MAX / 2, .tv_nsec = 5};
  EXPECT_EQ(storage::ModifiedAt(status), Time::max());
  status.st_mtim = {.tv_sec = INT64_MIN / 2, .tv_nsec = 5};
  EXPECT_EQ(storage::ModifiedAt(status), Time::min());
  status.st_mtim = {.tv_sec = -1, .tv_nsec = 500'000'000};
  EXPECT_EQ(storage::ModifiedAt(status).time_since_epoch().count(), -500'000'000);
}

}  // namespace
}  // namespace lc2
