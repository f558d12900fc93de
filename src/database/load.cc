#include "database/load.h"

#include <fmt/core.h>

#include <array>
#include <thread>
#include <vector>

#include "base/process.h"
#include "base/random.h"
#include "database/client_login.h"
#include "database/script_filter.h"
#include "database/stored_dump.h"

namespace lc2::database {

namespace {

constexpr std::size_t kBufferBytes = 256 << 10;
// pg_restore sets transaction_timeout since 17, and servers know it since then.
constexpr int kSetsTransactionTimeout = 17;
constexpr std::string_view kReaderGone = "file.reader_gone";  // the child's own end tells more

// What belongs to where the database came from, and would not fit another place.
constexpr std::array<const char*, 6> kLeftOut = {"--no-owner",         "--no-acl",
                                                 "--no-tablespaces",   "--no-publications",
                                                 "--no-subscriptions", "--no-security-labels"};

std::vector<std::string> RestoreArguments(const LoadPlan& plan, const DatabaseTarget& into) {
  std::vector<std::string> argv = {plan.reader.path, "--no-password", "--exit-on-error"};
  argv.insert(argv.end(), kLeftOut.begin(), kLeftOut.end());
  argv.push_back(plan.script_runner.has_value() ? "--file=-"
                                                : "--dbname=" + ConnectionString(into));
  return argv;
}

std::vector<std::string> ScriptArguments(const ClientTool& psql, const DatabaseTarget& into) {
  return {psql.path, "--no-password",         "--no-psqlrc",
          "--quiet", "--set=ON_ERROR_STOP=1", "--dbname=" + ConnectionString(into)};
}

class Child {
 public:
  static Result<Child> Start(const Context& ctx, const ClientTool& tool,
                             std::vector<std::string> argv, const ClientLogin& login,
                             bool pipe_stdout) {
    LC2_ASSIGN_OR_RETURN(auto process, ChildProcess::Start(ctx, {.argv = std::move(argv),
                                                                 .environment = login.environment,
                                                                 .pipe_stdin = true,
                                                                 .pipe_stdout = pipe_stdout,
                                                                 .inherited = login.inherited}));
    return Child(tool, std::move(process));
  }

  ChildProcess& process() { return *process_; }

  // Success only for exit code 0.
  Result<void> Wait(const Context& ctx, const DatabaseTarget& into) {
    LC2_ASSIGN_OR_RETURN(const ExitStatus status, process_->Wait(ctx));
    if (status.ok()) return {};
    return ToolError(tool_, "load the dump into " + into.Describe(), status,
                     process_->stderr_tail(), "database.restore_failed", ErrorKind::kInvalid);
  }

 private:
  Child(ClientTool tool, std::unique_ptr<ChildProcess> process)
      : tool_(std::move(tool)), process_(std::move(process)) {}
  ClientTool tool_;
  std::unique_ptr<ChildProcess> process_;
};

// Everything from `source` into a child's input, which is closed only after the source's end was
// reached: a child must never take a cut stream for a whole one.
Result<void> Feed(ByteSource& source, ChildProcess& child) {
  std::vector<char> buffer(kBufferBytes);
  while (true) {
    Result<std::size_t> count = source.Read(buffer);
    if (!count.has_value()) {
      child.Terminate();
      return std::move(count).error();
    }
    if (*count == 0) break;
    const Result<void> written = child.input().Write(std::string_view(buffer.data(), *count));
    if (!written.has_value()) {
      if (written.error().code != kReaderGone) child.Terminate();
      return written;
    }
  }
  child.CloseInput();
  return {};
}

// Of a failed feed and a failed child the one that was first: a child that died makes the feed fail
// for want of a reader; a feed that failed makes us end the child.
Result<void> FirstCause(const Result<void>& fed, const Result<void>& ended) {
  if (!fed.has_value() && fed.error().code != kReaderGone) return fed;
  if (!ended.has_value()) return ended;
  return fed;
}

Result<void> FeedAndWait(const Context& ctx, ByteSource& source, Child& child,
                         const DatabaseTarget& into) {
  const Result<void> fed = Feed(source, child.process());
  return FirstCause(fed, child.Wait(ctx, into));
}

// Reports progress as the dump is read.
class ReportingSource final : public ByteSource {
 public:
  ReportingSource(const Context& ctx, StoredDump& dump, std::int64_t total)
      : ctx_(ctx), dump_(dump), total_(total) {}
  Result<std::size_t> Read(std::span<char> buffer) override {
    Result<std::size_t> count = dump_.Read(buffer);
    ctx_.Report({.step = "database", .bytes_done = dump_.raw_bytes(), .bytes_total = total_});
    return count;
  }

