#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "base/time_format.h"
#include "cli/backup_view.h"
#include "cli/commands_internal.h"
#include "cli/table.h"
#include "control/backup_actions.h"

namespace lc2::cli {

namespace {

// The request object, where there is one, says what its owner wants: keep it in step.
Result<void> UpdateHoldOfRequest(Session& session, const control::EnvironmentVault& at,
                                 const std::string& id, const std::string& reason) {
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(auto requests,
                       ListAs<api::BackupRequest>(session.ctx(), home->deps().resources,
                                                  api::NamespaceOf(at.environment)));
  for (api::BackupRequest& request : requests) {
    if (request.status.backup_id != id || request.spec.hold.reason == reason) continue;
    request.spec.hold.reason = reason;
    LC2_RETURN_IF_ERROR(UpdateAs(session.ctx(), home->deps().resources, request));
  }
  return {};
}

// People are told what was decided, programs what the backup is now.
Result<void> Show(Session& session, const control::EnvironmentVault& at, const std::string& id,
                  const std::string& text) {
  if (!IsForMachines(session.format())) {
    session.Print(text + "\n");
    return {};
  }
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const catalog::BackupRecord record,
                       home->deps().catalog.Get(session.ctx(), at.id(), BackupId(id)));
  session.Print(RenderBackup(record, session.format(), session.ctx().clock().Now()));
  return {};
}

Result<void> Hold(Session& session, const std::string& id, bool on, const std::string& reason) {
  if (on && reason.empty()) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "hold.no_reason",
                 .message = "a hold needs a reason",
                 .hint = "say why with --reason, for whoever finds it in a year"};
  }
  LC2_ASSIGN_OR_RETURN(auto at, session.OpenVault(provider::VaultAccess::kWrite));
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_RETURN_IF_ERROR(UpdateHoldOfRequest(session, at, id, on ? reason : ""));
  LC2_RETURN_IF_ERROR(
      control::HoldBackup(session.ctx(), home->deps(), at, BackupId(id), on, reason));
  return Show(session, at, id,
              on ? fmt::format("{} is held: {}", id, reason) : fmt::format("{} is released", id));
}

Result<void> Extend(Session& session, const std::string& id, std::int64_t days,
                    const std::string& reason) {
  LC2_ASSIGN_OR_RETURN(auto at, session.OpenVault(provider::VaultAccess::kWrite));
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const Time expires,
                       control::ExtendBackup(session.ctx(), home->deps(), at, BackupId(id),
                                             std::chrono::days(days), reason));
  return Show(session, at, id, fmt::format("{} stays until {}", id, FormatRfc3339(expires)));
}

Result<void> Delete(Session& session, const std::string& id, bool withdraw,
                    const std::string& reason) {
  LC2_ASSIGN_OR_RETURN(auto at, session.OpenVault(provider::VaultAccess::kWrite));
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  if (withdraw) {
    LC2_RETURN_IF_ERROR(control::KeepBackup(session.ctx(), home->deps(), at, BackupId(id), reason));
    return Show(session, at, id, fmt::format("{} stays", id));
  }
  LC2_ASSIGN_OR_RETURN(
      const std::optional<Time> due,
      control::DeleteBackup(session.ctx(), home->deps(), at, BackupId(id), reason));
  return Show(
      session, at, id,
      due ? fmt::format("{} will be deleted after {}; `lc2 backup delete --withdraw` keeps it", id,
                        FormatRfc3339(*due))
          : fmt::format("{} is deleted", id));
}

Result<void> Accept(Session& session, const std::string& id, const std::string& reason) {
  LC2_ASSIGN_OR_RETURN(auto at, session.OpenVault(provider::VaultAccess::kWrite));
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const std::int64_t added, control::AcceptMissing(session.ctx(), home->deps(),
                                                                        at, BackupId(id), reason));
  if (IsForMachines(session.format())) {
    session.Print(RenderResource(codec::JsonObject{{"backupId", id}, {"accepted", added}},
                                 session.format(), session.ctx().clock().Now()));
    return {};
  }
  session.Print(added == 0   ? "all of them were accepted before\n"
                : added == 1 ? "1 loss accepted; the next backup passes with it\n"
                             : fmt::format("{} losses accepted; the next backup passes with them\n",
                                           WithThousands(added)));
  return {};
}

}  // namespace

void AddBackupDecisionCommands(CLI::App& backup, Chosen& chosen) {
  struct Options {
    std::string id;
    std::string reason;
    bool flag = false;
    std::int64_t days = 0;
  };
  auto hold = std::make_shared<Options>();
  CLI::App* hold_command =
      AddCommand(backup, "hold", "keep a backup whatever its retention says, or release it",
                 "lc2 backup hold retail-prd-backup-20251109-143000 --reason 'audit 2025'");
  AddBackupArgument(*hold_command, hold->id);
  hold_command->add_option("--reason", hold->reason, "why");
  hold_command->add_flag("--release", hold->flag, "let it go again");
  hold_command->callback([&chosen, hold] {
    chosen.action = [hold](Session& session) {
      return Hold(session, hold->id, !hold->flag, hold->reason);
    };
  });

  auto extend = std::make_shared<Options>();
  CLI::App* extend_command =
      AddCommand(backup, "extend", "keep a backup longer; retention is never shortened",
                 "lc2 backup extend retail-prd-backup-20251109-143000 --retention-days 90");
  AddBackupArgument(*extend_command, extend->id);
  extend_command
      ->add_option("--retention-days", extend->days, "days since the backup was made, 7 to 365")
      ->required()
      ->check(CLI::Range(7, 365))
      ->type_name("DAYS");
  extend_command->add_option("--reason", extend->reason, "why");
  extend_command->callback([&chosen, extend] {
    chosen.action = [extend](Session& session) {
      return Extend(session, extend->id, extend->days, extend->reason);
    };
  });

  auto del = std::make_shared<Options>();
  CLI::App* delete_command =
      AddCommand(backup, "delete", "delete a backup after the location's soft-delete delay",
                 "lc2 backup delete retail-prd-backup-20251109-143000 --reason 'test data'");
  AddBackupArgument(*delete_command, del->id);
  delete_command->add_option("--reason", del->reason, "why");
  delete_command->add_flag("--withdraw", del->flag, "take a deletion back before it is due");
  delete_command->callback([&chosen, del] {
    chosen.action = [del](Session& session) {
      return Delete(session, del->id, del->flag, del->reason);
    };
  });

  auto accept = std::make_shared<Options>();
  CLI::App* accept_command = AddCommand(
      backup, "accept-missing", "accept the losses that a failed backup found at the source",
      "lc2 backup accept-missing retail-prd-backup-20251107-143000 --reason 'lost 2019'");
  AddBackupArgument(*accept_command, accept->id)->description("id of the failed run");
  accept_command->add_option("--reason", accept->reason, "why these may be missing");
  accept_command->callback([&chosen, accept] {
    chosen.action = [accept](Session& session) {
      return Accept(session, accept->id, accept->reason);
    };
  });
}

}  // namespace lc2::cli
