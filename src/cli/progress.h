#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "base/context.h"

namespace lc2::cli {

enum class ProgressStyle {
  kNone,   // --quiet
  kLines,  // one plain line when a step begins and every ten seconds
  kBar,    // one line that is drawn anew
};

// One line about how far a task is: step, bar, objects, bytes, rate and time left. `elapsed` is
// that of the step. A bar has at most `width` cells (0: any number), since a line that wraps cannot
// be drawn anew: what matters least is left out first. Pure.
std::string DescribeProgress(const Progress& progress, std::chrono::milliseconds elapsed,
                             ProgressStyle style, std::size_t width = 0);

// Shows progress on standard error from a thread of its own until it is destroyed; a bar is wiped
// then.
class ProgressDisplay : public ProgressSink {
 public:
  static std::unique_ptr<ProgressDisplay> Make(ProgressStyle style, const Clock& clock);
};

}  // namespace lc2::cli
