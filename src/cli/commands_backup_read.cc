#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/time_format.h"
#include "cli/commands_internal.h"
#include "cli/download.h"
#include "cli/table.h"
#include "codec/described.h"
#include "library/diff.h"
#include "storage/entry_json.h"

namespace lc2::cli {

namespace {

struct ListOptions {
  std::vector<std::string> states;
  std::string type;
  std::string since;
  std::string until;
  std::string cursor;
  std::int64_t limit = 100;
  bool everywhere = false;
};

Result<std::optional<Time>> ParseTimeOption(const std::string& text) {
  if (text.empty()) return std::optional<Time>();
  LC2_ASSIGN_OR_RETURN(const Time time,
                       ParseRfc3339(text.size() == 10 ? text + "T00:00:00Z" : text));
  return std::optional(time);
}

Result<catalog::BackupFilter> MakeFilter(Session& session, const ListOptions& options) {
  catalog::BackupFilter filter{.backup_type = options.type,
                               .limit = options.limit,
                               .cursor = options.cursor};
  if (options.everywhere) {
    filter.project_id = session.options().project;
    filter.environment = session.options().environment;
  } else {
    LC2_ASSIGN_OR_RETURN(const EnvironmentId env, session.Environment());
    filter.project_id = env.project.str();
    filter.environment = env.environment.str();
  }
  for (const std::string& word : options.states) {
    const auto state = codec::FromWord<catalog::BackupState>(word);
    if (!state) {
      return Error{.kind = ErrorKind::kInvalid,
                   .code = "cli.bad_state",
                   .message = fmt::format("'{}' is not a state", word),
                   .hint = "use InProgress, Succeeded, Failed, Cancelled, Deleting or Deleted"};
    }
    filter.states.push_back(*state);
  }
  LC2_ASSIGN_OR_RETURN(filter.since, ParseTimeOption(options.since));
  LC2_ASSIGN_OR_RETURN(filter.until, ParseTimeOption(options.until));
  return filter;
}

Table MakeTable(const std::vector<catalog::BackupRecord>& records, bool wide, Time now) {
  std::vector<std::string> header{"BACKUP", "STATE", "AGE", "DATABASE", "OBJECTS", "LIBRARY",
                                  "PORTABLE"};
  if (wide) header.insert(header.end(), {"HELD", "VERIFIED", "EXPIRES", "BASE", "INITIATOR"});
  Table table(header);
  for (const catalog::BackupRecord& r : records) {
    const bool done = !r.manifest_path.empty();
    std::vector<std::string> row{r.backup_id,
                                 codec::Word(r.state),
                                 Age(r.timestamp, now),
                                 done ? FormatBytes(r.database_bytes) : "",
                                 done ? WithThousands(r.object_count) : "",
                                 done ? FormatBytes(r.library_bytes) : "",
                                 done ? (r.portable ? "True" : "False") : ""};
    if (wide) {
      row.insert(row.end(), {r.hold_reason,
                             r.verified_level.empty() ? "" : r.verified_level + " " + r.verified_result,
                             r.expires_at ? FormatRfc3339(*r.expires_at) : "", r.base,
                             r.initiator});
    }
    table.Add(std::move(row));
  }
  return table;
}

Result<void> List(Session& session, const ListOptions& options) {
  LC2_ASSIGN_OR_RETURN(Home * const home, session.home());
  LC2_ASSIGN_OR_RETURN(const catalog::BackupFilter filter, MakeFilter(session, options));
  LC2_ASSIGN_OR_RETURN(const catalog::BackupPage page,
                       home->deps().catalog.List(session.ctx(), filter));
  switch (session.format()) {
    case OutputFormat::kJson:
    case OutputFormat::kYaml: {
      codec::JsonObject list{{"apiVersion", "v1"},
                             {"kind", "List"},
                             {"items", codec::Encode(page.records)}};
      if (!page.next_cursor.empty()) list["nextCursor"] = page.next_cursor;
      session.Print(RenderResource(codec::Json(list), session.format(),
                                   session.ctx().clock().Now()));
      return {};
    }
    case OutputFormat::kName:
      for (const catalog::BackupRecord& record : page.records) {
        session.Print(record.backup_id + "\n");
      }
      break;
    case OutputFormat::kTable:
    case OutputFormat::kWide:
      if (page.records.empty()) {
        session.Remark("no backups found");
      } else {
        session.Print(MakeTable(page.records, session.format() == OutputFormat::kWide,
                                session.ctx().clock().Now())
                          .str());
      }
      break;
  }
  if (!page.next_cursor.empty()) session.Remark("more: --cursor " + page.next_cursor);
  return {};
}

struct Opened {
  control::EnvironmentVault at;
  vault::OpenedBackup backup;
};
Result<Opened> OpenBackup(Session& session, const std::string& id) {
  LC2_ASSIGN_OR_RETURN(auto at, session.OpenVault(provider::VaultAccess::kWrite));
  LC2_ASSIGN_OR_RETURN(Home * const home, session.home());
  LC2_ASSIGN_OR_RETURN(vault::OpenedBackup backup,
                       control::OpenTrusted(session.ctx(), home->deps(), at, BackupId(id), false));
  return Opened{std::move(at), std::move(backup)};
}

Result<void> Get(Session& session, const std::string& id) {
  LC2_ASSIGN_OR_RETURN(Home * const home, session.home());
  LC2_ASSIGN_OR_RETURN(const EnvironmentId env, session.Environment());
  LC2_ASSIGN_OR_RETURN(const catalog::BackupRecord record,
                       home->deps().catalog.Get(session.ctx(), env, BackupId(id)));
  if (session.format() == OutputFormat::kTable || session.format() == OutputFormat::kWide) {
    session.Print(MakeTable({record}, session.format() == OutputFormat::kWide,
                            session.ctx().clock().Now())
                      .str());
    return {};
  }
  if (session.format() == OutputFormat::kName) {
    session.Print(record.backup_id + "\n");
    return {};
  }
  session.Print(RenderResource(codec::Encode(record), session.format(),
                               session.ctx().clock().Now()));
  return {};
}

// Calls `each` with every entry whose key starts with `prefix`.
Result<void> ForEachEntry(Session& session, const std::string& id, const std::string& prefix,
                          const std::function<void(const Entry&)>& each) {
  LC2_ASSIGN_OR_RETURN(Opened opened, OpenBackup(session, id));
  LC2_ASSIGN_OR_RETURN(const auto entries,
                       vault::OpenEntries(session.ctx(), opened.at.session->store(),
                                          opened.backup.manifest));
  while (true) {
    LC2_RETURN_IF_ERROR(session.ctx().Check());
    LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, entries->Read());
    if (batch.empty()) return {};
    for (const Entry& entry : batch) {
      if (entry.key.starts_with(prefix)) each(entry);
    }
  }
}

Result<void> Ls(Session& session, const std::string& id, const std::string& prefix) {
  return ForEachEntry(session, id, prefix, [&](const Entry& entry) {
    switch (session.format()) {
      case OutputFormat::kName: session.Print(Printable(entry.key) + "\n"); break;
      case OutputFormat::kJson: session.Print(codec::CompactJson(EncodeEntry(entry)) + "\n"); break;
      case OutputFormat::kYaml: session.Print("- " + codec::CompactJson(EncodeEntry(entry)) + "\n");
        break;
      default:
        session.Print(fmt::format("{:>14}  {}  {}\n", WithThousands(entry.size),
                                  FormatRfc3339(entry.last_modified), Printable(entry.key)));
    }
  });
}

Result<void> Cat(Session& session, const std::string& id, const std::string& key) {
  LC2_ASSIGN_OR_RETURN(Opened opened, OpenBackup(session, id));
  LC2_RETURN_IF_ERROR(AuditRead(session, opened.at, "backup.cat", id, key));
  return CopyDocument(session, opened.at.session->store(), opened.backup.manifest, key);
}

Result<void> Diff(Session& session, const std::string& older, const std::string& newer) {
  LC2_ASSIGN_OR_RETURN(Opened a, OpenBackup(session, older));
  LC2_ASSIGN_OR_RETURN(Opened b, OpenBackup(session, newer));
  LC2_ASSIGN_OR_RETURN(const auto before, vault::OpenEntries(session.ctx(), a.at.session->store(),
                                                             a.backup.manifest));
  LC2_ASSIGN_OR_RETURN(const auto after, vault::OpenEntries(session.ctx(), b.at.session->store(),
                                                            b.backup.manifest));
  library::EntryDiff diff(*before, *after);
  std::int64_t count = 0;
  while (true) {
    LC2_ASSIGN_OR_RETURN(const auto difference, diff.Next());
    if (!difference) break;
    ++count;
    const char mark = difference->change == library::Change::kAdded     ? '+'
                      : difference->change == library::Change::kRemoved ? '-'
                                                                        : '~';
    session.Print(fmt::format("{} {:>14}  {}\n", mark,
                              WithThousands(difference->new_size.value_or(
                                  difference->old_size.value_or(0))),
                              Printable(difference->key)));
  }
  session.Remark(fmt::format("{} documents differ", count));
  return {};
}

void AddList(CLI::App& backup, Chosen& chosen) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* list = AddCommand(backup, "list", "list backups, newest first",
                              "lc2 backup list --state Succeeded --since 2025-11-01 -o wide");
  list->add_option("--state", options->states, "InProgress, Succeeded, Failed, Cancelled, "
                                               "Deleting, Deleted (default: all but Deleted)");
  list->add_option("--type", options->type, "manual or automatic");
  list->add_option("--since", options->since, "made at or after this time or day");
  list->add_option("--until", options->until, "made before this time or day");
  list->add_option("--limit", options->limit, "at most so many, up to 1000");
  list->add_option("--cursor", options->cursor, "go on after the page before");
  list->add_flag("-A,--all-environments", options->everywhere, "of all environments");
  list->callback([&chosen, options] {
    chosen.action = [options](Session& session) { return List(session, *options); };
  });
}

