#include "cli/app.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/commands_internal.h"
#include "cli/completion_internal.h"
#include "cli/signals.h"

namespace lc2::cli {

namespace {

constexpr const char* kVersion = "0.1.0";

void AddGlobalOptions(CLI::App& app, GlobalOptions& options) {
  app.add_option("--home", options.home, "folder of the embedded store (default $LC2_HOME, ~/.lc2)");
  app.add_option("--catalog", options.catalog, "catalogue file (default HOME/catalog.db)");
  app.add_option("--project", options.project, "project of the environment");
  app.add_option("--environment", options.environment, "environment within the project");
  app.add_option("-o,--output", options.output, "table, wide, json, yaml or name");
  app.add_option("--log-level", options.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  app.add_option("--log-format", options.log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  app.add_flag("-q,--quiet", options.quiet, "no progress and no remarks");
  app.add_flag("--no-color", options.no_color, "no colours (also: NO_COLOR in the environment)");
}

int Fail(const Error& error, bool color) {
  std::fputs(RenderError(error, color).c_str(), stderr);
  return FactsOf(error.kind).exit_code;
}

}  // namespace

int RunApp(int argc, char** argv) {
  const SignalWatcher signals;
  const SystemClock clock;
  GlobalOptions options;
  Chosen chosen;

  CLI::App app{"Backs up and restores Liferay environments: a database and its document library."};
  app.set_version_flag("--version", std::string("lc2 ") + kVersion);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer("Start here:\n  lc2 env init --help\n  lc2 doctor");
  AddGlobalOptions(app, options);
  AddResourceCommands(app, chosen);
  AddEnvironmentCommands(app, chosen);
  AddBackupCommands(app, chosen);
  AddRestoreCommands(app, chosen);
  AddCatalogCommands(app, chosen);
  AddDoctorCommand(app, chosen);

  std::string shell;
  CLI::App* completion = AddCommand(app, "completion", "print shell completions",
                                    "source <(lc2 completion bash)");
  completion->add_option("shell", shell, "bash, zsh or fish")->required();
  completion->callback([&] {
    chosen.action = [&](Session& session) -> Result<void> {
      LC2_ASSIGN_OR_RETURN(const std::string script, CompletionScript(app, shell));
      session.Print(script);
      return {};
    };
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    // Help and version are "errors" of code 0 to CLI11.
    if (problem.get_exit_code() == 0) return app.exit(problem);
    return Fail({.kind = ErrorKind::kInvalid,
                 .code = "cli.usage",
                 .message = problem.what(),
                 .hint = "see `lc2 --help`, or `--help` of the command"},
                false);
  }

  Session session(options, clock, signals.token());
  Result<void> done = session.Prepare();
  if (done.has_value()) done = chosen.action(session);
  if (std::fflush(stdout) != 0 && done.has_value()) {
    done = Error{.kind = ErrorKind::kUnavailable,
                 .code = "cli.output_failed",
                 .message = "cannot write to standard output"};
  }
  return done.has_value() ? 0 : Fail(done.error(), session.color());
}

}  // namespace lc2::cli
