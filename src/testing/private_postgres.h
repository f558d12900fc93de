#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/process.h"
#include "base/result.h"

namespace lc2::testing {

// A PostgreSQL server of the test's own: private folder, free loopback port, superuser "lc2" with a
// password, durability off. It ends with the object, and with the test program however that ends.
//
// Programs come from $LC2_TEST_POSTGRES_BIN (a folder), else the newest /usr/lib/postgresql/*/bin.
// Run by root, the server runs as the user `postgres`, who must be able to reach the programs.
class PrivatePostgres {
 public:
  static Result<std::unique_ptr<PrivatePostgres>> Start();
  // One server for all tests of a program, started on first use; null where it cannot be, and
  // WhyNotShared() says why: tests then skip with that text.
  static PrivatePostgres* Shared();
  static const std::string& WhyNotShared();

  ~PrivatePostgres();

  std::string host() const { return "127.0.0.1"; }
  int port() const { return port_; }
  std::string user() const { return "lc2"; }
  std::string password() const { return "p:a\\ss w'ord"; }  // needs escaping nearly everywhere
  int major() const { return major_; }
  const std::filesystem::path& bin() const { return bin_; }
  // Its Unix sockets lie here.
  const std::filesystem::path& folder() const { return folder_.path(); }

  // Runs psql as the superuser and returns what it prints (unaligned, rows only). Aborts the
  // program with psql's words if a statement fails: a broken fixture proves nothing.
  std::string Psql(std::string_view database, std::string_view sql) const;
  // A new database whose name nobody else uses in this server: "<prefix><number>".
  std::string NewDatabase(std::string_view prefix = "db");
  // From now on clients over TCP must speak TLS. Returns the server's certificate, which is its own
  // root and good for the address 127.0.0.1 alone. Error: programs without TLS.
  Result<std::string> RequireTls() const;

 private:
  explicit PrivatePostgres(TemporaryFolder folder) : folder_(std::move(folder)) {}
  Result<void> Launch();

  TemporaryFolder folder_;
  std::filesystem::path bin_;
  int major_ = 0;
  int port_ = 0;
  int databases_ = 0;
  std::unique_ptr<ChildProcess> server_;
};

// At the head of a test or fixture's SetUp that needs the shared server.
#define LC2_NEEDS_POSTGRES()                                \
  if (::lc2::testing::PrivatePostgres::Shared() == nullptr) \
  GTEST_SKIP() << ::lc2::testing::PrivatePostgres::WhyNotShared()

}  // namespace lc2::testing
