#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

namespace lc2::cli {

// What the words of a command line mean so far. The parser of CLI11 says only that something is
// wrong; hints and completions need to know what, and where.
struct Words {
  struct Fault {
    enum class What { kCommand, kOption, kValue, kArgument };
    What what;
    std::string word;                     // as it was written
    const CLI::Option* option = nullptr;  // of a value
  };

  std::vector<const CLI::App*> commands;  // the program, then each command within the one before
  std::map<std::string, std::string> values;  // options with a value, by long name; the last wins
  std::vector<std::string> options;           // long names of the options seen
  std::vector<std::string> arguments;         // what stands alone
  const CLI::Option* awaiting = nullptr;      // the words end before its value
  std::optional<Fault> fault;                 // the first one; reading ended there

  const CLI::App& command() const { return *commands.back(); }
  // "lc2 backup create"
  std::string path() const;
};
Words ReadWords(const CLI::App& root, const std::vector<std::string>& words);

// The only values that an option or argument takes; empty: any.
std::vector<std::string> ChoicesOf(const CLI::Option& option);
// "--output", or "BACKUP" for an argument.
std::string NameOf(const CLI::Option& option);
bool TakesValue(const CLI::Option& option);
// In the order in which they were added; without those that help does not show.
std::vector<const CLI::App*> CommandsOf(const CLI::App& app);
std::vector<const CLI::Option*> OptionsOf(const CLI::App& app);    // with dashes
std::vector<const CLI::Option*> ArgumentsOf(const CLI::App& app);  // without

}  // namespace lc2::cli
