#include "database/target.h"

#include <gtest/gtest.h>

namespace lc2::database {
namespace {

SecretValues Values(std::map<std::string, std::string> texts) {
  SecretValues values;
  for (auto& [key, text] : texts) values.emplace(key, Secret(text));
  return values;
}

Result<DatabaseTarget> Read(std::map<std::string, std::string> texts) {
  return TargetFromSecret(Engine::kPostgres, "lportal", Values(std::move(texts)), "retail-db");
}

TEST(TargetFromSecret, ReadsEveryKey) {
  const auto target = Read({{"host", "db.example"},
                            {"port", "6432"},
                            {"username", "liferay"},
                            {"password", "s:e\\cret"},
                            {"sslmode", "verify-full"},
                            {"sslrootcert", "-----BEGIN CERTIFICATE-----\nAAAA\n"}})
                          .value();
  EXPECT_EQ(target.host, "db.example");
  EXPECT_EQ(target.port, 6432);
  EXPECT_EQ(target.user, "liferay");
  EXPECT_EQ(target.password.Expose(), "s:e\\cret");
  EXPECT_EQ(target.sslmode, "verify-full");
  EXPECT_EQ(target.sslrootcert, "-----BEGIN CERTIFICATE-----\nAAAA\n");
  EXPECT_EQ(target.name, "lportal");
  EXPECT_EQ(target.Describe(), "database 'lportal' on 'db.example:6432'");
}

TEST(TargetFromSecret, AddressStandsInForHost) {
  EXPECT_EQ(Read({{"address", "10.0.0.7"}, {"username", "u"}}).value().host, "10.0.0.7");
}

TEST(TargetFromSecret, ThePortHasADefaultOfItsEngine) {
  EXPECT_EQ(Read({{"host", "h"}, {"username", "u"}}).value().port, 5432);
  EXPECT_EQ(TargetFromSecret(Engine::kMysql, "l", Values({{"host", "h"}, {"username", "u"}}), "s")
                .value()
                .port,
            3306);
}

void ExpectBad(std::map<std::string, std::string> texts, const std::string& key) {
  const auto target = Read(std::move(texts));
  ASSERT_FALSE(target.has_value()) << key;
  EXPECT_EQ(target.error().code, "database.bad_secret");
  EXPECT_EQ(target.error().kind, ErrorKind::kInvalid);
  EXPECT_NE(target.error().message.find("'" + key + "'"), std::string::npos);
  EXPECT_NE(target.error().message.find("retail-db"), std::string::npos);
  EXPECT_EQ(Describe(target.error()).find("hunter2"), std::string::npos);
}

TEST(TargetFromSecret, NamesTheKeyThatIsBadAndNeverItsValue) {
  ExpectBad({{"username", "u"}}, "host");
  ExpectBad({{"host", ""}, {"username", "u"}}, "host");
  ExpectBad({{"host", "a\nb"}, {"username", "u"}}, "host");
  ExpectBad({{"host", "h"}}, "username");
  ExpectBad({{"host", "h"}, {"username", "u"}, {"password", "hunter2\nx"}}, "password");
  for (const char* port : {"0", "65536", "x", "5432 ", "-1"}) {
    ExpectBad({{"host", "h"}, {"username", "u"}, {"port", port}}, "port");
  }
}

}  // namespace
}  // namespace lc2::database
