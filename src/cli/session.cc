#include "cli/session.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <boost/json.hpp>

#include "base/file.h"

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

std::string Any(const std::string& text) { return text.empty() ? "*" : text; }

// Standard error is a terminal that can move its cursor.
bool IsTerminal() {
  const char* term = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && (term == nullptr || std::string_view(term) != "dumb");
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
    LC2_ASSIGN_OR_RETURN(home_, Home::Open(ctx_, home_folder(), options_.catalog, this));
  }
  return home_.get();
}

Result<catalog::Catalog*> Session::catalog() {
  if (home_ != nullptr) return &home_->deps().catalog;
  if (catalog_ == nullptr) {
    LC2_ASSIGN_OR_RETURN(catalog_, Home::OpenCatalog(ctx_, home_folder(), options_.catalog));
  }
  return catalog_.get();
}

Result<EnvironmentId> Session::Environment() {
  if (!options_.project.empty() && !options_.environment.empty()) {
    return EnvironmentId{ProjectId(options_.project), EnvironmentName(options_.environment)};
  }
  LC2_ASSIGN_OR_RETURN(Home* const opened, home());
  LC2_ASSIGN_OR_RETURN(const auto all,
                       ListAs<api::LiferayEnvironment>(ctx_, opened->deps().resources));
  std::optional<EnvironmentId> chosen;
  std::string names;
  for (const api::LiferayEnvironment& environment : all) {
    const EnvironmentId id = api::IdOf(environment);
    if (!options_.project.empty() && id.project.str() != options_.project) continue;
    if (!options_.environment.empty() && id.environment.str() != options_.environment) continue;
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", id.str());
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
                 .message = options_.project.empty() && options_.environment.empty()
                                ? "there is no environment yet"
                                : fmt::format("there is no environment of project '{}' with name "
                                              "'{}'",
                                              Any(options_.project), Any(options_.environment)),
                 .hint = "write one with `lc2 env init` and apply it with `lc2 apply -f FILE`"};
  }
  return *chosen;
}

Result<control::EnvironmentVault> Session::OpenVault(provider::VaultAccess access) {
  LC2_ASSIGN_OR_RETURN(Home* const opened, home());
  LC2_ASSIGN_OR_RETURN(const EnvironmentId env, Environment());
  return control::OpenEnvironment(ctx_, opened->deps(), env, access);
}

Result<void> Session::WithProgress(const std::function<Result<void>()>& work) {
  ProgressStyle style = ProgressStyle::kLines;
  if (options_.quiet) {
    style = ProgressStyle::kNone;
  } else if (IsTerminal()) {
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

void Session::Print(std::string_view text) {
  if (output_error_ != 0) return;
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) output_error_ = errno;
}

void Session::PrintList(codec::JsonArray items) {
  Print(RenderResource(
      codec::JsonObject{{"apiVersion", "v1"}, {"kind", "List"}, {"items", std::move(items)}},
      format_, clock_.Now()));
}

Result<void> Session::CheckOutput() const {
  if (output_error_ == 0) return {};
  return ErrnoError(output_error_, "write to", "standard output");
}

Result<void> Session::FlushOutput() {
  errno = 0;
  if (output_error_ == 0 && std::fflush(stdout) != 0) output_error_ = errno;
  return CheckOutput();
}

void Session::Remark(const std::string& text) const {
  if (!options_.quiet) fmt::print(stderr, "{}\n", text);
}

std::filesystem::path Session::home_folder() const {
  return options_.home.empty() ? DefaultHome() : std::filesystem::path(options_.home);
}

bool IsColorful(const GlobalOptions& options) {
  const char* no_color = std::getenv("NO_COLOR");
  return !options.no_color && (no_color == nullptr || *no_color == '\0') && IsTerminal();
}

}  // namespace lc2::cli
