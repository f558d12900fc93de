#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/session.h"
#include "control/backup_reconciler.h"

namespace lc2::cli {

// What the chosen command does once everything is parsed.
using Action = std::function<Result<void>(Session&)>;

// Collects the command that the user chose.
struct Chosen {
  Action action;
};

// A command with its example, which `--help` shows at the end. A test runs every example.
inline CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& about,
                            const std::string& example) {
  CLI::App* command = parent.add_subcommand(name, about);
  command->footer("Example:\n  " + example +
                  "\n\n`lc2 --help` shows the options that every command has.");
  return command;
}

inline CLI::Option* AddBackupArgument(CLI::App& command, std::string& id) {
  return command.add_option("backup", id, "id of the backup")->required()->type_name("ID");
}

// Every command of the program. `chosen` gets the action of the one that is parsed; both arguments
// of the program must outlive its parsing.
void AddAllCommands(CLI::App& root, GlobalOptions& options, Chosen& chosen);

// One function a group of commands; each is a file of its own.
void AddResourceCommands(CLI::App& root, Chosen& chosen);
void AddEnvironmentCommands(CLI::App& root, Chosen& chosen);
void AddBackupCommands(CLI::App& root, Chosen& chosen);
void AddLocationCommands(CLI::App& root, Chosen& chosen);
void AddBackupListCommands(CLI::App& backup, Chosen& chosen);
void AddBackupReadCommands(CLI::App& backup, Chosen& chosen);
void AddBackupDecisionCommands(CLI::App& backup, Chosen& chosen);
void AddBackupLogsCommand(CLI::App& backup, Chosen& chosen);
void AddRestoreLogsCommand(CLI::App& restore, Chosen& chosen);
void AddRestoreCommands(CLI::App& root, Chosen& chosen);
void AddScheduleCommands(CLI::App& root, Chosen& chosen);
void AddRetentionCommands(CLI::App& root, Chosen& chosen);
void AddCatalogCommands(CLI::App& root, Chosen& chosen);
void AddDoctorCommand(CLI::App& root, Chosen& chosen);
void AddServeCommand(CLI::App& root, Chosen& chosen);
void AddNotifyCommands(CLI::App& root, Chosen& chosen);
void AddGcCommand(CLI::App& root, Chosen& chosen);

// Names for completions: of the chosen environment's backups, of a kind's objects.
Result<std::vector<std::string>> BackupNames(Session& session);
Result<std::vector<std::string>> ObjectNames(Session& session, const std::string& kind);

// Stores a new request, or takes up the one of that name and spec that is not finished: the same
// command again goes on where a killed one stopped. kAlreadyExists "resource.already_exists" for
// one that is finished or asks for something else.
Result<ResourceRef> CreateRequest(Session& session, const codec::Json& request);
// Brings a request to its end: in this process, or waits for the `lc2 serve` that does.
Result<control::Reconciled> DriveOrFollow(Session& session, Home& home, const ResourceRef& request);
// Creates a request, drives it to its end with progress shown, prints it as it is then, and answers
// with its error if it did not succeed.
Result<void> RunRequest(Session& session, const codec::Json& request);

}  // namespace lc2::cli
