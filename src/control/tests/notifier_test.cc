#include "control/notifier.h"

#include <fmt/core.h>

#include "control/backup_actions.h"
#include "control/tests/control_fixture.h"
#include "control/webhook_call.h"
#include "testing/scripted_transport.h"

namespace lc2::control::testing {
namespace {

using lc2::testing::ScriptedTransport;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kUrl = "https://hooks.example/lc2?token=hunter2";
constexpr const char* kKey = "whsec_c2VjcmV0IG9mIGEgd2ViaG9vaywgbG9uZyBlbm91Z2g=";

class Secrets final : public SecretSource {
 public:
  std::optional<Error> error;
  Result<SecretValues> Read(std::string_view name) override {
    EXPECT_EQ(name, "hook");
    if (error) return *error;
    SecretValues values;
    values.emplace(kWebhookSecretKey, Secret(kKey));
    return values;
  }
};

class KeptLog final : public Logger {
 public:
  std::string text;
  void Log(LogLevel, std::string_view event, std::initializer_list<LogField> fields) override {
    text += FormatLogLine(LogFormat::kText, event, fields) + "\n";
  }
};

class NotifierTest : public ControlFixture {
 protected:
  NotifierTest() {
    ChangeEnvironment([](auto& e) { e.spec.webhook = {.url = kUrl, .secret = {"hook"}}; });
    NewNotifier();
  }

  // What is known only to a process is gone.
  void NewNotifier() { task = NotifyTask(notifier_deps); }

  api::LiferayEnvironment Environment() {
    return GetAs<api::LiferayEnvironment>(ctx, *resources, "", "retail-prd").value();
  }
  Result<void> LookAt(const api::LiferayEnvironment& environment) {
    const Result<void> looked = task.run(Context(clock, log), environment);
    clock.Advance(std::chrono::seconds(5));
    return looked;
  }
  void LookOnce() { EXPECT_TRUE(IsOk(LookAt(Environment()))); }

  // "Failed nightly Pending 1": of all deliveries.
  std::vector<std::string> Record() {
    std::vector<std::string> lines;
    const auto record = Environment().status.notifications;
    if (!record) return {"none"};
    for (const api::Delivery& delivery : record->deliveries) {
      lines.push_back(fmt::format("{} {} {} {}", codec::Word(delivery.event), delivery.subject.name,
                                  codec::Word(delivery.state), delivery.attempts));
    }
    return lines;
  }
  std::string Notified() { return Text(Environment().status.conditions, "Notified"); }

  void Fail(const std::string& name) {
    platform.on_launch = [this](const AttemptWork& work) {
      platform.End(NameOf(work), {.phase = AttemptPhase::kFailed,
                                  .error = Error{.kind = ErrorKind::kCorrupt,
                                                 .code = "test.failed",
                                                 .message = "it does not fit",
                                                 .hint = "mend it"}});
    };
    Create(Backup(name));
    for (int looks = 0; looks < 3; ++looks) EXPECT_TRUE(IsOk(Look(name)));
  }

  // A schedule that has just missed a time.
  void Miss(const std::string& name) {
    api::BackupSchedule schedule = api::testing::SampleSchedule();
    schedule.metadata.name = name;
    schedule = Create(schedule);
    schedule.status.last_missed_time = clock.Now();
    ASSERT_TRUE(IsOk(UpdateStatusAs(ctx, *resources, schedule)));
  }

  static std::string HeaderOf(const net::HttpRequest& request, const std::string& name) {
    for (const auto& header : request.headers) {
      if (header.name == name) return header.value;
    }
    return "absent";
  }

