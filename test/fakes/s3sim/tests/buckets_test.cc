#include "s3sim_test_support.h"

namespace lc2::s3sim {
namespace {

class S3SimBuckets : public S3SimTest {};

TEST_F(S3SimBuckets, AreMadeAndRemovedWhenEmpty) {
  EXPECT_EQ(Send("PUT", "/new").status, 200);
  EXPECT_EQ(Refused(Send("PUT", "/new")), "409 BucketAlreadyOwnedByYou");
  Put("/new/k", "x");
  EXPECT_EQ(Refused(Send("DELETE", "/new")), "409 BucketNotEmpty");
  Send("DELETE", "/new/k");
  EXPECT_EQ(Send("DELETE", "/new").status, 204);
  EXPECT_EQ(Send("HEAD", "/new").status, 404);
  EXPECT_EQ(Header(Send("HEAD", "/b"), "x-amz-bucket-region"), "us-east-1");
  EXPECT_EQ(Xml(Send("GET", "/")).Find("Buckets")->children.size(), 2U);
}

TEST_F(S3SimBuckets, KeepTheirLifecycle) {
  EXPECT_EQ(Refused(Send("GET", "/b", {{"lifecycle", ""}})), "404 NoSuchLifecycleConfiguration");
  const std::string xml =
      "<LifecycleConfiguration><Rule><ID>1</ID><Status>Enabled</Status></Rule>"
      "</LifecycleConfiguration>";
  EXPECT_EQ(Send("PUT", "/b", {{"lifecycle", ""}}, {}, xml).status, 200);
  EXPECT_EQ(Text(Send("GET", "/b", {{"lifecycle", ""}})), xml);
  EXPECT_EQ(Refused(Send("PUT", "/b", {{"lifecycle", ""}}, {}, "<Other/>")), "400 MalformedXML");
  EXPECT_EQ(Send("DELETE", "/b", {{"lifecycle", ""}}).status, 204);
  EXPECT_EQ(Send("GET", "/b", {{"lifecycle", ""}}).status, 404);
}

TEST_F(S3SimBuckets, VersioningOfALockedOneStays) {
  service.CreateBucket("l", {.locked = true});
  const std::string xml =
      "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";
  EXPECT_EQ(Refused(Send("PUT", "/l", {{"versioning", ""}}, {}, xml)), "409 InvalidBucketState");
  EXPECT_EQ(Xml(Send("GET", "/l", {{"versioning", ""}})).TextOf("Status"), "Enabled");
}

}  // namespace
}  // namespace lc2::s3sim
