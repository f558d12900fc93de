#include <fmt/core.h>

#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/commands_internal.h"
#include "cli/table.h"
#include "control/collect.h"

namespace lc2::cli {

namespace {

struct GcOptions {
  bool dry_run = false;
  bool all = false;
  bool full = false;
  bool abandoned = false;
  bool verbose = false;
};

codec::Json ToJson(const control::CollectionReport& report, bool dry_run) {
  codec::JsonObject reasons;
  for (const auto& [reason, count] : report.plan.verdicts) reasons[reason] = count;
  codec::JsonObject json{{"environment", report.env.str()},
                         {"dryRun", dry_run},
                         {"garbageObjects", report.plan.garbage_objects},
                         {"garbageBytes", report.plan.garbage_bytes},
                         {"removedObjects", report.removed_objects},
                         {"removedBytes", report.removed_bytes},
                         {"more", report.plan.more},
                         {"resumedLists", report.resumed_lists},
                         {"unforeseenObjects", report.plan.unforeseen_objects},
                         {"lostObjects", report.plan.lost_objects},
                         {"reasons", std::move(reasons)}};
  if (report.list) json["list"] = *report.list;
  codec::JsonArray closed, lost;
  for (const RunId& run : report.closed_runs) closed.emplace_back(run.str());
  for (const std::string& key : report.plan.lost) lost.emplace_back(key);
  if (!closed.empty()) json["closedRuns"] = std::move(closed);
  if (!lost.empty()) json["lost"] = std::move(lost);
  return json;
}

void PrintReport(Session& session, const control::CollectionReport& report, bool dry_run) {
  if (!report.plan.verdicts.empty()) {
    Table table({"OBJECTS", "WHY"});
    for (const auto& [reason, count] : report.plan.verdicts)
      table.Add({WithThousands(count), reason});
    session.Print(table.str());
  }
  for (const RunId& run : report.closed_runs)
    session.Print(fmt::format("{} run {}, which nobody runs any more\n",
                              dry_run ? "would close" : "closed", run.str()));
  if (report.resumed_lists > 0)
    session.Print(fmt::format("{} of an earlier collection {}\n",
                              Counted(report.resumed_lists, "list"),
                              dry_run ? "would be carried out" : "carried out"));
  session.Print(
      fmt::format("{}: {} ({} bytes) {}{}\n", report.env.str(),
                  Counted(dry_run ? report.plan.garbage_objects : report.removed_objects, "object"),
                  WithThousands(dry_run ? report.plan.garbage_bytes : report.removed_bytes),
                  dry_run ? "would be removed" : "removed",
                  report.plan.more ? "; there is more, run it again" : ""));
}

Result<std::vector<EnvironmentId>> ChosenEnvironments(Session& session, bool all) {
  std::vector<EnvironmentId> chosen;
  if (!all) {
    LC2_ASSIGN_OR_RETURN(EnvironmentId one, session.Environment());
    chosen.push_back(std::move(one));
    return chosen;
  }
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const auto environments,
                       ListAs<api::LiferayEnvironment>(session.ctx(), home->deps().resources));
  for (const api::LiferayEnvironment& environment : environments)
    chosen.push_back(api::IdOf(environment));
  return chosen;
}

Error LostObjects(const control::CollectionReport& report) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "collection.objects_lost",
               .message = fmt::format("backups of environment '{}' refer to {} that the vault does "
                                      "not hold, the first is '{}'",
                                      report.env.str(), Counted(report.plan.lost_objects, "object"),
                                      report.plan.lost.front()),
               .hint = "'lc2 backup verify --full ID' says for each backup what it lacks"};
}

Result<void> Collect(Session& session, const GcOptions& options) {
  LC2_ASSIGN_OR_RETURN(const std::vector<EnvironmentId> chosen,
                       ChosenEnvironments(session, options.all));
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  control::CollectOptions how{.dry_run = options.dry_run, .full = options.full};
  if (options.abandoned) how.keep_abandoned = std::chrono::hours(0);
  const bool machines = IsForMachines(session.format());
  if (!machines && (options.verbose || session.format() == OutputFormat::kWide)) {
    how.on_object = [&](const std::string& key, std::int64_t size, const vault::Verdict& verdict) {
      session.Print(Printable(fmt::format("{} ({} bytes): {}", key, size, verdict.reason)) + "\n");
    };
  }
  codec::JsonArray items;
  std::optional<Error> failed;  // one environment's trouble keeps no other waiting
  for (const EnvironmentId& env : chosen) {
    const Result<control::CollectionReport> report =
        control::CollectEnvironment(session.ctx(), home->deps(), env, how);
    if (!report.has_value()) {
      if (failed) session.Remark(RenderError(report.error(), session.color()));
      if (!failed) failed = report.error();
      continue;
    }
    if (machines) items.push_back(ToJson(*report, options.dry_run));
    if (!machines) PrintReport(session, *report, options.dry_run);
    if (report->plan.lost_objects > 0 && !failed) failed = LostObjects(*report);
  }
  if (machines) session.PrintList(std::move(items));
  return failed ? Result<void>(*failed) : Result<void>();
}

}  // namespace

void AddGcCommand(CLI::App& root, Chosen& chosen) {
  const auto options = std::make_shared<GcOptions>();
  CLI::App* gc = AddCommand(root, "gc", "remove what deleted backups and abandoned runs left",
                            "lc2 gc --dry-run");
  gc->add_flag("--dry-run", options->dry_run, "say what would go and why, change nothing");
  gc->add_flag("--all", options->all, "all environments");
  gc->add_flag("--full", options->full,
               "compare all backups with all objects: slower, once a month is enough");
  gc->add_flag("--abandoned-now", options->abandoned,
               "also what runs left that were abandoned within the last 7 days");
  gc->add_flag("-v,--verbose", options->verbose, "name every object that is looked at");
  gc->callback([&chosen, options] {
    chosen.action = [options](Session& session) { return Collect(session, *options); };
  });
}

}  // namespace lc2::cli
