// Keys come from storage, databases and users. Whatever they say, a folder store stays below its
// root: nothing outside is read, changed or made.
#include <fcntl.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/file.h"
#include "storage/folder_root.h"
#include "storage/stores.h"

namespace {

namespace fs = std::filesystem;

// `top/in` is the root; links in it lead out to `top/out`.
class Playground {
 public:
  Playground() : top_(lc2::TemporaryFolder::Create("lc2-key-fuzz").value()) {
    fs::create_directory(in());
    fs::create_directory(top_.path() / "out");
    std::ofstream(top_.path() / "out/secret") << "secret";
    fs::create_directory_symlink("..", in() / "up");
    fs::create_directory_symlink(top_.path() / "out", in() / "out");
    fs::create_directory(in() / "a");
    fs::create_symlink("../../out/secret", in() / "a/secret");
    store_ = lc2::OpenFolderStore(in(), {.threads = 1}).value();
  }

  fs::path in() const { return top_.path() / "in"; }
  lc2::ObjectStore& store() { return *store_; }

  void CheckOutside() const {
    int names = 0;
    for (const auto& item : fs::recursive_directory_iterator(top_.path() / "out")) {
      LC2_CHECK(item.path().filename() == "secret");
      ++names;
    }
    LC2_CHECK(names == 1 && fs::file_size(top_.path() / "out/secret") == 6);
    LC2_CHECK(std::distance(fs::directory_iterator(top_.path()), {}) == 2);
  }

  // An open descriptor leads to a place below the root.
  void CheckInside(int fd) const {
    const fs::path there = fs::read_symlink("/proc/self/fd/" + std::to_string(fd));
    const std::string root = fs::canonical(in()).native();
    LC2_CHECK(there.native() == root ||
              there.native().compare(0, root.size() + 1, root + "/") == 0);
  }

 private:
  lc2::TemporaryFolder top_;
  std::unique_ptr<lc2::ObjectStore> store_;
};

void TryKey(Playground& ground, const std::string& key) {
  const lc2::SystemClock clock;
  const lc2::Context ctx(clock);
  lc2::ObjectStore& store = ground.store();
  const auto put =
      store.Put(ctx, {.key = key, .body = "mine", .durability = lc2::Durability::kAtBarrier});
  if (!lc2::CheckKey(key).has_value()) LC2_CHECK(put.error().code == "store.bad_key");
  if (put.has_value() && store.Barrier(ctx).has_value()) {
    LC2_CHECK(store.Get(ctx, key).value() == "mine");
    LC2_CHECK(store.Delete(ctx, key).has_value());
    LC2_CHECK(store.Get(ctx, key).error().kind == lc2::ErrorKind::kNotFound);
  } else {
    const auto got = store.Get(ctx, key);
    LC2_CHECK(!got.has_value() || got.value() != "secret");
  }
  const auto reader = store.List(ctx, {.prefix = key});
  LC2_CHECK(reader.has_value() && reader.value()->Read().value().empty());
}

// The lowest rung alone, with paths that no key check has seen.
void TryPath(Playground& ground, const std::string& path) {
  lc2::storage::FolderRoot root = lc2::storage::FolderRoot::Open(ground.in(), {}).value();
  for (const auto confinement :
       {lc2::storage::Confinement::kKernel, lc2::storage::Confinement::kSegments}) {
    root.set_confinement(confinement);
    for (const int flags : {O_RDONLY | O_NONBLOCK, O_PATH, O_RDONLY | O_DIRECTORY}) {
      const lc2::storage::OpenAttempt attempt = root.OpenBeneath(path, flags);
      if (attempt.fd.valid()) ground.CheckInside(attempt.fd.get());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string key(reinterpret_cast<const char*>(data), size);
  // A barrier that failed keeps its object, so each input gets a store of its own.
  Playground ground;
  TryPath(ground, key);
  TryKey(ground, key);
  ground.CheckOutside();
  return 0;
}
