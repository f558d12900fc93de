#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "cli/commands_internal.h"
#include "cli/log_view.h"
#include "cli/table.h"
#include "control/look.h"
#include "control/run_logs.h"

namespace lc2::cli {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPoll{1000};
constexpr milliseconds kWakeUp{200};  // so soon a Ctrl-C is seen

struct LogsOptions {
  vault::RunKind kind = vault::RunKind::kBackup;
  std::string name;
  std::int64_t attempt = 0;  // 0: all
  bool follow = false;
};

void PauseUntilNextPoll(Session& session, const Home& home) {
  for (milliseconds waited{0}; waited < kPoll && !session.ctx().stopped(); waited += kWakeUp) {
    home.deps().platform.Wait(session.ctx(), kWakeUp);
  }
}

Error NotYet(const LogsOptions& options, bool ended) {
  const std::string_view kind = vault::KindWord(options.kind);
  if (ended) {
    return Error{.kind = ErrorKind::kNotFound,
                 .code = "logs.never_run",
                 .message = fmt::format("the {} request '{}' was never run", kind, options.name),
                 .hint = fmt::format("`lc2 describe {}request {}` says why", kind, options.name)};
  }
  return Error{.kind = ErrorKind::kNotFound,
               .code = "logs.not_begun",
               .message = fmt::format("the {} request '{}' waits for its turn", kind, options.name),
               .hint = "with -f the command waits, too"};
}

struct Found {
  control::EnvironmentVault at;
  RunId first_run;
};
Result<Found> FindNow(Session& session, const LogsOptions& options) {
  LC2_ASSIGN_OR_RETURN(auto at, session.OpenVault(provider::VaultAccess::kRead));
  LC2_ASSIGN_OR_RETURN(RunId run, control::FindFirstRun(session.ctx(), at.session->store(), at.id(),
                                                        options.kind, options.name));
  return Found{std::move(at), std::move(run)};
}

// The run that the name stands for. With --follow a request that waits for its turn is waited for,
// also the one whose run will make the vault.
Result<Found> Find(Session& session, Home& home, const LogsOptions& options) {
  LC2_ASSIGN_OR_RETURN(const EnvironmentId env, session.Environment());
  LC2_ASSIGN_OR_RETURN(
      const auto environment,
      GetAs<api::LiferayEnvironment>(session.ctx(), home.deps().resources, "", env.str()));
  const ResourceRef request{.kind = options.kind == vault::RunKind::kBackup
                                        ? std::string(api::BackupRequest::kKind)
                                        : std::string(api::RestoreRequest::kKind),
                            .namespace_ = api::NamespaceOf(environment),
                            .name = options.name};
  while (true) {
    LC2_RETURN_IF_ERROR(session.ctx().Check());
    Result<Found> found = FindNow(session, options);
    if (found.has_value() || found.error().kind != ErrorKind::kNotFound) return found;
    const Result<codec::Json> stored = home.deps().resources.Get(session.ctx(), request);
    if (!stored.has_value()) return found;
    const bool ended = control::IsTerminalRequest(*stored);
    // A vault that is not there any more says nothing about what ran.
    if (ended && found.error().code != "logs.unknown_run") return found;
    if (ended || !options.follow) return NotYet(options, ended);
    PauseUntilNextPoll(session, home);
  }
}

class LogPrinter {
 public:
  explicit LogPrinter(Session& session) : session_(session) {}

  Result<void> Print(const codec::JsonObject& line) {
    session_.Print((session_.format() == OutputFormat::kJson
                        ? codec::CompactJson(line)
                        : LogLineText(line, session_.format() == OutputFormat::kWide)) +
                   "\n");
    return session_.CheckOutput();
  }

 private:
  Session& session_;
};

Result<void> CheckAttempt(const vault::RunFacts& run, const LogsOptions& options) {
  if (options.attempt <= static_cast<std::int64_t>(run.attempts.size())) return {};
  return Error{.kind = ErrorKind::kNotFound,
               .code = "logs.no_attempt",
               .message = fmt::format("'{}' has no attempt {}", options.name, options.attempt),
               .hint = run.attempts.empty()
                           ? "it has made no attempt yet"
                           : fmt::format("its attempts are 1 to {}", run.attempts.size())};
}

Result<void> Logs(Session& session, const LogsOptions& options) {
  if (session.format() == OutputFormat::kYaml || session.format() == OutputFormat::kName) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "cli.log_format",
                 .message = "logs are printed as text or as JSON",
                 .hint = "use -o json: one object a line"};
  }
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const Found found, Find(session, *home, options));
  std::optional<AttemptId> attempt;
  if (options.attempt > 0) attempt = vault::MakeAttemptId(options.attempt);
  control::RunLogs logs(found.at.session->store(), found.at.id(), found.first_run, attempt);
  LogPrinter printer(session);
  while (true) {
    LC2_RETURN_IF_ERROR(logs.Read(
        session.ctx(), [&](const codec::JsonObject& line) { return printer.Print(line); }));
    LC2_RETURN_IF_ERROR(session.FlushOutput());
    if (!options.follow) return CheckAttempt(logs.run(), options);
    if (logs.run().closed()) break;
    PauseUntilNextPoll(session, *home);
    LC2_RETURN_IF_ERROR(session.ctx().Check());
  }
  LC2_RETURN_IF_ERROR(CheckAttempt(logs.run(), options));
  if (const std::optional<Error> error = control::ErrorOf(logs.run())) return *error;
  return {};
}

void AddLogs(CLI::App& parent, Chosen& chosen, vault::RunKind kind, const std::string& about,
             const std::string& example) {
  auto options = std::make_shared<LogsOptions>();
  options->kind = kind;
  CLI::App* logs = AddCommand(parent, "logs", about, example);
  if (kind == vault::RunKind::kBackup) {
    logs->add_option("backup", options->name, "id of the backup, or name of its request")
        ->required()
        ->type_name("ID");
  } else {
    logs->add_option("request", options->name, "name of the restore request")
        ->required()
        ->type_name("NAME");
  }
  logs->add_flag("-f,--follow", options->follow,
                 "go on until the run ends, and end as it did (the vault is asked every second)");
  logs->add_option("--attempt", options->attempt, "only what is told of this attempt")
      ->check(CLI::Range(1, 999'999))
      ->type_name("NUMBER");
  logs->callback([&chosen, options] {
    chosen.action = [options](Session& session) { return Logs(session, *options); };
  });
}

}  // namespace

void AddBackupLogsCommand(CLI::App& backup, Chosen& chosen) {
  AddLogs(backup, chosen, vault::RunKind::kBackup, "what the run of a backup said",
          "lc2 backup logs retail-prd-backup-20251109-143000");
}

void AddRestoreLogsCommand(CLI::App& restore, Chosen& chosen) {
  AddLogs(restore, chosen, vault::RunKind::kRestore, "what the run of a restore said",
          "lc2 restore logs retail-prd-restore-20251109-150000");
}

}  // namespace lc2::cli
