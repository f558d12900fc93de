#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "cloud/aws/sigv4.h"
#include "codec/xml.h"
#include "s3sim/checksum.h"
#include "s3sim/service.h"
#include "testing/fake_clock.h"

namespace lc2::s3sim {

using Query = std::vector<cloud::aws::QueryParameter>;
using Headers = std::vector<net::HttpHeader>;

inline std::string Header(const Reply& reply, std::string_view name) {
  const std::string* value = reply.Header(name);
  return value == nullptr ? "" : *value;
}
inline std::string Text(const Reply& reply) { return reply.body.ReadAll(); }
inline codec::XmlElement Xml(const Reply& reply) {
  auto parsed = codec::ParseXml(Text(reply));
  return parsed.has_value() ? std::move(parsed).value() : codec::XmlElement{};
}
// "404 NoSuchKey"
inline std::string Refused(const Reply& reply) {
  return std::to_string(reply.status) + " " + Xml(reply).TextOf("Code");
}

inline const AccessKey& TestKey() {
  static const AccessKey kKey{.id = "TESTKEY", .secret = "test/Secret+Key"};
  return kKey;
}

// Makes requests as a client of one bucket would, signed by the client's own signer.
class Requests {
 public:
  explicit Requests(const Clock& clock, AccessKey key = TestKey())
      : clock_(clock), key_(std::move(key)) {}

  net::HttpRequest Make(std::string method, std::string path, Query query = {},
                        Headers headers = {}, std::string body = "") const {
    const cloud::aws::Signer signer("us-east-1", "s3");
    return signer.Sign({.method = std::move(method),
                        .scheme = "http",
                        .host = "sim.example:9000",
                        .path = std::move(path),
                        .query = std::move(query),
                        .headers = std::move(headers),
                        .body = std::move(body)},
                       credentials(), clock_.Now());
  }
  cloud::aws::Credentials credentials() const {
    return {.access_key_id = key_.id,
            .secret_access_key = Secret(key_.secret),
            .session_token = Secret(key_.session_token)};
  }

 private:
  const Clock& clock_;
  const AccessKey key_;
};

// A service with the bucket "b", and the versioned bucket "v".
class S3SimTest : public ::testing::Test {
 protected:
  S3SimTest() {
    service.CreateBucket("b");
    service.CreateBucket("v", {.versioned = true});
  }

  Reply Send(std::string method, std::string path, Query query = {}, Headers headers = {},
             std::string body = "") {
    return service.Handle(requests.Make(std::move(method), std::move(path), std::move(query),
                                        std::move(headers), std::move(body)));
  }
  Reply Put(const std::string& path, std::string body, Headers headers = {}) {
    return Send("PUT", path, {}, std::move(headers), std::move(body));
  }

  testing::FakeClock clock;
  Requests requests{clock};
  Service service{{.keys = {TestKey()}}, clock};
};

}  // namespace lc2::s3sim
