#include <algorithm>

#include "cloud/aws/s3_list.h"
#include "s3sim_test_support.h"

namespace lc2::s3sim {
namespace {

using cloud::aws::ListPage;
using cloud::aws::ParseListPage;

// In the order of their bytes.
const std::vector<std::string>& OddKeys() {
  static const std::vector<std::string> kKeys = [] {
    std::vector<std::string> keys = {"dir",
                                     "dir 1",
                                     "dir!",
                                     "dir-1",
                                     "dir.1",
                                     "dir/",
                                     "dir/1",
                                     "dir/2",
                                     "dir0",
                                     "/lead",
                                     "a//b",
                                     "a/../b",
                                     "a/./b",
                                     "a+b",
                                     "a%20b",
                                     "a&b<c>\"",
                                     "\x01",
                                     "\x1F\t\n\r",
                                     "\x7F",
                                     "\xC3\xA4",
                                     "\xE6\x97\xA5",
                                     "\xEF\xBF\xBD",
                                     "\xF0\x9F\x98\x80",
                                     "\xF3\xB0\x80\x80",
                                     std::string(1'024, 'k')};
    std::sort(keys.begin(), keys.end());
    return keys;
  }();
  return kKeys;
}

class S3SimListing : public S3SimTest {
 protected:
  S3SimListing() {
    for (const std::string& key : OddKeys()) service.PutObject("b", key, "x");
  }

  ListPage Page(Query query) {
    query.push_back({"list-type", "2"});
    query.push_back({"encoding-type", "url"});
    return ParseListPage(Text(Send("GET", "/b", std::move(query)))).value();
  }
  // All pages of so many keys; common prefixes behind the keys of their page.
  std::vector<std::string> All(const std::string& size, const Query& more = {}) {
    std::vector<std::string> names;
    std::string token;
    do {
      Query query = more;
      query.push_back({"max-keys", size});
      if (!token.empty()) query.push_back({"continuation-token", token});
      const ListPage page = Page(query);
      for (const auto& object : page.objects) names.push_back(object.key);
      for (const auto& prefix : page.common_prefixes) names.push_back(prefix);
      token = page.next_token;
      if (names.size() > 10 * OddKeys().size()) token.clear();  // it goes round
    } while (!token.empty());
    return names;
  }
};

TEST_F(S3SimListing, IsInTheOrderOfBytesAtAnyPageSize) {
  for (const char* size : {"1", "2", "3", "7", "24", "25", "1000"}) {
    EXPECT_EQ(All(size), OddKeys()) << size;
  }
}

TEST_F(S3SimListing, BeginsBehindAnyKey) {
  for (std::size_t i = 0; i < OddKeys().size(); ++i) {
    const std::vector<std::string> rest(OddKeys().begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                        OddKeys().end());
    EXPECT_EQ(All("5", {{"start-after", OddKeys()[i]}}), rest);
  }
  EXPECT_EQ(All("5", {{"start-after", "dir.9"}, {"prefix", "dir"}}),
            (std::vector<std::string>{"dir/", "dir/1", "dir/2", "dir0"}));
}

TEST_F(S3SimListing, KeysBelowADelimiterAreOnePrefix) {
  for (const char* size : {"1", "2", "1000"}) {
    EXPECT_EQ(All(size, {{"delimiter", "/"}, {"prefix", "a"}}).size(), 4U) << size;
    std::vector<std::string> names = All(size, {{"delimiter", "/"}, {"prefix", "dir"}});
    std::sort(names.begin(), names.end());  // a page has its prefixes behind its keys
    EXPECT_EQ(names,
              (std::vector<std::string>{"dir", "dir 1", "dir!", "dir-1", "dir.1", "dir/", "dir0"}))
        << size;
  }
  EXPECT_EQ(All("2", {{"delimiter", "/"}, {"prefix", "dir/"}}),
            (std::vector<std::string>{"dir/", "dir/1", "dir/2"}));
}

TEST_F(S3SimListing, SaysOfEachWhatWasStored) {
  const ListPage page = Page({{"prefix", "dir/1"}});
  ASSERT_EQ(page.objects.size(), 1U);
  EXPECT_EQ(page.objects[0], (cloud::aws::ListedObject{.key = "dir/1",
                                                       .size = 1,
                                                       .last_modified = clock.Now(),
                                                       .etag = EntityTagOf(Body::Bytes("x")).str(),
                                                       .storage_class = "STANDARD"}));
}

TEST_F(S3SimListing, DeletedOnesAreNotThere) {
  service.PutObject("v", "a", "1");
  service.PutObject("v", "b", "1");
  service.RemoveObject("v", "a");
  const Reply page = Send("GET", "/v", {{"list-type", "2"}});
  EXPECT_EQ(Xml(page).TextOf("KeyCount"), "1");
}

TEST_F(S3SimListing, RefusesWhatItDoesNotUnderstand) {
  const auto send = [&](Query query) {
    query.push_back({"list-type", "2"});
    return Send("GET", "/b", std::move(query));
  };
  EXPECT_EQ(Refused(send({{"continuation-token", "mine"}})), "400 InvalidArgument");
  EXPECT_EQ(Refused(send({{"max-keys", "-1"}})), "400 InvalidArgument");
  EXPECT_EQ(Refused(send({{"encoding-type", "base64"}})), "400 InvalidArgument");
  EXPECT_EQ(Xml(send({{"max-keys", "0"}})).TextOf("IsTruncated"), "false");
  EXPECT_EQ(Xml(send({{"max-keys", "9999"}, {"prefix", "zz"}})).TextOf("KeyCount"), "0");
}

// What XML 1.0 cannot hold is written all the same, as S3 does.
TEST_F(S3SimListing, WithoutEncodingControlCharactersBreakTheXml) {
  EXPECT_EQ(Xml(Send("GET", "/b", {{"list-type", "2"}, {"prefix", "\x01"}})).name, "");
  EXPECT_EQ(Xml(Send("GET", "/b", {{"list-type", "2"}, {"prefix", "dir"}})).name,
            "ListBucketResult");
}

}  // namespace
}  // namespace lc2::s3sim
