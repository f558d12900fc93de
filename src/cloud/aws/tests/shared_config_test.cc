#include "cloud/aws/shared_config.h"

#include <gtest/gtest.h>

namespace lc2::cloud::aws {
namespace {

SharedProfiles Parsed(std::string_view config, std::string_view credentials = {}) {
  const auto profiles = ParseSharedConfig(config, credentials);
  EXPECT_TRUE(profiles.has_value()) << (profiles.has_value() ? "" : profiles.error().message);
  return profiles.has_value() ? *profiles : SharedProfiles();
}

TEST(SharedConfig, ReadsBothFilesAsOne) {
  const SharedProfiles profiles = Parsed(
      "# a remark\n"
      "[default]\nregion = eu-west-1\n\n"
      "[profile  retail ]\n"
      "role_arn=arn:aws:iam::111122223333:role/backup ; why\n"
      "source_profile = default\nexternal_id = a#b\nduration_seconds = 7200\n"
      "ROLE_SESSION_NAME = lc2\ns3 =\n  max_concurrent_requests = 20\nunknown = 1\n",
      "[default]\r\naws_access_key_id = AKIA1\r\naws_secret_access_key = a/b+c=\r\n"
      "[other]\naws_session_token = t\n");
  ASSERT_EQ(profiles.size(), 3U);
  const SharedProfile& base = profiles.at("default");
  EXPECT_EQ(base.region, "eu-west-1");
  EXPECT_EQ(base.access_key_id, "AKIA1");
  EXPECT_EQ(base.secret_access_key.Expose(), "a/b+c=");
  EXPECT_TRUE(base.has_keys());
  const SharedProfile& role = profiles.at("retail");
  EXPECT_EQ(role.role_arn, "arn:aws:iam::111122223333:role/backup");
  EXPECT_EQ(role.source_profile, "default");
  EXPECT_EQ(role.external_id, "a#b") << "a comment begins behind white space";
  EXPECT_EQ(role.duration, std::chrono::seconds(7200));
  EXPECT_EQ(role.role_session_name, "lc2");
  EXPECT_FALSE(role.has_keys());
  EXPECT_EQ(profiles.at("other").session_token.Expose(), "t");
}

TEST(SharedConfig, TheCredentialsFileHasTheLastWord) {
  const SharedProfiles profiles =
      Parsed("[default]\naws_access_key_id = old\naws_secret_access_key = one\n",
             "[default]\naws_access_key_id = new\naws_secret_access_key = two\n");
  EXPECT_EQ(profiles.at("default").access_key_id, "new");
  EXPECT_EQ(profiles.at("default").secret_access_key.Expose(), "two");
}

TEST(SharedConfig, ReadsARoleOfAMachineAndOneOfATokenFile) {
  const SharedProfiles profiles = Parsed(
      "[profile a]\ncredential_source = Ec2InstanceMetadata\n"
      "[profile b]\nweb_identity_token_file = /run/token\n");
  EXPECT_EQ(profiles.at("a").credential_source, "Ec2InstanceMetadata");
  EXPECT_EQ(profiles.at("a").web_identity_token_file, "");
  EXPECT_EQ(profiles.at("b").web_identity_token_file, "/run/token");
  EXPECT_EQ(profiles.at("b").credential_source, "");
}

TEST(SharedConfig, OtherSectionsArePassedOver) {
  const SharedProfiles profiles = Parsed(
      "[sso-session x]\nregion = us-east-1\n[plain]\nregion = r\n[profilex]\nregion = r\n"
      "[profile]\nregion = r\n");
  EXPECT_TRUE(profiles.empty());
  EXPECT_TRUE(Parsed("", "").empty());
}

TEST(SharedConfig, AnErrorNamesFileAndLineAndNoValue) {
  const struct {
    std::string_view config, credentials;
    std::string message;
  } cases[] = {
      {"region = x\n", "",
       "the AWS config file, line 1: a setting stands before the first section"},
      {"[default]\n\nregion\n", "", "the AWS config file, line 3: '=' is missing"},
      {"[default\n", "", "the AWS config file, line 1: a section's ']' is missing"},
      {"", "[ ]\n", "the AWS credentials file, line 1: a section has no name"},
      {"[default]\nduration_seconds = 1h\n", "",
       "the AWS config file, line 2: duration_seconds is no number of seconds"},
      {"", "[default]\naws_secret_access_key s3cret\n",
       "the AWS credentials file, line 2: '=' is missing"},
  };
  for (const auto& one : cases) {
    const auto refused = ParseSharedConfig(one.config, one.credentials);
    ASSERT_FALSE(refused.has_value()) << one.message;
    EXPECT_EQ(refused.error().code, "aws.config");
    EXPECT_EQ(refused.error().message, one.message);
    EXPECT_NE(refused.error().hint, "");
  }
}

}  // namespace
}  // namespace lc2::cloud::aws
