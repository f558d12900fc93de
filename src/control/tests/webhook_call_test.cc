#include "control/webhook_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/tests/samples.h"
#include "base/hash.h"
#include "base/time_format.h"

namespace lc2::control {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const EnvironmentId kEnv{ProjectId("retail"), EnvironmentName("prd")};

Result<Secret> Parse(const std::string& text) {
  SecretValues values;
  values.emplace(kWebhookSecretKey, Secret(text));
  return ParseWebhookSecret("hook", values);
}

// The example of the Standard Webhooks libraries' own tests.
TEST(WebhookCall, SignsAsThePublishedExampleDoes) {
  const Secret key = Parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value();
  EXPECT_EQ(SignWebhook(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(WebhookCall, SecretsOfBothForms) {
  EXPECT_EQ(Parse("a plain text of 24 bytes").value().Expose(), "a plain text of 24 bytes");
  EXPECT_EQ(Parse("whsec_" + Base64(std::string(24, '\0'))).value().Expose(),
            std::string(24, '\0'));
}

TEST(WebhookCall, SecretsThatAreRefusedAreNotShown) {
  for (const char* bad :
       {"", "hunter2hunter2hunter2hu", "whsec_", "whsec_hunter2", "whsec_aHVudGVyMmh1bnRlcjI="}) {
    const Result<Secret> key = Parse(bad);
    ASSERT_FALSE(key.has_value()) << bad;
    EXPECT_EQ(key.error().code, "notify.secret");
    EXPECT_THAT(Describe(key.error()) + key.error().hint, Not(HasSubstr("hunter"))) << bad;
  }
  EXPECT_THAT(Describe(ParseWebhookSecret("hook", {}).error()), HasSubstr("no key webhookSecret"));
}

TEST(WebhookCall, TheEnvironmentsWebhookWins) {
  api::LiferayEnvironment environment = api::testing::SampleEnvironment();
  api::BackupLocation location = api::testing::SampleLocation();
  EXPECT_EQ(WebhookOf(environment, location), std::nullopt);
  location.spec.webhook.url = "https://location.example/";
  EXPECT_EQ(WebhookOf(environment, location)->url, "https://location.example/");
  environment.spec.webhook.url = "https://environment.example/";
  EXPECT_EQ(WebhookOf(environment, location)->url, "https://environment.example/");
}

api::Delivery Sample() {
  return {.id = "msg_1",
          .event = api::NotificationEvent::kRecovered,
          .subject = {.kind = "BackupRequest", .namespace_ = "proj-retail-prd", .name = "nightly"},
          .backup_id = "retail-prd-backup-20251109-143000",
          .message = "say \"hi\"",
          .time = ParseRfc3339("2025-11-09T14:31:00Z").value(),
          .failing_since = ParseRfc3339("2025-11-08T14:30:00Z").value()};
}

TEST(WebhookCall, TheBodyIsThatOfThePage) {
  EXPECT_EQ(MakeWebhookBody(kEnv, Sample()),
            R"({"version":"1","type":"backup.recovered","timestamp":"2025-11-09T14:31:00Z",)"
            R"("data":{"projectId":"retail","environment":"prd","event":"Recovered",)"
            R"("subject":{"kind":"BackupRequest","namespace":"proj-retail-prd","name":"nightly"},)"
            R"("backupId":"retail-prd-backup-20251109-143000","reason":"","message":"say \"hi\"",)"
            R"("failingSince":"2025-11-08T14:30:00Z"}})");
  api::Delivery failed = Sample();
  failed.event = api::NotificationEvent::kFailed;
  failed.subject.kind = "RestoreRequest";
  EXPECT_THAT(MakeWebhookBody(kEnv, failed), HasSubstr(R"("type":"restore.failed")"));
  EXPECT_THAT(MakeTestBody(kEnv, *failed.time), HasSubstr(R"("type":"test")"));
}

// The attempts of one event differ in their time, and so in their signature, alone.
TEST(WebhookCall, TheRequestCarriesIdTimeAndSignature) {
  const Secret key("a plain text of 24 bytes");
  const api::Webhook webhook{.url = "https://hooks.example/x"};
  const auto request = [&](const char* time) {
    return MakeWebhookRequest(webhook, key, "msg_1", "{}", ParseRfc3339(time).value());
  };
  const net::HttpRequest first = request("2025-11-09T14:31:00.9Z");
  EXPECT_EQ(first.method, "POST");
  EXPECT_EQ(first.url, "https://hooks.example/x");
  EXPECT_EQ(first.body, "{}");
  EXPECT_THAT(first.headers,
              ::testing::IsSupersetOf<net::HttpHeader>(
                  {{"content-type", "application/json"},
                   {"webhook-id", "msg_1"},
                   {"webhook-timestamp", "1762698660"},
                   {"webhook-signature", SignWebhook(key, "msg_1", 1762698660, "{}")}}));
  EXPECT_NE(first.headers, request("2025-11-09T14:31:01Z").headers);
}

TEST(WebhookCall, OnlyStatuses2xxTakeTheEvent) {
  for (const int status : {200, 202, 204, 299}) {
    EXPECT_TRUE(JudgeWebhookResponse({.status = status}).has_value()) << status;
  }
  for (const int status : {0, 199, 300, 302, 400, 410, 429, 500, 503}) {
    const auto judged = JudgeWebhookResponse({.status = status, .headers = {}, .body = "hunter2"});
    ASSERT_FALSE(judged.has_value()) << status;
    EXPECT_EQ(judged.error().code, "notify.refused");
    EXPECT_THAT(Describe(judged.error()), Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace lc2::control
