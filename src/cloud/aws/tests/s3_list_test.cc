#include "cloud/aws/s3_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time_format.h"

namespace lc2::cloud::aws {
namespace {

using ::testing::ElementsAre;

std::string Page(const std::string& inside) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult "
         "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name><Prefix/>" +
         inside + "</ListBucketResult>";
}

std::string Object(const std::string& key, const std::string& more = "<Size>1</Size>") {
  return "<Contents><Key>" + key + "</Key>" + more + "</Contents>";
}

TEST(S3List, APageIsObjectsInTheirOrder) {
  const auto page = ParseListPage(
      Page("<IsTruncated>true</IsTruncated><NextContinuationToken>1/x+y=</NextContinuationToken>" +
           Object("z",
                  "<LastModified>2026-01-02T03:04:05.678Z</LastModified>"
                  "<ETag>&quot;9b2c&quot;</ETag><Size>5368709121</Size>"
                  "<StorageClass>STANDARD</StorageClass><Owner><Key>no key</Key></Owner>") +
           Object("a") + "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>"));
  ASSERT_TRUE(page.has_value());
  ASSERT_EQ(page->objects.size(), 2U);
  const ListedObject first{
      .key = "z",
      .size = 5'368'709'121,
      .last_modified = ParseRfc3339("2026-01-02T03:04:05.678Z").value(),
      .etag = "\"9b2c\"",
      .storage_class = "STANDARD",
  };
  EXPECT_EQ(page->objects[0], first);
  EXPECT_EQ(page->objects[1].key, "a");
  EXPECT_EQ(page->next_token, "1/x+y=") << "the token is never encoded";
  EXPECT_THAT(page->common_prefixes, ElementsAre("p/"));
}

TEST(S3List, KeysAreDecodedOnlyWhereThePageSaysSo) {
  const std::string keys = Object("a+b%2Fc%01") +
                           "<CommonPrefixes><Prefix>%C3%BC/</Prefix>"
                           "</CommonPrefixes>";
  // Services put the mark before or behind the keys.
  for (const std::string& inside :
       {"<EncodingType>url</EncodingType>" + keys, keys + "<EncodingType>url</EncodingType>"}) {
    const auto page = ParseListPage(Page(inside));
    ASSERT_TRUE(page.has_value());
    EXPECT_EQ(page->objects[0].key, "a b/c\x01");
    EXPECT_EQ(page->common_prefixes[0], "\xC3\xBC/");
  }
  EXPECT_EQ(ParseListPage(Page(keys))->objects[0].key, "a+b%2Fc%01");
}

TEST(S3List, TheLastPageHasNoToken) {
  EXPECT_EQ(ParseListPage(Page(""))->next_token, "");
  EXPECT_EQ(ParseListPage(Page("<IsTruncated>false</IsTruncated>"
                               "<NextContinuationToken>x</NextContinuationToken>"))
                ->next_token,
            "");
}

TEST(S3List, APageThatIsNotWholeIsAskedForAgain) {
  for (const std::string& body : {
           std::string(),
           std::string("<ListBucketResult><Contents><Key>a"),
           std::string("<Error><Code>InternalError</Code></Error>"),
           Page(Object("", "<Size>1</Size>")),
           Page("<Contents><Size>1</Size></Contents>"),
           Page(Object("a", "<Size>-1</Size>")),
           Page(Object("a", "<Size>1x</Size>")),
           Page(Object("a", "<LastModified>yesterday</LastModified>")),
           Page("<EncodingType>url</EncodingType>" + Object("%4")),
           Page("<IsTruncated>true</IsTruncated>"),
       }) {
    const auto page = ParseListPage(body);
    ASSERT_FALSE(page.has_value()) << body;
    EXPECT_EQ(page.error().code, "s3.bad_page") << body;
    EXPECT_TRUE(FactsOf(page.error().kind).retryable);
  }
}

std::string Query(const S3Call& request) {
  std::string text;
  for (const QueryParameter& one : request.query) text += one.name + "=" + *one.value + "&";
  return text;
}

TEST(S3List, ATokenTakesThePlaceOfAStart) {
  EXPECT_EQ(Query(ListCall({.prefix = "p/", .start_after = "p/a"})),
            "list-type=2&encoding-type=url&max-keys=1000&prefix=p/&start-after=p/a&");
  EXPECT_EQ(Query(ListCall({.start_after = "a", .continuation_token = "t"})),
            "list-type=2&encoding-type=url&max-keys=1000&continuation-token=t&");
}

TEST(S3Bucket, IsPartOfTheHostOrOfThePath) {
  const S3Bucket amazon = S3Bucket::OfAmazon("retail", "eu-west-1");
  EXPECT_EQ(BucketRequest(amazon).host, "retail.s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(ObjectRequest(amazon, "/a//b", "PUT").path, "//a//b");
  const S3Bucket dotted = S3Bucket::OfAmazon("retail.example", "cn-north-1");
  EXPECT_EQ(BucketRequest(dotted).host, "s3.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(ObjectRequest(dotted, "k").path, "/retail.example/k");
  const S3Bucket own{.name = "b",
                     .endpoint = {.scheme = "http", .host = "127.0.0.1:9000", .region = "x"}};
  EXPECT_EQ(BucketRequest(own).path, "/b");
  EXPECT_EQ(ObjectRequest(own, "k", "HEAD").method, "HEAD");
}

}  // namespace
}  // namespace lc2::cloud::aws
