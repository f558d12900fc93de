#include "cli/app.h"

#include <fmt/core.h>

#include <cstdio>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "cli/commands_internal.h"
#include "cli/completion_internal.h"
#include "cli/help_internal.h"
#include "cli/signals.h"
#include "cli/usage_internal.h"
#include "cli/words_internal.h"

namespace lc2::cli {

namespace {

constexpr const char* kVersion = "0.1.0";
constexpr std::string_view kCompleteWord = "__complete";
constexpr int kReaderGone = 128 + 13;  // what a shell reports of a program that SIGPIPE ended

void AddGlobalOptions(CLI::App& app, GlobalOptions& options) {
  app.add_option("--home", options.home, "folder of the embedded store (default $LC2_HOME, ~/.lc2)")
      ->type_name("DIR");
  app.add_option("--catalog", options.catalog, "catalogue file (default HOME/catalog.db)")
      ->type_name("FILE");
  app.add_option("--project", options.project, "project of the environment")->type_name("ID");
  app.add_option("--environment", options.environment, "environment within the project")
      ->type_name("NAME");
  app.add_option("-o,--output", options.output, "how results are printed")
      ->check(CLI::IsMember({"table", "wide", "json", "yaml", "name"}));
  app.add_option("--log-level", options.log_level, "what goes to the log on standard error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  app.add_option("--log-format", options.log_format, "how log lines look")
      ->check(CLI::IsMember({"text", "json"}));
  // `alias lc2='lc2 --home DIR'` may be overruled.
  for (CLI::Option* option : app.get_options([](const CLI::Option* o) { return TakesValue(*o); })) {
    option->take_last();
  }
  app.add_flag("-q,--quiet", options.quiet, "no progress and no remarks");
  app.add_flag("--no-color", options.no_color, "no colours (also: NO_COLOR in the environment)");
}

void AddCompletionCommand(CLI::App& root, Chosen& chosen) {
  auto shell = std::make_shared<std::string>();
  CLI::App* completion =
      AddCommand(root, "completion", "print shell completions", "source <(lc2 completion bash)");
  completion->add_option("shell", *shell, "for which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->callback([&chosen, shell] {
    chosen.action = [shell](Session& session) -> Result<void> {
      LC2_ASSIGN_OR_RETURN(const std::string script, CompletionScript(*shell));
      session.Print(script);
      return {};
    };
  });
}

int Fail(const Error& error, bool color) {
  std::fflush(stdout);
  std::fputs(RenderError(error, color).c_str(), stderr);
  return FactsOf(error.kind).exit_code;
}

// Names that only the store or the catalogue knows. A shell asks on each tab: whatever fails gives
// none.
std::vector<std::string> Names(Session& session, const Completions& wanted) {
  if (!std::filesystem::exists(session.home_folder() / "store.db")) return {};
  const Result<std::vector<std::string>> names = wanted.more == Completions::More::kBackups
                                                     ? BackupNames(session)
                                                     : ObjectNames(session, wanted.kind);
  return names.has_value() ? *names : std::vector<std::string>();
}

// `lc2 __complete WORD...`
int AnswerShell(const CLI::App& app, const std::vector<std::string>& words, const Clock& clock,
                const std::stop_token& stop) {
  if (words.empty()) return 0;
  Completions found = Complete(app, words);
  if (found.more == Completions::More::kBackups || found.more == Completions::More::kObjects) {
    const GlobalOptions options{.home = found.values["home"],
                                .catalog = found.values["catalog"],
                                .project = found.values["project"],
                                .environment = found.values["environment"]};
    Session session(options, clock, stop);
    for (std::string& name : Names(session, found))
      found.candidates.push_back({std::move(name), ""});
  }
  std::fputs(CompletionLines(found, words.back()).c_str(), stdout);
  return 0;
}

int RunChosen(const GlobalOptions& options, const Chosen& chosen, const Clock& clock,
              const std::stop_token& stop) {
  Session session(options, clock, stop);
  Result<void> done = session.Prepare();
  if (done.has_value()) done = chosen.action(session);
  const Result<void> written = session.FlushOutput();
  // `lc2 backup ls ID | head` is no failure that anybody wants to read about.
  if (session.reader_gone()) return kReaderGone;
  if (!done.has_value()) return Fail(done.error(), session.color());
  return written.has_value() ? 0 : Fail(written.error(), session.color());
}

}  // namespace

void AddAllCommands(CLI::App& app, GlobalOptions& options, Chosen& chosen) {
  app.name("lc2");
  app.formatter(std::make_shared<HelpFormatter>());  // before the commands, which inherit it
  app.set_version_flag("--version", std::string("lc2 ") + kVersion, "print the version and exit");
  app.set_help_flag("-h,--help", "print this help and exit");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "Example:\n  lc2 doctor\n\nA new environment begins with `lc2 env init`, see "
      "`lc2 env init --help`.");
  AddGlobalOptions(app, options);
  AddResourceCommands(app, chosen);
  AddEnvironmentCommands(app, chosen);
  AddLocationCommands(app, chosen);
  AddBackupCommands(app, chosen);
  AddRestoreCommands(app, chosen);
  AddScheduleCommands(app, chosen);
  AddRetentionCommands(app, chosen);
  AddCatalogCommands(app, chosen);
  AddGcCommand(app, chosen);
  AddDoctorCommand(app, chosen);
  AddServeCommand(app, chosen);
  AddNotifyCommands(app, chosen);
  AddCompletionCommand(app, chosen);
}

int RunApp(int argc, char** argv) {
  const SignalWatcher signals;
  const SystemClock clock;
  GlobalOptions options;
  Chosen chosen;
  CLI::App app{"Backs up and restores Liferay environments: a database and its document library."};
  AddAllCommands(app, options, chosen);

  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (!words.empty() && words.front() == kCompleteWord) {
    return AnswerShell(app, {words.begin() + 1, words.end()}, clock, signals.token());
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    // Help and version are "errors" of code 0 to CLI11.
    if (problem.get_exit_code() == 0) return app.exit(problem);
    return Fail(UsageError(app, words, problem.what()), IsColorful(options));
  }
  return RunChosen(options, chosen, clock, signals.token());
}

}  // namespace lc2::cli
