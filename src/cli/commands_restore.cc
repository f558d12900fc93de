#include <fmt/core.h>

#include <cstdlib>

#include <CLI/CLI.hpp>

#include "base/time_format.h"
#include "cli/commands_internal.h"
#include "cli/request_name.h"
#include "codec/described.h"

namespace lc2::cli {

namespace {

struct RestoreOptions {
  std::string backup_id;
  std::string name;
  std::string type = "full";
  std::string strategy = "PrepareAndSwap";
  std::string extra_keys = "Keep";
  std::string target_database;
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  bool yes = false;
  bool no_safeguard = false;
  bool plan = false;
};

Result<api::RestoreRequest> MakeRequest(Session& session, const RestoreOptions& options) {
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const EnvironmentId env, session.Environment());
  LC2_ASSIGN_OR_RETURN(
      const auto environment,
      GetAs<api::LiferayEnvironment>(session.ctx(), home->deps().resources, "", env.str()));
  api::RestoreRequest request;
  request.metadata.namespace_ = api::NamespaceOf(environment);
  request.metadata.name = options.name;
  if (options.name.empty()) {
    LC2_ASSIGN_OR_RETURN(
        request.metadata.name,
        FreshName(session, vault::RunKind::kRestore, request.metadata.namespace_, [&](Time time) {
          return fmt::format("{}-{}-{}", env.str(), options.plan ? "plan" : "restore",
                             FormatCompactTime(time));
        }));
  }
  request.metadata.labels = api::StandardLabels(env);
  request.spec.backup_id = options.backup_id;
  request.spec.target_environment = env.environment.str();
  request.spec.restore_type =
      codec::FromWord<api::RestoreType>(options.type).value_or(api::RestoreType::kFull);
  request.spec.strategy = options.strategy == "Overwrite" ? api::RestoreStrategy::kOverwrite
                                                          : api::RestoreStrategy::kPrepareAndSwap;
  if (options.yes && request.spec.strategy == api::RestoreStrategy::kOverwrite) {
    request.spec.confirm = "Overwrite";
  }
  request.spec.safeguard = !options.no_safeguard;
  request.spec.dry_run = options.plan;
  request.spec.database.target_name = options.target_database;
  request.spec.document_library.extra_keys =
      options.extra_keys == "Remove" ? api::ExtraKeys::kRemove : api::ExtraKeys::kKeep;
  request.spec.document_library.include = options.include;
  request.spec.document_library.exclude = options.exclude;
  return request;
}

Result<void> Restore(Session& session, const RestoreOptions& options) {
  LC2_ASSIGN_OR_RETURN(const api::RestoreRequest request, MakeRequest(session, options));
  return RunRequest(session, api::EncodeResource(request));
}

std::string PlanText(const codec::Json& plan) {
  std::string text =
      fmt::format("backup     {} of {}\n", TextAt(plan, "backupId"), TextAt(plan, "backupTime"));
  const auto bytes = [&](const char* path) {
    return FormatBytes(std::strtoll(TextAt(plan, path).c_str(), nullptr, 10));
  };
  text += fmt::format("database   {} '{}' (dump of {}, server {}): {} to load\n",
                      TextAt(plan, "database.action"), TextAt(plan, "database.name"),
                      TextAt(plan, "database.dumpVersion"), TextAt(plan, "database.targetVersion"),
                      bytes("database.rawBytes"));
  text +=
      fmt::format("library    {} '{}': {} to write ({}), {} to replace, {} to compare, {} extra\n",
                  TextAt(plan, "library.action"), TextAt(plan, "library.target"),
                  TextAt(plan, "library.changes.write"), bytes("library.changes.writeBytes"),
                  TextAt(plan, "library.changes.replace"), TextAt(plan, "library.changes.compare"),
                  TextAt(plan, "library.changes.extra"));
  for (const auto& [member, mark] : {std::pair{"conflicts", "refused"}, {"warnings", "note"}}) {
    const codec::Json* list = plan.is_object() ? plan.get_object().if_contains(member) : nullptr;
    if (list == nullptr || !list->is_array()) continue;
    for (const codec::Json& item : list->get_array()) {
      text +=
          fmt::format("{:<10} {}\n", mark,
                      item.is_string() ? std::string(item.get_string()) : TextAt(item, "message"));
      if (const std::string hint = TextAt(item, "hint"); !hint.empty()) {
        text += fmt::format("{:<10} HINT: {}\n", "", hint);
      }
    }
  }
  return text;
}

// A plan is read by people: the table of requests would not show it.
Result<void> Plan(Session& session, const RestoreOptions& options) {
  if (session.format() != OutputFormat::kTable && session.format() != OutputFormat::kWide) {
    return Restore(session, options);
  }
  LC2_ASSIGN_OR_RETURN(const api::RestoreRequest request, MakeRequest(session, options));
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const ResourceRef ref, CreateRequest(session, api::EncodeResource(request)));
  LC2_ASSIGN_OR_RETURN(const control::Reconciled ended, DriveOrFollow(session, *home, ref));
  LC2_ASSIGN_OR_RETURN(const codec::Json object, home->deps().resources.Get(session.ctx(), ref));
  const codec::Json* status = object.get_object().if_contains("status");
  if (status != nullptr && status->get_object().contains("plan")) {
    session.Print(PlanText(status->get_object().at("plan")));
  }
  if (ended.error) return *ended.error;
  session.Remark(
      fmt::format("nothing speaks against it; `lc2 restore create {}` does it", options.backup_id));
  return {};
}

