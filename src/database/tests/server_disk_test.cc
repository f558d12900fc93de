#include "database/server_disk.h"

#include <gtest/gtest.h>
#include <sys/statvfs.h>

#include "database/tests/portal_fixture.h"

namespace lc2::database {
namespace {

class ServerDisk : public PortalTest {
 protected:
  std::optional<std::int64_t> Free(const DatabaseTarget& as, const std::string& host,
                                   std::int64_t tablespace = kDefaultTablespace) const {
    const auto connection = Connect(ctx_, as).value();
    return FreeServerBytes(ctx_, *connection, host, tablespace).value();
  }
  // Whether this process may look into the server's folder: root, or whom the server runs as.
  bool CanSee() const {
    std::error_code ignored;
    return std::filesystem::exists(server_->folder() / "data" / "PG_VERSION", ignored);
  }
};

TEST_F(ServerDisk, IsThatOfTheServersFolder) {
  if (!CanSee()) GTEST_SKIP() << "needs to see the server's folder";
  struct statvfs facts {};
  ASSERT_EQ(::statvfs((server_->folder() / "data/base").c_str(), &facts), 0);
  const auto total = static_cast<std::int64_t>(facts.f_blocks * facts.f_frsize);
  for (const std::string& host : {server_->host(), server_->folder().native()}) {
    const auto free = Free(Target("postgres"), host);
    ASSERT_TRUE(free.has_value());
    EXPECT_GT(*free, 0);
    EXPECT_LE(*free, total);
  }
}

TEST_F(ServerDisk, OfAServerElsewhereIsUnknown) {
  EXPECT_EQ(Free(Target("postgres"), "db.example"), std::nullopt);
}

TEST_F(ServerDisk, ARoleThatMayNotReadTheSettingDoesNotKnow) {
  const std::string role = NewRole("");
  EXPECT_EQ(Free(TargetAs(role, "postgres"), server_->host()), std::nullopt);
  Psql("postgres", "grant pg_read_all_settings to " + role);
  EXPECT_EQ(Free(TargetAs(role, "postgres"), server_->host()).has_value(), CanSee());
}

TEST_F(ServerDisk, AnUnknownTablespaceIsUnknown) {
  EXPECT_EQ(Free(Target("postgres"), server_->host(), 4'000'000'000), std::nullopt);
}

class FolderDisk : public ::testing::Test {
 protected:
  FolderDisk() {
    std::filesystem::create_directories(folder_.path() / "global");
    std::filesystem::create_directories(folder_.path() / "base");
    WriteControl(std::string("\x01\0\0\0\0\0\0\0more", 12));
  }
  void WriteControl(const std::string& bytes) const {
    EXPECT_TRUE(WriteFileAtomically(folder_.path() / "global/pg_control", bytes).has_value());
  }
  bool Counts(std::int64_t identifier) const {
    return FreeBytesBelow(folder_.path(), identifier, kDefaultTablespace).has_value();
  }
  const TemporaryFolder folder_ = TemporaryFolder::Create("lc2-disk").value();
};

// A tunnel looks like a local server, and its data_directory may exist here, too.
TEST_F(FolderDisk, OnlyTheServersOwnFolderCounts) {
  EXPECT_TRUE(Counts(1));
  EXPECT_FALSE(Counts(2));
  WriteControl("short");
  EXPECT_FALSE(Counts(1));
  std::filesystem::remove(folder_.path() / "global/pg_control");
  EXPECT_FALSE(Counts(1));
}

TEST_F(FolderDisk, ATablespaceIsAFolderOfItsOwn) {
  EXPECT_FALSE(FreeBytesBelow(folder_.path(), 1, 16'400).has_value());
  std::filesystem::create_directories(folder_.path() / "pg_tblspc/16400");
  EXPECT_TRUE(FreeBytesBelow(folder_.path(), 1, 16'400).has_value());
}

}  // namespace
}  // namespace lc2::database
