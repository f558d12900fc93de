#include "cloud/aws/s3_object.h"

#include <gtest/gtest.h>

#include "base/time_format.h"
#include "cloud/aws/s3_multipart.h"
#include "cloud/aws/s3_versions.h"

namespace lc2::cloud::aws {
namespace {

std::string HeaderOf(const S3Call& call, std::string_view name) {
  for (const net::HttpHeader& header : call.headers) {
    if (header.name == name) return header.value;
  }
  return "";
}

std::string QueryOf(const S3Call& call) {
  std::string text;
  for (const QueryParameter& one : call.query)
    text += one.name + "=" + one.value.value_or("") + "&";
  return text;
}

net::HttpResponse Answer(std::string body) { return {.status = 200, .body = std::move(body)}; }

const std::vector<net::HttpHeader> kHead = {{"content-length", "200"},
                                            {"last-modified", "Fri, 02 Jan 2026 03:04:05 GMT"},
                                            {"etag", "\"e\""},
                                            {"x-amz-version-id", "v"},
                                            {"content-type", "text/plain"},
                                            {"x-amz-meta-lc2token", "run"},
                                            {"x-amz-checksum-crc64nvme", "AAA="},
                                            {"x-amz-checksum-type", "FULL_OBJECT"}};

TEST(S3Object, ReadsWhatItsHeadersSay) {
  const auto head = ReadObjectHead({.status = 200, .headers = kHead});
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->size, 200);
  EXPECT_EQ(head->etag, "\"e\"");
  EXPECT_EQ(head->version, "v");
  EXPECT_EQ(FormatRfc3339(head->last_modified), "2026-01-02T03:04:05Z");
  EXPECT_EQ(head->metadata.at("lc2token"), "run");
  EXPECT_EQ(head->checksums, (std::map<std::string, std::string>{{"crc64nvme", "AAA="}}));
  EXPECT_EQ(head->checksum_type, "FULL_OBJECT");
  EXPECT_FALSE(head->archived);
  EXPECT_FALSE(head->locked_until.has_value());
}

TEST(S3Object, APartSaysHowLargeTheWholeIs) {
  std::vector<net::HttpHeader> headers = kHead;
  headers.push_back({"content-range", "bytes 0-199/9000"});
  EXPECT_EQ(ReadObjectHead({.status = 206, .headers = headers})->size, 9000);
  headers.back().value = "bytes 0-199";
  EXPECT_FALSE(ReadObjectHead({.status = 206, .headers = headers}).has_value());
}

TEST(S3Object, AnObjectWithoutSizeOrTimeIsAskedForAgain) {
  for (const auto& headers :
       std::vector<std::vector<net::HttpHeader>>{{},
                                                 {kHead[0]},
                                                 {kHead[1]},
                                                 {{"content-length", "-1"}, kHead[1]},
                                                 {kHead[0], {"last-modified", "yesterday"}}}) {
    const auto head = ReadObjectHead({.status = 200, .headers = headers});
    ASSERT_FALSE(head.has_value());
    EXPECT_EQ(head.error().code, "s3.bad_answer");
  }
}

TEST(S3Object, KnowsWhatCannotBeRead) {
  const auto archived = [](std::vector<net::HttpHeader> more) {
    std::vector<net::HttpHeader> headers = kHead;
    headers.insert(headers.end(), more.begin(), more.end());
    return ReadObjectHead({.status = 200, .headers = headers})->archived;
  };
  EXPECT_FALSE(archived({{"x-amz-storage-class", "STANDARD_IA"}}));
  EXPECT_FALSE(archived({{"x-amz-storage-class", "GLACIER_IR"}}));
  EXPECT_TRUE(archived({{"x-amz-storage-class", "GLACIER"}}));
  EXPECT_TRUE(archived(
      {{"x-amz-storage-class", "DEEP_ARCHIVE"}, {"x-amz-restore", "ongoing-request=\"true\""}}));
  EXPECT_FALSE(archived({{"x-amz-storage-class", "GLACIER"},
                         {"x-amz-restore", "ongoing-request=\"false\", expiry-date=\"x\""}}));
  EXPECT_TRUE(archived({{"x-amz-archive-status", "ARCHIVE_ACCESS"}}));
}

TEST(S3Object, KnowsItsLock) {
  std::vector<net::HttpHeader> headers = kHead;
  headers.push_back({"x-amz-object-lock-mode", "COMPLIANCE"});
  headers.push_back({"x-amz-object-lock-retain-until-date", "2026-03-04T05:06:07.000Z"});
  headers.push_back({"x-amz-object-lock-legal-hold", "ON"});
  const auto head = ReadObjectHead({.status = 200, .headers = headers});
  EXPECT_EQ(head->lock_mode, "COMPLIANCE");
  EXPECT_EQ(FormatRfc3339(*head->locked_until), "2026-03-04T05:06:07Z");
  EXPECT_TRUE(head->legal_hold);
}

TEST(S3Object, IsReadInPartsOfOneState) {
  const S3Call call = GetObjectCall(
      {.key = "k", .version = "v+/", .range = {{10, 5}}, .if_match = "\"e\"", .limit = 5});
  EXPECT_EQ(QueryOf(call), "versionId=v+/&");
  EXPECT_EQ(HeaderOf(call, "range"), "bytes=10-14");
  EXPECT_EQ(HeaderOf(call, "if-match"), "\"e\"");
  EXPECT_EQ(call.limits.max_response_bytes, 64 * 1024);
}

TEST(S3Object, IsIntactIfItsChecksumSaysSo) {
  ObjectHead head{.checksums = {{"crc64nvme", "rosUhgp5mIg="}}};
  EXPECT_TRUE(IsIntact(head, "123456789"));
  EXPECT_FALSE(IsIntact(head, "123456788"));
  head.checksum_type = "COMPOSITE";
  EXPECT_TRUE(IsIntact(head, "123456788")) << "of parts that nobody knows";
  EXPECT_TRUE(IsIntact({}, "x"));
  EXPECT_EQ(HeaderOf(GetObjectCall({.key = "k"}), "x-amz-checksum-mode"), "ENABLED");
  EXPECT_EQ(HeaderOf(GetObjectCall({.key = "k", .range = {{0, 1}}}), "x-amz-checksum-mode"), "");
}

TEST(S3Object, IsWrittenWithAllThatBelongsToIt) {
  const S3Call call =
      PutObjectCall({.key = "k",
                     .body = "123456789",
                     .traits = {.content_type = "text/plain",
                                .metadata = {{"lc2token", "t"}},
                                .tags = {{"a b", "c&d"}, {"e", ""}},
                                .storage_class = "STANDARD_IA",
                                .kms_key = "arn:aws:kms:x",
                                .lock_mode = "GOVERNANCE",
                                .locked_until = ParseRfc3339("2026-01-02T03:04:05Z").value()},
                     .create_only = true});
  EXPECT_EQ(call.method, "PUT");
  EXPECT_TRUE(call.create_only);
  EXPECT_EQ(HeaderOf(call, "if-none-match"), "*");
  EXPECT_EQ(HeaderOf(call, "content-type"), "text/plain");
  EXPECT_EQ(HeaderOf(call, "x-amz-meta-lc2token"), "t");
  EXPECT_EQ(HeaderOf(call, "x-amz-tagging"), "a%20b=c%26d&e=");
  EXPECT_EQ(HeaderOf(call, "x-amz-storage-class"), "STANDARD_IA");
  EXPECT_EQ(HeaderOf(call, "x-amz-server-side-encryption"), "aws:kms");
  EXPECT_EQ(HeaderOf(call, "x-amz-server-side-encryption-aws-kms-key-id"), "arn:aws:kms:x");
  EXPECT_EQ(HeaderOf(call, "x-amz-object-lock-mode"), "GOVERNANCE");
  EXPECT_EQ(HeaderOf(call, "x-amz-object-lock-retain-until-date"), "2026-01-02T03:04:05Z");
  // Of "123456789": 0xAE8B14860A799888, the check value of CRC-64/NVME.
  EXPECT_EQ(HeaderOf(call, "x-amz-checksum-crc64nvme"), "rosUhgp5mIg=");
  EXPECT_EQ(HeaderOf(PutObjectCall({.key = "k", .checksum = false}), "x-amz-checksum-crc64nvme"),
            "");
}

TEST(S3Object, ACopyNamesItsSourceByteForByte) {
  EXPECT_EQ(CopySource("b", "/a//b c+d%.ä"), "/b//a//b%20c%2Bd%25.%C3%A4");
  EXPECT_EQ(CopySource("b", "k", "v+/="), "/b/k?versionId=v%2B%2F%3D");
  const S3Call call = CopyObjectCall({.from_bucket = "b",
                                      .from_key = "a",
                                      .from_version = "1",
                                      .from_etag = "\"e\"",
                                      .to_key = "k",
                                      .storage_class = "STANDARD_IA"});
  EXPECT_EQ(HeaderOf(call, "x-amz-copy-source"), "/b/a?versionId=1");
  EXPECT_EQ(HeaderOf(call, "x-amz-copy-source-if-match"), "\"e\"");
  EXPECT_EQ(HeaderOf(call, "x-amz-storage-class"), "STANDARD_IA");
  EXPECT_EQ(HeaderOf(call, "x-amz-metadata-directive"), "") << "what it has is kept";
  const S3Call other = CopyObjectCall({.from_bucket = "b",
                                       .from_key = "a",
                                       .to_key = "k",
                                       .replace = ObjectTraits{.metadata = {{"n", "v"}}}});
  EXPECT_EQ(HeaderOf(other, "x-amz-metadata-directive"), "REPLACE");
  EXPECT_EQ(HeaderOf(other, "x-amz-meta-n"), "v");
  EXPECT_EQ(HeaderOf(other, "x-amz-tagging-directive"), "");
}

TEST(S3Object, TagsAreRead) {
  const auto tags = ReadTags(Answer(
      "<Tagging><TagSet><Tag><Key>a</Key><Value>1 &amp; 2</Value></Tag></TagSet></Tagging>"));
  ASSERT_TRUE(tags.has_value());
  EXPECT_EQ(tags->at("a"), "1 & 2");
  EXPECT_TRUE(ReadTags(Answer("<Tagging><TagSet/></Tagging>"))->empty());
  EXPECT_FALSE(ReadTags(Answer("<html/>")).has_value());
}

TEST(S3Multipart, IsNotBegunTwice) {
  const S3Call call = CreateUploadCall("k", {.content_type = "x/y"}, true);
  EXPECT_FALSE(call.repeatable);
  EXPECT_EQ(QueryOf(call), "uploads=&");
  EXPECT_EQ(HeaderOf(call, "x-amz-checksum-type"), "FULL_OBJECT");
  EXPECT_EQ(HeaderOf(call, "content-type"), "x/y");
  EXPECT_EQ(ReadUploadId(Answer("<R><UploadId>u</UploadId></R>")).value(), "u");
  EXPECT_FALSE(ReadUploadId(Answer("<R/>")).has_value());
}

TEST(S3Multipart, PartsAreNumberedAndChecked) {
  const S3Call part = UploadPartCall("k", "u", 7, "123456789", "rosUhgp5mIg=");
  EXPECT_EQ(QueryOf(part), "partNumber=7&uploadId=u&");
  EXPECT_EQ(HeaderOf(part, "x-amz-checksum-crc64nvme"), "rosUhgp5mIg=");
  const UploadedPart sent = ReadPart(
      {.status = 200, .headers = {{"etag", "\"e\""}, {"x-amz-checksum-crc64nvme", "A="}}}, 7);
  EXPECT_EQ(sent.number, 7);
  EXPECT_EQ(sent.etag, "\"e\"");
  EXPECT_EQ(sent.checksum, "A=");
  const S3Call copied = CopyPartCall(
      "k", "u", 2, {.bucket = "b", .key = "s", .etag = "\"e\"", .first = 100, .count = 50});
  EXPECT_EQ(HeaderOf(copied, "x-amz-copy-source-range"), "bytes=100-149");
  EXPECT_EQ(HeaderOf(copied, "x-amz-copy-source-if-match"), "\"e\"");
  EXPECT_EQ(ReadCopiedPart(Answer("<CopyPartResult><ETag>\"p\"</ETag></CopyPartResult>"), 2)->etag,
            "\"p\"");
  EXPECT_FALSE(ReadCopiedPart(Answer("<CopyPartResult/>"), 2).has_value());
}

TEST(S3Multipart, IsPutTogetherInItsOrder) {
  const S3Call call = CompleteUploadCall(
      "k", "u", {{.number = 1, .etag = "\"a\"", .checksum = "A="}, {.number = 2, .etag = "\"b\""}},
      10, "W=", true);
  EXPECT_EQ(call.body,
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<Part><PartNumber>1</PartNumber><ETag>\"a\"</ETag>"
            "<ChecksumCRC64NVME>A=</ChecksumCRC64NVME></Part>"
            "<Part><PartNumber>2</PartNumber><ETag>\"b\"</ETag></Part>"
            "</CompleteMultipartUpload>");
  EXPECT_EQ(HeaderOf(call, "if-none-match"), "*");
  EXPECT_EQ(HeaderOf(call, "x-amz-mp-object-size"), "10");
  EXPECT_EQ(HeaderOf(call, "x-amz-checksum-crc64nvme"), "W=");
  const auto made = ReadCompleted(
      {.status = 200,
       .headers = {{"x-amz-version-id", "v"}},
       .body = "<R><ETag>\"m-2\"</ETag><ChecksumCRC64NVME>W=</ChecksumCRC64NVME></R>"});
  EXPECT_EQ(made->etag, "\"m-2\"");
  EXPECT_EQ(made->version, "v");
  EXPECT_EQ(made->checksums.at("crc64nvme"), "W=");
  EXPECT_FALSE(ReadCompleted(Answer("<R/>")).has_value());
}

TEST(S3Multipart, OpenUploadsAreListed) {
  EXPECT_EQ(QueryOf(ListUploadsCall("p/", "k", "u")),
            "uploads=&encoding-type=url&prefix=p/&key-marker=k&upload-id-marker=u&");
  const auto page = ReadUploadPage(Answer(
      "<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
      "<NextKeyMarker>a+b</NextKeyMarker><NextUploadIdMarker>u1</NextUploadIdMarker>"
      "<Upload><Key>a+b</Key><UploadId>u1</UploadId><Initiated>2026-01-02T03:04:05Z</Initiated>"
      "</Upload></ListMultipartUploadsResult>"));
  ASSERT_TRUE(page.has_value());
  ASSERT_EQ(page->uploads.size(), 1U);
  EXPECT_EQ(page->uploads[0].key, "a b");
  EXPECT_EQ(page->uploads[0].id, "u1");
  EXPECT_EQ(page->next_key, "a b");
  EXPECT_EQ(page->next_upload, "u1");
  EXPECT_FALSE(ReadUploadPage(Answer("<R><Upload><Key>k</Key></Upload></R>")).has_value());
  EXPECT_FALSE(ReadUploadPage(Answer("<R><IsTruncated>true</IsTruncated></R>")).has_value());
}

TEST(S3Versions, AreReadWithTheirMarkers) {
  EXPECT_EQ(QueryOf(ListVersionsCall({.prefix = "k", .key_marker = "k", .version_marker = "1"})),
            "versions=&encoding-type=url&max-keys=1000&prefix=k&key-marker=k&version-id-marker=1&");
  const auto page = ParseVersionPage(
      "<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
      "<NextKeyMarker>k+1</NextKeyMarker><NextVersionIdMarker>1</NextVersionIdMarker>"
      "<DeleteMarker><Key>k+1</Key><VersionId>2</VersionId><IsLatest>true</IsLatest>"
      "<LastModified>2026-01-02T03:04:06.000Z</LastModified></DeleteMarker>"
      "<Version><Key>k+1</Key><VersionId>1</VersionId><IsLatest>false</IsLatest><Size>5</Size>"
      "<ETag>\"e\"</ETag><LastModified>2026-01-02T03:04:05Z</LastModified></Version>"
      "</ListVersionsResult>");
  ASSERT_TRUE(page.has_value()) << page.error().message;
  ASSERT_EQ(page->versions.size(), 2U);
  EXPECT_TRUE(page->versions[0].delete_marker);
  EXPECT_TRUE(page->versions[0].latest);
  EXPECT_EQ(page->versions[0].key, "k 1");
  EXPECT_FALSE(page->versions[1].delete_marker);
  EXPECT_EQ(page->versions[1].size, 5);
  EXPECT_EQ(page->next_key, "k 1");
  EXPECT_EQ(page->next_version, "1");
}

TEST(S3Versions, ABrokenPageIsAskedForAgain) {
  for (const char* body :
       {"", "<ListBucketResult/>",
        "<ListVersionsResult><IsTruncated>true</IsTruncated>"
        "</ListVersionsResult>",
        "<ListVersionsResult><Version><Key>k</Key></Version></ListVersionsResult>",
        "<ListVersionsResult><Version><Key>k</Key><VersionId>1</VersionId><Size>x</Size>"
        "<LastModified>2026-01-02T03:04:05Z</LastModified></Version></ListVersionsResult>",
        "<ListVersionsResult><EncodingType>url</EncodingType><DeleteMarker><Key>%</Key>"
        "<VersionId>1</VersionId><LastModified>2026-01-02T03:04:05Z</LastModified>"
        "</DeleteMarker></ListVersionsResult>"}) {
    const auto page = ParseVersionPage(body);
    ASSERT_FALSE(page.has_value()) << body;
    EXPECT_EQ(page.error().code, "s3.bad_page");
  }
}

TEST(S3Versions, ManyAreDeletedInOneCall) {
  const auto call = DeleteObjectsCall({{.key = "a&b", .version = "1"}, {.key = "c"}});
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->body,
            "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>"
            "<Object><Key>a&amp;b</Key><VersionId>1</VersionId></Object>"
            "<Object><Key>c</Key></Object></Delete>");
  EXPECT_FALSE(HeaderOf(*call, "x-amz-checksum-crc32c").empty());
  const auto refused = DeleteObjectsCall({{.key = std::string("a\x01", 2)}});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "xml.text");
  const auto left = ReadUndeleted(
      Answer("<DeleteResult><Error><Key>a</Key><VersionId>1</VersionId><Code>AccessDenied</Code>"
             "<Message>m</Message></Error><Deleted><Key>c</Key></Deleted></DeleteResult>"));
  ASSERT_TRUE(left.has_value());
  ASSERT_EQ(left->size(), 1U);
  EXPECT_EQ(left->front().code, "AccessDenied");
  EXPECT_FALSE(ReadUndeleted(Answer("<html/>")).has_value());
}

}  // namespace
}  // namespace lc2::cloud::aws
