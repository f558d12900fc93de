#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cloud/aws/s3_call.h"

// Pages of a bucket's objects
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html). Pure.
namespace lc2::cloud::aws {

struct ListQuery {
  std::string prefix;
  std::string start_after;         // keys behind this one
  std::string continuation_token;  // of the page before; takes the place of start_after
  std::string delimiter;           // with "/" what lies deeper comes as common prefixes
  int max_keys = 1000;             // no service gives more
};

struct ListedObject {
  std::string key;
  std::int64_t size = 0;
  Time last_modified{};
  std::string etag;           // with its quotes, as If-Match wants it
  std::string storage_class;  // "" where the service does not say it

  bool operator==(const ListedObject&) const = default;
};

struct ListPage {
  std::vector<ListedObject> objects;  // in the order in which the service gives them
  std::vector<std::string> common_prefixes;
  std::string next_token;  // "": this is the last page
  std::string token;       // that it answers, if it says so
};

// Asks for encoded keys: XML cannot hold each of them.
S3Call ListCall(const ListQuery& query);

// Errors: kUnavailable "s3.bad_page": no whole listing, as S3 sends now and then; ask again.
Result<ListPage> ParseListPage(std::string_view body);

}  // namespace lc2::cloud::aws