void AddOptions(CLI::App& command, RestoreOptions& options) {
  AddBackupArgument(command, options.backup_id);
  command.add_option("--name", options.name, "name of the request");
  command.add_option("--type", options.type, "how much of it (default full)")
      ->check(CLI::IsMember({"full", "database-only", "storage-only", "selective"}));
  command
      .add_option("--strategy", options.strategy, "PrepareAndSwap needs an empty target (default)")
      ->check(CLI::IsMember({"PrepareAndSwap", "Overwrite"}));
  command.add_flag("-y,--yes", options.yes, "confirm that a filled target is overwritten");
  command.add_flag("--no-safeguard", options.no_safeguard,
                   "do not back up a filled target before it is overwritten");
  command
      .add_option("--extra-keys", options.extra_keys,
                  "what becomes of documents that the backup does not have (default Keep)")
      ->check(CLI::IsMember({"Keep", "Remove"}));
  command.add_option("--target-database", options.target_database,
                     "restore into a database of this name");
  command
      .add_option("--include", options.include,
                  "only documents that this pattern fits; with --type selective")
      ->allow_extra_args(false)
      ->type_name("GLOB");
  command
      .add_option("--exclude", options.exclude,
                  "no documents that this pattern fits; with --type selective")
      ->allow_extra_args(false)
      ->type_name("GLOB");
}

}  // namespace

void AddRestoreCommands(CLI::App& root, Chosen& chosen) {
  CLI::App* restore = AddCommand(root, "restore", "restores", "lc2 restore plan --help");
  restore->require_subcommand(1);

  auto create_options = std::make_shared<RestoreOptions>();
  CLI::App* create = AddCommand(*restore, "create", "restore a backup into its environment",
                                "lc2 restore create retail-prd-backup-20251109-143000");
  AddOptions(*create, *create_options);
  create->add_flag_callback(
      "--wait", [] {}, "wait for the end (always the case without `lc2 serve`)");
  create->callback([&chosen, create_options] {
    chosen.action = [create_options](Session& session) {
      return Restore(session, *create_options);
    };
  });

  auto plan_options = std::make_shared<RestoreOptions>();
  plan_options->plan = true;
  CLI::App* plan = AddCommand(*restore, "plan", "show what a restore would do; changes nothing",
                              "lc2 restore plan retail-prd-backup-20251109-143000");
  AddOptions(*plan, *plan_options);
  plan->callback([&chosen, plan_options] {
    chosen.action = [plan_options](Session& session) { return Plan(session, *plan_options); };
  });
  AddRestoreLogsCommand(*restore, chosen);
}

}  // namespace lc2::cli
