#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "api/backup_id.h"
#include "base/time_format.h"
#include "cli/commands_internal.h"
#include "cli/table.h"
#include "codec/described.h"
#include "control/backup_actions.h"

namespace lc2::cli {

namespace {

struct CreateOptions {
  std::string name;
  std::string type;
  std::string verify = "Sample";
  std::string hold;
  std::int64_t retention_days = 30;
  bool keep_generated = false;
};

Result<void> Create(Session& session, const CreateOptions& options) {
  LC2_ASSIGN_OR_RETURN(Home * const home, session.home());
  LC2_ASSIGN_OR_RETURN(const EnvironmentId env, session.Environment());
  LC2_ASSIGN_OR_RETURN(const auto environment, GetAs<api::LiferayEnvironment>(
                                                   session.ctx(), home->deps().resources, "",
                                                   env.str()));
  api::BackupRequest request;
  request.metadata.name =
      options.name.empty() ? api::MakeBackupId(env, session.ctx().clock().Now()).str()
                           : options.name;
  request.metadata.namespace_ = api::NamespaceOf(environment);
  request.metadata.labels = api::StandardLabels(env);
  request.spec.project_id = env.project.str();
  request.spec.environment = env.environment.str();
  if (!options.type.empty()) {
    request.spec.database.type = codec::FromWord<api::BackupType>(options.type);
  }
  request.spec.document_library.exclude_generated_files = !options.keep_generated;
  request.spec.retention_days = options.retention_days;
  request.spec.verify =
      codec::FromWord<api::VerifyLevel>(options.verify).value_or(api::VerifyLevel::kSample);
  request.spec.hold.reason = options.hold;
  return RunRequest(session, api::EncodeResource(request));
}

void AddCreate(CLI::App& backup, Chosen& chosen) {
  auto options = std::make_shared<CreateOptions>();
  CLI::App* create = AddCommand(backup, "create", "make a backup now",
                                "lc2 backup create --retention-days 60");
  create->add_option("--name", options->name, "name of the request (default: the backup's id)");
  create->add_option("--type", options->type, "what of the database: dump or none")
      ->check(CLI::IsMember({"dump", "none", "snapshot", "both"}));
  create->add_option("--verify", options->verify, "Exists, Sample or Full")
      ->check(CLI::IsMember({"Exists", "Sample", "Full"}));
  create->add_option("--retention-days", options->retention_days, "7 to 365");
  create->add_option("--hold", options->hold, "keep it until released, for this reason");
  create->add_flag("--keep-generated", options->keep_generated,
                   "also back up previews, thumbnails and adaptive media");
  create->add_flag_callback("--wait", [] {},
                            "wait for the end (always the case without `lc2 serve`)");
  create->callback([&chosen, options] {
    chosen.action = [options](Session& session) { return Create(session, *options); };
  });
}

// What a damaged backup is still good for.
std::string WhatIsLeft(const engine::VerifyReport& report) {
  bool manifest = false;
  bool dump = false;
  bool list = false;
  for (const engine::Damage& damage : report.damages) {
    if (!damage.key.empty()) continue;  // one document
    manifest = manifest || damage.path.ends_with("/manifest.json") ||
               damage.path.ends_with("/manifest.sig");
    dump = dump || damage.path.find(".dump.zst") != std::string::npos ||
           damage.path.ends_with(".sql.gz");
    list = list || damage.path.find("/library/") != std::string::npos;
  }
  const std::string anew = "; make a new backup now: it will copy everything anew";
  if (manifest) {
    return "nothing of this backup can be restored until that file is put right; 'lc2 backup list' "
           "shows others" + anew;
  }
  if (dump && list) return "other backups can still be restored" + anew;
  if (dump) return "its documents can still be restored, with --type storage-only" + anew;
  if (list) return "its database can still be restored, with --type database-only" + anew;
  return "everything that is not named above can still be restored" + anew;
}

Result<void> Verify(Session& session, const std::string& id, const std::string& level_word) {
  LC2_ASSIGN_OR_RETURN(auto at, session.OpenVault(provider::VaultAccess::kWrite));
  LC2_ASSIGN_OR_RETURN(Home * const home, session.home());
  const auto level =
      codec::FromWord<api::VerifyLevel>(level_word).value_or(api::VerifyLevel::kSample);
  std::optional<control::VerifyOutcome> outcome;
  LC2_RETURN_IF_ERROR(session.WithProgress([&]() -> Result<void> {
    LC2_ASSIGN_OR_RETURN(outcome, control::VerifyBackup(session.ctx(), home->deps(), at,
                                                        BackupId(id), level));
    return {};
  }));
  const engine::VerifyReport& report = outcome->report;
  if (session.format() == OutputFormat::kJson) {
    session.Print(codec::PrettyJson(codec::JsonObject{
        {"backupId", id},
        {"level", level_word},
        {"result", report.passed() ? "Passed" : "Damaged"},
        {"objects", report.objects},
        {"bytes", report.bytes},
        {"damaged", report.damaged},
        {"damages", codec::Encode(report.damages)}}));
  } else if (report.passed()) {
    session.Print(fmt::format("{}: {} verification passed, {} objects and {} read\n", id,
                              level_word, WithThousands(report.objects),
                              FormatBytes(report.bytes)));
  } else {
    Table table({"DAMAGED", "DOCUMENT", "WHAT"});
    for (const engine::Damage& damage : report.damages) {
      table.Add({damage.path, damage.key, damage.what});
    }
    session.Print(table.str());
  }
  if (report.passed()) return {};
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "verify.damaged",
               .message = fmt::format("backup '{}' is damaged in {} places, first '{}'", id,
                                      report.damaged, report.damages.front().path),
               .hint = WhatIsLeft(report)};
}

void AddVerify(CLI::App& backup, Chosen& chosen) {
  struct Options {
    std::string id;
    std::string level = "Sample";
    bool full = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verify = AddCommand(backup, "verify", "read a backup back and compare",
                                "lc2 backup verify --full retail-prd-backup-20251109-143000");
  verify->add_option("id", options->id, "backup id")->required();
  verify->add_option("--level", options->level, "Exists, Sample or Full")
      ->check(CLI::IsMember({"Exists", "Sample", "Full"}));
  verify->add_flag("--full", options->full, "the same as --level Full: read every byte");
  verify->callback([&chosen, options] {
    chosen.action = [options](Session& session) {
      return Verify(session, options->id, options->full ? "Full" : options->level);
    };
  });
}

// The request object, where there is one, says what its owner wants: keep it in step.
Result<void> UpdateHoldOfRequest(Session& session, const control::EnvironmentVault& at,
                                 const std::string& id, const std::string& reason) {
  LC2_ASSIGN_OR_RETURN(Home * const home, session.home());
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

Result<void> Hold(Session& session, const std::string& id, bool on, const std::string& reason) {
  if (on && reason.empty()) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "hold.no_reason",
                 .message = "a hold needs a reason",
                 .hint = "say why with --reason, for whoever finds it in a year"};
  }
  LC2_ASSIGN_OR_RETURN(auto at, session.OpenVault(provider::VaultAccess::kWrite));
  LC2_ASSIGN_OR_RETURN(Home * const home, session.home());
  LC2_RETURN_IF_ERROR(UpdateHoldOfRequest(session, at, id, on ? reason : ""));
  LC2_RETURN_IF_ERROR(
      control::HoldBackup(session.ctx(), home->deps(), at, BackupId(id), on, reason));
  session.Print(on ? fmt::format("{} is held: {}\n", id, reason)
                   : fmt::format("{} is released\n", id));
  return {};
}

Result<void> Delete(Session& session, const std::string& id, bool withdraw,
                    const std::string& reason) {
  LC2_ASSIGN_OR_RETURN(auto at, session.OpenVault(provider::VaultAccess::kWrite));
  LC2_ASSIGN_OR_RETURN(Home * const home, session.home());
  if (withdraw) {
    LC2_RETURN_IF_ERROR(
        control::KeepBackup(session.ctx(), home->deps(), at, BackupId(id), reason));
    session.Print(fmt::format("{} stays\n", id));
    return {};
  }
  LC2_ASSIGN_OR_RETURN(const std::optional<Time> due,
                       control::DeleteBackup(session.ctx(), home->deps(), at, BackupId(id),
                                             reason));
  session.Print(due ? fmt::format("{} will be deleted after {}; `lc2 backup delete --withdraw` "
                                  "keeps it\n",
                                  id, FormatRfc3339(*due))
                    : fmt::format("{} is deleted\n", id));
  return {};
}

Result<void> Accept(Session& session, const std::string& id, const std::string& reason) {
  LC2_ASSIGN_OR_RETURN(auto at, session.OpenVault(provider::VaultAccess::kWrite));
  LC2_ASSIGN_OR_RETURN(Home * const home, session.home());
  LC2_ASSIGN_OR_RETURN(const std::int64_t added,
                       control::AcceptMissing(session.ctx(), home->deps(), at, BackupId(id),
                                              reason));
  session.Print(fmt::format("{} losses accepted; the next backup passes with them\n", added));
  return {};
}

void AddDecisions(CLI::App& backup, Chosen& chosen) {
  struct Options {
    std::string id;
    std::string reason;
    bool flag = false;
  };
  auto hold = std::make_shared<Options>();
  CLI::App* hold_command =
      AddCommand(backup, "hold", "keep a backup whatever its retention says, or release it",
                 "lc2 backup hold retail-prd-backup-20251109-143000 --reason 'audit 2025'");
  hold_command->add_option("id", hold->id, "backup id")->required();
  hold_command->add_option("--reason", hold->reason, "why");
  hold_command->add_flag("--release", hold->flag, "let it go again");
  hold_command->callback([&chosen, hold] {
    chosen.action = [hold](Session& session) {
      return Hold(session, hold->id, !hold->flag, hold->reason);
    };
  });

  auto del = std::make_shared<Options>();
  CLI::App* delete_command =
      AddCommand(backup, "delete", "delete a backup after the location's soft-delete delay",
                 "lc2 backup delete retail-prd-backup-20251109-143000 --reason 'test data'");
  delete_command->add_option("id", del->id, "backup id")->required();
  delete_command->add_option("--reason", del->reason, "why");
  delete_command->add_flag("--withdraw", del->flag, "take a deletion back before it is due");
  delete_command->callback([&chosen, del] {
    chosen.action = [del](Session& session) {
      return Delete(session, del->id, del->flag, del->reason);
    };
  });

  auto accept = std::make_shared<Options>();
  CLI::App* accept_command =
      AddCommand(backup, "accept-missing",
                 "accept the losses that a failed backup found at the source",
                 "lc2 backup accept-missing retail-prd-backup-20251109-143000 --reason 'lost 2019'");
  accept_command->add_option("id", accept->id, "reserved id of the failed run")->required();
  accept_command->add_option("--reason", accept->reason, "why these may be missing");
  accept_command->callback([&chosen, accept] {
    chosen.action = [accept](Session& session) {
      return Accept(session, accept->id, accept->reason);
    };
  });
}

}  // namespace

void AddBackupCommands(CLI::App& root, Chosen& chosen) {
  CLI::App* backup = AddCommand(root, "backup", "backups", "lc2 backup create");
  backup->require_subcommand(1);
  AddCreate(*backup, chosen);
  AddBackupReadCommands(*backup, chosen);
  AddVerify(*backup, chosen);
  AddDecisions(*backup, chosen);
}

}  // namespace lc2::cli
