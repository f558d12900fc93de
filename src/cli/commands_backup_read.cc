#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "base/time_format.h"
#include "cli/commands_internal.h"
#include "cli/download.h"
#include "cli/table.h"
#include "codec/described.h"
#include "library/diff.h"
#include "storage/entry_json.h"

namespace lc2::cli {

namespace {

struct Opened {
  control::EnvironmentVault at;
  vault::OpenedBackup backup;
};
Result<Opened> OpenBackup(Session& session, const std::string& id) {
  LC2_ASSIGN_OR_RETURN(auto at, session.OpenVault(provider::VaultAccess::kWrite));
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(vault::OpenedBackup backup,
                       control::OpenTrusted(session.ctx(), home->deps(), at, BackupId(id), false));
  return Opened{std::move(at), std::move(backup)};
}

// A list that may be longer than memory: JSON and YAML go out item by item.
class LongList {
 public:
  explicit LongList(Session& session)
      : session_(session),
        json_(session.format() == OutputFormat::kJson),
        yaml_(session.format() == OutputFormat::kYaml) {}

  // `line` is for people.
  Result<void> Add(const codec::Json& item, const std::string& name, const std::string& line) {
    if (json_) {
      session_.Print((count_ == 0 ? kJsonHead : ",\n    ") + codec::CompactJson(item));
    } else if (yaml_) {
      session_.Print((count_ == 0 ? kYamlHead : "") + "  - " + codec::CompactJson(item) + "\n");
    } else if (session_.format() == OutputFormat::kName) {
      session_.Print(Printable(name) + "\n");
    } else {
      session_.Print(line + "\n");
    }
    ++count_;
    LC2_RETURN_IF_ERROR(session_.ctx().Check());
    return session_.CheckOutput();
  }

  void Finish() {
    if (json_) session_.Print(count_ == 0 ? kJsonHead + "]\n}\n" : "\n  ]\n}\n");
    if (yaml_ && count_ == 0) session_.Print(kYamlHead.substr(0, kYamlHead.size() - 1) + " []\n");
  }
  std::int64_t count() const { return count_; }

 private:
  // JSON is YAML, too: an item may stand on one line.
  const std::string kYamlHead = "apiVersion: v1\nkind: List\nitems:\n";
  const std::string kJsonHead =
      "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"List\",\n  \"items\": [";
  Session& session_;
  const bool json_;
  const bool yaml_;
  std::int64_t count_ = 0;
};

Result<void> Ls(Session& session, const std::string& id, const std::string& prefix) {
  LC2_ASSIGN_OR_RETURN(Opened opened, OpenBackup(session, id));
  LC2_ASSIGN_OR_RETURN(
      const auto entries,
      vault::OpenEntries(session.ctx(), opened.at.session->store(), opened.backup.manifest));
  LongList list(session);
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, entries->Read());
    if (batch.empty()) break;
    for (const Entry& entry : batch) {
      if (!entry.key.starts_with(prefix)) continue;
      LC2_RETURN_IF_ERROR(
          list.Add(EncodeEntry(entry), entry.key,
                   fmt::format("{:>14}  {}  {}", WithThousands(entry.size),
                               FormatRfc3339(entry.last_modified), Printable(entry.key))));
    }
  }
  list.Finish();
  if (list.count() == 0) session.Remark("no documents found");
  return {};
}

Result<void> Cat(Session& session, const std::string& id, const std::string& key) {
  LC2_ASSIGN_OR_RETURN(Opened opened, OpenBackup(session, id));
  LC2_RETURN_IF_ERROR(AuditRead(session, opened.at, "backup.cat", id, key));
  return CopyDocument(session, opened.at.session->store(), opened.backup.manifest, key);
}

struct ChangeWord {
  char mark;
  const char* word;
};
ChangeWord WordOf(library::Change change) {
  switch (change) {
    case library::Change::kAdded:
      return {'+', "Added"};
    case library::Change::kRemoved:
      return {'-', "Removed"};
    default:
      return {'~', "Changed"};
  }
}

codec::Json ShowDifference(const library::Difference& difference) {
  codec::JsonObject shown{{"key", difference.key}, {"change", WordOf(difference.change).word}};
  if (difference.old_size) shown["oldSize"] = *difference.old_size;
  if (difference.new_size) shown["newSize"] = *difference.new_size;
  return shown;
}

Result<void> Diff(Session& session, const std::string& older, const std::string& newer) {
  LC2_ASSIGN_OR_RETURN(Opened a, OpenBackup(session, older));
  LC2_ASSIGN_OR_RETURN(Opened b, OpenBackup(session, newer));
  LC2_ASSIGN_OR_RETURN(const auto before,
                       vault::OpenEntries(session.ctx(), a.at.session->store(), a.backup.manifest));
  LC2_ASSIGN_OR_RETURN(const auto after,
                       vault::OpenEntries(session.ctx(), b.at.session->store(), b.backup.manifest));
  library::EntryDiff diff(*before, *after);
  LongList list(session);
  while (true) {
    LC2_ASSIGN_OR_RETURN(const auto difference, diff.Next());
    if (!difference) break;
    const std::int64_t size = difference->new_size.value_or(difference->old_size.value_or(0));
    LC2_RETURN_IF_ERROR(list.Add(ShowDifference(*difference), difference->key,
                                 fmt::format("{} {:>14}  {}", WordOf(difference->change).mark,
                                             WithThousands(size), Printable(difference->key))));
  }
  list.Finish();
  session.Remark(list.count() == 0   ? "the same documents"
                 : list.count() == 1 ? "1 document differs"
                                     : WithThousands(list.count()) + " documents differ");
  return {};
}

// A command about a backup with one word more.
struct TwoWordCommand {
  const char* name;
  const char* about;
  const char* example;
  const char* second;
  const char* second_about;
  bool second_required;
  Result<void> (*run)(Session&, const std::string&, const std::string&);
};

void AddTwoWordCommand(CLI::App& backup, Chosen& chosen, const TwoWordCommand& made) {
  auto words = std::make_shared<std::pair<std::string, std::string>>();
  CLI::App* command = AddCommand(backup, made.name, made.about, made.example);
  AddBackupArgument(*command, words->first);
  CLI::Option* option = command->add_option(made.second, words->second, made.second_about);
  if (made.second_required) option->required();
  command->callback([&chosen, words, run = made.run] {
    chosen.action = [words, run](Session& session) {
      return run(session, words->first, words->second);
    };
  });
}

}  // namespace

void AddBackupReadCommands(CLI::App& backup, Chosen& chosen) {
  for (const TwoWordCommand& made : {
           TwoWordCommand{"ls", "list the documents of a backup",
                          "lc2 backup ls retail-prd-backup-20251109-143000 --prefix 20097/",
                          "--prefix", "only documents whose key begins so", false, Ls},
           TwoWordCommand{"cat", "write one document to standard output",
                          "lc2 backup cat retail-prd-backup-20251109-143000 "
                          "20097/20123/4301/1.0 > file",
                          "key", "key of the document", true, Cat},
           TwoWordCommand{"diff", "documents that differ between two backups",
                          "lc2 backup diff retail-prd-backup-20251108-143000 "
                          "retail-prd-backup-20251109-143000",
                          "newer", "id of the backup to compare with", true, Diff},
           TwoWordCommand{"download", "copy a whole backup into a folder",
                          "lc2 backup download retail-prd-backup-20251109-143000 /mnt/usb",
                          "folder", "where a folder of the backup's name is made", true, Download},
       }) {
    AddTwoWordCommand(backup, chosen, made);
  }
}

}  // namespace lc2::cli
