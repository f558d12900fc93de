#include "control/run_logs.h"

#include "control/tests/control_fixture.h"
#include "vault/run_log.h"

namespace lc2::control::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RunLogsTest : public ControlFixture {
 protected:
  // As an attempt writes it: a line for each event.
  void Say(const std::string& attempt, std::int64_t number,
           const std::vector<std::string>& events) {
    std::string text;
    for (const std::string& event : events) {
      text += R"({"time":"2025-11-09T14:30:00.000Z","level":"info","event":")" + event + "\"}\n";
    }
    Put(attempt, number, vault::EncodeRunLogPiece(text).value());
  }
  void Put(const std::string& attempt, std::int64_t number, const std::string& body) {
    ASSERT_TRUE(IsOk(vault->Put(
        ctx, {.key = vault::RunLogKey({kRetail, RunOf().run, AttemptId(attempt)}, number),
              .body = body})));
  }
  RunLogs Open(std::optional<AttemptId> attempt = {}) {
    return RunLogs(*vault, kRetail,
                   FindFirstRun(ctx, *vault, kRetail, vault::RunKind::kBackup, kName).value(),
                   std::move(attempt));
  }
  std::vector<std::string> Read(RunLogs& logs) {
    std::vector<std::string> events;
    lines.clear();
    EXPECT_TRUE(IsOk(logs.Read(ctx, [&](const codec::JsonObject& line) -> Result<void> {
      events.emplace_back(line.at("event").as_string());
      lines.push_back(line);
      return {};
    })));
    return events;
  }
  std::vector<codec::JsonObject> lines;  // of the last Read()
};

TEST_F(RunLogsTest, TellDecisionsAndBetweenThemWhatAttemptsSaid) {
  MakeBackup();
  Say("a1", 0, {"one", "two"});
  Say("a1", 1, {"three"});
  RunLogs logs = Open();
  EXPECT_THAT(Read(logs), ElementsAre("run opened", "attempt launched", "one", "two", "three",
                                      "run committed"));
  EXPECT_TRUE(logs.run().closed());
  EXPECT_EQ(ErrorOf(logs.run()), std::nullopt);
  EXPECT_EQ(lines.front().at("backup"), kName);
  EXPECT_EQ(lines.front().at("environment"), "retail-prd");
  EXPECT_EQ(lines.front().at("run"), codec::Json(RunOf().run.str()));
  EXPECT_EQ(lines.back().at("attempt"), "a1");
}

TEST_F(RunLogsTest, GiveEachLineOnceWhileTheyCome) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  RunLogs logs = Open();
  EXPECT_THAT(Read(logs), ElementsAre("run opened", "attempt launched"));
  EXPECT_THAT(Read(logs), IsEmpty());
  Say("a1", 0, {"one"});
  EXPECT_THAT(Read(logs), ElementsAre("one"));
  EXPECT_FALSE(logs.run().closed());
  // Its process died after it had written another piece; the next attempt says something, too.
  Say("a1", 1, {"two"});
  platform.LoseAll();
  ASSERT_TRUE(IsOk(Look()));
  Say("a2", 0, {"three"});
  EXPECT_THAT(Read(logs), ElementsAre("two", "attempt launched", "three"));
  // What came before the end is told before the end.
  Say("a2", 1, {"four"});
  platform.End(
      platform.last(),
      {.phase = AttemptPhase::kFailed,
       .error = Error{.kind = ErrorKind::kDenied, .code = "x.y", .message = "no", .hint = "ask"}});
  ASSERT_TRUE(IsOk(Look()));
  EXPECT_THAT(Read(logs), ElementsAre("four", "run abandoned"));
  EXPECT_EQ(lines.back().at("level"), "error");
  EXPECT_EQ(lines.back().at("reason"), "Failed");
  EXPECT_EQ(lines.back().at("code"), "x.y");
  EXPECT_EQ(lines.back().at("error"), "no");
  EXPECT_EQ(lines.back().at("hint"), "ask");
  ASSERT_TRUE(ErrorOf(logs.run()).has_value());
  EXPECT_EQ(ErrorOf(logs.run())->kind, ErrorKind::kDenied);
}