using TwoWords = Result<void> (*)(Session&, const std::string&, const std::string&);

void AddTwoWordCommand(CLI::App& backup, Chosen& chosen, const char* name, const char* about,
                       const char* example, const char* second, bool second_required,
                       TwoWords run) {
  auto words = std::make_shared<std::pair<std::string, std::string>>();
  CLI::App* command = AddCommand(backup, name, about, example);
  command->add_option("id", words->first, "backup id")->required();
  CLI::Option* option = command->add_option(second, words->second);
  if (second_required) option->required();
  command->callback([&chosen, words, run] {
    chosen.action = [words, run](Session& session) {
      return run(session, words->first, words->second);
    };
  });
}

}  // namespace

void AddBackupReadCommands(CLI::App& backup, Chosen& chosen) {
  AddList(backup, chosen);
  auto id = std::make_shared<std::string>();
  CLI::App* get = AddCommand(backup, "get", "show one backup",
                             "lc2 backup get retail-prd-backup-20251109-143000 -o yaml");
  get->add_option("id", *id, "backup id")->required();
  get->callback([&chosen, id] {
    chosen.action = [id](Session& session) { return Get(session, *id); };
  });
  AddTwoWordCommand(backup, chosen, "ls", "list the documents of a backup",
                    "lc2 backup ls retail-prd-backup-20251109-143000 --prefix 20097/", "--prefix",
                    false, Ls);
  AddTwoWordCommand(backup, chosen, "cat", "write one document to standard output",
                    "lc2 backup cat retail-prd-backup-20251109-143000 20097/20123/4301/1.0 > file",
                    "key", true, Cat);
  AddTwoWordCommand(backup, chosen, "diff", "documents that differ between two backups",
                    "lc2 backup diff retail-prd-backup-20251108-143000 "
                    "retail-prd-backup-20251109-143000",
                    "newer", true, Diff);
  AddTwoWordCommand(backup, chosen, "download", "copy a whole backup into a folder",
                    "lc2 backup download retail-prd-backup-20251109-143000 /mnt/usb", "folder",
                    true, Download);
}

}  // namespace lc2::cli
