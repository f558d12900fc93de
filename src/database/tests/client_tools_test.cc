#include "database/client_tools.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "base/file.h"
#include "testing/fake_clock.h"

namespace lc2::database {
namespace {

ClientTool Tool(int major, int minor, const std::string& folder = "/x") {
  return {.path = folder + "/pg_dump", .name = "pg_dump", .version = {major, minor}};
}

TEST(ParseToolVersion, ReadsWhatProgramsSay) {
  EXPECT_EQ(ParseToolVersion("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n")->str(),
            "15.18");
  EXPECT_EQ(ParseToolVersion("pg_dump 16.11")->str(), "16.11");
  EXPECT_EQ(ParseToolVersion("18.4")->str(), "18.4");
  EXPECT_EQ(ParseToolVersion("pg_dump (PostgreSQL) 19beta1")->str(), "19.0");
  EXPECT_EQ(ParseToolVersion("pg_restore (PostgreSQL) 17devel")->major, 17);
}

TEST(ParseToolVersion, RefusesOtherText) {
  for (const char* text : {"", "pg_dump", "no version here", "\n16.1"}) {
    EXPECT_EQ(ParseToolVersion(text).error().code, "database.bad_tool_version") << text;
  }
}

TEST(ChooseForDump, TakesTheOldestThatIsNewEnough) {
  const std::vector<ClientTool> found = {Tool(18, 4), Tool(15, 18), Tool(17, 2), Tool(16, 9)};
  EXPECT_EQ(ChooseForDump(found, "pg_dump", 15)->version.major, 15);
  EXPECT_EQ(ChooseForDump(found, "pg_dump", 16)->version.major, 16);
  EXPECT_EQ(ChooseForDump(found, "pg_dump", 12)->version.major, 15);
  EXPECT_EQ(ChooseForDump(found, "pg_dump", 18)->version.major, 18);
}

TEST(ChooseForDump, OfOneMajorVersionTheNewestThenTheFirst) {
  EXPECT_EQ(
      ChooseForDump({Tool(16, 3, "/a"), Tool(16, 9, "/b"), Tool(16, 9, "/c")}, "pg_dump", 16)->path,
      "/b/pg_dump");
}

TEST(ChooseForDump, SaysWhatIsThereAndWhatIsNeeded) {
  const auto chosen = ChooseForDump({Tool(15, 18, "/usr/lib/postgresql/15/bin")}, "pg_dump", 16);
  ASSERT_FALSE(chosen.has_value());
  EXPECT_EQ(chosen.error().code, "database.tool_too_old");
  EXPECT_EQ(chosen.error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(chosen.error().message,
            "the server is PostgreSQL 16, but there is only pg_dump 15.18 "
            "('/usr/lib/postgresql/15/bin/pg_dump')");
  EXPECT_NE(chosen.error().hint.find("LC2_CLIENT_PATH"), std::string::npos);
  EXPECT_EQ(ChooseForDump({}, "pg_dump", 16).error().code, "database.tool_missing");
}

TEST(ChooseForRestore, NeedsTheMajorVersionOfTheWriter) {
  const std::vector<ClientTool> found = {Tool(15, 3), Tool(16, 1), Tool(18, 4)};
  EXPECT_EQ(ChooseForRestore(found, "pg_restore", {16, 11})->version.major, 16);
  EXPECT_EQ(ChooseForRestore(found, "pg_restore", {17, 0})->version.major, 18);
  EXPECT_EQ(ChooseForRestore({Tool(15, 3)}, "pg_restore", {16, 11}).error().code,
            "database.tool_too_old");
  EXPECT_EQ(ChooseForRestore({}, "pg_restore", {16, 11}).error().code, "database.tool_missing");
}

class FindToolsTest : public ::testing::Test {
 protected:
  FindToolsTest() : folder_(TemporaryFolder::Create("lc2-tools-test").value()) {}
  std::filesystem::path Script(const std::string& folder, const std::string& text) {
    const std::filesystem::path path = folder_.path() / folder;
    std::filesystem::create_directories(path);
    std::ofstream(path / "pg_dump") << "#!/bin/sh\n" << text << "\n";
    ::chmod((path / "pg_dump").c_str(), 0755);
    return path;
  }
  TemporaryFolder folder_;
  const Context ctx_ = testing::TestContext();
};

TEST_F(FindToolsTest, AsksEveryProgramForItsVersion) {
  const ToolSearch search{
      .folders = {Script("a", "echo 'pg_dump (PostgreSQL) 16.1'"), folder_.path() / "absent",
                  Script("b", "echo 'pg_dump (PostgreSQL) 15.2'"), Script("broken", "exit 3"),
                  Script("other", "echo hello"), folder_.path() / "a"}};
  const auto found = FindTools(ctx_, search, "pg_dump").value();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].str(), "pg_dump 16.1");
  EXPECT_EQ(found[1].str(), "pg_dump 15.2");
  EXPECT_TRUE(FindTools(ctx_, search, "pg_restore").value().empty());
}

TEST_F(FindToolsTest, StopsWhenAsked) {
  std::stop_source stop;
  stop.request_stop();
  const ToolSearch search{.folders = {Script("a", "echo 'pg_dump (PostgreSQL) 16.1'")}};
  EXPECT_EQ(FindTools(ctx_.WithStop(stop.get_token()), search, "pg_dump").error().kind,
            ErrorKind::kCancelled);
}

TEST_F(FindToolsTest, TheEnvironmentNamesFoldersByPreference) {
  ::setenv("LC2_CLIENT_PATH", "/first:/second::relative", 1);
  const ToolSearch search = ToolSearch::FromEnvironment();
  ::unsetenv("LC2_CLIENT_PATH");
  ASSERT_GE(search.folders.size(), 2U);
  EXPECT_EQ(search.folders[0], "/first");
  EXPECT_EQ(search.folders[1], "/second");
  for (const auto& folder : search.folders) EXPECT_TRUE(folder.is_absolute()) << folder;
}

}  // namespace
}  // namespace lc2::database
