#include "cloud/aws/s3_client.h"

#include <gtest/gtest.h>

#include <deque>
#include <future>

#include "base/time_format.h"
#include "cloud/aws/s3_object.h"
#include "testing/fake_clock.h"
#include "testing/scripted_transport.h"

namespace lc2::cloud::aws {
namespace {

using namespace std::chrono_literals;
using lc2::testing::FakeClock;
using lc2::testing::ScriptedTransport;

const std::string kUrl = "https://retail.s3.eu-west-1.amazonaws.com/k";

std::string Refusal(const std::string& code, const std::string& more = {}) {
  return "<Error><Code>" + code + "</Code><Message>m</Message>" + more + "</Error>";
}

Error Broken() {
  return Error{.kind = ErrorKind::kUnavailable, .code = "net.broken", .message = "it was reset"};
}

std::string HeaderOf(const net::HttpRequest& request, std::string_view name) {
  for (const net::HttpHeader& header : request.headers) {
    if (header.name == name) return header.value;
  }
  return "";
}

// Ids in turn; the last one for ever.
class Keys final : public CredentialSource {
 public:
  explicit Keys(std::deque<std::string> ids) : ids_(std::move(ids)) {}
  std::string name() const override { return "keys"; }
  Result<TimedCredentials> Fetch(const Context&) override {
    TimedCredentials keys{.keys = {.access_key_id = ids_.front(),
                                   .secret_access_key = Secret("s"),
                                   .session_token = Secret("t" + ids_.front())}};
    if (ids_.size() > 1) ids_.pop_front();
    return keys;
  }

 private:
  std::deque<std::string> ids_;
};

class S3ClientTest : public ::testing::Test {
 protected:
  void Open(std::deque<std::string> ids = {"A"}, S3ClientOptions options = {.first_pause = 0ms}) {
    client_.reset();
    cache_ = std::make_unique<CredentialCache>(std::make_unique<Keys>(std::move(ids)), clock_,
                                               NullLogger(), CredentialTiming{.rest = 0s});
    client_ = std::make_unique<S3Client>(http_, *cache_, S3Bucket::OfAmazon("retail", "eu-west-1"),
                                         random_, options);
  }
  S3ClientTest() { Open(); }
  ~S3ClientTest() override { EXPECT_TRUE(http_.exhausted()); }

  ScriptedTransport::Exchange& Expect(const std::string& method = "GET") {
    return http_.Expect(method, kUrl);
  }
  // "body" of a success, or the error's code.
  std::string Call(S3Call call = GetObjectCall({.key = "k"})) {
    auto outcome = client_->Call(ctx_, std::move(call));
    if (outcome.has_value()) return outcome->body;
    error_ = outcome.error();
    return error_.code;
  }

