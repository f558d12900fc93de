// Holds docs/retention.md to the code.
#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <sstream>

#include "control/retention.h"
#include "control/tests/retention_world.h"

namespace lc2::control {
namespace {

using testing::HasSubstr;
using World = RetentionWorld;

// A block of docs/retention.md: what the page lists as runs, or as plan.
std::string RunLine(const RunToRetain& run) {
  const std::map<RunOutcome, std::string> words{{RunOutcome::kGood, "good"},
                                                {RunOutcome::kDamaged, "damaged"}};
  std::string line = run.id.str() + " " + words.at(run.outcome) + ", ";
  line += run.schedule ? "by " + *run.schedule : "by hand";
  line += ", expires " + FormatRfc3339(*run.expires_at);
  if (run.hold) line += ", held: " + *run.hold;
  if (run.deletion) {
    line += "\n    deletion requested by " + run.deletion->requested_by + ", due " +
            FormatRfc3339(run.deletion->not_before);
  }
  return line + "\n";
}
std::string PlanLines(const RetentionDecision& decision) {
  std::string lines = decision.id.str() + " " + World::Word(decision.action) + "\n";
  for (const std::string& reason : decision.reasons) lines += "    " + reason + "\n";
  return lines;
}

TEST(DecideRetention, TheExampleOfThePageIsTrue) {
  World world("2026-11-26T09:00:00Z");
  world.rules() = {.last = 1, .daily = 3, .weekly = 2, .monthly = 2};
  world.Backup("2026-11-26");
  world.Backup("2026-11-25").outcome = RunOutcome::kDamaged;
  world.Backup("2026-11-20").deletion = By("bob", "2026-12-15");
  world.Backup("2026-11-18T15:30:00Z").schedule = std::nullopt;
  world.Backup("2026-11-15");
  world.Backup("2026-11-14");
  world.Backup("2026-11-13").deletion = By(kRetentionWho, "2026-12-20");
  world.Backup("2026-11-12").deletion = By(kRetentionWho, "2026-11-26");
  world.Backup("2026-10-31");
  RunToRetain& held = world.Backup("2026-10-30");
  held.hold = "legal case 7";
  held.deletion = By(kRetentionWho, "2026-12-06");
  std::string runs = "```\n";
  for (const RunToRetain& run : world.runs()) runs += RunLine(run);
  std::string plan = "```\n";
  for (const RetentionDecision& decision : world.Decide()) plan += PlanLines(decision);

  std::ifstream file(LC2_SOURCE_DIR "/docs/retention.md");
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_THAT(page.str(), HasSubstr("{last: 1, daily: 3, weekly: 2, monthly: 2}"));
  EXPECT_THAT(page.str(), HasSubstr(runs + "```\n"));
  EXPECT_THAT(page.str(), HasSubstr(plan + "```\n"));
}

}  // namespace
}  // namespace lc2::control
