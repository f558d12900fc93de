#include "cloud/aws/sts.h"

#include <gtest/gtest.h>

#include "base/time_format.h"

namespace lc2::cloud::aws {
namespace {

const RoleSession kSession{.role_arn = "arn:aws:iam::111122223333:role/backup",
                           .session_name = "retail-prd"};

std::string Given(const char* action) {
  return std::string("<") + action +
         "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" + action +
         "Result><AssumedRoleUser><Arn>arn:x</Arn></AssumedRoleUser><Credentials>"
         "<AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s/1+</SecretAccessKey>"
         "<SessionToken>t1==</SessionToken><Expiration>2026-01-02T04:04:05Z</Expiration>"
         "</Credentials></" +
         action + "Result></" + action + "Response>";
}

net::HttpResponse Refusal(int status, const std::string& code) {
  return {.status = status,
          .body = "<ErrorResponse><Error><Type>Sender</Type><Code>" + code +
                  "</Code><Message>no</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"};
}

TEST(Sts, AsksForARoleWithAllThatLimitsIt) {
  RoleSession session = kSession;
  session.duration = std::chrono::seconds(900);
  session.external_id = "a b&c";
  session.policy = R"({"Version":"2012-10-17"})";
  session.tags = {{"environment", "prd"}, {"project", "retail"}};
  session.transitive_tags = {"project"};
  const UnsignedRequest request =
      AssumeRoleRequest(Endpoint::OfAmazon("sts", "eu-west-1"), session);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.host, "sts.eu-west-1.amazonaws.com");
  EXPECT_EQ(request.body,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole"
            "%2Fbackup&RoleSessionName=retail-prd&DurationSeconds=900&Policy=%7B%22Version%22%3A"
            "%222012-10-17%22%7D&ExternalId=a%20b%26c&Tags.member.1.Key=environment&"
            "Tags.member.1.Value=prd&Tags.member.2.Key=project&Tags.member.2.Value=retail&"
            "TransitiveTagKeys.member.1=project");
}

TEST(Sts, AWebIdentityIsNotSigned) {
  const net::HttpRequest request = WebIdentityRequest(
      {.scheme = "http", .host = "127.0.0.1:8333", .region = "x"}, kSession, Secret("eyJ.a.b"));
  EXPECT_EQ(request.url, "http://127.0.0.1:8333/");
  EXPECT_TRUE(request.body.ends_with("&WebIdentityToken=eyJ.a.b")) << request.body;
  for (const net::HttpHeader& header : request.headers) EXPECT_NE(header.name, "authorization");
}

TEST(Sts, ReadsCredentialsOfBothWays) {
  for (const char* action : {"AssumeRole", "AssumeRoleWithWebIdentity"}) {
    const auto given = ParseRoleCredentials({.status = 200, .body = Given(action)}, "take it on");
    ASSERT_TRUE(given.has_value());
    EXPECT_EQ(given->keys.access_key_id, "ASIA1");
    EXPECT_EQ(given->keys.secret_access_key.Expose(), "s/1+");
    EXPECT_EQ(given->keys.session_token.Expose(), "t1==");
    EXPECT_EQ(given->expires, ParseRfc3339("2026-01-02T04:04:05Z").value());
  }
}

TEST(Sts, SaysWhyARoleIsRefused) {
  const struct {
    int status;
    const char* code;
    ErrorKind kind;
    const char* ours;
  } kCases[] = {{403, "AccessDenied", ErrorKind::kDenied, "sts.denied"},
                {400, "ExpiredTokenException", ErrorKind::kDenied, "sts.expired"},
                {400, "IDPCommunicationError", ErrorKind::kUnavailable, "sts.unavailable"},
                {400, "PackedPolicyTooLarge", ErrorKind::kInvalid, "sts.invalid"},
                {400, "Throttling", ErrorKind::kThrottled, "sts.throttled"},
                {500, "InternalFailure", ErrorKind::kUnavailable, "sts.unavailable"},
                {400, "ValidationError", ErrorKind::kInvalid, "sts.invalid"},
                {403, "Else", ErrorKind::kDenied, "sts.denied"}};
  for (const auto& one : kCases) {
    const auto refused =
        ParseRoleCredentials(Refusal(one.status, one.code), "take on the role 'arn:x'");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, one.kind) << one.code;
    EXPECT_EQ(refused.error().code, one.ours) << one.code;
    EXPECT_EQ(refused.error().provider->request_id, "r-1");
    EXPECT_NE(refused.error().message.find("take on the role 'arn:x'"), std::string::npos);
  }
}

