#include <string_view>

#include <CLI/CLI.hpp>

#include "cli/help_internal.h"
#include "cli/words_internal.h"

namespace lc2::cli {

HelpFormatter::HelpFormatter() {
  label("Positionals", "Arguments");
  label("Subcommands", "Commands");
  label("SUBCOMMAND", "COMMAND");
  label("OPTIONS", "options");
}

std::string HelpFormatter::make_subcommands(const CLI::App* app, CLI::AppFormatMode mode) const {
  // The heading is the name of the group that CLI11 puts commands into, not a label.
  constexpr std::string_view kHeading = "\nSubcommands:";
  std::string text = CLI::Formatter::make_subcommands(app, mode);
  if (text.starts_with(kHeading)) text.replace(0, kHeading.size(), "\nCommands:");
  return text;
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  // An argument is named by itself.
  if (!option->nonpositional() || !TakesValue(*option)) return {};
  std::string text;
  for (const std::string& choice : ChoicesOf(*option)) text += (text.empty() ? "" : "|") + choice;
  if (text.empty()) text = option->get_type_name();
  return " " + (text == "INT" ? "N" : text);
}

std::string HelpFormatter::make_option_name(const CLI::Option* option, bool is_argument) const {
  return is_argument ? NameOf(*option) : option->get_name(false, true);
}

}  // namespace lc2::cli