  FakeClock clock_{"2026-01-02T03:04:05Z"};
  Context ctx_{clock_};
  SeededRandom random_{1};
  ScriptedTransport http_;
  std::unique_ptr<CredentialCache> cache_;
  std::unique_ptr<S3Client> client_;
  Error error_;
};

TEST_F(S3ClientTest, SignsWithTheKeysThatThereAre) {
  Expect().Reply(200, "x");
  EXPECT_EQ(Call(), "x");
  const net::HttpRequest sent = http_.requests().back();
  EXPECT_NE(HeaderOf(sent, "authorization").find("Credential=A/20260102/eu-west-1/s3/"),
            std::string::npos);
  EXPECT_EQ(HeaderOf(sent, "x-amz-security-token"), "tA");
}

TEST_F(S3ClientTest, TriesAgainWhatMayPass) {
  Expect().Fail(Broken());
  Expect().Reply(500, Refusal("InternalError"));
  Expect().Reply(503, Refusal("SlowDown"));
  Expect().Reply(400, Refusal("RequestTimeout"));
  Expect().Reply(200, "x");
  EXPECT_EQ(Call(), "x");
}

TEST_F(S3ClientTest, GivesUpAfterFiveTries) {
  for (int i = 0; i < 5; ++i) Expect().Fail(Broken());
  EXPECT_EQ(Call(), "net.broken");
  EXPECT_EQ(error_.message, "cannot read object 'k'");
  EXPECT_EQ(error_.cause->message, "it was reset");
  for (int i = 0; i < 5; ++i) Expect().Reply(503, Refusal("SlowDown"));
  EXPECT_EQ(Call(), "s3.throttled");
}

TEST_F(S3ClientTest, WhatDoesNotPassIsToldAtOnce) {
  Expect().Reply(403, Refusal("AccessDenied"));
  EXPECT_EQ(Call(), "s3.denied");
  Expect().Reply(404, Refusal("NoSuchKey"));
  EXPECT_EQ(Call(), "s3.not_found");
}

TEST_F(S3ClientTest, WhatMayHaveBeenDoneIsNotRepeatedUnlessItMay) {
  S3Call call = GetObjectCall({.key = "k"});
  call.repeatable = false;
  Expect().Fail(Broken());
  EXPECT_EQ(Call(call), "net.broken");
  Expect().Reply(500, Refusal("InternalError"));
  EXPECT_EQ(Call(call), "s3.unavailable");
  Expect().Reply(503, Refusal("SlowDown"));
  Expect().Reply(200, "x");
  EXPECT_EQ(Call(call), "x") << "what was throttled was not done";
}

TEST_F(S3ClientTest, AResultThatIsAnErrorIsOne) {
  const S3Call copy =
      CopyObjectCall({.from_bucket = "b", .from_key = "a", .from_etag = "\"e\"", .to_key = "k"});
  Expect("PUT").Reply(200, Refusal("InternalError"));
  Expect("PUT").Reply(200, "");
  Expect("PUT").Reply(200, "<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>");
  EXPECT_EQ(ReadCopy({.status = 200, .body = Call(copy)})->etag, "\"e\"");
}

TEST_F(S3ClientTest, ABodyThatArrivesDamagedTwiceIsNoAccident) {
  const S3Call put = PutObjectCall({.key = "k", .body = "x"});
  Expect("PUT").Reply(400, Refusal("BadDigest"));
  Expect("PUT").Reply(200, "fine");
  EXPECT_EQ(Call(put), "fine");
  Expect("PUT").Reply(400, Refusal("BadDigest"));
  Expect("PUT").Reply(400, Refusal("BadDigest"));
  EXPECT_EQ(Call(put), "s3.corrupt");
  EXPECT_EQ(error_.kind, ErrorKind::kCorrupt);
}

TEST_F(S3ClientTest, ExpiredKeysAreReplacedOnce) {
  Open({"A", "B"});
  Expect().Reply(400, Refusal("ExpiredToken"));
  Expect().Reply(200, "x");
  EXPECT_EQ(Call(), "x");
  EXPECT_NE(HeaderOf(http_.requests().back(), "authorization").find("Credential=B/"),
            std::string::npos);
  Open({"A", "B", "C"});
  Expect().Reply(400, Refusal("ExpiredToken"));
  Expect().Reply(400, Refusal("ExpiredToken"));
  EXPECT_EQ(Call(), "s3.expired");
}

TEST_F(S3ClientTest, KeysThatWereDeletedAreReadAgain) {
  Open({"A", "B"});
  Expect().Reply(403, Refusal("InvalidAccessKeyId"));
  Expect().Reply(200, "x");
  EXPECT_EQ(Call(), "x");
}

TEST_F(S3ClientTest, AStopEndsALongPause) {
  Open({"A"}, {.first_pause = 1h});
  Expect().Reply(200);
  Call();  // so that keys are there
  Expect().Reply(503, Refusal("SlowDown"), {{"retry-after", "3600"}});
  std::stop_source stop;
  std::promise<Result<net::HttpResponse>> waiting;
  client_->Submit(
      ctx_.WithStop(stop.get_token()), GetObjectCall({.key = "k"}),
      [&](Result<net::HttpResponse> outcome) { waiting.set_value(std::move(outcome)); });
  stop.request_stop();
  EXPECT_EQ(waiting.get_future().get().error().kind, ErrorKind::kCancelled);
}

TEST_F(S3ClientTest, KeysThatCannotBeReplacedAreNotTriedAgain) {
  Expect().Reply(400, Refusal("ExpiredToken"));
  EXPECT_EQ(Call(), "s3.expired");
  EXPECT_EQ(http_.requests().size(), 1U);
}

TEST_F(S3ClientTest, SignsWithTheServicesTimeOnceItRefusedOurs) {
  Expect().Reply(403, Refusal("RequestTimeTooSkewed"), {{"date", "Fri, 02 Jan 2026 04:04:05 GMT"}});
  Expect().Reply(200, "x");
  EXPECT_EQ(Call(), "x");
  EXPECT_EQ(HeaderOf(http_.requests().back(), "x-amz-date"), "20260102T040405Z");
  EXPECT_EQ(client_->clock_offset(), 1h);
  clock_.Advance(1min);
  Expect().Reply(200, "y");
  EXPECT_EQ(Call(), "y");
  EXPECT_EQ(HeaderOf(http_.requests().back(), "x-amz-date"), "20260102T040505Z");
}

TEST_F(S3ClientTest, AClockThatCannotBeCorrectedIsTold) {
  Expect().Reply(403, Refusal("RequestTimeTooSkewed"));
  EXPECT_EQ(Call(), "s3.clock");
  for (int i = 0; i < 2; ++i) {
    Expect().Reply(403, Refusal("RequestTimeTooSkewed"),
                   {{"date", "Fri, 02 Jan 2026 04:04:05 GMT"}});
  }
  EXPECT_EQ(Call(), "s3.clock");
}

TEST_F(S3ClientTest, AServicesOrdinaryClockIsNotSignedWith) {
  Expect().Reply(200, "x", {{"date", "Fri, 02 Jan 2026 03:04:09 GMT"}});
  EXPECT_EQ(Call(), "x");
  EXPECT_EQ(client_->clock_offset(), 4s);
  Expect().Reply(200, "y");
  EXPECT_EQ(Call(), "y");
  EXPECT_EQ(HeaderOf(http_.requests().back(), "x-amz-date"), "20260102T030405Z");
}

TEST_F(S3ClientTest, FollowsTheBucketToItsRegionAndRemembersIt) {
  const std::string there = "https://retail.s3.eu-north-1.amazonaws.com/k";
  Expect().Reply(400, Refusal("AuthorizationHeaderMalformed", "<Region>eu-north-1</Region>"));
  http_.Expect("GET", there).Reply(200, "x");
  EXPECT_EQ(Call(), "x");
  EXPECT_NE(HeaderOf(http_.requests().back(), "authorization").find("/eu-north-1/s3/"),
            std::string::npos);
  http_.Expect("GET", there).Reply(200, "y");
  EXPECT_EQ(Call(), "y");
  EXPECT_EQ(client_->bucket().endpoint.region, "eu-north-1");
}

TEST_F(S3ClientTest, AsksTheBucketWhereItIs) {
  Expect().Reply(301, Refusal("PermanentRedirect"));
  http_.Expect("HEAD", "https://retail.s3.eu-west-1.amazonaws.com/")
      .Reply(301, "", {{"x-amz-bucket-region", "eu-north-1"}});
  http_.Expect("GET", "https://retail.s3.eu-north-1.amazonaws.com/k").Reply(200, "x");
  EXPECT_EQ(Call(), "x");
}

TEST_F(S3ClientTest, DoesNotFollowToWhatIsNoRegion) {
  for (const char* region : {"evil.example/", "", "eu-west-1", "EU", "a b"}) {
    SCOPED_TRACE(region);
    Expect().Reply(400, Refusal("AuthorizationHeaderMalformed",
                                std::string("<Region>") + region + "</Region>"));
    if (*region == '\0') {
      http_.Expect("HEAD", "https://retail.s3.eu-west-1.amazonaws.com/").Reply(403);
    }
    EXPECT_EQ(Call(), "s3.region");
  }
}

TEST_F(S3ClientTest, DoesNotGoInCirclesBetweenRegions) {
  const std::string there = "https://retail.s3.eu-north-1.amazonaws.com/k";
  Expect().Reply(301, Refusal("PermanentRedirect", "<Region>eu-north-1</Region>"));
  http_.Expect("GET", there).Reply(301, Refusal("PermanentRedirect", "<Region>eu-west-1</Region>"));
  EXPECT_EQ(Call(), "s3.region");
}

TEST_F(S3ClientTest, WaitsAsLongAsItIsTold) {
  Expect().Reply(503, Refusal("SlowDown"), {{"retry-after", "60"}});
  auto outcome = client_->Call(ctx_.WithTimeout(5s), GetObjectCall({.key = "k"}));
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, "s3.throttled") << "a minute is more than there is";
}

TEST_F(S3ClientTest, EndsWhatIsUnderWay) {
  Open({"A"}, {.first_pause = 1h});
  Expect().Reply(200);
  Call();  // so that keys are there
  std::promise<Result<net::HttpResponse>> waiting;
  Expect().Fail(Broken());
  client_->Submit(ctx_, GetObjectCall({.key = "k"}), [&](Result<net::HttpResponse> outcome) {
    waiting.set_value(std::move(outcome));
  });
  client_.reset();
  const auto outcome = waiting.get_future().get();
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().kind, ErrorKind::kCancelled);
}

TEST_F(S3ClientTest, ACompletionMayCallAgain) {
  Expect().Reply(200, "1");
  Expect().Reply(200, "2");
  std::promise<std::string> last;
  client_->Submit(ctx_, GetObjectCall({.key = "k"}), [&](Result<net::HttpResponse>) {
    client_->Submit(ctx_, GetObjectCall({.key = "k"}),
                    [&](Result<net::HttpResponse> outcome) { last.set_value(outcome->body); });
  });
  EXPECT_EQ(last.get_future().get(), "2");
}

TEST_F(S3ClientTest, ABodyIsGuardedByItsHashOrByAChecksum) {
  Expect("PUT").Reply(200);
  Call(PutObjectCall({.key = "k", .body = "x"}));
  EXPECT_EQ(HeaderOf(http_.requests().back(), "x-amz-content-sha256"), kUnsignedPayload);
  Expect("PUT").Reply(200);
  Call(PutObjectCall({.key = "k", .body = "x", .checksum = false}));
  EXPECT_EQ(HeaderOf(http_.requests().back(), "x-amz-content-sha256").size(), 64U);
}

}  // namespace
}  // namespace lc2::cloud::aws
