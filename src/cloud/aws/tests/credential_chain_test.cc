#include "cloud/aws/credential_chain.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "testing/fake_clock.h"
#include "testing/scripted_transport.h"

namespace lc2::cloud::aws {
namespace {

using lc2::testing::ScriptedTransport;
using lc2::testing::TestContext;

const std::string kRole = "arn:aws:iam::111122223333:role/backup";
const std::string kSts = "https://sts.eu-west-1.amazonaws.com/";

std::string Session(const std::string& id) {
  return "<R><AResult><Credentials><AccessKeyId>" + id +
         "</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
         "<Expiration>2040-01-02T04:04:05Z</Expiration></Credentials></AResult></R>";
}

std::string FieldsOf(const net::HttpRequest& request, const char* header) {
  for (const net::HttpHeader& one : request.headers) {
    if (one.name == header) return one.value;
  }
  return "";
}

class CredentialChainTest : public ::testing::Test {
 protected:
  CredentialChainTest() : folder_(TemporaryFolder::Create("lc2-chain-").value()) {
    options_.home = folder_.path();
    options_.region = "eu-west-1";
    std::filesystem::create_directory(folder_.path() / ".aws");
  }
  std::string Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_.path() / name;
    EXPECT_TRUE(WriteFileAtomically(path, text).has_value());
    return path.string();
  }
  Result<CredentialSourcePtr> Make() { return MakeCredentialChain(transport_, options_); }
  // The id of the keys that the chain comes to, or the error's code.
  std::string Outcome() {
    const auto source = Make();
    if (!source.has_value()) return source.error().code;
    const auto given = (*source)->Fetch(TestContext());
    return given.has_value() ? given->keys.access_key_id : given.error().code;
  }

