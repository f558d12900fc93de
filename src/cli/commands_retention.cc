#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "base/time_format.h"
#include "cli/commands_internal.h"
#include "cli/table.h"
#include "cli/time_option.h"
#include "control/apply_retention.h"

namespace lc2::cli {

namespace {

using control::RetentionAction;
using control::RetentionDecision;

struct ActionWords {
  const char* name;  // for programs
  const char* text;  // for people
};
ActionWords WordsFor(RetentionAction action) {
  switch (action) {
    case RetentionAction::kKeep:
      return {"Keep", "stays"};
    case RetentionAction::kWithdrawDeletion:
      return {"WithdrawDeletion", "stays after all"};
    case RetentionAction::kRequestDeletion:
      return {"RequestDeletion", "goes"};
    case RetentionAction::kWait:
      return {"Wait", "waits to go"};
    case RetentionAction::kDelete:
      break;
  }
  return {"Delete", "goes now"};
}

codec::JsonArray ToJson(const std::vector<RetentionDecision>& decisions) {
  codec::JsonArray items;
  for (const RetentionDecision& decision : decisions) {
    codec::JsonObject item{{"backupId", decision.id.str()},
                           {"runId", decision.run.str()},
                           {"action", WordsFor(decision.action).name}};
    if (decision.not_before) item["notBefore"] = FormatRfc3339(*decision.not_before);
    item["reasons"] = codec::JsonArray(decision.reasons.begin(), decision.reasons.end());
    items.push_back(std::move(item));
  }
  return items;
}

// One line a reason: all of them count.
std::string ToTable(const std::vector<RetentionDecision>& decisions) {
  Table table({"BACKUP", "WHAT", "WHY"});
  for (const RetentionDecision& decision : decisions) {
    std::string name = decision.id.str();
    std::string what = WordsFor(decision.action).text;
    for (const std::string& reason : decision.reasons) {
      table.Add({std::exchange(name, ""), std::exchange(what, ""), reason});
    }
  }
  return table.empty() ? "" : table.str();
}

void Print(Session& session, const std::vector<RetentionDecision>& decisions) {
  if (IsForMachines(session.format())) {
    session.PrintList(ToJson(decisions));
    return;
  }
  if (session.format() != OutputFormat::kName) {
    session.Print(ToTable(decisions));
    return;
  }
  for (const RetentionDecision& decision : decisions) session.Print(decision.id.str() + "\n");
}

Result<void> Explain(Session& session, const std::string& at_text) {
  LC2_ASSIGN_OR_RETURN(const std::optional<Time> asked, ParseTimeOption(at_text));
  LC2_ASSIGN_OR_RETURN(auto at, session.OpenVault(provider::VaultAccess::kRead));
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  const Time now = asked.value_or(session.ctx().clock().Now());
  LC2_ASSIGN_OR_RETURN(const std::vector<RetentionDecision> decisions,
                       control::PlanRetention(session.ctx(), home->deps(), at, now));
  Print(session, decisions);
  return {};
}

Result<void> Apply(Session& session) {
  LC2_ASSIGN_OR_RETURN(auto at, session.OpenVault(provider::VaultAccess::kWrite));
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const control::RetentionReport report,
                       control::ApplyRetention(session.ctx(), home->deps(), at));
  Print(session, report.decisions);
  session.Remark(fmt::format("{} requested, {} taken back, {} deleted",
                             Counted(report.requested, "deletion"), report.withdrawn,
                             Counted(report.deleted, "backup")));
  if (report.left > 0) {
    session.Remark(fmt::format("{} left alone: somebody decided on them at the same time",
                               Counted(report.left, "backup")));
  }
  return {};
}

}  // namespace

void AddRetentionCommands(CLI::App& root, Chosen& chosen) {
  CLI::App* retention = AddCommand(root, "retention", "which backups stay, and why",
                                   "lc2 retention explain --at 2027-01-31");
  retention->require_subcommand(1);

  auto time = std::make_shared<std::string>();
  CLI::App* explain =
      AddCommand(*retention, "explain", "for each backup why it stays or goes; changes nothing",
                 "lc2 retention explain --at 2027-01-31");
  explain->add_option("--at", *time, "as on this day or at this time, with today's backups")
      ->type_name("TIME");
  explain->callback([&chosen, time] {
    chosen.action = [time](Session& session) { return Explain(session, *time); };
  });

  AddCommand(*retention, "apply",
             "request the deletion of what has expired, and carry out what is due",
             "lc2 retention apply")
      ->callback([&chosen] { chosen.action = [](Session& session) { return Apply(session); }; });
}

}  // namespace lc2::cli
