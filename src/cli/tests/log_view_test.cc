#include "cli/log_view.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace lc2::cli {
namespace {

codec::JsonObject Line(const std::string& json) {
  return codec::ParseJson(json).value().get_object();
}

TEST(LogLineText, HasColumnsAndThenFields) {
  const codec::JsonObject line = Line(
      R"({"time":"2025-11-09T14:30:00.250Z","level":"info","event":"step done",)"
      R"("environment":"retail-prd","run":"0f6c","attempt":"a1","step":"verify dump","ms":12})");
  EXPECT_EQ(LogLineText(line, false),
            "2025-11-09T14:30:00.250Z info    a1  step done step=\"verify dump\" ms=12");
  EXPECT_EQ(LogLineText(line, true),
            "2025-11-09T14:30:00.250Z info    a1  step done environment=retail-prd run=0f6c "
            "step=\"verify dump\" ms=12");
}

TEST(LogLineText, LeavesTheAttemptsColumnEmptyWhereThereIsNone) {
  EXPECT_EQ(LogLineText(Line(R"({"time":"t","level":"warning","event":"run opened"})"), false),
            "t warning     run opened");
}

// What stands in a vault comes from outside.
TEST(LogLineText, CannotDriveATerminalNorStartALine) {
  const codec::JsonObject line =
      Line(R"({"time":"t\u001b[2J","level":"info","event":"e\nt info fake","attempt":"a1",)"
           R"("v":"\u009b31m\u0007","k\u001b":"\n"})");
  const std::string text = LogLineText(line, true);
  for (const char c : text) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << text;
  EXPECT_EQ(text.find("\u009b"), std::string::npos) << text;
}

}  // namespace
}  // namespace lc2::cli
