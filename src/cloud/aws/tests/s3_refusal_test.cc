#include "cloud/aws/s3_refusal.h"

#include <gtest/gtest.h>

namespace lc2::cloud::aws {
namespace {

std::string Body(const std::string& code, const std::string& more = "") {
  return "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>why</Message>" + more +
         "<RequestId>R1</RequestId></Error>";
}

S3Refusal Refused(net::HttpResponse response, S3Body promised = S3Body::kAny,
                  bool create_only = false) {
  const auto refusal = RefusalOf(response, "read 'k' of bucket 'b'", promised, create_only);
  EXPECT_TRUE(refusal.has_value()) << response.status << response.body;
  return refusal.value_or(S3Refusal{});
}

TEST(S3Refusal, ASuccessIsNone) {
  EXPECT_FALSE(RefusalOf({.status = 200, .body = "bytes of an object"}, "x").has_value());
  EXPECT_FALSE(RefusalOf({.status = 204}, "x").has_value());
  EXPECT_FALSE(RefusalOf({.status = 206, .body = "<Error/>"}, "x").has_value())
      << "an object may hold anything";
  EXPECT_FALSE(
      RefusalOf({.status = 200, .body = "<CopyObjectResult/>"}, "x", S3Body::kResult).has_value());
}

TEST(S3Refusal, SaysWhatTheVendorSaid) {
  const S3Refusal refusal = Refused({.status = 404, .body = Body("NoSuchBucket")});
  EXPECT_EQ(refusal.error.kind, ErrorKind::kNotFound);
  EXPECT_EQ(refusal.error.code, "s3.not_found");
  EXPECT_EQ(refusal.error.message,
            "cannot read 'k' of bucket 'b': S3 answers 404 NoSuchBucket, 'why'");
  EXPECT_NE(refusal.error.hint, "");
  EXPECT_EQ(refusal.error.provider->code, "NoSuchBucket");
  EXPECT_EQ(refusal.error.provider->request_id, "R1");
  EXPECT_EQ(refusal.error.provider->http_status, 404);
}

TEST(S3Refusal, AResultThatIsNoneIsAsGoodAsAnErrorOfTheService) {
  for (const std::string& body : {std::string(), Body("InternalError"), std::string("<CopyObj"),
                                  std::string("   "), std::string("<Error/>")}) {
    const S3Refusal refusal = Refused({.status = 200, .body = body}, S3Body::kResult);
    EXPECT_EQ(refusal.error.kind, ErrorKind::kUnavailable) << body;
    EXPECT_EQ(refusal.remedy, S3Remedy::kRetry) << body;
  }
  // What it says counts where it says more.
  EXPECT_EQ(Refused({.status = 200, .body = Body("SlowDown")}, S3Body::kResult).remedy,
            S3Remedy::kSlowDown);
  EXPECT_EQ(Refused({.status = 200, .body = Body("AccessDenied")}, S3Body::kResult).error.kind,
            ErrorKind::kDenied);
}

struct Case {
  int status;
  const char* code;
  ErrorKind kind;
  const char* ours;
  S3Remedy remedy;
};

TEST(S3Refusal, TheCodeDecidesAndWithoutOneTheStatus) {
  const Case cases[] = {
      {400, "RequestTimeout", ErrorKind::kUnavailable, "s3.unavailable", S3Remedy::kRetry},
      {400, "ExpiredToken", ErrorKind::kDenied, "s3.expired", S3Remedy::kRefreshCredentials},
      {400, "InvalidPart", ErrorKind::kInvalid, "s3.invalid", S3Remedy::kNone},
      {403, "RequestTimeTooSkewed", ErrorKind::kInvalid, "s3.clock", S3Remedy::kCorrectClock},
      {403, "InvalidObjectState", ErrorKind::kConflict, "s3.archived", S3Remedy::kNone},
      {403, "SomethingNew", ErrorKind::kDenied, "s3.denied", S3Remedy::kNone},
      {409, "ConditionalRequestConflict", ErrorKind::kConflict, "s3.busy", S3Remedy::kRetry},
      {416, "InvalidRange", ErrorKind::kInvalid, "s3.invalid", S3Remedy::kNone},
      {501, "NotImplemented", ErrorKind::kInvalid, "s3.unsupported", S3Remedy::kNone},
      {503, "SlowDown", ErrorKind::kThrottled, "s3.throttled", S3Remedy::kSlowDown},
      {503, "", ErrorKind::kUnavailable, "s3.unavailable", S3Remedy::kRetry},
      {403, "", ErrorKind::kDenied, "s3.denied", S3Remedy::kNone},
      {404, "", ErrorKind::kNotFound, "s3.not_found", S3Remedy::kNone},
      {520, "", ErrorKind::kUnavailable, "s3.unavailable", S3Remedy::kRetry},
      {400, "", ErrorKind::kInvalid, "s3.invalid", S3Remedy::kNone},
      {409, "", ErrorKind::kConflict, "s3.busy", S3Remedy::kRetry},
      {429, "", ErrorKind::kThrottled, "s3.throttled", S3Remedy::kSlowDown},
      {405, "", ErrorKind::kInvalid, "s3.unsupported", S3Remedy::kNone},
      {501, "", ErrorKind::kInvalid, "s3.unsupported", S3Remedy::kNone},
  };
  for (const Case& one : cases) {
    const std::string code = one.code;
    const S3Refusal refusal =
        Refused({.status = one.status, .body = code.empty() ? "" : Body(code)});
    EXPECT_EQ(refusal.error.kind, one.kind) << one.status << code;
    EXPECT_EQ(refusal.error.code, one.ours) << one.status << code;
    EXPECT_EQ(refusal.remedy, one.remedy) << one.status << code;
  }
}

TEST(S3Refusal, APreconditionMeansWhatWasAskedFor) {
  const net::HttpResponse answer{.status = 412, .body = Body("PreconditionFailed")};
  EXPECT_EQ(Refused(answer).error.code, "s3.changed");
  EXPECT_EQ(Refused(answer, S3Body::kAny, true).error.kind, ErrorKind::kAlreadyExists);
  EXPECT_EQ(Refused({.status = 412}, S3Body::kAny, true).error.code, "s3.exists");
}

TEST(S3Refusal, TheRegionIsTakenFromBodyOrHeader) {
  const S3Refusal body = Refused(
      {.status = 400, .body = Body("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>")});
  EXPECT_EQ(body.remedy, S3Remedy::kChangeRegion);
  EXPECT_EQ(body.region, "eu-west-1");
  // A HEAD has no body.
  for (const int status : {301, 400}) {
    const S3Refusal head =
        Refused({.status = status, .headers = {{"x-amz-bucket-region", "us-west-2"}}});
    EXPECT_EQ(head.remedy, S3Remedy::kChangeRegion) << status;
    EXPECT_EQ(head.region, "us-west-2") << status;
  }
}

TEST(S3Refusal, APauseThatIsAskedForIsTold) {
  using std::chrono::seconds;
  const auto pause = [](const std::string& text) {
    return Refused({.status = 503, .headers = {{"retry-after", text}}}).error.retry_after;
  };
  EXPECT_EQ(pause("7"), seconds(7));
  EXPECT_EQ(pause("999999999"), seconds(3600));
  for (const char* text : {"", "-1", "soon", "7s"}) EXPECT_EQ(pause(text), std::nullopt) << text;
}

// Whatever a proxy answers in the service's place.
TEST(S3Refusal, ABodyThatIsNoXmlIsNoMatter) {
  const S3Refusal refusal = Refused({.status = 502, .body = "<html><body>Bad gateway"});
  EXPECT_EQ(refusal.error.kind, ErrorKind::kUnavailable);
  EXPECT_EQ(refusal.error.message, "cannot read 'k' of bucket 'b': S3 answers 502");
}

}  // namespace
}  // namespace lc2::cloud::aws