TEST_F(RunLogsTest, OfOneAttemptTellNothingOfOthers) {
  Create(Backup());
  ASSERT_TRUE(IsOk(Look()));
  Say("a1", 0, {"one"});
  platform.LoseAll();
  ASSERT_TRUE(IsOk(Look()));
  Say("a2", 0, {"two"});
  RunLogs second = Open(AttemptId("a2"));
  EXPECT_THAT(Read(second), ElementsAre("attempt launched", "two"));
  RunLogs third = Open(AttemptId("a3"));
  EXPECT_THAT(Read(third), IsEmpty());
}

TEST_F(RunLogsTest, SayWhichPieceCannotBeReadAndGoOn) {
  MakeBackup();
  Say("a1", 0, {"one"});
  Put("a1", 1, "no zstd");
  Say("a1", 2, {"three"});
  RunLogs logs = Open();
  EXPECT_THAT(Read(logs), ElementsAre("run opened", "attempt launched", "one", "log not readable",
                                      "three", "run committed"));
  EXPECT_EQ(lines[3].at("level"), "warning");
  EXPECT_THAT(std::string(lines[3].at("error").as_string()), HasSubstr("000001.ndjson.zst"));
}

TEST_F(RunLogsTest, OfAVaultThatCannotBeReadAreAnErrorAndGoOnAfterwards) {
  MakeBackup();
  Say("a1", 0, {"one"});
  Say("a1", 1, {"two"});
  RunLogs logs = Open();
  vault->Plan({.operation = "get", .key_part = "/log/000001"});
  std::vector<std::string> events;
  const auto note = [&](const codec::JsonObject& line) -> Result<void> {
    events.emplace_back(line.at("event").as_string());
    return {};
  };
  EXPECT_EQ(CodeOf(logs.Read(ctx, note)), "store.planned_fault");
  EXPECT_TRUE(IsOk(logs.Read(ctx, note)));
  EXPECT_THAT(events, ElementsAre("run opened", "attempt launched", "one", "two", "run committed"));
}

TEST_F(RunLogsTest, TellTheStepsOfARestore) {
  MakeBackup();
  for (const auto& [key, content] : kFiles) RemoveFile(key);
  Create(Restore());
  ASSERT_TRUE(IsOk(LookAtRestore()));
  const RunId run = RestoreRunOf().run;
  EnvironmentVault at = OpenVaultOf();
  ASSERT_TRUE(IsOk(vault::AppendEvent(
      ctx, at.session->vault(), kRetail, run,
      [](const auto&, const auto&) -> Result<std::optional<vault::Event>> {
        return std::optional(
            vault::Event{.body = vault::ControlStep{.name = "freeze", .state = "Begun"}});
      })));
  RunLogs logs(*vault, kRetail, run, {});
  EXPECT_THAT(Read(logs), ElementsAre("run opened", "attempt launched", "control step"));
  EXPECT_EQ(lines.back().at("step"), "freeze");
  EXPECT_EQ(lines.back().at("state"), "Begun");
}

TEST_F(RunLogsTest, AreFoundByIdAndByRequest) {
  const std::string other = "nightly";
  Create(Backup(other));
  Make(other);
  const auto run = [&](vault::RunKind kind, const std::string& name) {
    return FindFirstRun(ctx, *vault, kRetail, kind, name);
  };
  const std::string id = BackupStatus(other).backup_id;
  ASSERT_NE(id, other);
  EXPECT_EQ(run(vault::RunKind::kBackup, id).value(), RunOf(id).run);
  EXPECT_EQ(run(vault::RunKind::kBackup, other).value(), RunOf(id).run);
  for (const char* name : {"", "nobody", "../x", "A B"}) {
    EXPECT_EQ(CodeOf(run(vault::RunKind::kBackup, name)), "logs.unknown_run") << name;
  }
  EXPECT_EQ(CodeOf(run(vault::RunKind::kRestore, other)), "logs.unknown_run");
  for (const auto& [key, content] : kFiles) RemoveFile(key);
  Create(Restore(id));
  MakeRestore();
  EXPECT_EQ(run(vault::RunKind::kRestore, "back").value(), RestoreRunOf().run);
}

}  // namespace
}  // namespace lc2::control::testing
