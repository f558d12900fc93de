#include "s3sim/authenticator.h"

#include "s3sim_test_support.h"

namespace lc2::s3sim {
namespace {

using cloud::aws::Signer;
using cloud::aws::UnsignedRequest;

class AuthenticatorTest : public S3SimTest {
 protected:
  AuthenticatorTest() { service.PutObject("b", "k", "content"); }

  std::string Result(const net::HttpRequest& request) { return Refused(service.Handle(request)); }
  net::HttpRequest Get(Headers headers = {}) { return requests.Make("GET", "/b/k", {}, headers); }
  std::string Presigned(std::chrono::seconds expires, Headers headers = {}) {
    return Signer("us-east-1", "s3")
        .Presign({.scheme = "http", .host = "sim.example", .path = "/b/k", .headers = headers},
                 requests.credentials(), clock.Now(), expires);
  }
};

TEST_F(AuthenticatorTest, TakesWhatIsSignedRight) {
  EXPECT_EQ(Text(service.Handle(Get())), "content");
  EXPECT_EQ(Text(service.Handle(Get({{"x-amz-checksum-mode", " ENABLED  "}}))), "content");
}

TEST_F(AuthenticatorTest, TakesEveryKeyThatIsSignedRight) {
  const std::string odd = "a//b/../c d+e%20f?g#h&i=j/\x01\x1F\x7F'\"<>\xC3\xA4\xF0\x9F\x98\x80/";
  ASSERT_EQ(Put("/b/" + odd, "odd").status, 200);
  EXPECT_EQ(Text(Send("GET", "/b/" + odd)), "odd");
  EXPECT_EQ(service.Content("b", odd), "odd");
}

TEST_F(AuthenticatorTest, RefusesWhatIsNotSigned) {
  EXPECT_EQ(Result({.method = "GET", .url = "http://sim.example/b/k"}), "403 AccessDenied");
}

TEST_F(AuthenticatorTest, RefusesAWrongSecretAndAnUnknownKey) {
  const Requests wrong(clock, {.id = TestKey().id, .secret = "wrong"});
  EXPECT_EQ(Result(wrong.Make("GET", "/b/k")), "403 SignatureDoesNotMatch");
  const Requests nobody(clock, {.id = "NOBODY", .secret = "x"});
  EXPECT_EQ(Result(nobody.Make("GET", "/b/k")), "403 InvalidAccessKeyId");
}

TEST_F(AuthenticatorTest, RefusesWhatWasChangedOnItsWay) {
  net::HttpRequest request = Get();
  request.url += "2";
  EXPECT_EQ(Result(request), "403 SignatureDoesNotMatch");
  request = requests.Make("PUT", "/b/k", {}, {}, "body");
  request.body = "Body";
  EXPECT_EQ(Result(request), "400 XAmzContentSHA256Mismatch");
  request = Get();
  request.headers.push_back({"X-Amz-Meta-More", "1"});
  EXPECT_EQ(Result(request), "403 AccessDenied");
}

TEST_F(AuthenticatorTest, WantsItsOwnTimeWithin15Minutes) {
  net::HttpRequest request = Get();
  clock.Advance(std::chrono::minutes(15));
  EXPECT_EQ(service.Handle(request).status, 200);
  clock.Advance(std::chrono::seconds(1));
  const Reply late = service.Handle(request);
  EXPECT_EQ(Refused(late), "403 RequestTimeTooSkewed");
  EXPECT_EQ(Header(late, "date"), "Sun, 09 Nov 2025 14:45:01 GMT");
}

TEST_F(AuthenticatorTest, NamesTheRegion) {
  service.CreateBucket("far", {.region = "eu-west-1"});
  const Reply refused = Send("GET", "/far/k");
  EXPECT_EQ(Refused(refused), "400 AuthorizationHeaderMalformed");
  EXPECT_EQ(Xml(refused).TextOf("Region"), "eu-west-1");
  const Reply head = Send("HEAD", "/far");
  EXPECT_EQ(head.status, 400);
  EXPECT_EQ(Header(head, "x-amz-bucket-region"), "eu-west-1");
  EXPECT_EQ(head.body.size(), 0);
}

TEST_F(AuthenticatorTest, TakesAPresignedUrlUntilItExpires) {
  const net::HttpRequest request{.method = "GET", .url = Presigned(std::chrono::seconds(60))};
  EXPECT_EQ(Text(service.Handle(request)), "content");
  net::HttpRequest other = request;
  other.method = "DELETE";
  EXPECT_EQ(Result(other), "403 SignatureDoesNotMatch");
  clock.Advance(std::chrono::seconds(61));
  EXPECT_EQ(Result(request), "403 AccessDenied");
}

TEST_F(AuthenticatorTest, AHeaderOfAPresignedUrlIsSentAsItIsSigned) {
  const std::string url = Presigned(std::chrono::seconds(60), {{"range", "bytes=0-2"}});
  EXPECT_EQ(Text(service.Handle(net::HttpRequest{
                .method = "GET", .url = url, .headers = {{"Range", "bytes=0-2"}}})),
            "con");
  EXPECT_EQ(Result({.method = "GET", .url = url, .headers = {{"Range", "bytes=0-3"}}}),
            "403 SignatureDoesNotMatch");
}

TEST_F(AuthenticatorTest, ASessionHasItsTokenAndItsEnd) {
  AccessKey session{.id = "SESSION",
                    .secret = "s",
                    .session_token = "token",
                    .expires = clock.Now() + std::chrono::minutes(5)};
  Service strict({.keys = {session}}, clock);
  strict.CreateBucket("b");
  const Requests good(clock, session);
  EXPECT_EQ(strict.Handle(good.Make("HEAD", "/b")).status, 200);
  AccessKey other = session;
  other.session_token = "other";
  EXPECT_EQ(Refused(strict.Handle(Requests(clock, other).Make("GET", "/b/k"))), "400 InvalidToken");
  clock.Advance(std::chrono::minutes(5));
  EXPECT_EQ(Refused(strict.Handle(good.Make("GET", "/b/k"))), "400 ExpiredToken");
}

TEST_F(AuthenticatorTest, AKeyMayDoWhatItsRulesSay) {
  AccessKey reader{.id = "READER", .secret = "r"};
  reader.allow = {{.operations = {"GetObject", "ListObjectsV2"}, .bucket = "b", .prefix = "in/"},
                  {.operations = {"PutObject"}, .bucket = "b", .prefix = "out/"}};
  Service strict({.keys = {reader}}, clock);
  strict.CreateBucket("b");
  strict.PutObject("b", "in/k", "x");
  const Requests by(clock, reader);
  const auto status = [&](const net::HttpRequest& request) {
    return strict.Handle(request).status;
  };
  EXPECT_EQ(status(by.Make("GET", "/b/in/k")), 200);
  EXPECT_EQ(status(by.Make("HEAD", "/b/in/k")), 200);
  EXPECT_EQ(status(by.Make("GET", "/b/in/none")), 404);
  EXPECT_EQ(status(by.Make("GET", "/b/out/k")), 403);
  EXPECT_EQ(status(by.Make("PUT", "/b/in/k")), 403);
  EXPECT_EQ(status(by.Make("DELETE", "/b/in/k")), 403);
  EXPECT_EQ(status(by.Make("GET", "/b", {{"list-type", "2"}, {"prefix", "in/"}})), 200);
  EXPECT_EQ(status(by.Make("GET", "/b", {{"list-type", "2"}})), 403);
  EXPECT_EQ(status(by.Make("PUT", "/b/out/k", {}, {{"x-amz-copy-source", "/b/in/k"}})), 200);
  EXPECT_EQ(status(by.Make("PUT", "/b/out/l", {}, {{"x-amz-copy-source", "/b/out/k"}})), 403);
}

TEST_F(AuthenticatorTest, WhoMayNotListIsNotToldWhatIsMissing) {
  AccessKey reader{.id = "READER", .secret = "r"};
  reader.allow = {{.operations = {"GetObject"}}};
  Service strict({.keys = {reader}}, clock);
  strict.CreateBucket("b");
  EXPECT_EQ(Refused(strict.Handle(Requests(clock, reader).Make("GET", "/b/none"))),
            "403 AccessDenied");
}

TEST_F(AuthenticatorTest, VirtualHostsAreBuckets) {
  Service hosted({.keys = {TestKey()}, .virtual_host_suffix = ".sim.example"}, clock);
  hosted.CreateBucket("b.c");
  const Signer signer("us-east-1", "s3");
  const auto send = [&](const char* method, const char* host, const char* path) {
    return hosted.Handle(
        signer.Sign({.method = method, .scheme = "http", .host = host, .path = path, .body = "x"},
                    requests.credentials(), clock.Now()));
  };
  EXPECT_EQ(send("PUT", "b.c.sim.example:8080", "//k/").status, 200);
  EXPECT_EQ(hosted.Content("b.c", "/k/"), "x");
  EXPECT_EQ(send("PUT", "other.example", "/b.c/k").status, 200);
  EXPECT_EQ(hosted.Content("b.c", "k"), "x");
}

}  // namespace
}  // namespace lc2::s3sim
