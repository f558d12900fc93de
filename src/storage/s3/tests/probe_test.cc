#include <gtest/gtest.h>

#include "storage/s3/s3_probe.h"
#include "storage/s3/tests/sim_bucket.h"
#include "testing/fake_clock.h"

namespace lc2 {
namespace {

using s3sim::FaultKind;

TEST(S3Probe, FindsWhatAmazonsCanDoAndLeavesNothing) {
  SimBucket bucket;
  const auto can = ProbeS3(testing::TestContext(), bucket.links(), bucket.options());
  ASSERT_TRUE(can.has_value()) << Describe(can.error());
  EXPECT_TRUE(can->byte_order);
  EXPECT_TRUE(can->conditional_put);
  EXPECT_TRUE(can->checksums);
  EXPECT_FALSE(can->versions);
  EXPECT_FALSE(can->object_lock);
  EXPECT_TRUE(bucket.service().Versions("b").empty());
  EXPECT_EQ(bucket.service().UploadsUnderWay("b"), 0);
}

TEST(S3Probe, OfABucketWithVersionsItLeavesNoVersion) {
  SimBucket bucket({}, true);
  const auto can = ProbeS3(testing::TestContext(), bucket.links(), bucket.options());
  ASSERT_TRUE(can.has_value()) << Describe(can.error());
  EXPECT_TRUE(can->versions);
  EXPECT_TRUE(bucket.service().Versions("b").empty());
}

TEST(S3Probe, AskingWritesNothing) {
  SimBucket bucket({}, true);
  const auto can = AskS3(testing::TestContext(), bucket.links(), bucket.options());
  ASSERT_TRUE(can.has_value()) << Describe(can.error());
  EXPECT_TRUE(can->versions);
  EXPECT_EQ(bucket.simulator().counters().all(), 2);
}

TEST(S3Probe, AMissingBucketIsAnError) {
  SimBucket bucket;
  S3StoreOptions options = bucket.options();
  options.bucket.name = "none";
  const auto can = ProbeS3(testing::TestContext(), bucket.links(), options);
  ASSERT_FALSE(can.has_value());
  EXPECT_EQ(can.error().kind, ErrorKind::kNotFound);
  EXPECT_FALSE(AskS3(testing::TestContext(), bucket.links(), options).has_value());
}

TEST(S3Probe, AServiceThatIsDownSaysNothingOfWhatItCan) {
  s3sim::SimulatorOptions options;
  options.faults.rate(FaultKind::kInternalError) = 1;
  options.faults.max_consecutive = 0;
  SimBucket bucket(options);
  const auto can = ProbeS3(testing::TestContext(), bucket.links(), bucket.options());
  ASSERT_FALSE(can.has_value());
  EXPECT_EQ(can.error().kind, ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace lc2
