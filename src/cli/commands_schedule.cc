#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "api/backup_schedule.h"
#include "base/time_format.h"
#include "cli/commands_internal.h"
#include "cli/request_name.h"
#include "cli/serve_lock.h"
#include "cli/table.h"
#include "control/schedule.h"

namespace lc2::cli {

namespace {

// A change that somebody else overtakes is made again on what is there then.
constexpr int kTries = 10;

struct Found {
  api::LiferayEnvironment environment;
  api::BackupSchedule schedule;
};

Result<api::LiferayEnvironment> ChosenEnvironment(Session& session) {
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const EnvironmentId env, session.Environment());
  return GetAs<api::LiferayEnvironment>(session.ctx(), home->deps().resources, "", env.str());
}

Result<Found> Find(Session& session, const std::string& name) {
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(auto environment, ChosenEnvironment(session));
  Result<api::BackupSchedule> schedule = GetAs<api::BackupSchedule>(
      session.ctx(), home->deps().resources, api::NamespaceOf(environment), name);
  if (schedule.has_value()) return Found{std::move(environment), std::move(schedule).value()};
  Error error = schedule.error();
  if (error.kind == ErrorKind::kNotFound) error.hint = "'lc2 schedule list' shows those there are";
  return error;
}

std::string TextOf(const std::optional<Time>& time) { return time ? FormatRfc3339(*time) : "-"; }

std::string StateOf(const api::BackupSchedule& schedule) {
  if (schedule.spec.suspend) return "suspended";
  const api::Condition* ready = api::FindCondition(schedule.status.conditions, "Ready");
  if (ready != nullptr && ready->status == api::ConditionStatus::kFalse) return ready->reason;
  if (schedule.status.active.empty()) return "ready";
  return fmt::format("{} unfinished", schedule.status.active.size());
}

// As of now and from the spec, so that it is right also while nobody serves it.
std::optional<Time> NextOf(const api::BackupSchedule& schedule, Time now) {
  if (schedule.spec.suspend) return std::nullopt;
  const auto timetable = control::Timetable::Of(schedule);
  return timetable.has_value() ? timetable->NextStart(now) : std::nullopt;
}

Result<void> List(Session& session) {
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const auto environment, ChosenEnvironment(session));
  LC2_ASSIGN_OR_RETURN(auto schedules,
                       ListAs<api::BackupSchedule>(session.ctx(), home->deps().resources,
                                                   api::NamespaceOf(environment)));
  const Time now = session.ctx().clock().Now();
  std::vector<codec::Json> objects;
  Table table({"NAME", "SCHEDULE", "ZONE", "NEXT", "LAST SUCCESS", "MISSED", "STATE"});
  for (api::BackupSchedule& schedule : schedules) {
    schedule.status.next_time = NextOf(schedule, now);
    const api::BackupScheduleStatus& status = schedule.status;
    table.Add({schedule.metadata.name, schedule.spec.schedule, schedule.spec.time_zone,
               TextOf(status.next_time), TextOf(status.last_success_time),
               TextOf(status.last_missed_time), StateOf(schedule)});
    objects.push_back(api::EncodeResource(schedule));
  }
  if (IsForMachines(session.format()) || session.format() == OutputFormat::kName) {
    session.Print(RenderResources(objects, session.format(), now));
  } else if (!table.empty()) {
    session.Print(table.str());
  }
  if (table.empty()) {
    session.Remark("there are no schedules; docs/schedules.md shows one");
  } else if (!IsServed(home->folder())) {
    session.Remark("no 'lc2 serve' runs on this home: until it does, nothing is made by schedule");
  }
  return {};
}

// Its own name tells it from a time of the schedule, which still comes.
Result<void> RunNow(Session& session, const std::string& name) {
  LC2_ASSIGN_OR_RETURN(const Found found, Find(session, name));
  LC2_ASSIGN_OR_RETURN(
      const std::string request_name,
      FreshName(session, vault::RunKind::kBackup, found.schedule.metadata.namespace_,
                [&](Time time) { return control::FiringName(name + "-manual", time); }));
  api::BackupRequest request = api::RequestFrom(found.schedule, found.environment, request_name);
  request.spec.requested_by.clear();  // whoever runs the command
  return RunRequest(session, api::EncodeResource(request));
}

Result<void> SetSuspended(Session& session, const std::string& name, bool suspend) {
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  for (int tries = 1;; ++tries) {
    LC2_ASSIGN_OR_RETURN(Found found, Find(session, name));
    found.schedule.spec.suspend = suspend;
    const auto changed = UpdateAs(session.ctx(), home->deps().resources, found.schedule);
    if (changed.has_value()) {
      session.Print(RenderResource(api::EncodeResource(*changed), session.format(),
                                   session.ctx().clock().Now()));
      return {};
    }
    if (changed.error().kind != ErrorKind::kConflict || tries == kTries) return changed.error();
  }
}

using ScheduleAction = Result<void> (*)(Session&, const std::string& name);

void AddNamed(CLI::App& group, Chosen& chosen, const std::string& verb, const std::string& about,
              ScheduleAction action) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = AddCommand(group, verb, about, "lc2 schedule " + verb + " nightly");
  command->add_option("schedule", *name, "name of the schedule")->required()->type_name("NAME");
  command->callback([&chosen, name, action] {
    chosen.action = [name, action](Session& session) { return action(session, *name); };
  });
}

}  // namespace

void AddScheduleCommands(CLI::App& root, Chosen& chosen) {
  CLI::App* schedule = AddCommand(root, "schedule", "backups that `lc2 serve` makes by themselves",
                                  "lc2 schedule list");
  schedule->require_subcommand(1);
  AddCommand(*schedule, "list", "schedules of the environment, with their next times",
             "lc2 schedule list -o yaml")
      ->callback([&chosen] { chosen.action = List; });
  AddNamed(*schedule, chosen, "run", "make a backup of the schedule now", RunNow);
  AddNamed(
      *schedule, chosen, "suspend", "make no backups until it is resumed",
      [](Session& session, const std::string& name) { return SetSuspended(session, name, true); });
  AddNamed(
      *schedule, chosen, "resume", "make backups again, from its next time on",
      [](Session& session, const std::string& name) { return SetSuspended(session, name, false); });
}

}  // namespace lc2::cli