 private:
  const Context& ctx_;
  StoredDump& dump_;
  const std::int64_t total_;
};

std::string OwnToken(const ClientTool& psql) {
  SystemRandom random;
  return KnowsRestrict(psql.version) ? random.Hex(16) : std::string();
}

Result<void> RunScript(const Context& ctx, const DatabaseTarget& into, ByteSource& script,
                       const ClientTool& psql, const ClientLogin& login) {
  ScriptFilter filtered(script, OwnToken(psql));
  LC2_ASSIGN_OR_RETURN(Child runner,
                       Child::Start(ctx, psql, ScriptArguments(psql, into), login, false));
  return FeedAndWait(ctx, filtered, runner, into);
}

// dump -> pg_restore -> script -> psql. The first two run on a thread of their own.
Result<void> RestoreThroughScript(const Context& ctx, const DatabaseTarget& into, ByteSource& dump,
                                  const LoadPlan& plan, const ClientLogin& login) {
  LC2_ASSIGN_OR_RETURN(Child reader,
                       Child::Start(ctx, plan.reader, RestoreArguments(plan, into), login, true));
  Result<void> fed;
  std::jthread feeder([&] { fed = Feed(dump, reader.process()); });
  // The script's end is the end of a pipe and proves nothing: both children's statuses do.
  const Result<void> run =
      RunScript(ctx, into, reader.process().output(), *plan.script_runner, login);
  if (!run.has_value()) reader.process().Terminate();
  feeder.join();
  const Result<void> read = FirstCause(fed, reader.Wait(ctx, into));
  // A script that psql refused is the cause of all else, but for a dump that is damaged.
  if (!run.has_value() && (read.has_value() || read.error().kind != ErrorKind::kCorrupt))
    return run;
  return read;
}

}  // namespace

std::string LoadPlan::str() const { return reader.str(); }

Result<LoadPlan> PlanLoad(const Context& ctx, const ToolSearch& search, const DumpFacts& dump,
                          int server_major) {
  LC2_ASSIGN_OR_RETURN(const auto psqls, FindTools(ctx, search, "psql"));
  if (dump.format == kFormatPlainGzip) {
    LC2_ASSIGN_OR_RETURN(ClientTool psql, ChooseForDump(psqls, "psql", server_major));
    return LoadPlan{.format = DumpFormat::kPlain, .reader = std::move(psql)};
  }
  if (dump.format != kFormatCustomZstd) {
    return Error{
        .kind = ErrorKind::kInvalid,
        .code = "database.unknown_format",
        .message = fmt::format("dump '{}' has the unknown format '{}'", dump.path, dump.format),
        .hint = "was the backup made by a newer lc2?"};
  }
  // What wrote an imported dump may be unknown; a reader that is too old for it says so itself.
  ToolVersion writer{.major = server_major};
  if (!dump.tool.empty()) {
    LC2_ASSIGN_OR_RETURN(writer, ParseToolVersion(dump.tool));
  }
  LC2_ASSIGN_OR_RETURN(const auto readers, FindTools(ctx, search, "pg_restore"));
  LC2_ASSIGN_OR_RETURN(ClientTool reader, ChooseForRestore(readers, "pg_restore", writer));
  LoadPlan plan{.format = DumpFormat::kCustom, .reader = std::move(reader)};
  if (plan.reader.version.major >= kSetsTransactionTimeout &&
      server_major < kSetsTransactionTimeout) {
    LC2_ASSIGN_OR_RETURN(plan.script_runner, ChooseForDump(psqls, "psql", server_major));
  }
  return plan;
}

Result<std::int64_t> Load(const Context& ctx, const DatabaseTarget& into, ObjectStore& store,
                          const DumpFacts& dump, const LoadPlan& plan) {
  LC2_ASSIGN_OR_RETURN(const ClientLogin login, MakeClientLogin(into));
  LC2_ASSIGN_OR_RETURN(const auto stored, StoredDump::Open(ctx, store, dump));
  ReportingSource source(ctx, *stored, dump.raw_bytes);
  if (plan.format == DumpFormat::kPlain) {
    LC2_RETURN_IF_ERROR(RunScript(ctx, into, source, plan.reader, login));
  } else if (plan.script_runner.has_value()) {
    LC2_RETURN_IF_ERROR(RestoreThroughScript(ctx, into, source, plan, login));
  } else {
    LC2_ASSIGN_OR_RETURN(
        Child restore, Child::Start(ctx, plan.reader, RestoreArguments(plan, into), login, false));
    LC2_RETURN_IF_ERROR(FeedAndWait(ctx, source, restore, into));
  }
  return stored->raw_bytes();
}

}  // namespace lc2::database
