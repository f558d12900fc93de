#pragma once

namespace lc2::cli {

// The command line: parses, runs one command, returns the process's exit code (base/error.cc).
int RunApp(int argc, char** argv);

}  // namespace lc2::cli
