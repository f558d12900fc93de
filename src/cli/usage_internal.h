#pragma once

#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "base/error.h"

namespace lc2::cli {

// Why a command line was refused, with what was probably meant: kInvalid "cli.usage". `words` are
// those after the program's name, `problem` what the parser said, for what is not found here.
Error UsageError(const CLI::App& root, const std::vector<std::string>& words, std::string problem);

}  // namespace lc2::cli