TEST(Sts, AnAnswerWithoutCredentialsIsNone) {
  for (const char* body : {"", "<html>", "<A><AResult/></A>", "<A/>",
                           "<A><AResult><Credentials><AccessKeyId>i</AccessKeyId></Credentials>"
                           "</AResult></A>"}) {
    const auto given = ParseRoleCredentials({.status = 200, .body = body}, "x");
    ASSERT_FALSE(given.has_value()) << body;
    EXPECT_EQ(given.error().kind, ErrorKind::kUnavailable) << body;
  }
}

TEST(Sts, KnowsWhoAsks) {
  const auto caller = ParseCallerIdentity(
      {.status = 200,
       .body =
           "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/u</Arn>"
           "<UserId>U</UserId><Account>1</Account></GetCallerIdentityResult>"
           "</GetCallerIdentityResponse>"});
  ASSERT_TRUE(caller.has_value());
  EXPECT_EQ(caller->account, "1");
  EXPECT_EQ(caller->arn, "arn:aws:iam::1:user/u");
  EXPECT_EQ(caller->user_id, "U");
  EXPECT_FALSE(ParseCallerIdentity(Refusal(403, "InvalidClientTokenId")).has_value());
}

TEST(Sts, RefusesASessionThatTheServiceWouldRefuse) {
  EXPECT_TRUE(CheckRoleSession(kSession).has_value());
  const auto refused = [](auto change) {
    RoleSession session = kSession;
    change(session);
    const Result<void> checked = CheckRoleSession(session);
    return !checked.has_value() && checked.error().code == "aws.role" &&
           !checked.error().hint.empty();
  };
  EXPECT_TRUE(refused([](RoleSession& s) { s.role_arn = "backup"; }));
  EXPECT_TRUE(refused([](RoleSession& s) { s.role_arn = "arn:aws:iam::1:user/u"; }));
  EXPECT_TRUE(refused([](RoleSession& s) { s.session_name = "a"; }));
  EXPECT_TRUE(refused([](RoleSession& s) { s.session_name = "a b"; }));
  EXPECT_TRUE(refused([](RoleSession& s) { s.session_name = std::string(65, 'a'); }));
  EXPECT_TRUE(refused([](RoleSession& s) { s.duration = std::chrono::seconds(899); }));
  EXPECT_TRUE(refused([](RoleSession& s) { s.duration = std::chrono::seconds(43'201); }));
  EXPECT_TRUE(refused([](RoleSession& s) { s.external_id = "x"; }));
  EXPECT_TRUE(refused([](RoleSession& s) { s.policy = std::string(2049, ' '); }));
  EXPECT_TRUE(refused([](RoleSession& s) {
    for (int i = 0; i < 51; ++i) s.tags[std::to_string(i)] = "";
  }));
}

TEST(Endpoint, IsSchemeAndHost) {
  const auto own = Endpoint::Parse("http://127.0.0.1:9000/", "x");
  ASSERT_TRUE(own.has_value());
  EXPECT_EQ(own->scheme, "http");
  EXPECT_EQ(own->host, "127.0.0.1:9000");
  EXPECT_EQ(own->region, "x");
  EXPECT_EQ(Endpoint::OfAmazon("sts", "cn-north-1").host, "sts.cn-north-1.amazonaws.com.cn");
  for (const char* bad : {"", "minio", "ftp://a", "https://", "https://a/b", "https://a?b",
                          "https://u:topsecret@a", "https:///"}) {
    const auto parsed = Endpoint::Parse(bad, "x");
    ASSERT_FALSE(parsed.has_value()) << bad;
    EXPECT_EQ(parsed.error().code, "aws.endpoint");
    EXPECT_EQ(parsed.error().message.find("topsecret"), std::string::npos);
  }
}

}  // namespace
}  // namespace lc2::cloud::aws
