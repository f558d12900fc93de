#include <cstdio>
#include <exception>

#include "cli/app.h"

int main(int argc, char** argv) {
  try {
    return lc2::cli::RunApp(argc, argv);
  } catch (const std::exception& problem) {
    // Only for want of memory, or by a bug: everything else is a Result.
    std::fprintf(stderr, "lc2: unexpected: %s\n", problem.what());
    return 12;
  }
}
