#pragma once

#include <CLI/CLI.hpp>

#include "cli/commands_internal.h"

namespace lc2::cli {

// The program's commands as main() makes them; nothing of them runs.
struct Program {
  Program() { AddAllCommands(app, options, chosen); }

  CLI::App app;
  GlobalOptions options;
  Chosen chosen;
};

}  // namespace lc2::cli
