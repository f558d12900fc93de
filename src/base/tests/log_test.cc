#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace lc2 {
namespace {

TEST(FormatLogLine, QuotesWhatIsNotPlain) {
  EXPECT_EQ(FormatLogLine(LogFormat::kText, "run.opened",
                          {{"run", "0f6c"}, {"path", "a b"}, {"empty", ""}, {"eq", "a=b"}}),
            R"(run.opened run=0f6c path="a b" empty="" eq="a=b")");
}

// A value comes from outside: it must not start a line of its own nor move a terminal's cursor.
TEST(FormatLogLine, KeepsOneEventOnOneLine) {
  EXPECT_EQ(FormatLogLine(LogFormat::kText, "e", {{"v", "a\nINFO fake\x1b[2J\"\\\x7f"}}),
            R"(e v="a\nINFO fake\u001b[2J\"\\\u007f")");
}

TEST(FormatLogLine, WritesJsonMembers) {
  EXPECT_EQ(FormatLogLine(LogFormat::kJson, "run.opened", {{"run", "0f6c"}, {"why", "a \"b\"\t"}}),
            R"("event":"run.opened","run":"0f6c","why":"a \"b\"\u0009")");
}

TEST(FormatLogLine, ReplacesWhatWouldMakeTheJsonUnreadable) {
  EXPECT_EQ(FormatLogLine(LogFormat::kJson, "e", {{"key", "caf\xE9.txt"}}),
            "\"event\":\"e\",\"key\":\"caf\xEF\xBF\xBD.txt\"");
}

TEST(StderrLogger, WritesALineAnEventFromItsLevelUp) {
  ::testing::internal::CaptureStderr();
  const auto log = MakeStderrLogger({.level = LogLevel::kWarning});
  log->Debug("not.me");
  log->Info("nor.me");
  log->Warning("slow.down", {{"after", "5 s"}});
  log->Error("it.broke");
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, ::testing::MatchesRegex("[0-9-]+T[0-9:.]+Z warning slow.down after=\"5 s\"\n"
                                            "[0-9-]+T[0-9:.]+Z error it.broke\n"));
}

TEST(StderrLogger, WritesJsonObjects) {
  ::testing::internal::CaptureStderr();
  const auto log = MakeStderrLogger({.level = LogLevel::kDebug, .format = LogFormat::kJson});
  log->Debug("run.opened", {{"braces", "{} %v"}});
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, ::testing::MatchesRegex(
                        "\\{\"time\":\"[^\"]+Z\",\"level\":\"debug\",\"event\":\"run.opened\","
                        "\"braces\":\"\\{\\} %v\"\\}\n"));
}

TEST(StderrLogger, ThreadsDoNotCutEachOthersLines) {
  ::testing::internal::CaptureStderr();
  const auto log = MakeStderrLogger({});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 100; ++j) log->Info("event", {{"text", std::string(50, 'x')}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string text = ::testing::internal::GetCapturedStderr();
  std::size_t lines = 0;
  for (std::size_t at = 0; at < text.size(); ++lines) {
    const std::size_t end = text.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    ASSERT_TRUE(std::string_view(text)
                    .substr(at, end - at)
                    .ends_with("Z info event text=" + std::string(50, 'x')));
    at = end + 1;
  }
  EXPECT_EQ(lines, 400U);
}

TEST(NullLogger, DropsEverything) {
  ::testing::internal::CaptureStderr();
  NullLogger().Error("unheard");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace lc2