  KeptLog log;
  Secrets secrets;
  ScriptedTransport http;
  NotificationTotals totals;
  Deps own_deps = deps();
  NotifierDeps notifier_deps{
      .deps = own_deps, .secrets = secrets, .transport = http, .totals = totals};
  PeriodicTask task;
};

TEST_F(NotifierTest, AFailureIsWrittenDownThenToldThenRecorded) {
  LookOnce();
  EXPECT_EQ(Notified(), "True/NothingToTell");
  Fail("nightly");
  http.Expect("POST", kUrl).Hold();
  LookOnce();
  EXPECT_THAT(Record(), ElementsAre("Failed nightly Pending 0"));
  LookOnce();
  EXPECT_EQ(http.requests().size(), 1U) << "it is under way";
  http.AnswerHeld(net::HttpResponse{.status = 204});
  LookOnce();
  EXPECT_THAT(Record(), ElementsAre("Failed nightly Delivered 1"));
  EXPECT_EQ(Notified(), "True/Delivered");
  LookOnce();
  EXPECT_TRUE(http.exhausted());

  const net::HttpRequest request = http.requests().at(0);
  const codec::Json body = codec::ParseJson(request.body).value();
  EXPECT_EQ(body.at("type"), "backup.failed");
  EXPECT_EQ(body.at("data").at("subject").at("name"), "nightly");
  EXPECT_EQ(body.at("data").at("reason"), "Corrupt");
  EXPECT_EQ(body.at("data").at("message"), "it does not fit. HINT: mend it");
  const std::string id = HeaderOf(request, "webhook-id");
  EXPECT_EQ(id, Environment().status.notifications->deliveries.at(0).id);
  const Secret key("secret of a webhook, long enough");
  EXPECT_EQ(HeaderOf(request, "webhook-signature"),
            SignWebhook(key, id, std::stoll(HeaderOf(request, "webhook-timestamp")), request.body));
  EXPECT_THAT(totals.totals(), ElementsAre(std::pair(std::pair("Failed", "Delivered"), 1),
                                           std::pair(std::pair("Failed", "Pending"), 1)));
}

TEST_F(NotifierTest, NeitherLogNorRecordHoldsTheSecretOrTheUrlsPath) {
  LookOnce();
  Fail("nightly");
  http.Expect("POST", kUrl).Reply(500, "hunter2");
  LookOnce();
  secrets.error = Error{.kind = ErrorKind::kInvalid, .code = "notify.secret", .message = "no"};
  // Written down, called again, written down again.
  for (int i = 0; i < 3; ++i) LookOnce();
  const auto record = Environment().status.notifications;
  EXPECT_EQ(record->deliveries.at(0).attempts, 2);
  const std::string all = log.text + codec::CompactJson(codec::Encode(*record));
  EXPECT_THAT(all, HasSubstr("state=Pending"));
  EXPECT_THAT(all, Not(HasSubstr("hunter2")));
  EXPECT_THAT(all, Not(HasSubstr("c2Vjcm")));
  EXPECT_THAT(all, Not(HasSubstr("secret of a webhook")));
}

TEST_F(NotifierTest, ARefusedCallIsRepeatedWithTheSameIdAndBody) {
  LookOnce();
  Fail("nightly");
  http.Expect("POST", kUrl).Reply(500);
  LookOnce();
  LookOnce();
  EXPECT_THAT(Record(), ElementsAre("Failed nightly Pending 1"));
  EXPECT_EQ(Notified(), "Unknown/Retrying");
  EXPECT_THAT(Environment().status.notifications->deliveries.at(0).last_error,
              HasSubstr("status 500"));
  // Also when the request is gone meanwhile, and in another process.
  ASSERT_TRUE(IsOk(resources->Delete(ctx, RefTo<api::BackupRequest>(kNamespace, "nightly"), {})));
  NewNotifier();
  http.Expect("POST", kUrl).Reply(200);
  LookOnce();
  LookOnce();
  LookOnce();
  EXPECT_THAT(Record(), ElementsAre("Failed nightly Delivered 2"));
  ASSERT_EQ(http.requests().size(), 2U);
  const auto first = http.requests().at(0), second = http.requests().at(1);
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(HeaderOf(first, "webhook-id"), HeaderOf(second, "webhook-id"));
  EXPECT_NE(HeaderOf(first, "webhook-timestamp"), HeaderOf(second, "webhook-timestamp"));
}

TEST_F(NotifierTest, AProcessThatDiesBetweenWritingAndCallingLosesNothing) {
  LookOnce();
  Fail("nightly");
  http.Expect("POST", kUrl).Hold();
  LookOnce();
  NewNotifier();
  http.Expect("POST", kUrl).Reply(200);
  LookOnce();
  LookOnce();
  EXPECT_THAT(Record(), ElementsAre("Failed nightly Delivered 1"));
  EXPECT_EQ(HeaderOf(http.requests().at(0), "webhook-id"),
            HeaderOf(http.requests().at(1), "webhook-id"));
}

TEST_F(NotifierTest, ACallThatAStopCutOffWasNoAttempt) {
  LookOnce();
  Fail("nightly");
  http.Expect("POST", kUrl)
      .Fail({.kind = ErrorKind::kCancelled, .code = "call.cancelled", .message = "cancelled"});
  LookOnce();
  http.Expect("POST", kUrl).Reply(200);
  LookOnce();
  LookOnce();
  EXPECT_THAT(Record(), ElementsAre("Failed nightly Delivered 1"));
}

TEST_F(NotifierTest, DamageThatAVerificationFindsAndRecoveryAreTold) {
  LookOnce();
  Fail("nightly");
  clock.Advance(std::chrono::seconds(5));
  MakeBackup("good");
  const std::string id = BackupStatus("good").backup_id;
  for (const std::string& key : KeysOf(*vault, vault::PoolPrefix(kRetail))) Damage(key);
  EnvironmentVault at = OpenVaultOf();
  ASSERT_TRUE(IsOk(VerifyBackup(ctx, deps(), at, BackupId(id), api::VerifyLevel::kFull)));
  for (int i = 0; i < 3; ++i) http.Expect("POST", kUrl).Reply(200);
  LookOnce();
  LookOnce();
  EXPECT_THAT(Record(), ::testing::UnorderedElementsAre("Failed nightly Delivered 1",
                                                        "Recovered good Delivered 1",
                                                        fmt::format("Damaged {} Delivered 1", id)));
  EXPECT_TRUE(http.exhausted());
}

TEST_F(NotifierTest, MissedTimesAreTold) {
  LookOnce();
  Miss("nightly");
  http.Expect("POST", kUrl).Reply(200);
  for (int i = 0; i < 3; ++i) LookOnce();
  EXPECT_THAT(Record(), ElementsAre("Missed nightly Delivered 1"));
}

TEST_F(NotifierTest, ACatalogueThatCannotBeReadKeepsNoOtherEventWaiting) {
  LookOnce();
  Fail("nightly");
  BreakCatalogue();
  Deps broken = deps();
  task = NotifyTask({.deps = broken, .secrets = secrets, .transport = http, .totals = totals});
  http.Expect("POST", kUrl).Reply(200);
  for (int i = 0; i < 3; ++i) LookOnce();
  EXPECT_THAT(Record(), ElementsAre("Failed nightly Delivered 1"));
  const std::string said = "cannot be read";
  EXPECT_NE(log.text.find(said), std::string::npos);
  EXPECT_EQ(log.text.find(said), log.text.rfind(said)) << "more than once: " << log.text;
}

TEST_F(NotifierTest, AWebhookThatIsTakenAwayLeavesNothingAndBeginsAnew) {
  LookOnce();
  Fail("first");
  http.Expect("POST", kUrl).Reply(200);
  LookOnce();
  LookOnce();
  ChangeEnvironment([](auto& e) { e.spec.webhook = {}; });
  LookOnce();
  EXPECT_THAT(Record(), ElementsAre("none"));
  EXPECT_EQ(Notified(), "absent");
  Fail("unseen");
  LookOnce();
  clock.Advance(std::chrono::seconds(5));
  ChangeLocation([](auto& l) { l.spec.webhook = {.url = kUrl, .secret = {"hook"}}; });
  LookOnce();
  LookOnce();
  EXPECT_THAT(Record(), ElementsAre());
}

TEST_F(NotifierTest, ALocationThatIsGoneForAMomentForgetsNothing) {
  ChangeEnvironment([](auto& e) { e.spec.webhook = {}; });
  ChangeLocation([](auto& l) { l.spec.webhook = {.url = kUrl, .secret = {"hook"}}; });
  LookOnce();
  const auto before = Environment().status.notifications;
  ASSERT_TRUE(before.has_value());
  ASSERT_TRUE(IsOk(resources->Delete(ctx, RefTo<api::BackupLocation>("", "disk"), {})));
  LookOnce();
  EXPECT_EQ(Environment().status.notifications, before);
}

// Somebody applied the environment between the reading and the writing of a look.
TEST_F(NotifierTest, AStaleEnvironmentIsReadAgain) {
  LookOnce();
  Fail("nightly");
  const api::LiferayEnvironment stale = Environment();
  ChangeEnvironment([](auto& e) { e.spec.limits.max_backups = 7; });
  http.Expect("POST", kUrl).Reply(200);
  EXPECT_TRUE(IsOk(LookAt(stale)));
  EXPECT_THAT(Record(), ElementsAre("Failed nightly Pending 0"));
  EXPECT_EQ(Environment().spec.limits.max_backups, 7);
  EXPECT_TRUE(http.exhausted());
}

TEST_F(NotifierTest, SoManyCallsAtOnceAndNoMore) {
  LookOnce();
  for (int i = 0; i < 15; ++i) {
    Miss(fmt::format("s{:02}", i));
  }
  for (std::size_t i = 0; i < kCallsAtOnce; ++i) http.Expect("POST", kUrl).Hold();
  LookOnce();
  LookOnce();
  EXPECT_TRUE(http.exhausted());
  EXPECT_EQ(http.requests().size(), kCallsAtOnce);
  for (std::size_t i = 0; i < kCallsAtOnce; ++i) {
    http.AnswerHeld(net::HttpResponse{.status = 200});
  }
  for (int i = 0; i < 5; ++i) http.Expect("POST", kUrl).Reply(200);
  LookOnce();
  EXPECT_TRUE(http.exhausted());
}

}  // namespace
}  // namespace lc2::control::testing
