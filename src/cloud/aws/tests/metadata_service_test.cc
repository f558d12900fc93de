#include "cloud/aws/metadata_service.h"

#include <gtest/gtest.h>

#include "base/time_format.h"

namespace lc2::cloud::aws {
namespace {

TEST(MetadataService, CredentialsDoNotCrossANetworkUnprotected) {
  for (const char* url :
       {"http://169.254.170.2/v2/credentials/x", "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials", "http://localhost:1338/", "http://127.0.0.1:80/x",
        "http://127.9.9.9", "http://[::1]:8080/", "https://vault.example/x"}) {
    EXPECT_TRUE(CheckContainerUrl(url).has_value()) << url;
  }
  for (const char* url :
       {"http://169.254.170.3/", "http://10.0.0.1/", "http://example.org/", "http://127.evil.org/",
        "http://localhost.evil.org/", "http://localhost:80@evil.org/", "http://[::1]@evil.org/",
        "http://[fd00:ec2::24]/", "ftp://localhost/", "localhost", ""}) {
    const Result<void> checked = CheckContainerUrl(url);
    ASSERT_FALSE(checked.has_value()) << url;
    EXPECT_EQ(checked.error().code, "aws.container");
  }
}

TEST(MetadataService, ATokenIsOneHeader) {
  const auto request = ContainerRequest("http://169.254.170.23/v1", Secret("Bearer abc"));
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->headers.back(), (net::HttpHeader{"authorization", "Bearer abc"}));
  EXPECT_EQ(ContainerRequest("http://localhost/", Secret())->headers.size(), 1U);
  const auto refused = ContainerRequest("http://localhost/", Secret("a\r\nx-evil: 1"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message.find("evil"), std::string::npos);
}

TEST(MetadataService, AnInstanceIsAskedWithAToken) {
  const net::HttpRequest token = InstanceTokenRequest(kInstanceMetadata);
  EXPECT_EQ(token.method, "PUT");
  EXPECT_EQ(token.url, "http://169.254.169.254/latest/api/token");
  const net::HttpRequest role = InstanceCredentialsRequest("http://x", Secret("t"));
  EXPECT_EQ(role.url, "http://x/latest/meta-data/iam/security-credentials/");
  EXPECT_EQ(role.headers.front(), (net::HttpHeader{"x-aws-ec2-metadata-token", "t"}));
  EXPECT_TRUE(InstanceCredentialsRequest("http://x", Secret("t"), "r").url.ends_with("/r"));
}

TEST(MetadataService, ReadsCredentials) {
  const auto given = ParseMetadataCredentials(
      {.status = 200,
       .body = R"({"Code":"Success","AccessKeyId":"ASIA1","SecretAccessKey":"s","Token":"t",)"
               R"("Expiration":"2026-01-02T04:04:05Z","Type":"AWS-HMAC"})"});
  ASSERT_TRUE(given.has_value());
  EXPECT_EQ(given->keys.access_key_id, "ASIA1");
  EXPECT_EQ(given->keys.session_token.Expose(), "t");
  EXPECT_EQ(given->expires, ParseRfc3339("2026-01-02T04:04:05Z").value());
  const auto lasting = ParseMetadataCredentials(
      {.status = 200, .body = R"({"AccessKeyId":"A","SecretAccessKey":"s"})"});
  ASSERT_TRUE(lasting.has_value());
  EXPECT_FALSE(lasting->expires.has_value());
}

TEST(MetadataService, TellsABrokenRoleFromABrokenService) {
  const auto kind = [](int status, const char* body) {
    const auto given = ParseMetadataCredentials({.status = status, .body = body});
    EXPECT_FALSE(given.has_value());
    EXPECT_EQ(given.error().code,
              given.error().kind == ErrorKind::kDenied ? "aws.no_role" : "aws.metadata");
    return given.error().kind;
  };
  EXPECT_EQ(kind(404, ""), ErrorKind::kDenied);
  EXPECT_EQ(kind(401, ""), ErrorKind::kDenied);
  EXPECT_EQ(kind(500, ""), ErrorKind::kUnavailable);
  EXPECT_EQ(kind(200, R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"m"})"),
            ErrorKind::kDenied);
  EXPECT_EQ(kind(200, "<html>"), ErrorKind::kUnavailable);
  EXPECT_EQ(kind(200, "[]"), ErrorKind::kUnavailable);
  EXPECT_EQ(kind(200, R"({"AccessKeyId":"A"})"), ErrorKind::kUnavailable);
  EXPECT_EQ(kind(200, R"({"AccessKeyId":7,"SecretAccessKey":"s"})"), ErrorKind::kUnavailable);
  EXPECT_EQ(kind(200, R"({"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"soon"})"),
            ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace lc2::cloud::aws
