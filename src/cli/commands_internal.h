#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>

#include "cli/session.h"

namespace lc2::cli {

// What the chosen command does once everything is parsed.
using Action = std::function<Result<void>(Session&)>;

// Collects the command that the user chose.
struct Chosen {
  Action action;
};

// A command with its example, which `--help` shows at the end.
inline CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& about,
                            const std::string& example) {
  CLI::App* command = parent.add_subcommand(name, about);
  command->footer("Example:\n  " + example);
  return command;
}

// One function a group of commands; each is a file of its own.
void AddResourceCommands(CLI::App& root, Chosen& chosen);
void AddEnvironmentCommands(CLI::App& root, Chosen& chosen);
void AddBackupCommands(CLI::App& root, Chosen& chosen);
void AddBackupReadCommands(CLI::App& backup, Chosen& chosen);
void AddRestoreCommands(CLI::App& root, Chosen& chosen);
void AddCatalogCommands(CLI::App& root, Chosen& chosen);
void AddDoctorCommand(CLI::App& root, Chosen& chosen);

// Creates a request, drives it to its end with progress shown, prints it as it is then, and answers
// with its error if it did not succeed.
Result<void> RunRequest(Session& session, const codec::Json& request);
// Drives a request that exists already.
Result<void> DriveRequest(Session& session, const ResourceRef& request);

}  // namespace lc2::cli
