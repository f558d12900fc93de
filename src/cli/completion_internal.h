#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/result.h"

namespace lc2::cli {

// A completion script for "bash", "zsh" or "fish", made from the commands and options of `root`.
// kInvalid for another shell.
Result<std::string> CompletionScript(const CLI::App& root, const std::string& shell);

}  // namespace lc2::cli
