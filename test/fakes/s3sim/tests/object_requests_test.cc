#include "base/crc.h"
#include "base/hash.h"
#include "s3sim_test_support.h"

namespace lc2::s3sim {
namespace {

class S3SimObjects : public S3SimTest {};

TEST_F(S3SimObjects, AnUploadIsReadBackWithWhatWasGiven) {
  const Reply put = Put("/b/k", "hello",
                        {{"Content-Type", "text/plain"},
                         {"X-Amz-Meta-Token", "t1"},
                         {"x-amz-tagging", "a=1&b=x%20y"}});
  ASSERT_EQ(put.status, 200);
  EXPECT_EQ(Header(put, "etag"), "\"5d41402abc4b2a76b9719d911017c592\"");
  const Reply get = Send("GET", "/b/k", {}, {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(Text(get), "hello");
  EXPECT_EQ(Header(get, "content-type"), "text/plain");
  EXPECT_EQ(Header(get, "x-amz-meta-token"), "t1");
  EXPECT_EQ(Header(get, "x-amz-tagging-count"), "2");
  EXPECT_EQ(Header(get, "last-modified"), "Sun, 09 Nov 2025 14:30:00 GMT");
  Crc64Nvme crc;
  crc.Update("hello");
  EXPECT_EQ(Header(get, "x-amz-checksum-crc64nvme"), CrcBase64(crc.value()));
  const Reply head = Send("HEAD", "/b/k");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(Header(head, "content-length"), "5");
  EXPECT_EQ(Header(head, "x-amz-checksum-crc64nvme"), "");
  EXPECT_EQ(head.body.size(), 0);
}

TEST_F(S3SimObjects, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(Refused(Send("GET", "/b/k")), "404 NoSuchKey");
  EXPECT_EQ(Refused(Send("GET", "/none/k")), "404 NoSuchBucket");
  EXPECT_EQ(Refused(Send("GET", "/v/k", {{"versionId", "x"}})), "404 NoSuchVersion");
  EXPECT_EQ(Refused(Put("/b/" + std::string(1'025, 'k'), "")), "400 KeyTooLongError");
  EXPECT_EQ(Put("/b/" + std::string(1'024, 'k'), "").status, 200);
  EXPECT_EQ(Refused(Send("GET", "/b/k", {{"acl", ""}})), "501 NotImplemented");
}

TEST_F(S3SimObjects, RangesAreThoseOfHttp) {
  Put("/b/k", "0123456789");
  const auto range = [&](const char* text) {
    const Reply reply = Send("GET", "/b/k", {}, {{"range", text}});
    return std::to_string(reply.status) + " " +
           (reply.status < 300 ? Text(reply) : Header(reply, "content-range"));
  };
  EXPECT_EQ(range("bytes=2-4"), "206 234");
  EXPECT_EQ(range("bytes=8-"), "206 89");
  EXPECT_EQ(range("bytes=8-100"), "206 89");
  EXPECT_EQ(range("bytes=-3"), "206 789");
  EXPECT_EQ(range("bytes=10-"), "416 bytes */10");
  EXPECT_EQ(range("bytes=4-2"), "200 0123456789");
  EXPECT_EQ(Header(Send("GET", "/b/k", {}, {{"range", "bytes=2-4"}}), "content-range"),
            "bytes 2-4/10");
  Put("/b/empty", "");
  EXPECT_EQ(Refused(Send("GET", "/b/empty", {}, {{"range", "bytes=0-0"}})), "416 InvalidRange");
}

TEST_F(S3SimObjects, ReadsHaveConditions) {
  const std::string tag = Header(Put("/b/k", "x"), "etag");
  EXPECT_EQ(Send("GET", "/b/k", {}, {{"if-match", tag}}).status, 200);
  EXPECT_EQ(Refused(Send("GET", "/b/k", {}, {{"if-match", "\"other\""}})),
            "412 PreconditionFailed");
  EXPECT_EQ(Send("GET", "/b/k", {}, {{"if-none-match", tag}}).status, 304);
  EXPECT_EQ(
      Send("GET", "/b/k", {}, {{"if-unmodified-since", "Sat, 08 Nov 2025 00:00:00 GMT"}}).status,
      412);
}

TEST_F(S3SimObjects, WritesHaveConditions) {
  const Headers create_only{{"if-none-match", "*"}};
  const std::string tag = Header(Put("/b/k", "x", create_only), "etag");
  EXPECT_EQ(Refused(Put("/b/k", "y", create_only)), "412 PreconditionFailed");
  EXPECT_EQ(service.Content("b", "k"), "x");
  EXPECT_EQ(Put("/b/k", "y", {{"if-match", tag}}).status, 200);
  EXPECT_EQ(Refused(Put("/b/k", "z", {{"if-match", tag}})), "412 PreconditionFailed");
  EXPECT_EQ(Refused(Put("/b/none", "z", {{"if-match", tag}})), "404 NoSuchKey");
  EXPECT_EQ(Send("DELETE", "/b/k", {}, {{"if-match", tag}}).status, 412);
  EXPECT_EQ(service.Content("b", "k"), "y");
}

TEST_F(S3SimObjects, DamagedUploadsAreRefused) {
  EXPECT_EQ(Refused(Put("/b/k", "x", {{"content-md5", Base64(std::string(16, 'x'))}})),
            "400 BadDigest");
  EXPECT_EQ(Refused(Put("/b/k", "x", {{"content-md5", "short"}})), "400 InvalidDigest");
  for (const ChecksumKind kind : kChecksumKinds) {
    const std::string right = Base64(Checksum(kind, Body::Bytes("x")));
    const std::string wrong = Base64(Checksum(kind, Body::Bytes("y")));
    EXPECT_EQ(Refused(Put("/b/k", "x", {{HeaderOf(kind), wrong}})), "400 BadDigest");
    EXPECT_EQ(Refused(Put("/b/k", "x", {{HeaderOf(kind), "eA=="}})), "400 InvalidRequest");
    EXPECT_EQ(service.Content("b", "k"), std::nullopt);
    const Reply put = Put("/b/k", "x", {{HeaderOf(kind), right}});
    EXPECT_EQ(Header(put, HeaderOf(kind)), right);
    EXPECT_EQ(
        Header(Send("HEAD", "/b/k", {}, {{"x-amz-checksum-mode", "ENABLED"}}), HeaderOf(kind)),
        right);
    service.RemoveObject("b", "k");
  }
}

TEST_F(S3SimObjects, AChecksumMayComeBehindTheBody) {
  const auto send = [&](const std::string& checksum) {
    const std::string body = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32c:" + checksum + "\r\n\r\n";
    const cloud::aws::Signer signer("us-east-1", "s3");
    return service.Handle(signer.Sign({.method = "PUT",
                                       .scheme = "http",
                                       .host = "sim.example",
                                       .path = "/b/k",
                                       .headers = {{"content-encoding", "gzip,aws-chunked"},
                                                   {"x-amz-trailer", "x-amz-checksum-crc32c"},
                                                   {"x-amz-decoded-content-length", "5"}},
                                       .body = body,
                                       .payload_hash = std::string(cloud::aws::kUnsignedTrailer)},
                                      requests.credentials(), clock.Now()));
  };
  EXPECT_EQ(Refused(send(Base64("xxxx"))), "400 BadDigest");
  EXPECT_EQ(send(Base64(Checksum(ChecksumKind::kCrc32c, Body::Bytes("hello")))).status, 200);
  EXPECT_EQ(service.Content("b", "k"), "hello");
  EXPECT_EQ(Header(Send("HEAD", "/b/k"), "content-encoding"), "gzip");
}

TEST_F(S3SimObjects, ACopyTakesAllButWhatIsReplaced) {
  Put("/b/k", "x", {{"content-type", "a/b"}, {"x-amz-meta-m", "1"}, {"x-amz-tagging", "t=1"}});
  const Reply copy = Send("PUT", "/v/c", {}, {{"x-amz-copy-source", "/b/k"}});
  ASSERT_EQ(copy.status, 200);
  EXPECT_EQ(Xml(copy).TextOf("ETag"), EntityTagOf(Body::Bytes("x")).str());
  EXPECT_NE(Header(copy, "x-amz-version-id"), "");
  const Reply head = Send("HEAD", "/v/c");
  EXPECT_EQ(Header(head, "content-type"), "a/b");
  EXPECT_EQ(Header(head, "x-amz-meta-m"), "1");
  EXPECT_EQ(Header(head, "x-amz-tagging-count"), "1");
  Send("PUT", "/v/d", {},
       {{"x-amz-copy-source", "b/k"},
        {"x-amz-metadata-directive", "REPLACE"},
        {"x-amz-tagging-directive", "REPLACE"},
        {"x-amz-meta-n", "2"}});
  const Reply other = Send("HEAD", "/v/d");
  EXPECT_EQ(Header(other, "x-amz-meta-m"), "");
  EXPECT_EQ(Header(other, "x-amz-meta-n"), "2");
  EXPECT_EQ(Header(other, "x-amz-tagging-count"), "");
}

TEST_F(S3SimObjects, MetadataAndTagsOfACopyComeFromWhereEachIsSaid) {
  Put("/b/k", "x", {{"x-amz-meta-m", "old"}, {"x-amz-tagging", "t=old"}});
  const auto copied = [&](const char* replaced) {
    Send("PUT", "/b/c", {},
         {{"x-amz-copy-source", "/b/k"},
          {replaced, "REPLACE"},
          {"x-amz-meta-m", "new"},
          {"x-amz-tagging", "t=new"}});
    const codec::XmlElement tags = Xml(Send("GET", "/b/c", {{"tagging", ""}}));
    return Header(Send("HEAD", "/b/c"), "x-amz-meta-m") + " " +
           tags.Find("TagSet")->Find("Tag")->TextOf("Value");
  };
  EXPECT_EQ(copied("x-amz-metadata-directive"), "new old");
  EXPECT_EQ(copied("x-amz-tagging-directive"), "old new");
}

TEST_F(S3SimObjects, ACopyHasConditionsOnBothSides) {
  const std::string tag = Header(Put("/b/a b+c", "x"), "etag");
  const auto copy = [&](Headers headers) {
    headers.push_back({"x-amz-copy-source", "/b/a%20b+c"});
    return Send("PUT", "/b/to", {}, std::move(headers));
  };
  EXPECT_EQ(Refused(copy({{"x-amz-copy-source-if-match", "\"e\""}})), "412 PreconditionFailed");
  EXPECT_EQ(service.Content("b", "to"), std::nullopt);
  EXPECT_EQ(copy({{"x-amz-copy-source-if-match", tag}, {"if-none-match", "*"}}).status, 200);
  EXPECT_EQ(Refused(copy({{"if-none-match", "*"}})), "412 PreconditionFailed");
  EXPECT_EQ(Refused(Send("PUT", "/b/to", {}, {{"x-amz-copy-source", "/b/to"}})),
            "400 InvalidRequest");
  EXPECT_EQ(Refused(Send("PUT", "/b/to", {}, {{"x-amz-copy-source", "/b/none"}})), "404 NoSuchKey");
}

TEST_F(S3SimObjects, MoreThan5GiBAreNotCopiedAtOnce) {
  service.Fill({.bucket = "b", .prefix = "big", .count = 1, .size = (5LL << 30) + 1});
  service.Fill({.bucket = "b", .prefix = "fits", .count = 1, .size = 5LL << 30});
  EXPECT_EQ(Refused(Send("PUT", "/b/to", {}, {{"x-amz-copy-source", "/b/big000000000"}})),
            "400 InvalidRequest");
  EXPECT_EQ(Send("PUT", "/b/to", {}, {{"x-amz-copy-source", "/b/fits000000000"}}).status, 200);
  const Reply get = Send("GET", "/b/to", {}, {{"range", "bytes=5368709110-"}});
  EXPECT_EQ(get.body.size(), 10);
  EXPECT_EQ(Text(get), Text(Send("GET", "/b/fits000000000", {}, {{"range", "bytes=-10"}})));
}

TEST_F(S3SimObjects, ArchivedObjectsAreReadWhenTheyAreRestored) {
  Put("/b/k", "x", {{"x-amz-storage-class", "GLACIER"}});
  EXPECT_EQ(Refused(Send("GET", "/b/k")), "403 InvalidObjectState");
  EXPECT_EQ(Header(Send("HEAD", "/b/k"), "x-amz-storage-class"), "GLACIER");
  EXPECT_EQ(Refused(Send("PUT", "/b/to", {}, {{"x-amz-copy-source", "/b/k"}})),
            "403 ObjectNotInActiveTierError");
  EXPECT_EQ(Send("POST", "/b/k", {{"restore", ""}}).status, 202);
  EXPECT_EQ(Text(Send("GET", "/b/k")), "x");
  EXPECT_EQ(Refused(Put("/b/k", "x", {{"x-amz-storage-class", "CHEAP"}})),
            "400 InvalidStorageClass");
}

TEST_F(S3SimObjects, ACustomersKeyIsNeededToRead) {
  const Headers key{{"x-amz-server-side-encryption-customer-algorithm", "AES256"},
                    {"x-amz-server-side-encryption-customer-key", Base64(std::string(32, 'k'))},
                    {"x-amz-server-side-encryption-customer-key-md5", "bWQ1"}};
  EXPECT_EQ(Put("/b/k", "x", key).status, 200);
  EXPECT_EQ(Refused(Send("GET", "/b/k")), "400 InvalidRequest");
  EXPECT_EQ(Send("HEAD", "/b/k").status, 400);
  EXPECT_EQ(Text(Send("GET", "/b/k", {}, key)), "x");
  EXPECT_EQ(Refused(Send("PUT", "/b/to", {}, {{"x-amz-copy-source", "/b/k"}})),
            "400 InvalidRequest");
}

TEST_F(S3SimObjects, TheKeyOfTheEncryptionIsKept) {
  Put("/b/k", "x",
      {{"x-amz-server-side-encryption", "aws:kms"},
       {"x-amz-server-side-encryption-aws-kms-key-id", "arn:key"}});
  const Reply head = Send("HEAD", "/b/k");
  EXPECT_EQ(Header(head, "x-amz-server-side-encryption-aws-kms-key-id"), "arn:key");
  EXPECT_NE(Header(head, "etag"), EntityTagOf(Body::Bytes("x")).str());
}

TEST_F(S3SimObjects, TagsAreASet) {
  Put("/b/k", "x");
  const std::string two =
      "<Tagging><TagSet><Tag><Key>a b+</Key><Value>1</Value></Tag>"
      "<Tag><Key>c</Key><Value></Value></Tag></TagSet></Tagging>";
  EXPECT_EQ(Send("PUT", "/b/k", {{"tagging", ""}}, {}, two).status, 200);
  const codec::XmlElement tagging = Xml(Send("GET", "/b/k", {{"tagging", ""}}));
  const codec::XmlElement* set = tagging.Find("TagSet");
  ASSERT_NE(set, nullptr);
  ASSERT_EQ(set->children.size(), 2U);
  EXPECT_EQ(set->children[0].TextOf("Key"), "a b+");
  EXPECT_EQ(Send("DELETE", "/b/k", {{"tagging", ""}}).status, 204);
  EXPECT_EQ(Header(Send("HEAD", "/b/k"), "x-amz-tagging-count"), "");
  std::string eleven;
  for (char c = 'a'; c <= 'k'; ++c) eleven += std::string(eleven.empty() ? "" : "&") + c + "=1";
  EXPECT_EQ(Put("/b/k", "x", {{"x-amz-tagging", eleven}}).status, 400);
  EXPECT_EQ(Refused(Put("/b/k", "x", {{"x-amz-tagging", "a=1&a=2"}})), "400 InvalidTag");
  EXPECT_EQ(Refused(Put("/b/k", "x", {{"x-amz-tagging", "a%26=1"}})), "400 InvalidTag");
  EXPECT_EQ(Refused(Put("/b/k", "x", {{"x-amz-meta-m", std::string(2'048, 'm')}})),
            "400 MetadataTooLarge");
}

}  // namespace
}  // namespace lc2::s3sim
