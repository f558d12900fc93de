#pragma once

#include <cerrno>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/context.h"
#include "cli/home.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "control/vault_session.h"

namespace lc2::cli {

// The options that every command has.
struct GlobalOptions {
  std::string home;
  std::string catalog;
  std::string project;
  std::string environment;
  std::string output = "table";
  std::string log_level = "warning";
  std::string log_format = "text";
  bool quiet = false;
  bool no_color = false;
};

// Whether what people read on standard error may be coloured.
bool IsColorful(const GlobalOptions& options);

// What a command works with. Opened as it is needed, so that `--help` and bad arguments touch
// nothing.
class Session final : public ProgressSink {
 public:
  Session(const GlobalOptions& options, const Clock& clock, std::stop_token stop);
  ~Session() override;

  const Context& ctx() const { return ctx_; }
  const GlobalOptions& options() const { return options_; }
  OutputFormat format() const { return format_; }
  // Checks the options that parsing could not; call before a command runs.
  Result<void> Prepare();

  Result<Home*> home();
  // The catalogue of the home, which needs no more of it.
  Result<catalog::Catalog*> catalog();
  // Ends what runs in this process, and waits until it has.
  void CloseHome() { home_.reset(); }
  // The chosen environment: by --project and --environment, or the only one there is.
  Result<EnvironmentId> Environment();
  Result<control::EnvironmentVault> OpenVault(provider::VaultAccess access);

  // Shows progress while `work` runs.
  Result<void> WithProgress(const std::function<Result<void>()>& work);
  void Report(const Progress& progress) override;

  // Standard output: data and nothing else.
  void Print(std::string_view text);
  // As JSON or YAML: {"apiVersion": "v1", "kind": "List", "items": [...]}.
  void PrintList(codec::JsonArray items);
  // Loops that print ask whether anybody still reads: those of writing a file ("file.no_space",
  // ...).
  Result<void> CheckOutput() const;
  Result<void> FlushOutput();
  // The reader of a pipe went away, as `head` does.
  bool reader_gone() const { return output_error_ == EPIPE; }
  // A remark for people, on standard error; nothing with --quiet.
  void Remark(const std::string& text) const;
  bool color() const { return IsColorful(options_); }
  // Where the home lies or would lie.
  std::filesystem::path home_folder() const;

 private:
  const GlobalOptions& options_;
  std::unique_ptr<Logger> log_;
  const Clock& clock_;
  Context ctx_;
  OutputFormat format_ = OutputFormat::kTable;
  int output_error_ = 0;  // the first errno of standard output
  std::mutex mutex_;
  std::unique_ptr<ProgressDisplay> display_;   // guarded by mutex_
  std::unique_ptr<catalog::Catalog> catalog_;  // opened alone
  std::unique_ptr<Home> home_;                 // last: its attempts report to this object
};

}  // namespace lc2::cli