  TemporaryFolder folder_;
  ScriptedTransport transport_;
  ChainOptions options_;
};

TEST_F(CredentialChainTest, WithNothingConfiguredThereIsNothing) {
  EXPECT_EQ(Outcome(), "aws.no_credentials");
  options_.home.clear();
  EXPECT_EQ(Outcome(), "aws.no_credentials");
}

TEST_F(CredentialChainTest, TheEnvironmentComesFirst) {
  options_.variables = {{"AWS_ACCESS_KEY_ID", "E"},    {"AWS_SECRET_ACCESS_KEY", "s"},
                        {"AWS_SECURITY_TOKEN", "old"}, {"AWS_PROFILE", "nobody"},
                        {"AWS_ROLE_ARN", kRole},       {"AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"}};
  const auto source = Make();
  ASSERT_TRUE(source.has_value());
  const auto given = (*source)->Fetch(TestContext());
  ASSERT_TRUE(given.has_value());
  EXPECT_EQ(given->keys.access_key_id, "E");
  EXPECT_EQ(given->keys.session_token.Expose(), "old");
  EXPECT_EQ((*source)->name(), "environment");
}

TEST_F(CredentialChainTest, HalfAPairOfKeysIsAnError) {
  options_.variables = {{"AWS_ACCESS_KEY_ID", "E"}};
  Write(".aws/credentials", "[default]\naws_access_key_id=F\naws_secret_access_key=s\n");
  EXPECT_EQ(Outcome(), "aws.config");
}

TEST_F(CredentialChainTest, AWebIdentityReadsItsTokenEachTime) {
  const std::string file = Write("token", "one\n");
  options_.variables = {{"AWS_ROLE_ARN", kRole}, {"AWS_WEB_IDENTITY_TOKEN_FILE", file}};
  const auto source = Make();
  ASSERT_TRUE(source.has_value()) << source.error().message;
  for (const char* token : {"one", "two"}) {
    Write("token", token);
    transport_.Expect("POST", kSts).Reply(200, Session("W"));
    const auto given = (*source)->Fetch(TestContext());
    ASSERT_TRUE(given.has_value()) << given.error().message;
    EXPECT_EQ(given->keys.access_key_id, "W");
    const net::HttpRequest request = transport_.requests().back();
    EXPECT_TRUE(request.body.ends_with(std::string("&WebIdentityToken=") + token)) << request.body;
    EXPECT_EQ(FieldsOf(request, "authorization"), "");
  }
}

TEST_F(CredentialChainTest, AConfiguredSourceThatFailsIsNoReasonToGoOn) {
  options_.variables = {{"AWS_ROLE_ARN", kRole}, {"AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"}};
  Write(".aws/credentials", "[default]\naws_access_key_id=F\naws_secret_access_key=s\n");
  EXPECT_EQ(Outcome(), "file.not_found");
}

TEST_F(CredentialChainTest, AProfileHasKeys) {
  Write(".aws/credentials",
        "[default]\naws_access_key_id=F\naws_secret_access_key=s\n"
        "[other]\naws_access_key_id=G\naws_secret_access_key=s\n"
        "[empty]\nregion=x\n");
  EXPECT_EQ(Outcome(), "F");
  options_.variables = {{"AWS_PROFILE", "other"}};
  EXPECT_EQ(Outcome(), "G");
  options_.variables = {{"AWS_PROFILE", "absent"}};
  EXPECT_EQ(Outcome(), "aws.config");
  options_.variables = {{"AWS_PROFILE", "empty"}};
  EXPECT_EQ(Outcome(), "aws.config");
}

TEST_F(CredentialChainTest, RolesMayFollowEachOther) {
  Write(".aws/config",
        "[profile base]\naws_access_key_id=BASE\naws_secret_access_key=s\n"
        "[profile middle]\nrole_arn=arn:aws:iam::1:role/middle\nsource_profile=base\n"
        "[profile end]\nrole_arn=arn:aws:iam::2:role/end\nsource_profile=middle\n"
        "external_id=xyz\nduration_seconds=900\n");
  options_.variables = {{"AWS_PROFILE", "end"}};
  transport_.Expect("POST", kSts).Reply(200, Session("MIDDLE"));
  transport_.Expect("POST", kSts).Reply(200, Session("END"));
  EXPECT_EQ(Outcome(), "END");
  const auto requests = transport_.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_NE(FieldsOf(requests[0], "authorization").find("Credential=BASE/"), std::string::npos);
  EXPECT_NE(requests[0].body.find("role%2Fmiddle"), std::string::npos);
  EXPECT_NE(FieldsOf(requests[1], "authorization").find("Credential=MIDDLE/"), std::string::npos);
  EXPECT_EQ(FieldsOf(requests[1], "x-amz-security-token"), "t");
  EXPECT_NE(requests[1].body.find("DurationSeconds=900&ExternalId=xyz"), std::string::npos);
}

TEST_F(CredentialChainTest, ProfilesInACircleAreRefused) {
  Write(".aws/config",
        "[profile a]\nrole_arn=arn:aws:iam::1:role/a\nsource_profile=b\n"
        "[profile b]\nrole_arn=arn:aws:iam::1:role/b\nsource_profile=a\n"
        "[profile self]\nrole_arn=arn:aws:iam::1:role/s\nsource_profile=self\n"
        "aws_access_key_id=SELF\naws_secret_access_key=s\n");
  options_.variables = {{"AWS_PROFILE", "a"}};
  EXPECT_EQ(Outcome(), "aws.config");
  options_.variables = {{"AWS_PROFILE", "self"}};
  transport_.Expect("POST", kSts).Reply(200, Session("S"));
  EXPECT_EQ(Outcome(), "S") << "its own keys";
}

TEST_F(CredentialChainTest, AProfileMayTakeItsKeysFromElsewhere) {
  const std::string file = Write("token", "jwt");
  Write(".aws/config",
        "[profile env]\nrole_arn=arn:aws:iam::1:role/a\ncredential_source=Environment\n"
        "[profile ecs]\nrole_arn=arn:aws:iam::1:role/a\ncredential_source=EcsContainer\n"
        "[profile ec2]\nrole_arn=arn:aws:iam::1:role/a\ncredential_source=Ec2InstanceMetadata\n"
        "[profile web]\nrole_arn=arn:aws:iam::1:role/a\nregion=eu-west-1\n"
        "web_identity_token_file=" +
            file +
            "\n"
            "[profile bad]\nrole_arn=arn:aws:iam::1:role/a\n"
            "[profile worse]\nrole_arn=role/a\ncredential_source=Environment\n");
  // Half of these need variables that the chain itself would take first.
  for (const char* profile : {"env", "ecs", "ec2", "bad"}) {
    options_.variables = {{"AWS_PROFILE", profile}};
    EXPECT_EQ(Outcome(), "aws.config") << profile;
  }
  options_.variables = {{"AWS_PROFILE", "worse"}};
  EXPECT_EQ(Outcome(), "aws.role");
  options_.region.clear();
  options_.variables = {{"AWS_PROFILE", "web"}};
  transport_.Expect("POST", kSts).Reply(200, Session("W"));
  EXPECT_EQ(Outcome(), "W");
  options_.variables = {{"AWS_PROFILE", "ecs"},
                        {"AWS_REGION", "eu-west-1"},
                        {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x"}};
  transport_.Expect("GET", "http://169.254.170.2/v2/x")
      .Reply(200, R"({"AccessKeyId":"C","SecretAccessKey":"s"})");
  transport_.Expect("POST", kSts).Reply(200, Session("R"));
  EXPECT_EQ(Outcome(), "R");
}

TEST_F(CredentialChainTest, ARoleNeedsARegion) {
  Write(".aws/config",
        "[profile a]\nrole_arn=arn:aws:iam::1:role/a\nsource_profile=b\n"
        "[profile b]\naws_access_key_id=B\naws_secret_access_key=s\n");
  options_.region.clear();
  options_.variables = {{"AWS_PROFILE", "a"}};
  EXPECT_EQ(Outcome(), "aws.region");
  options_.variables["AWS_DEFAULT_REGION"] = "eu-west-1";
  options_.variables["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:8333";
  transport_.Expect("POST", "http://127.0.0.1:8333/").Reply(200, Session("S"));
  EXPECT_EQ(Outcome(), "S");
}

TEST_F(CredentialChainTest, AContainersAgentIsAskedWithItsToken) {
  const std::string file = Write("token", "Bearer one");
  options_.variables = {
      {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"},
      {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file},
      {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "not this one"}};
  transport_.Expect("GET", "http://169.254.170.23/v1/credentials")
      .Reply(200, R"({"AccessKeyId":"P","SecretAccessKey":"s","Token":"t"})");
  EXPECT_EQ(Outcome(), "P");
  EXPECT_EQ(FieldsOf(transport_.requests().back(), "authorization"), "Bearer one");
  options_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://10.0.0.1/";
  EXPECT_EQ(Outcome(), "aws.container");
}

TEST_F(CredentialChainTest, TheMachinesRoleIsUsedOnlyWhereItIsAllowed) {
  EXPECT_EQ(Outcome(), "aws.no_credentials");
  options_.ambient_node = true;
  const std::string base = "http://169.254.169.254/latest/";
  transport_.Expect("PUT", base + "api/token").Reply(200, "pass");
  transport_.Expect("GET", base + "meta-data/iam/security-credentials/").Reply(200, "node\n");
  transport_.Expect("GET", base + "meta-data/iam/security-credentials/node")
      .Reply(200, R"({"Code":"Success","AccessKeyId":"I","SecretAccessKey":"s"})");
  EXPECT_EQ(Outcome(), "I");
  EXPECT_EQ(FieldsOf(transport_.requests().back(), "x-aws-ec2-metadata-token"), "pass");
  transport_.Expect("PUT", base + "api/token").Reply(200, "pass");
  transport_.Expect("GET", base + "meta-data/iam/security-credentials/").Reply(404);
  EXPECT_EQ(Outcome(), "aws.no_role");
  options_.variables["AWS_EC2_METADATA_DISABLED"] = "true";
  EXPECT_EQ(Outcome(), "aws.no_credentials");
}

TEST_F(CredentialChainTest, FilesMayLieElsewhere) {
  options_.variables = {
      {"AWS_SHARED_CREDENTIALS_FILE",
       Write("keys", "[default]\naws_access_key_id=K\naws_secret_access_key=s\n")},
      {"AWS_CONFIG_FILE", Write("conf", "[default]\nregion=eu-north-1\n")}};
  EXPECT_EQ(Outcome(), "K");
  EXPECT_EQ(RegionOf(options_).value(), "eu-north-1");
  options_.variables["AWS_REGION"] = "eu-south-1";
  EXPECT_EQ(RegionOf(options_).value(), "eu-south-1");
  options_.variables["AWS_CONFIG_FILE"] = "/nowhere";
  EXPECT_EQ(Outcome(), "file.not_found");
}

TEST(SecretSourceOfKeys, IsReadEachTime) {
  const TemporaryFolder folder = TemporaryFolder::Create("lc2-keys-").value();
  std::filesystem::create_directory(folder.path() / "store");
  FileSecretSource secrets(folder.path());
  const CredentialSourcePtr source = MakeSecretSource(secrets, "store");
  const auto write = [&](const char* name, const char* text) {
    ASSERT_TRUE(WriteFileAtomically(folder.path() / "store" / name, text).has_value());
  };
  const auto missing = source->Fetch(TestContext());
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, "aws.secret");
  write("accessKeyId", "A\n");
  write("secretAccessKey", "s");
  EXPECT_EQ(source->Fetch(TestContext())->keys.access_key_id, "A");
  write("accessKeyId", "B");
  write("sessionToken", "t");
  const auto second = source->Fetch(TestContext());
  EXPECT_EQ(second->keys.access_key_id, "B");
  EXPECT_EQ(second->keys.session_token.Expose(), "t");
}

}  // namespace
}  // namespace lc2::cloud::aws
