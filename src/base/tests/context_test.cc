#include "base/context.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "testing/fake_clock.h"

namespace lc2 {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::FakeClock;

TEST(Context, WithoutDeadlineAndTokenNeverEnds) {
  FakeClock clock;
  const Context ctx(clock);
  clock.Advance(hours(100'000));
  EXPECT_TRUE(ctx.Check().has_value());
  EXPECT_FALSE(ctx.stopped());
  EXPECT_EQ(ctx.Remaining(milliseconds(77)), milliseconds(77));
}

TEST(Context, ADeadlinePassesOnTheSteadyClock) {
  FakeClock clock;
  const Context ctx = Context(clock).WithTimeout(milliseconds(1000));
  clock.JumpTo("2040-01-01T00:00:00Z");
  EXPECT_TRUE(ctx.Check().has_value());
  clock.Advance(milliseconds(999));
  EXPECT_TRUE(ctx.Check().has_value());
  EXPECT_EQ(ctx.Remaining(milliseconds(5000)), milliseconds(1));
  clock.Advance(milliseconds(1));
  EXPECT_EQ(ctx.Check().error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(ctx.Remaining(milliseconds(5000)), milliseconds(0));
  clock.Advance(milliseconds(1));
  EXPECT_EQ(ctx.Remaining(milliseconds(5000)), milliseconds(0));
}

TEST(Context, AChildNarrowsItsParentAndNeverWidensIt) {
  FakeClock clock;
  const Context parent = Context(clock).WithTimeout(milliseconds(100));
  EXPECT_EQ(parent.WithTimeout(hours(1)).Remaining(hours(9)), milliseconds(100));
  EXPECT_EQ(parent.WithTimeout(milliseconds(10)).Remaining(hours(9)), milliseconds(10));
  EXPECT_EQ(parent.Remaining(hours(9)), milliseconds(100));
}

TEST(Context, RemainingIsNeverZeroBeforeTheDeadlineNorAboveTheLimit) {
  FakeClock clock;
  const Context ctx = Context(clock).WithTimeout(milliseconds(10));
  EXPECT_EQ(ctx.Remaining(milliseconds(3)), milliseconds(3));
  clock.Advance(microseconds(9500));
  EXPECT_TRUE(ctx.Check().has_value());
  EXPECT_EQ(ctx.Remaining(hours(1)), milliseconds(1));  // zero would make its caller spin
}

TEST(Context, TakesTimeoutsBeyondTheClock) {
  FakeClock clock;
  clock.Advance(hours(1));
  const Context endless = Context(clock).WithTimeout(milliseconds::max());
  EXPECT_TRUE(endless.Check().has_value());
  EXPECT_EQ(endless.Remaining(hours(2)), hours(2));
  EXPECT_EQ(Context(clock).WithTimeout(milliseconds::min()).Check().error().code, "call.timeout");
  EXPECT_FALSE(Context(clock).WithTimeout(milliseconds(0)).Check().has_value());
}

TEST(Context, EachTokenInTheChainStopsIt) {
  FakeClock clock;
  std::stop_source outer;
  std::stop_source inner;
  const Context parent = Context(clock).WithStop(outer.get_token());
  const Context child = parent.WithStop(inner.get_token()).WithTimeout(hours(1));
  const Context sibling = parent.WithStop({});

  inner.request_stop();
  EXPECT_TRUE(child.stopped());
  EXPECT_EQ(child.Check().error().kind, ErrorKind::kCancelled);
  EXPECT_FALSE(parent.stopped());
  EXPECT_FALSE(sibling.stopped());
  outer.request_stop();
  EXPECT_TRUE(parent.stopped());
  EXPECT_TRUE(sibling.stopped());
}

TEST(Context, CancelledSaysMoreThanOutOfTime) {
  FakeClock clock;
  std::stop_source source;
  source.request_stop();
  const Context ctx = Context(clock).WithTimeout(milliseconds(0)).WithStop(source.get_token());
  EXPECT_EQ(ctx.Check().error().kind, ErrorKind::kCancelled);
}

class Collected final : public ProgressSink {
 public:
  void Report(const Progress& progress) override { steps.push_back(progress.step); }
  std::vector<std::string> steps;
};

TEST(Context, ReportsToTheInnermostSink) {
  FakeClock clock;
  Collected outer;
  Collected inner;
  const Context ctx(clock, NullLogger(), &outer);
  ctx.WithProgress(inner).Report({.step = "library"});
  ctx.Report({.step = "verify"});
  Context(clock).Report({.step = "nobody listens"});
  EXPECT_EQ(inner.steps, std::vector<std::string>{"library"});
  EXPECT_EQ(outer.steps, std::vector<std::string>{"verify"});
  EXPECT_EQ(&ctx.clock(), &clock);
  ctx.log().Info("dropped");
}

}  // namespace
}  // namespace lc2
