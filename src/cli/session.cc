#include "cli/session.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace lc2::cli {

namespace {

LogOptions ToLogOptions(const GlobalOptions& options) {
  LogOptions log{.level = LogLevel::kWarning, .format = LogFormat::kText};
  if (options.log_level == "debug") log.level = LogLevel::kDebug;
  if (options.log_level == "info") log.level = LogLevel::kInfo;
  if (options.log_level == "error") log.level = LogLevel::kError;
  if (options.log_format == "json") log.format = LogFormat::kJson;
  return log;
}

}  // namespace

Session::Session(const GlobalOptions& options, const Clock& clock, std::stop_token stop)
    : options_(options),
      log_(MakeStderrLogger(ToLogOptions(options))),
      clock_(clock),
      ctx_(Context(clock, *log_, this).WithStop(std::move(stop))) {}

Session::~Session() { home_.reset(); }

Result<void> Session::Prepare() {
  LC2_ASSIGN_OR_RETURN(format_, ParseOutputFormat(options_.output));
  return {};
}

Result<Home*> Session::home() {
  if (home_ == nullptr) {
    const std::filesystem::path folder =
        options_.home.empty() ? DefaultHome() : std::filesystem::path(options_.home);
    LC2_ASSIGN_OR_RETURN(home_, Home::Open(ctx_, folder, options_.catalog, this));
  }
  return home_.get();
}

Result<EnvironmentId> Session::Environment() {
  LC2_ASSIGN_OR_RETURN(Home * const opened, home());
  if (!options_.project.empty() && !options_.environment.empty()) {
    return EnvironmentId{ProjectId(options_.project), EnvironmentName(options_.environment)};
  }
  LC2_ASSIGN_OR_RETURN(const auto all,
                       ListAs<api::LiferayEnvironment>(ctx_, opened->deps().resources));
  std::optional<EnvironmentId> chosen;
  std::string names;
  for (const api::LiferayEnvironment& environment : all) {
    const EnvironmentId id = api::IdOf(environment);
    if (!options_.project.empty() && id.project.str() != options_.project) continue;
    if (!options_.environment.empty() && id.environment.str() != options_.environment) continue;
    names += (names.empty() ? "" : ", ") + id.str();
    if (chosen) {
      return Error{.kind = ErrorKind::kInvalid,
                   .code = "cli.which_environment",
                   .message = "there are several environments: " + names,
                   .hint = "choose one with --project and --environment"};
    }
    chosen = id;
  }
  if (!chosen) {
    return Error{.kind = ErrorKind::kNotFound,
                 .code = "environment.not_found",
                 .message = "there is no such environment yet",
                 .hint = "write one with `lc2 env init` and apply it with `lc2 apply -f FILE`"};
  }
  return *chosen;
}

Result<control::EnvironmentVault> Session::OpenVault(provider::VaultAccess access) {
  LC2_ASSIGN_OR_RETURN(Home * const opened, home());
  LC2_ASSIGN_OR_RETURN(const EnvironmentId env, Environment());
  return control::OpenEnvironment(ctx_, opened->deps(), env, access);
}

Result<void> Session::WithProgress(const std::function<Result<void>()>& work) {
  ProgressStyle style = ProgressStyle::kLines;
  if (options_.quiet) {
    style = ProgressStyle::kNone;
  } else if (::isatty(STDERR_FILENO) == 1) {
    style = ProgressStyle::kBar;
  }
  {
    const std::lock_guard lock(mutex_);
    display_ = ProgressDisplay::Make(style, clock_);
  }
  Result<void> done = work();
  std::unique_ptr<ProgressDisplay> ended;
  {
    const std::lock_guard lock(mutex_);
    ended = std::move(display_);
  }
  return done;
}

void Session::Report(const Progress& progress) {
  const std::lock_guard lock(mutex_);
  if (display_ != nullptr) display_->Report(progress);
}

void Session::Print(const std::string& text) const {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void Session::Remark(const std::string& text) const {
  if (!options_.quiet) fmt::print(stderr, "{}\n", text);
}

bool Session::color() const {
  const char* no_color = std::getenv("NO_COLOR");
  return !options_.no_color && (no_color == nullptr || *no_color == '\0') &&
         ::isatty(STDERR_FILENO) == 1;
}

}  // namespace lc2::cli
