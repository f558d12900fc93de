#include "engine/attempt_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include <boost/json.hpp>

#include "engine/tests/fake_provider.h"
#include "storage/stores.h"
#include "testing/fake_clock.h"

namespace lc2::engine {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const vault::RunLogName kName{
    .env = {.project = ProjectId("retail"), .environment = EnvironmentName("prd")},
    .run = RunId("0f6c12ab0f6c12ab0f6c12ab0f6c12ab"),
    .attempt = AttemptId("a2")};
constexpr const char* kNames =
    "environment=retail-prd run=0f6c12ab0f6c12ab0f6c12ab0f6c12ab "
    "attempt=a2";

// What a process says, and a way to wait until it says something.
class Heard final : public Logger {
 public:
  void Log(LogLevel level, std::string_view event,
           std::initializer_list<LogField> fields) override {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::string(vault::LevelWord(level)) + " " +
                     FormatLogLine(LogFormat::kText, event, fields));
    changed_.notify_all();
  }
  void WaitFor(const std::string& part) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !Those(part).empty(); });
  }
  std::vector<std::string> With(const std::string& part) {
    const std::lock_guard lock(mutex_);
    return Those(part);
  }

 private:
  std::vector<std::string> Those(const std::string& part) const {
    std::vector<std::string> found;
    for (const std::string& line : lines_) {
      if (line.find(part) != std::string::npos) found.push_back(line);
    }
    return found;
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

class LastProgress final : public ProgressSink {
 public:
  void Report(const Progress& progress) override { last = progress; }
  Progress last;
};

class AttemptLogs : public ::testing::Test {
 protected:
  std::unique_ptr<AttemptLog> Begin(const LogBufferLimits& limits = {}) {
    return std::make_unique<AttemptLog>(clock, heard, progress, provider,
                                        AttemptLogTarget{.name = kName, .location = location},
                                        limits);
  }
  // "info step begins step=database": what the vault holds, names left out.
  std::vector<std::string> Stored() {
    std::vector<std::string> stored;
    const std::vector<std::int64_t> numbers = vault::ListRunLog(ctx, *store, kName).value();
    for (const std::int64_t number : numbers) {
      const auto lines = vault::ReadRunLogPiece(ctx, *store, kName, number).value();
      for (const codec::JsonObject& line : lines) {
        EXPECT_EQ(line.at("environment"), "retail-prd");
        EXPECT_EQ(line.at("run"), codec::Json(kName.run.str()));
        EXPECT_EQ(line.at("attempt"), "a2");
        std::string text(line.at("level").as_string());
        text += " " + std::string(line.at("event").as_string());
        for (const auto& [key, value] : line) {
          if (key == "time" || key == "level" || key == "event" || key == "environment" ||
              key == "run" || key == "attempt")
            continue;
          text += " " + std::string(key) + "=" + std::string(value.as_string());
        }
        stored.push_back(std::move(text));
      }
    }
    return stored;
  }
  // Enough for a piece to be written before its time.
  static void Fill(AttemptLog& log) {
    for (int i = 0; i < 300; ++i) log.Info("filler", {{"text", std::string(1000, 'x')}});
  }

  lc2::testing::FakeClock clock;
  Context ctx{clock};
  std::unique_ptr<MemoryStore> store = MakeMemoryStore(clock);
  FakeProvider provider{*store, *store};
  api::BackupLocation location;
  Heard heard;
  LastProgress progress;
};

TEST(LogPause, GrowsWithTheAttempt) {
  EXPECT_EQ(LogPause(seconds(0)), seconds(5));
  EXPECT_EQ(LogPause(seconds(100)), seconds(10));
  EXPECT_EQ(LogPause(std::chrono::hours(8)), seconds(120));
}

TEST_F(AttemptLogs, GoToTheProcessAndToTheVault) {
  const auto log = Begin();
  log->Debug("not for the vault");
  log->Info("dumped", {{"bytes", "12"}});
  log->Finish(std::nullopt);
  EXPECT_THAT(Stored(), ElementsAre("info dumped bytes=12", "info attempt ended"));
  EXPECT_THAT(heard.With("dumped"),
              ElementsAre(std::string("info dumped ") + kNames + " bytes=12"));
  EXPECT_THAT(heard.With("not for the vault"), ElementsAre(HasSubstr("debug")));
}

TEST_F(AttemptLogs, NoteEachStepOnce) {
  const auto log = Begin();
  log->Report({.step = "database"});
  log->Report({.step = "database", .bytes_done = 5});
  log->Report({.step = "library"});
  EXPECT_EQ(progress.last.step, "library");
  log->Finish(std::nullopt);
  EXPECT_THAT(Stored(), ElementsAre("info step begins step=database",
                                    "info step begins step=library", "info attempt ended"));
}

TEST_F(AttemptLogs, EndWithTheErrorAndItsHint) {
  const auto log = Begin();
  log->Finish(Error{.kind = ErrorKind::kDenied,
                    .code = "store.denied",
                    .message = "cannot read 'x'",
                    .hint = "may it be read?"});
  EXPECT_THAT(Stored(), ElementsAre("error attempt failed kind=Denied code=store.denied "
                                    "error=cannot read 'x' hint=may it be read?"));
  // The command that asked for the run prints its error: no second one beside it.
  EXPECT_THAT(heard.With("attempt failed"), ElementsAre(HasSubstr("info ")));
}

TEST_F(AttemptLogs, OfACancelledAttemptAreWritten) {
  const auto log = Begin();
  log->Finish(Error{.kind = ErrorKind::kCancelled, .code = "call.cancelled"});
  EXPECT_THAT(Stored(), ElementsAre(HasSubstr("warning attempt cancelled")));
}

TEST_F(AttemptLogs, AreWrittenWhenTheirAttemptDropsThem) {
  Begin()->Info("last words");
  EXPECT_THAT(Stored(), ElementsAre("info last words"));
}

TEST_F(AttemptLogs, ThatCannotBeWrittenStopNothing) {
  store->Plan({.operation = "put", .times = 1000, .kind = ErrorKind::kUnavailable});
  const auto log = Begin();
  log->Info("one");
  log->Finish(std::nullopt);
  EXPECT_THAT(Stored(), IsEmpty());
  EXPECT_THAT(heard.With("warning"),
              ElementsAre(AllOf(HasSubstr("run log incomplete"), HasSubstr("lines=2"))));
}

TEST_F(AttemptLogs, OfAVaultThatThrowsStopNothing) {
  class Throwing final : public provider::Provider {
   public:
    Result<std::unique_ptr<ObjectStore>> OpenVault(const api::BackupLocation&,
                                                   provider::VaultAccess) override {
      throw std::runtime_error("out of everything");
    }
    Result<std::unique_ptr<ObjectStore>> OpenLibrary(const api::LiferayEnvironment&,
                                                     provider::LibraryAccess) override {
      return Error{};
    }
    Result<SecretValues> DatabaseSecret(const api::LiferayEnvironment&) override { return Error{}; }
    Result<void> CheckApart(const api::LiferayEnvironment&, const api::BackupLocation&) override {
      return {};
    }
  } throwing;
  AttemptLog log(clock, heard, progress, throwing, {.name = kName, .location = location});
  log.Finish(std::nullopt);
  EXPECT_THAT(heard.With("out of everything"), ElementsAre(HasSubstr("run log incomplete")));
}

// The answer is lost, the piece is there: it is put again as it was, and nothing is there twice.
TEST_F(AttemptLogs, AreThereOnceWhenAnAnswerIsLost) {
  store->Plan({.operation = "put", .effect = Fault::Effect::kFailAfter});
  const auto log = Begin();
  Fill(*log);
  heard.WaitFor("run log not written");
  log->Finish(std::nullopt);
  EXPECT_EQ(Stored().size(), 301U);
  EXPECT_THAT(heard.With("warning"), ElementsAre(HasSubstr("run log not written")));
}

TEST_F(AttemptLogs, LoseTheOldestLinesAndSayHowMany) {
  store->Plan({.operation = "put"});
  const auto log = Begin({.waiting_bytes = 400 << 10});
  Fill(*log);
  heard.WaitFor("run log not written");
  for (int i = 0; i < 3; ++i) Fill(*log);
  log->Info("the newest");
  log->Finish(std::nullopt);
  const std::vector<std::string> stored = Stored();
  std::int64_t lost = 0;
  std::int64_t fillers = 0;
  for (const std::string& line : stored) {
    constexpr std::string_view kLost = "warning log lines lost lines=";
    if (line.starts_with(kLost)) lost += std::stoll(line.substr(kLost.size()));
    if (line.starts_with("info filler")) ++fillers;
  }
  EXPECT_GT(lost, 0);
  EXPECT_EQ(lost + fillers, 1200);
  EXPECT_EQ(stored[stored.size() - 2], "info the newest");
}

TEST_F(AttemptLogs, HoldLongLinesInPiecesThatCanBeRead) {
  const auto log = Begin();
  for (int i = 0; i < 10; ++i) {
    log->Info("long", {{"a", std::string(100'000, '\x01')}, {"b", std::string(100'000, '\xff')}});
  }
  log->Finish(std::nullopt);
  EXPECT_EQ(Stored().size(), 11U);
}

}  // namespace
}  // namespace lc2::engine
