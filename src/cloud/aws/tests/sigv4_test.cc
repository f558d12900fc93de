#include "cloud/aws/sigv4.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <boost/json.hpp>

#include "base/file.h"
#include "base/hash.h"
#include "base/time_format.h"
#include "codec/json.h"

namespace lc2::cloud::aws {
namespace {

// One case of test/vectors/sigv4.json, whose README says where it comes from.
class Vector {
 public:
  explicit Vector(const codec::Json& json) : json_(json), input_(json.at("input").as_object()) {}

  std::string name() const { return Text(json_, "name"); }
  bool presigned() const { return Text(json_, "mode") == "presign"; }
  std::string Expected(const char* member) const { return Text(json_, member); }
  std::string Input(const char* member) const { return Text(input_, member); }
  std::chrono::seconds expires() const {
    return std::chrono::seconds(input_.at("expires").as_int64());
  }

  Credentials credentials(const codec::Json& file) const {
    Credentials keys{.access_key_id = Text(file, "accessKeyId"),
                     .secret_access_key = Secret(Text(file, "secretAccessKey"))};
    if (!input_.at("sessionToken").is_null()) keys.session_token = Secret(Input("sessionToken"));
    return keys;
  }

  UnsignedRequest request() const {
    UnsignedRequest request{.method = Input("method"),
                            .scheme = Input("scheme"),
                            .host = Input("host"),
                            .path = Input("path"),
                            .path_is_encoded = input_.at("pathIsEncoded").as_bool(),
                            .body = Input("body")};
    for (const codec::Json& pair : input_.at("query").as_array()) {
      QueryParameter parameter{.name = std::string(pair.at(0).as_string())};
      if (!pair.at(1).is_null()) parameter.value = std::string(pair.at(1).as_string());
      request.query.push_back(std::move(parameter));
    }
    for (const codec::Json& pair : input_.at("headers").as_array()) {
      request.headers.push_back(
          {std::string(pair.at(0).as_string()), std::string(pair.at(1).as_string())});
    }
    if (Input("payload") != "sha256") request.payload_hash = Input("payload");
    return request;
  }

  Time time() const {  // "20260102T030405Z"
    const std::string t = Input("timestamp");
    return ParseRfc3339(t.substr(0, 4) + "-" + t.substr(4, 2) + "-" + t.substr(6, 5) + ":" +
                        t.substr(11, 2) + ":" + t.substr(13))
        .value();
  }

 private:
  template <class Object>
  static std::string Text(const Object& object, const char* member) {
    return std::string(object.at(member).as_string());
  }
  const codec::Json& json_;
  const codec::JsonObject& input_;
};

codec::Json Vectors() {
  const auto text = ReadFile(LC2_SOURCE_DIR "/test/vectors/sigv4.json", 1 << 20);
  return codec::ParseJson(text.value()).value();
}

// The order of a query's parameters says nothing.
std::vector<std::string> Parts(std::string url) {
  std::replace(url.begin(), url.end(), '?', '&');
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= url.size();) {
    const std::size_t end = std::min(url.find('&', begin), url.size());
    parts.push_back(url.substr(begin, end - begin));
    begin = end + 1;
  }
  std::sort(parts.begin() + 1, parts.end());
  return parts;
}

std::string Header(const net::HttpRequest& request, const std::string& name) {
  for (const net::HttpHeader& header : request.headers) {
    if (header.name == name) return header.value;
  }
  return "";
}

void CheckHeaders(const Vector& vector, const Credentials& keys) {
  const Signer signer(vector.Input("region"), vector.Input("service"));
  Signature made;
  const net::HttpRequest signed_request = signer.Sign(vector.request(), keys, vector.time(), &made);
  EXPECT_EQ(made.canonical_request, vector.Expected("canonicalRequest"));
  EXPECT_EQ(made.string_to_sign, vector.Expected("stringToSign"));
  EXPECT_EQ(Header(signed_request, "authorization"), vector.Expected("authorization"));
  EXPECT_EQ(signed_request.method, vector.Input("method"));
  EXPECT_TRUE(signed_request.url.ends_with(vector.Expected("requestTarget"))) << signed_request.url;
  const bool s3 = vector.Input("service") == "s3";
  EXPECT_EQ(Header(signed_request, "x-amz-content-sha256"),
            s3 ? vector.Expected("payloadHash") : "");
  EXPECT_EQ(Header(signed_request, "x-amz-security-token"), keys.session_token.Expose());
}

void CheckUrl(const Vector& vector, const Credentials& keys) {
  const Signer signer(vector.Input("region"), vector.Input("service"));
  Signature made;
  const std::string url =
      signer.Presign(vector.request(), keys, vector.time(), vector.expires(), &made);
  EXPECT_EQ(made.canonical_request, vector.Expected("canonicalRequest"));
  EXPECT_EQ(made.hex, vector.Expected("signature"));
  EXPECT_EQ(Parts(url), Parts(vector.Expected("url")));
}

TEST(Sigv4, AgreesWithEachVector) {
  const codec::Json file = Vectors();
  int headers = 0, urls = 0;
  for (const codec::Json& json : file.at("cases").as_array()) {
    const Vector vector(json);
    SCOPED_TRACE(vector.name());
    if (vector.presigned()) {
      ++urls;
      CheckUrl(vector, vector.credentials(file));
    } else {
      ++headers;
      CheckHeaders(vector, vector.credentials(file));
    }
  }
  EXPECT_EQ(headers, 50);
  EXPECT_EQ(urls, 10);
}

const Credentials kKeys{.access_key_id = "ID", .secret_access_key = Secret("one")};
const Time kNow = ParseRfc3339("2026-01-02T23:59:59Z").value();

std::string SignatureOf(const Signer& signer, const Credentials& keys, Time now) {
  Signature made;
  signer.Sign({.host = "b.s3.eu-west-1.amazonaws.com"}, keys, now, &made);
  return made.hex;
}

TEST(Sigv4, AKeptKeyIsThatOfTheDayAndOfTheCredentials) {
  const Signer kept("eu-west-1", "s3");
  const auto fresh = [](const Credentials& keys, Time now) {
    return SignatureOf(Signer("eu-west-1", "s3"), keys, now);
  };
  const Credentials other{.access_key_id = "ID", .secret_access_key = Secret("two")};
  for (const Time now : {kNow, kNow, kNow + std::chrono::seconds(1), kNow}) {
    EXPECT_EQ(SignatureOf(kept, kKeys, now), fresh(kKeys, now));
    // The same id with another secret: keys that were rotated, or a file that was mended.
    EXPECT_EQ(SignatureOf(kept, other, now), fresh(other, now));
  }
}

TEST(Sigv4, WhatAProxyMayChangeIsNotSigned) {
  const Signer signer("eu-west-1", "s3");
  UnsignedRequest request{.host = "b.s3.eu-west-1.amazonaws.com"};
  request.headers = {{"User-Agent", "lc2"}, {"Expect", ""}, {"Proxy-Authorization", "x"}};
  Signature made;
  const net::HttpRequest sent = signer.Sign(request, kKeys, kNow, &made);
  EXPECT_EQ(made.canonical_request.find("lc2"), std::string::npos);
  EXPECT_EQ(made.canonical_request.find("proxy"), std::string::npos);
  EXPECT_EQ(Header(sent, "User-Agent"), "lc2") << "sent all the same";
}

}  // namespace
}  // namespace lc2::cloud::aws
