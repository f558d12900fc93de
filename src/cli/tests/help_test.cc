#include <gmock/gmock.h>

#include "cli/tests/commands_fixture.h"

namespace lc2::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string HelpOf(const std::vector<std::string>& path) {
  const Program program;
  const CLI::App* app = &program.app;
  for (const std::string& name : path) app = app->get_subcommand(name);
  return app->help("lc2");
}

TEST(Help, ShowsValuesAndArgumentsAsPeopleReadThem) {
  const std::string create = HelpOf({"backup", "create"});
  EXPECT_THAT(create, HasSubstr("--verify Exists|Sample|Full"));
  EXPECT_THAT(create, HasSubstr("--retention-days N"));
  EXPECT_THAT(create, Not(HasSubstr("TEXT:")));
  const std::string get = HelpOf({"get"});
  EXPECT_THAT(get, HasSubstr("KIND [NAME]\n\nArguments:\n  KIND "));
}

TEST(Help, ListsCommands) {
  EXPECT_THAT(HelpOf({}), HasSubstr("\nCommands:\n  apply "));
  EXPECT_THAT(HelpOf({"restore"}), HasSubstr("\nCommands:\n  create "));
}

TEST(Help, EveryCommandHasAnExample) {
  const Program program;
  std::vector<const CLI::App*> waiting{&program.app};
  int seen = 0;
  while (!waiting.empty()) {
    const CLI::App* app = waiting.back();
    waiting.pop_back();
    ++seen;
    EXPECT_THAT(app->get_footer(), HasSubstr("Example:\n  ")) << app->get_name();
    EXPECT_EQ(app->get_description().empty(), app == &program.app) << app->get_name();
    for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; })) {
      waiting.push_back(sub);
    }
  }
  EXPECT_GT(seen, 25);
}

}  // namespace
}  // namespace lc2::cli
