#pragma once

#include <CLI/App.hpp>
#include <CLI/Formatter.hpp>

namespace lc2::cli {

// CLI11's help with values as people read them: "--verify Exists|Sample|Full", "BACKUP" for an
// argument.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter();
  std::string make_subcommands(const CLI::App* app, CLI::AppFormatMode mode) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_name(const CLI::Option* option, bool is_argument) const override;
};

}  // namespace lc2::cli
