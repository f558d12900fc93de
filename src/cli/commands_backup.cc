#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "api/backup_id.h"
#include "base/time_format.h"
#include "cli/commands_internal.h"
#include "cli/request_name.h"
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
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const EnvironmentId env, session.Environment());
  LC2_ASSIGN_OR_RETURN(
      const auto environment,
      GetAs<api::LiferayEnvironment>(session.ctx(), home->deps().resources, "", env.str()));
  api::BackupRequest request;
  request.metadata.namespace_ = api::NamespaceOf(environment);
  request.metadata.name = options.name;
  if (options.name.empty()) {
    LC2_ASSIGN_OR_RETURN(request.metadata.name,
                         FreshName(session, vault::RunKind::kBackup, request.metadata.namespace_,
                                   [&](Time time) { return api::MakeBackupId(env, time).str(); }));
  }
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
  CLI::App* create =
      AddCommand(backup, "create", "make a backup now", "lc2 backup create --retention-days 60");
  create->add_option("--name", options->name, "name of the request (default: the backup's id)");
  create->add_option("--type", options->type, "what of the database (default: the environment's)")
      ->check(CLI::IsMember({"dump", "none", "snapshot", "both"}));
  create->add_option("--verify", options->verify, "how much is read back (default Sample)")
      ->check(CLI::IsMember({"Exists", "Sample", "Full"}));
  create->add_option("--retention-days", options->retention_days,
                     "days until it expires, 7 to 365 (default 30)");
  create->add_option("--hold", options->hold, "keep it until released, for this reason");
  create->add_flag("--keep-generated", options->keep_generated,
                   "also back up previews, thumbnails and adaptive media");
  create->add_flag_callback(
      "--wait", [] {}, "wait for the end (always the case without `lc2 serve`)");
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
           "shows others" +
           anew;
  }
  if (dump && list) return "other backups can still be restored" + anew;
  if (dump) return "its documents can still be restored, with --type storage-only" + anew;
  if (list) return "its database can still be restored, with --type database-only" + anew;
  return "everything that is not named above can still be restored" + anew;
}

Result<void> Verify(Session& session, const std::string& id, const std::string& level_word) {
  LC2_ASSIGN_OR_RETURN(auto at, session.OpenVault(provider::VaultAccess::kWrite));
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  const auto level =
      codec::FromWord<api::VerifyLevel>(level_word).value_or(api::VerifyLevel::kSample);
  std::optional<control::VerifyOutcome> outcome;
  LC2_RETURN_IF_ERROR(session.WithProgress([&]() -> Result<void> {
    LC2_ASSIGN_OR_RETURN(
        outcome, control::VerifyBackup(session.ctx(), home->deps(), at, BackupId(id), level));
    return {};
  }));
  const engine::VerifyReport& report = outcome->report;
  if (IsForMachines(session.format())) {
    const codec::JsonObject shown{{"backupId", id},
                                  {"level", level_word},
                                  {"result", report.passed() ? "Passed" : "Damaged"},
                                  {"objects", report.objects},
                                  {"bytes", report.bytes},
                                  {"damaged", report.damaged},
                                  {"damages", codec::Encode(report.damages)}};
    session.Print(RenderResource(shown, session.format(), session.ctx().clock().Now()));
  } else if (report.passed()) {
    session.Print(fmt::format("{}: {} verification passed, {} and {} read\n", id, level_word,
                              Counted(report.objects, "object"), FormatBytes(report.bytes)));
  } else {
    Table table({"DAMAGED", "DOCUMENT", "WHAT"});
    for (const engine::Damage& damage : report.damages) {
      table.Add({damage.path, damage.key, damage.what});
    }
    session.Print(table.str());
  }
  if (report.passed()) return {};
  return Error{
      .kind = ErrorKind::kCorrupt,
      .code = "verify.damaged",
      .message = fmt::format("backup '{}' is damaged in {}, first '{}'", id,
                             Counted(report.damaged, "place"), report.damages.front().path),
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
  AddBackupArgument(*verify, options->id);
  verify->add_option("--level", options->level, "how much is read back (default Sample)")
      ->check(CLI::IsMember({"Exists", "Sample", "Full"}));
  verify->add_flag("--full", options->full, "the same as --level Full: read every byte");
  verify->callback([&chosen, options] {
    chosen.action = [options](Session& session) {
      return Verify(session, options->id, options->full ? "Full" : options->level);
    };
  });
}

}  // namespace

void AddBackupCommands(CLI::App& root, Chosen& chosen) {
  CLI::App* backup = AddCommand(root, "backup", "backups", "lc2 backup create");
  backup->require_subcommand(1);
  AddCreate(*backup, chosen);
  AddBackupListCommands(*backup, chosen);
  AddBackupReadCommands(*backup, chosen);
  AddBackupLogsCommand(*backup, chosen);
  AddVerify(*backup, chosen);
  AddBackupDecisionCommands(*backup, chosen);
}

}  // namespace lc2::cli
