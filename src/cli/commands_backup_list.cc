#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "cli/backup_view.h"
#include "cli/commands_internal.h"
#include "cli/time_option.h"
#include "codec/described.h"

namespace lc2::cli {

namespace {

constexpr std::int64_t kMaxPage = 1000;

struct ListOptions {
  std::vector<std::string> states;
  std::string type;
  std::string since;
  std::string until;
  std::string cursor;
  std::int64_t limit = 100;
  bool everywhere = false;
};

Result<catalog::BackupFilter> MakeFilter(Session& session, const ListOptions& options) {
  if (options.limit < 1 || options.limit > kMaxPage) {
    return Error{
        .kind = ErrorKind::kInvalid,
        .code = "cli.bad_limit",
        .message = fmt::format("'--limit {}' is not between 1 and {}", options.limit, kMaxPage),
        .hint = "longer lists come in pages: go on with --cursor"};
  }
  catalog::BackupFilter filter{
      .backup_type = options.type, .limit = options.limit, .cursor = options.cursor};
  if (options.everywhere) {
    filter.project_id = session.options().project;
    filter.environment = session.options().environment;
  } else {
    LC2_ASSIGN_OR_RETURN(const EnvironmentId env, session.Environment());
    filter.project_id = env.project.str();
    filter.environment = env.environment.str();
  }
  for (const std::string& word : options.states) {
    if (const auto state = codec::FromWord<catalog::BackupState>(word)) {
      filter.states.push_back(*state);
    }
  }
  LC2_ASSIGN_OR_RETURN(filter.since, ParseTimeOption(options.since));
  LC2_ASSIGN_OR_RETURN(filter.until, ParseTimeOption(options.until));
  return filter;
}

Result<void> List(Session& session, const ListOptions& options) {
  LC2_ASSIGN_OR_RETURN(const catalog::BackupFilter filter, MakeFilter(session, options));
  LC2_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, session.catalog());
  LC2_ASSIGN_OR_RETURN(const catalog::BackupPage page, catalog->List(session.ctx(), filter));
  session.Print(
      RenderBackups(page.records, page.next_cursor, session.format(), session.ctx().clock().Now()));
  if (page.records.empty()) session.Remark("no backups found");
  if (!page.next_cursor.empty()) session.Remark("there are more: --cursor " + page.next_cursor);
  return {};
}

Result<void> Get(Session& session, const std::string& id) {
  LC2_ASSIGN_OR_RETURN(const EnvironmentId env, session.Environment());
  LC2_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, session.catalog());
  LC2_ASSIGN_OR_RETURN(const catalog::BackupRecord record,
                       catalog->Get(session.ctx(), env, BackupId(id)));
  session.Print(RenderBackup(record, session.format(), session.ctx().clock().Now()));
  return {};
}

}  // namespace

Result<std::vector<std::string>> BackupNames(Session& session) {
  LC2_ASSIGN_OR_RETURN(const catalog::BackupFilter filter,
                       MakeFilter(session, {.limit = kMaxPage}));
  LC2_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, session.catalog());
  LC2_ASSIGN_OR_RETURN(const catalog::BackupPage page, catalog->List(session.ctx(), filter));
  std::vector<std::string> names;
  for (const catalog::BackupRecord& record : page.records) names.push_back(record.backup_id);
  return names;
}

void AddBackupListCommands(CLI::App& backup, Chosen& chosen) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* list = AddCommand(backup, "list", "list backups, newest first",
                              "lc2 backup list --state Succeeded --since 2025-11-01 -o wide");
  list->add_option("--state", options->states,
                   "only these, parted by commas (default: all but Deleted)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(
          CLI::IsMember({"InProgress", "Succeeded", "Failed", "Cancelled", "Deleting", "Deleted"}));
  list->add_option("--type", options->type, "only those made so")
      ->check(CLI::IsMember({"manual", "automatic"}));
  list->add_option("--since", options->since, "made at or after this time or day")
      ->type_name("TIME");
  list->add_option("--until", options->until, "made before this time or day")->type_name("TIME");
  list->add_option("--limit", options->limit, "at most so many, 1 to 1000 (default 100)");
  list->add_option("--cursor", options->cursor, "go on after the page before");
  list->add_flag("-A,--all-environments", options->everywhere, "of all environments");
  list->callback([&chosen, options] {
    chosen.action = [options](Session& session) { return List(session, *options); };
  });

  auto id = std::make_shared<std::string>();
  CLI::App* get = AddCommand(backup, "get", "show one backup",
                             "lc2 backup get retail-prd-backup-20251109-143000 -o yaml");
  AddBackupArgument(*get, *id);
  get->callback(
      [&chosen, id] { chosen.action = [id](Session& session) { return Get(session, *id); }; });
}

}  // namespace lc2::cli
