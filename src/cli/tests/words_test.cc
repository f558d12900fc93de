#include <gmock/gmock.h>

#include "cli/tests/commands_fixture.h"
#include "cli/words_internal.h"

namespace lc2::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using What = Words::Fault::What;

class ReadWordsTest : public ::testing::Test {
 protected:
  Words Read(const std::vector<std::string>& words) const { return ReadWords(program_.app, words); }
  Program program_;
};

TEST_F(ReadWordsTest, FollowsCommandsOptionsAndArguments) {
  const Words read = Read({"--project", "retail", "backup", "cat", "-ojson", "id", "--", "-key"});
  EXPECT_FALSE(read.fault);
  EXPECT_EQ(read.path(), "lc2 backup cat");
  EXPECT_EQ(read.values.at("project"), "retail");
  EXPECT_EQ(read.values.at("output"), "json");
  EXPECT_THAT(read.arguments, ElementsAre("id", "-key"));
}

TEST_F(ReadWordsTest, ValueMayBeJoinedByAnEqualsSign) {
  EXPECT_EQ(Read({"backup", "create", "--verify=Full"}).values.at("verify"), "Full");
}

TEST_F(ReadWordsTest, ShortFlagsMayBeJoined) {
  const Words read = Read({"-qo", "yaml", "doctor"});
  EXPECT_THAT(read.options, ElementsAre("quiet", "output"));
  EXPECT_EQ(read.values.at("output"), "yaml");
}

TEST_F(ReadWordsTest, OptionAtTheEndAwaitsItsValue) {
  const Words read = Read({"backup", "list", "--since"});
  ASSERT_NE(read.awaiting, nullptr);
  EXPECT_EQ(NameOf(*read.awaiting), "--since");
  EXPECT_EQ(Read({"backup", "list", "-A"}).awaiting, nullptr) << "a flag has no value";
}

TEST_F(ReadWordsTest, OptionOfSeveralFilesTakesWhatFollows) {
  EXPECT_FALSE(Read({"apply", "-f", "a.yaml", "b.yaml"}).fault);
  EXPECT_FALSE(Read({"apply", "-f", "a.yaml", "b.yaml", "--wait"}).fault);
}

TEST_F(ReadWordsTest, FirstFaultIsKept) {
  const Words command = Read({"backup", "crate", "--nonsense"});
  ASSERT_TRUE(command.fault);
  EXPECT_EQ(command.fault->what, What::kCommand);
  EXPECT_EQ(command.fault->word, "crate");
  EXPECT_EQ(Read({"doctor", "--nonsense"}).fault->what, What::kOption);
  EXPECT_EQ(Read({"doctor", "more"}).fault->what, What::kArgument);
  const Words value = Read({"-o", "xml"});
  ASSERT_TRUE(value.fault);
  EXPECT_EQ(value.fault->what, What::kValue);
  EXPECT_EQ(NameOf(*value.fault->option), "--output");
}

TEST_F(ReadWordsTest, ChoicesComeFromTheDeclaration) {
  const CLI::App* create = program_.app.get_subcommand("backup")->get_subcommand("create");
  EXPECT_THAT(ChoicesOf(*create->get_option("--verify")), ElementsAre("Exists", "Sample", "Full"));
  EXPECT_THAT(ChoicesOf(*create->get_option("--name")), IsEmpty());
}

}  // namespace
}  // namespace lc2::cli
