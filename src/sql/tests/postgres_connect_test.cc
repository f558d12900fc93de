#include <gtest/gtest.h>

#include "sql/postgres.h"
#include "testing/fake_clock.h"
#include "testing/private_postgres.h"

namespace lc2::sql {
namespace {

using testing::PrivatePostgres;

// One server for all tests that speaks TLS over TCP and nothing else.
class PostgresTls : public ::testing::Test {
 protected:
  struct Server {
    std::unique_ptr<PrivatePostgres> postgres;
    std::string certificate;
    std::string why_not;
  };
  static Server& Shared() {
    static Server server = [] {
      Server started;
      auto postgres = PrivatePostgres::Start();
      if (!postgres.has_value()) {
        started.why_not = Describe(postgres.error());
        return started;
      }
      started.postgres = std::move(postgres).value();
      auto certificate = started.postgres->RequireTls();
      if (certificate.has_value()) {
        started.certificate = *std::move(certificate);
      } else {
        started.why_not = Describe(certificate.error());
      }
      return started;
    }();
    return server;
  }
  void SetUp() override {
    if (!Shared().why_not.empty()) GTEST_SKIP() << "needs TLS: " << Shared().why_not;
    params_ = {.host = "127.0.0.1",
               .port = Shared().postgres->port(),
               .user = Shared().postgres->user(),
               .password = Secret(Shared().postgres->password()),
               .database = "postgres"};
  }
  bool Encrypted() const {
    const auto session = ConnectPostgres(ctx_, params_);
    EXPECT_TRUE(session.has_value()) << Describe(session.error());
    return session.has_value() &&
           (*session)
               ->QueryOne(ctx_,
                          "select ssl from pg_catalog.pg_stat_ssl where pid = pg_backend_pid()")
               .value()
               ->Bool(0);
  }
  Error Refused() const {
    auto session = ConnectPostgres(ctx_, params_);
    return session.has_value() ? Error{.code = "it connected"} : std::move(session).error();
  }

  PostgresParams params_;
  const Context ctx_ = testing::TestContext();
};

TEST_F(PostgresTls, IsPreferredAndCanBeRequired) {
  for (const char* mode : {"", "allow", "prefer", "require"}) {
    params_.sslmode = mode;
    EXPECT_TRUE(Encrypted()) << mode;
  }
}

TEST_F(PostgresTls, AServerThatWantsItRefusesPlainText) {
  params_.sslmode = "disable";
  EXPECT_EQ(Refused().kind, ErrorKind::kDenied);
  EXPECT_EQ(Refused().code, "sql.not_allowed");
}

TEST_F(PostgresTls, TheRootIsPemTextOrAPath) {
  params_.sslmode = "verify-full";
  params_.sslrootcert = Shared().certificate;
  EXPECT_TRUE(Encrypted());
  const TemporaryFolder folder = TemporaryFolder::Create("lc2-tls").value();
  ASSERT_TRUE(WriteFileAtomically(folder.path() / "root.pem", Shared().certificate).has_value());
  params_.sslrootcert = folder.path() / "root.pem";
  EXPECT_TRUE(Encrypted());
}

TEST_F(PostgresTls, AnotherRootIsRefused) {
  params_.sslmode = "verify-ca";
  params_.sslrootcert = "/etc/ssl/certs/ca-certificates.crt";
  EXPECT_EQ(Refused().kind, ErrorKind::kUnavailable);
  params_.sslrootcert = "/nowhere/root.pem";
  EXPECT_EQ(Refused().kind, ErrorKind::kUnavailable);
}

TEST_F(PostgresTls, TheNameIsCheckedOnlyIfAsked) {
  params_.sslrootcert = Shared().certificate;
  params_.host = "localhost";  // the certificate is good for an address
  params_.sslmode = "verify-full";
  EXPECT_NE(Refused().message.find("localhost"), std::string::npos);
  params_.sslmode = "verify-ca";
  EXPECT_TRUE(Encrypted());
}

}  // namespace
}  // namespace lc2::sql
