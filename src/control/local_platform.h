#pragma once

#include <filesystem>
#include <memory>

#include "control/platform.h"
#include "provider/provider.h"

namespace lc2::control {

struct LocalPlatformOptions {
  // A folder of lock files, one an attempt, by which processes that share a home tell a running
  // attempt of another process from one whose process died. A process holds the locks of its
  // attempts until its platform ends.
  std::filesystem::path locks;
  ProgressSink* progress = nullptr;  // gets every report as well; must outlive the platform
};

// Runs attempts on threads of this process. All arguments must outlive it; its end cancels and
// joins what still runs.
std::unique_ptr<Platform> MakeLocalPlatform(const Clock& clock, Logger& log,
                                            provider::Provider& provider,
                                            const LocalPlatformOptions& options);

}  // namespace lc2::control
