#include <gmock/gmock.h>

#include "cli/completion_internal.h"
#include "cli/tests/commands_fixture.h"

namespace lc2::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using More = Completions::More;

class CompleteTest : public ::testing::Test {
 protected:
  Completions Ask(const std::vector<std::string>& words) const {
    return Complete(program_.app, words);
  }
  std::vector<std::string> Words(const std::vector<std::string>& words) const {
    std::vector<std::string> found;
    for (const Candidate& candidate : Ask(words).candidates) found.push_back(candidate.word);
    return found;
  }
  Program program_;
};

TEST_F(CompleteTest, CommandsWithTheirDescriptions) {
  EXPECT_THAT(Ask({""}).candidates,
              Contains(Candidate{"doctor", "look at everything that a backup and a restore need"}));
  EXPECT_THAT(Words({"restore", ""}), ElementsAre("create", "plan", "logs"));
}

TEST_F(CompleteTest, OptionsOfTheCommandAndOfAll) {
  const auto options = Words({"restore", "create", "--"});
  EXPECT_THAT(options, Contains("--strategy"));
  EXPECT_THAT(options, Contains("--output"));
  EXPECT_THAT(options, Not(Contains("--retention-days")));
  EXPECT_EQ(std::count(options.begin(), options.end(), "--help"), 1);
}

TEST_F(CompleteTest, ValuesOfAnOption) {
  EXPECT_THAT(Words({"restore", "create", "--strategy", ""}),
              ElementsAre("PrepareAndSwap", "Overwrite"));
  EXPECT_THAT(Words({"-o", ""}), ElementsAre("table", "wide", "json", "yaml", "name"));
  EXPECT_EQ(Ask({"apply", "-f", ""}).more, More::kFiles);
  EXPECT_EQ(Ask({"--home", ""}).more, More::kFiles);
  EXPECT_EQ(Ask({"backup", "hold", "--reason", ""}).more, More::kNothing);
}

TEST_F(CompleteTest, ArgumentsThatLieInStoreAndCatalogue) {
  EXPECT_EQ(Ask({"backup", "get", ""}).more, More::kBackups);
  EXPECT_EQ(Ask({"restore", "plan", ""}).more, More::kBackups);
  EXPECT_EQ(Ask({"backup", "diff", "older", ""}).more, More::kBackups);
  EXPECT_EQ(Ask({"backup", "download", "id", ""}).more, More::kFiles);
  const Completions schedules = Ask({"schedule", "suspend", ""});
  EXPECT_EQ(schedules.more, More::kObjects);
  EXPECT_EQ(schedules.kind, "BackupSchedule");
  const Completions restores = Ask({"restore", "logs", ""});
  EXPECT_EQ(restores.more, More::kObjects);
  EXPECT_EQ(restores.kind, "restorerequests");
  const Completions objects = Ask({"describe", "br", ""});
  EXPECT_EQ(objects.more, More::kObjects);
  EXPECT_EQ(objects.kind, "br");
  EXPECT_THAT(Words({"get", ""}),
              ElementsAre("backuplocations", "liferayenvironments", "backupschedules",
                          "backuprequests", "restorerequests"));
  EXPECT_THAT(Words({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
}

TEST_F(CompleteTest, TellsTheChosenHomeAndEnvironment) {
  const Completions found = Ask({"--home", "/h", "backup", "get", "--project=retail", ""});
  EXPECT_EQ(found.values.at("home"), "/h");
  EXPECT_EQ(found.values.at("project"), "retail");
}

TEST_F(CompleteTest, NothingAfterAMistake) {
  EXPECT_THAT(Words({"bakup", ""}), IsEmpty());
  EXPECT_THAT(Words({}), IsEmpty());
}

TEST(CompletionLines, AreThoseThatBeginWithTheWord) {
  EXPECT_EQ(
      CompletionLines({.candidates = {{"create", "make"}, {"cat", "write\tit"}, {"ls", ""}}}, "c"),
      "create\tmake\ncat\twrite\\x09it\n");
  EXPECT_EQ(CompletionLines({.more = More::kFiles}, "x"), ":files\n");
}

TEST(CompletionScript, IsThereForThreeShells) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_NE(CompletionScript(shell).value().find("__complete"), std::string::npos);
  }
  EXPECT_EQ(CompletionScript("tcsh").error().kind, ErrorKind::kInvalid);
}

}  // namespace
}  // namespace lc2::cli
