#include <gtest/gtest.h>

#include "base/file.h"
#include "provider/provider.h"

namespace lc2::provider {
namespace {

class S3Vault : public ::testing::Test {
 protected:
  S3Vault() {
    location_.metadata.name = "eu";
    location_.spec = {.provider = api::Provider::kAws,
                      .bucket = "acme-lc2",
                      .prefix = "backups",
                      .region = "eu-west-1",
                      .credentials_secret = {.name = "absent"}};
  }
  // Why it is not opened; nothing here gets as far as a request.
  Error Refusal(VaultAccess access = VaultAccess::kWrite) {
    const auto opened = provider_->OpenVault(location_, access);
    EXPECT_FALSE(opened.has_value());
    return opened.has_value() ? Error{} : opened.error();
  }
  std::string Code() { return Refusal().code; }

  const TemporaryFolder folder_ = TemporaryFolder::Create("lc2-s3-").value();
  FileSecretSource secrets_{folder_.path()};
  const SystemClock clock_;
  const std::unique_ptr<Provider> provider_ = MakeProvider(secrets_, clock_, NullLogger());
  api::BackupLocation location_;
};

TEST_F(S3Vault, ABucketsNameIsOne) {
  for (const char* name : {"", "ab", "Acme", "a_b", "a/b", "a..b", "-ab", ".ab", "evil.org#",
                           "a234567890123456789012345678901234567890123456789012345678901234"}) {
    location_.spec.bucket = name;
    EXPECT_EQ(Code(), "provider.bad_bucket") << name;
  }
}

TEST_F(S3Vault, APrefixBeginsKeys) {
  for (const char* prefix : {"../up", "/a", "a//b", "a/./b", "a\nb"}) {
    location_.spec.prefix = prefix;
    const Error refused = Refusal();
    EXPECT_EQ(refused.code, "provider.bad_prefix") << prefix;
    EXPECT_NE(refused.message.find("location 'eu'"), std::string::npos);
  }
}

TEST_F(S3Vault, AmazonsIsInARegion) {
  location_.spec.region.clear();
  EXPECT_EQ(Code(), "aws.region");
  location_.spec.endpoint = "minio.example";
  EXPECT_EQ(Code(), "aws.endpoint");
}

TEST_F(S3Vault, WhatIsNotServedIsRefused) {
  location_.spec.object_lock.mode = api::ObjectLockMode::kCompliance;
  EXPECT_EQ(Code(), "provider.unsupported");
}

TEST_F(S3Vault, ASecretThatIsNotThereIsNamed) {
  const Error refused = Refusal();
  EXPECT_EQ(refused.kind, ErrorKind::kNotFound);
  EXPECT_NE(Describe(refused).find("absent"), std::string::npos);
}

TEST_F(S3Vault, AFolderIsNoPartOfABucket) {
  api::LiferayEnvironment environment;
  environment.spec.document_library.bucket = "/srv/library";
  EXPECT_TRUE(provider_->CheckApart(environment, location_).has_value());
  location_.spec = {.bucket = "/srv/library/vault"};
  EXPECT_EQ(provider_->CheckApart(environment, location_).error().code, "provider.overlap");
}

}  // namespace
}  // namespace lc2::provider
