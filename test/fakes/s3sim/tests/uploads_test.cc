#include "base/hash.h"
#include "s3sim_test_support.h"

namespace lc2::s3sim {
namespace {

constexpr std::int64_t kPart = 5 << 20;

class S3SimUploads : public S3SimTest {
 protected:
  std::string Begin(const std::string& path, Headers headers = {}) {
    return Xml(Send("POST", path, {{"uploads", ""}}, std::move(headers))).TextOf("UploadId");
  }
  Reply Part(const std::string& path, const std::string& id, int number, std::string body,
             Headers headers = {}) {
    return Send("PUT", path, {{"partNumber", std::to_string(number)}, {"uploadId", id}},
                std::move(headers), std::move(body));
  }
  // Parts as "number etag".
  static std::string Parts(const std::vector<std::pair<int, std::string>>& parts) {
    std::string xml;
    for (const auto& [number, tag] : parts) {
      xml += "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>" + tag +
             "</ETag></Part>";
    }
    return "<CompleteMultipartUpload>" + xml + "</CompleteMultipartUpload>";
  }
  Reply Complete(const std::string& path, const std::string& id,
                 const std::vector<std::pair<int, std::string>>& parts, Headers headers = {}) {
    return Send("POST", path, {{"uploadId", id}}, std::move(headers), Parts(parts));
  }
  const std::string large = Body::Made(1, kPart).ReadAll();
};

TEST_F(S3SimUploads, PartsBecomeOneObject) {
  const std::string id = Begin("/v/k", {{"content-type", "a/b"}, {"x-amz-meta-token", "t"}});
  const std::string second = Header(Part("/v/k", id, 7, "tail"), "etag");
  const std::string first = Header(Part("/v/k", id, 2, large), "etag");
  EXPECT_EQ(service.UploadsUnderWay("v"), 1);
  const Reply done = Complete("/v/k", id, {{2, first}, {7, second}});
  ASSERT_EQ(done.status, 200);
  EXPECT_TRUE(Xml(done).TextOf("ETag").ends_with("-2\""));
  EXPECT_EQ(Xml(done).TextOf("ChecksumCRC64NVME"),
            Base64(Checksum(ChecksumKind::kCrc64Nvme, Body::Bytes(large + "tail"))));
  EXPECT_NE(Header(done, "x-amz-version-id"), "");
  EXPECT_EQ(service.Content("v", "k"), large + "tail");
  EXPECT_EQ(Header(Send("HEAD", "/v/k"), "x-amz-meta-token"), "t");
  EXPECT_EQ(service.UploadsUnderWay("v"), 0);
  EXPECT_EQ(Refused(Complete("/v/k", id, {{2, first}, {7, second}})), "404 NoSuchUpload");
}

TEST_F(S3SimUploads, CompletionIsExact) {
  const std::string id = Begin("/b/k");
  const std::string small = Header(Part("/b/k", id, 1, "small"), "etag");
  const std::string tail = Header(Part("/b/k", id, 2, "tail"), "etag");
  EXPECT_EQ(Refused(Complete("/b/k", id, {{1, small}, {2, tail}})), "400 EntityTooSmall");
  EXPECT_EQ(Refused(Complete("/b/k", id, {{2, tail}, {1, small}})), "400 InvalidPartOrder");
  EXPECT_EQ(Refused(Complete("/b/k", id, {{3, tail}})), "400 InvalidPart");
  EXPECT_EQ(Refused(Complete("/b/k", id, {{2, small}})), "400 InvalidPart");
  EXPECT_EQ(Refused(Complete("/b/k", id, {})), "400 MalformedXML");
  EXPECT_EQ(Refused(Complete("/b/k", id, {{2, tail}}, {{"x-amz-mp-object-size", "5"}})),
            "400 InvalidRequest");
  EXPECT_EQ(Refused(Complete("/b/k", id, {{2, tail}},
                             {{"x-amz-checksum-crc64nvme", Base64(std::string(8, 'x'))}})),
            "400 BadDigest");
  EXPECT_EQ(Complete("/b/k", id, {{2, tail}}, {{"x-amz-mp-object-size", "4"}}).status, 200);
  EXPECT_EQ(service.Content("b", "k"), "tail");
}

TEST_F(S3SimUploads, AConditionThatFailsLeavesTheUpload) {
  Put("/b/k", "old");
  const std::string id = Begin("/b/k");
  const std::string tag = Header(Part("/b/k", id, 1, "new"), "etag");
  EXPECT_EQ(Refused(Complete("/b/k", id, {{1, tag}}, {{"if-none-match", "*"}})),
            "412 PreconditionFailed");
  EXPECT_EQ(service.Content("b", "k"), "old");
  service.RemoveObject("b", "k");
  EXPECT_EQ(Complete("/b/k", id, {{1, tag}}, {{"if-none-match", "*"}}).status, 200);
}

TEST_F(S3SimUploads, CompositeChecksumsAreOverThoseOfTheParts) {
  const std::string id = Begin("/b/k", {{"x-amz-checksum-algorithm", "SHA256"}});
  const std::string first = Header(Part("/b/k", id, 1, large), "etag");
  const std::string second = Header(Part("/b/k", id, 2, "tail"), "etag");
  const std::string expected =
      Base64(CompositeChecksum(ChecksumKind::kSha256,
                               {Checksum(ChecksumKind::kSha256, Body::Bytes(large)),
                                Checksum(ChecksumKind::kSha256, Body::Bytes("tail"))})) +
      "-2";
  const Reply done = Complete("/b/k", id, {{1, first}, {2, second}});
  EXPECT_EQ(Xml(done).TextOf("ChecksumSHA256"), expected);
  EXPECT_EQ(Xml(done).TextOf("ChecksumType"), "COMPOSITE");
  EXPECT_EQ(Header(Send("HEAD", "/b/k", {}, {{"x-amz-checksum-mode", "ENABLED"}}),
                   "x-amz-checksum-sha256"),
            expected);
  EXPECT_EQ(Send("POST", "/b/k", {{"uploads", ""}},
                 {{"x-amz-checksum-algorithm", "CRC64NVME"}, {"x-amz-checksum-type", "COMPOSITE"}})
                .status,
            400);
}

TEST_F(S3SimUploads, PartsMayBeCopied) {
  service.Fill({.bucket = "b", .prefix = "src", .count = 1, .size = 3 * kPart});
  const std::string id = Begin("/b/k");
  const auto copy = [&](int number, const char* range) {
    return Send("PUT", "/b/k", {{"partNumber", std::to_string(number)}, {"uploadId", id}},
                {{"x-amz-copy-source", "/b/src000000000"}, {"x-amz-copy-source-range", range}});
  };
  const std::string first = Xml(copy(1, "bytes=0-10485759")).TextOf("ETag");
  const std::string second = Xml(copy(2, "bytes=10485760-15728639")).TextOf("ETag");
  EXPECT_EQ(Refused(copy(3, "bytes=10485760-15728640")), "400 InvalidArgument");
  EXPECT_EQ(Refused(copy(3, "bytes=5-")), "400 InvalidArgument");
  const Reply done = Complete("/b/k", id, {{1, first}, {2, second}});
  ASSERT_EQ(done.status, 200);
  EXPECT_EQ(service.Content("b", "k"), service.Content("b", "src000000000"));
  EXPECT_EQ(Xml(done).TextOf("ChecksumCRC64NVME"),
            Base64(Checksum(ChecksumKind::kCrc64Nvme,
                            Body::Bytes(*service.Content("b", "src000000000")))));
}

TEST_F(S3SimUploads, AreListedAndAborted) {
  const std::string id = Begin("/b/k");
  Part("/b/k", id, 1, "a");
  Part("/b/k", id, 3, "bc");
  const codec::XmlElement parts = Xml(Send("GET", "/b/k", {{"uploadId", id}, {"max-parts", "1"}}));
  EXPECT_EQ(parts.TextOf("IsTruncated"), "true");
  EXPECT_EQ(parts.TextOf("NextPartNumberMarker"), "1");
  const codec::XmlElement rest =
      Xml(Send("GET", "/b/k", {{"uploadId", id}, {"part-number-marker", "1"}}));
  ASSERT_NE(rest.Find("Part"), nullptr);
  EXPECT_EQ(rest.Find("Part")->TextOf("Size"), "2");
  Begin("/b/l");
  const codec::XmlElement page = Xml(Send("GET", "/b", {{"uploads", ""}, {"max-uploads", "1"}}));
  EXPECT_EQ(page.Find("Upload")->TextOf("Key"), "k");
  EXPECT_EQ(page.TextOf("NextUploadIdMarker"), id);
  const codec::XmlElement next =
      Xml(Send("GET", "/b", {{"uploads", ""}, {"key-marker", "k"}, {"upload-id-marker", id}}));
  EXPECT_EQ(next.Find("Upload")->TextOf("Key"), "l");
  EXPECT_EQ(Send("DELETE", "/b/k", {{"uploadId", id}}).status, 204);
  EXPECT_EQ(Refused(Send("DELETE", "/b/k", {{"uploadId", id}})), "404 NoSuchUpload");
  EXPECT_EQ(Refused(Part("/b/k", id, 1, "a")), "404 NoSuchUpload");
  EXPECT_EQ(Refused(Part("/b/l", "x", 10'001, "a")), "400 InvalidArgument");
}

}  // namespace
}  // namespace lc2::s3sim
