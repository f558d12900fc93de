#include <fmt/core.h>
#include <malloc.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include <CLI/CLI.hpp>

#include "cli/commands_internal.h"
#include "cli/serve_lock.h"
#include "control/notifier.h"
#include "control/read_metrics.h"
#include "control/service.h"
#include "control/service_metrics.h"
#include "control/upkeep.h"
#include "net/http_server.h"
#include "net/transport.h"

namespace lc2::cli {

namespace {

using std::chrono::milliseconds;

struct ServeOptions {
  std::string listen = "127.0.0.1:0";
  std::int64_t max_concurrent = 4;
  std::int64_t stop_timeout_seconds = 30;
};

// Ends the process when an orderly stop takes too long: an attempt that is cut off is a lost one,
// which the next service makes again.
class StopLimit {
 public:
  StopLimit(const Context& ctx, std::chrono::seconds limit)
      : thread_([this, ctx, limit](const std::stop_token& ended) { Watch(ctx, limit, ended); }) {}

 private:
  void Watch(const Context& ctx, std::chrono::seconds limit, const std::stop_token& ended) {
    std::unique_lock lock(mutex_);
    const auto never = [] { return false; };
    // The context's token wakes nobody: it is looked at.
    while (!ctx.stopped() && !ended.stop_requested()) {
      changed_.wait_for(lock, ended, milliseconds(500), never);
    }
    if (ended.stop_requested()) return;
    changed_.wait_for(lock, ended, limit, never);
    if (ended.stop_requested()) return;
    std::fputs("lc2 serve: what runs did not end in time; the next 'lc2 serve' resumes it\n",
               stderr);
    ::_exit(FactsOf(ErrorKind::kTimeout).exit_code);
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::jthread thread_;
};

// What the figures are made of, beside store and catalogue.
struct Counters {
  control::EndedBackups ended;
  control::NotificationTotals notified;
};

net::ServerResponse Metrics(const Context& ctx, const control::Deps& deps, const Counters& counters,
                            const control::Service& service) {
  auto input = control::ReadMetrics(ctx, deps);
  // A gap in the figures is better than one that says that there is no backup.
  if (!input.has_value()) return {.status = 503, .body = Describe(input.error()) + "\n"};
  input->ended = counters.ended.totals();
  input->service = service.facts();
  input->notifications = counters.notified.totals();
  return {.content_type = control::kMetricsContentType, .body = control::FormatMetrics(*input)};
}

// What the loopback server answers.
net::ServerResponse Answer(const Context& ctx, const control::Deps& deps, const Counters& counters,
                           const control::Service& service, const net::ServerRequest& request) {
  if (request.method != "GET") {
    return {.status = 405, .body = "only GET is answered here\n"};
  }
  if (request.path == "/healthz") return {.body = "ok\n"};
  if (request.path == "/readyz") {
    if (!service.facts().synced) return {.status = 503, .body = "still reading the requests\n"};
    return {.body = "ok\n"};
  }
  if (request.path == "/metrics") return Metrics(ctx, deps, counters, service);
  return {.status = 404, .body = "there are /healthz, /readyz and /metrics\n"};
}

// Each of the many threads would keep memory of its own that it has freed (glibc's arenas).
constexpr int kArenas = 2;

Result<void> Serve(Session& session, const ServeOptions& options) {
  ::mallopt(M_ARENA_MAX, kArenas);
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const ServeLock lock, ServeLock::Take(home->folder()));
  const StopLimit limit(session.ctx(), std::chrono::seconds(options.stop_timeout_seconds));
  Counters counters;
  const std::unique_ptr<net::Transport> transport = net::MakeHttpTransport();
  std::vector<control::PeriodicTask> tasks = control::UpkeepTasks(home->deps());
  tasks.push_back(control::NotifyTask({.deps = home->deps(),
                                       .secrets = home->secrets(),
                                       .transport = *transport,
                                       .totals = counters.notified}));
  const auto service = control::Service::Make(
      home->deps(), {.max_concurrent = options.max_concurrent,
                     .tasks = std::move(tasks),
                     .on_end = [&](const codec::Json& request, const control::Reconciled&) {
                       counters.ended.Add(request);
                     }});
  // A scrape that began is answered also while the service stops.
  const Context own(session.ctx().clock(), session.ctx().log());
  LC2_ASSIGN_OR_RETURN(
      std::unique_ptr<net::HttpServer> server,
      net::HttpServer::Start({.address = options.listen}, [&](const net::ServerRequest& request) {
        return Answer(own, home->deps(), counters, *service, request);
      }));
  session.Remark(
      fmt::format("serving '{}', metrics on http://{}/metrics; SIGTERM or Ctrl-C stops it",
                  home->folder().native(), server->address()));
  const Result<void> ended = service->Run(session.ctx());
  server.reset();
  // Attempts end here, with the lock still held; their runs stay open for the next service.
  session.CloseHome();
  return ended;
}

}  // namespace

void AddServeCommand(CLI::App& root, Chosen& chosen) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* serve = AddCommand(root, "serve", "do requests as they come, until it is stopped",
                               "lc2 serve --max-concurrent 2 --log-level info");
  serve
      ->add_option("--max-concurrent", options->max_concurrent,
                   "requests that run at once, of all projects (default 4)")
      ->check(CLI::Range(1, 1000));
  serve
      ->add_option("--listen", options->listen,
                   "where /healthz, /readyz and /metrics are; loopback only (default a free port)")
      ->type_name("IP:PORT");
  serve
      ->add_option("--stop-timeout", options->stop_timeout_seconds,
                   "seconds that an orderly stop may take (default 30)")
      ->check(CLI::Range(1, 86'400))
      ->type_name("SECONDS");
  serve->callback([&chosen, options] {
    chosen.action = [options](Session& session) { return Serve(session, *options); };
  });
}

}  // namespace lc2::cli
