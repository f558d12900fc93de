#include "cli/progress.h"

#include <gtest/gtest.h>

#include "testing/fake_clock.h"

namespace lc2::cli {
namespace {

using std::chrono::milliseconds;

const Progress kHalf{.step = "library",
                     .objects_done = 6000,
                     .objects_total = 12000,
                     .bytes_done = 50 << 20,
                     .bytes_total = 100 << 20};

TEST(DescribeProgress, BarTellsObjectsBytesRateAndTimeLeft) {
  EXPECT_EQ(DescribeProgress(kHalf, milliseconds(10'000), ProgressStyle::kBar),
            "library     [============>           ]  50%  6,000/12,000 objects  50.0 MiB/100.0 MiB"
            "  5.0 MiB/s  10.0 s left");
}

TEST(DescribeProgress, LineHasTheSameFactsWithoutTheBar) {
  EXPECT_EQ(DescribeProgress(kHalf, milliseconds(10'000), ProgressStyle::kLines),
            "library      50%  6,000/12,000 objects  50.0 MiB/100.0 MiB  5.0 MiB/s  10.0 s left");
}

TEST(DescribeProgress, NothingIsGuessedWithinTheFirstSecond) {
  EXPECT_EQ(DescribeProgress(kHalf, milliseconds(900), ProgressStyle::kLines),
            "library      50%  6,000/12,000 objects  50.0 MiB/100.0 MiB");
}

TEST(DescribeProgress, WithoutTotalsThereIsNoShare) {
  EXPECT_EQ(DescribeProgress({.step = "database", .bytes_done = 2048}, milliseconds(2000),
                             ProgressStyle::kBar),
            "database  2.0 KiB  1.0 KiB/s");
  EXPECT_EQ(DescribeProgress({.step = "prepare"}, milliseconds(0), ProgressStyle::kLines),
            "prepare");
}

TEST(DescribeProgress, MoreThanAnnouncedIsAllOfIt) {
  const std::string line =
      DescribeProgress({.step = "library", .bytes_done = 300, .bytes_total = 200},
                       milliseconds(5000), ProgressStyle::kBar);
  EXPECT_NE(line.find("[========================] 100%"), std::string::npos) << line;
  EXPECT_EQ(line.find("left"), std::string::npos) << line;
}

TEST(DescribeProgress, NarrowTerminalGetsWhatFits) {
  const milliseconds ten(10'000);
  EXPECT_EQ(DescribeProgress(kHalf, ten, ProgressStyle::kBar, 70),
            "library     [============>           ]  50%  6,000/12,000 objects");
  EXPECT_EQ(DescribeProgress(kHalf, ten, ProgressStyle::kBar, 30), "library   ");
  EXPECT_EQ(DescribeProgress(kHalf, ten, ProgressStyle::kBar, 5), "");
}

TEST(DescribeProgress, NameOfAStepCannotDriveTheTerminal) {
  EXPECT_EQ(DescribeProgress({.step = "a\x1b[2J"}, milliseconds(0), ProgressStyle::kBar),
            "a\\x1b[2J");
}

TEST(ProgressDisplay, LinesTellEachStepOnceWhenItBegins) {
  const testing::FakeClock clock;
  ::testing::internal::CaptureStderr();
  {
    const auto display = ProgressDisplay::Make(ProgressStyle::kLines, clock);
    display->Report({.step = "prepare"});
    display->Report({.step = "library", .objects_total = 10});
    for (int i = 1; i <= 10; ++i) {
      display->Report({.step = "library", .objects_done = i, .objects_total = 10});
    }
    display->Report({.step = "verify"});
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "prepare\nlibrary       0%  0/10 objects\nverify\n");
}

TEST(ProgressDisplay, NoneSaysNothing) {
  const testing::FakeClock clock;
  ::testing::internal::CaptureStderr();
  ProgressDisplay::Make(ProgressStyle::kNone, clock)->Report(kHalf);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace lc2::cli
