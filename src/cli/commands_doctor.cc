#include <fmt/core.h>

#include <map>

#include <CLI/CLI.hpp>

#include "api/backup_schedule.h"
#include "base/time_format.h"
#include "cli/commands_internal.h"
#include "cli/doctor.h"
#include "cli/serve_lock.h"
#include "control/schedule.h"
#include "control/webhook_call.h"
#include "database/client_tools.h"
#include "database/references.h"
#include "database/restore.h"
#include "engine/facts.h"
#include "vault/paths.h"

namespace lc2::cli {

namespace {

class Doctor {
 public:
  Doctor(Session& session, Home& home) : session_(session), home_(home) {}

  Result<std::vector<Check>> Run() {
    Good("home", fmt::format("{}, signing key {}", home_.folder().native(),
                             home_.signing_key().public_key().id()));
    LC2_RETURN_IF_ERROR(CheckTools());
    LC2_ASSIGN_OR_RETURN(const auto locations,
                         ListAs<api::BackupLocation>(session_.ctx(), home_.deps().resources));
    for (const api::BackupLocation& location : locations) CheckLocation(location);
    LC2_ASSIGN_OR_RETURN(const auto environments,
                         ListAs<api::LiferayEnvironment>(session_.ctx(), home_.deps().resources));
    if (environments.empty()) {
      Add({.name = "environment",
           .grade = Grade::kWarn,
           .detail = "none is known yet",
           .hint = "write one with `lc2 env init` and apply it with `lc2 apply -f FILE`"});
    }
    for (const api::LiferayEnvironment& environment : environments) {
      CheckLibrary(environment, locations);
      CheckDatabase(environment);
      CheckSchedules(environment);
      CheckWebhook(environment, locations);
    }
    return std::move(checks_);
  }

 private:
  void Add(Check check) { checks_.push_back(std::move(check)); }
  void Good(std::string name, std::string detail) {
    Add({.name = std::move(name), .detail = std::move(detail)});
  }
  void Warn(std::string name, const Error& error) {
    Add({.name = std::move(name),
         .grade = Grade::kWarn,
         .detail = lc2::Describe(error),
         .hint = HintOf(error)});
  }
  void Fail(std::string name, const Error& error) {
    Add({.name = std::move(name),
         .grade = Grade::kFail,
         .detail = lc2::Describe(error),
         .hint = HintOf(error),
         .kind = error.kind});
  }

  Result<void> CheckTools() {
    const database::ToolSearch search = database::ToolSearch::FromEnvironment();
    for (const char* name : {"pg_dump", "pg_restore", "psql"}) {
      LC2_ASSIGN_OR_RETURN(const auto found, database::FindTools(session_.ctx(), search, name));
      tools_[name] = found;
      if (found.empty()) {
        Fail(name, {.kind = ErrorKind::kNotFound,
                    .message = "not found",
                    .hint = "install the PostgreSQL client programs, or name their folder in "
                            "LC2_CLIENT_PATH"});
        continue;
      }
      // One place a version is enough: Debian has each program in three.
      std::map<std::string, std::string> places;
      for (const database::ClientTool& tool : found) {
        places.emplace(tool.version.str(), tool.path.native());
      }
      std::string text;
      for (const auto& [version, path] : places) {
        text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", version, path);
      }
      Good(name, text);
    }
    return {};
  }

  void CheckLocation(const api::BackupLocation& location) {
    const std::string name = "location " + location.metadata.name;
    const auto store = home_.deps().provider.OpenVault(location, provider::VaultAccess::kWrite);
    if (!store.has_value()) {
      if (store.error().kind == ErrorKind::kNotFound) {
        return Good(name, fmt::format("'{}' is made by the first backup", location.spec.bucket));
      }
      return Fail(name, store.error());
    }
    const auto file = vault::OpenVault(session_.ctx(), **store, home_.deps().random, {});
    if (!file.has_value() && file.error().kind != ErrorKind::kNotFound) {
      return Fail(name, file.error());
    }
    if (const auto written = TryWriting(**store); !written.has_value()) {
      return Fail(name, written.error());
    }
    std::string detail = (*store)->root_name() + ", writable, protection None";
    if (const auto free = FreeBytes(**store)) detail += ", " + FormatBytes(*free) + " free";
    Good(name, detail);
    CheckKeys(location, **store);
  }

  // A key's name says that it is no part of a vault, should this process die in between.
  Result<void> TryWriting(ObjectStore& store) {
    const std::string key = "doctor-" + home_.deps().random.Hex(8);
    LC2_RETURN_IF_ERROR(store.Put(
        session_.ctx(), {.key = key, .body = "written by `lc2 doctor`; it may be removed\n"}));
    return store.Delete(session_.ctx(), key);
  }

  std::optional<std::int64_t> FreeBytes(ObjectStore& store) {
    const auto free = store.FreeBytes(session_.ctx());
    return free.has_value() ? *free : std::nullopt;
  }

  // Keys that signed backups here and are not trusted: those backups will not be restored.
  void CheckKeys(const api::BackupLocation& location, ObjectStore& store) {
    const std::string name = "keys of " + location.metadata.name;
    const auto listing = store.List(session_.ctx(), {.prefix = vault::PublicKeysPrefix()});
    if (!listing.has_value()) return Fail(name, listing.error());
    const auto entries = (*listing)->Read();
    if (!entries.has_value()) return Fail(name, entries.error());
    std::string foreign;
    for (const Entry& entry : *entries) {
      const std::string id = std::filesystem::path(entry.key).stem().native();
      const auto& trusted = home_.trusted();
      if (std::any_of(trusted.begin(), trusted.end(),
                      [&](const PublicKey& key) { return key.id() == id; })) {
        continue;
      }
      foreign += (foreign.empty() ? "" : ", ") + id;
    }
    if (entries->empty()) return;
    if (foreign.empty()) {
      return Good(name, fmt::format("all {} are trusted", entries->size()));
    }
    Add({.name = name,
         .grade = Grade::kWarn,
         .detail =
             fmt::format("not trusted, so that what they signed is not restored: {}", foreign),
         .hint = "ask their owners, then `lc2 location trust --key FILE`; the vault's keys/ folder "
                 "holds the files"});
  }

  void CheckLibrary(const api::LiferayEnvironment& environment,
                    const std::vector<api::BackupLocation>& locations) {
    const std::string name = "library of " + environment.metadata.name;
    for (const api::BackupLocation& location : locations) {
      if (location.metadata.name != environment.spec.backup_location) continue;
      const auto apart = home_.deps().provider.CheckApart(environment, location);
      if (!apart.has_value()) return Fail(name, apart.error());
    }
    const auto store =
        home_.deps().provider.OpenLibrary(environment, provider::LibraryAccess::kRead);
    if (!store.has_value()) return Fail(name, store.error());
    const auto listing = (*store)->List(session_.ctx(), {});
    if (!listing.has_value()) return Fail(name, listing.error());
    const auto first = (*listing)->Read();
    if (!first.has_value()) return Fail(name, first.error());
    if (first->empty()) {
      return Add({.name = name,
                  .grade = Grade::kWarn,
                  .detail = (*store)->root_name() + ", empty",
                  .hint = "is it the folder of the portal's document library?"});
    }
    Good(name, (*store)->root_name() + ", readable" +
                   ((*store)->features().versions ? "" : ", keeps no versions: level Ordered"));
  }

  void CheckDatabase(const api::LiferayEnvironment& environment) {
    const std::string name = "database of " + environment.metadata.name;
    const auto target = engine::ResolveDatabase(home_.deps().provider, environment);
    if (!target.has_value()) return Fail(name, target.error());
    const auto facts = database::InspectTarget(session_.ctx(), *target);
    if (!facts.has_value()) return Fail(name, facts.error());
    const auto version = database::ParseToolVersion(facts->server_version);
    if (!version.has_value()) return Fail(name, version.error());
    const auto dump = database::ChooseForDump(tools_["pg_dump"], "pg_dump", version->major);
    if (!dump.has_value()) return Fail(name, dump.error());
    Check check{.name = name,
                .detail = fmt::format("{}: PostgreSQL {}, dumped by {}", target->Describe(),
                                      facts->server_version, dump->str())};
    if (facts->state == database::TargetState::kAbsent) {
      check.grade = Grade::kWarn;
      check.detail += ", absent";
      check.hint = "is its name right? A backup needs it; a restore makes it";
    } else {
      check.detail += ", " + FormatBytes(facts->size_bytes);
    }
    if (!facts->can_create_database) {
      check.grade = Grade::kWarn;
      check.detail += ", its user may not create databases: no restores";
      check.hint = "for restores: `alter role ... createdb`";
    }
    Add(std::move(check));
    if (facts->state != database::TargetState::kAbsent) {
      CheckSpace(environment, facts->size_bytes);
    }
  }

  // A dump is smaller than its database, so what holds the database holds a first backup of it.
  void CheckSpace(const api::LiferayEnvironment& environment, std::int64_t database_bytes) {
    const auto at = control::OpenEnvironment(session_.ctx(), home_.deps(), api::IdOf(environment),
                                             provider::VaultAccess::kRead);
    if (!at.has_value()) return;  // the location's own check has said why
    const auto free = FreeBytes(at->session->store());
    if (!free || *free >= database_bytes) return;
    Add({.name = "space for " + environment.metadata.name,
         .grade = Grade::kWarn,
         .detail = fmt::format("{} free, the database alone has {}", FormatBytes(*free),
                               FormatBytes(database_bytes)),
         .hint = "make room at its location, or choose another one"});
  }

  void CheckSchedules(const api::LiferayEnvironment& environment) {
    const auto schedules = ListAs<api::BackupSchedule>(session_.ctx(), home_.deps().resources,
                                                       api::NamespaceOf(environment));
    if (!schedules.has_value()) {
      return Fail("schedules of " + environment.metadata.name, schedules.error());
    }
    for (const api::BackupSchedule& schedule : *schedules) {
      const std::string name =
          fmt::format("schedule {} of {}", schedule.metadata.name, environment.metadata.name);
      const std::string when =
          fmt::format("'{}' in {}", schedule.spec.schedule, schedule.spec.time_zone);
      const auto timetable = control::Timetable::Of(schedule);
      if (!timetable.has_value()) {
        Warn(name, timetable.error());
      } else if (schedule.spec.suspend) {
        Add({.name = name,
             .grade = Grade::kWarn,
             .detail = when + ", suspended",
             .hint = "`lc2 schedule resume` lets it ask for backups again"});
      } else if (!IsServed(home_.folder())) {
        Add({.name = name,
             .grade = Grade::kWarn,
             .detail = when + ", but no `lc2 serve` works on this home",
             .hint = "nobody starts its backups until one does"});
      } else {
        Good(name, when);
      }
    }
  }

  // Nobody is called here: a receiver would take it for news.
  void CheckWebhook(const api::LiferayEnvironment& environment,
                    const std::vector<api::BackupLocation>& locations) {
    const std::string name = "webhook of " + environment.metadata.name;
    for (const api::BackupLocation& location : locations) {
      if (location.metadata.name != environment.spec.backup_location) continue;
      const auto webhook = control::WebhookOf(environment, location);
      if (!webhook) return;
      const auto values = home_.secrets().Read(webhook->secret.name);
      if (!values.has_value()) return Warn(name, values.error());
      const auto key = control::ParseWebhookSecret(webhook->secret.name, *values);
      if (!key.has_value()) return Warn(name, key.error());
      Good(name, fmt::format("signed with secret '{}'; `lc2 notify test` calls it",
                             webhook->secret.name));
    }
  }

  Session& session_;
  Home& home_;
  std::map<std::string, std::vector<database::ClientTool>> tools_;
  std::vector<Check> checks_;
};

Result<void> RunDoctor(Session& session) {
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const std::vector<Check> checks, Doctor(session, *home).Run());
  session.Print(RenderChecks(checks, session.format(), session.ctx().clock().Now()));
  return JudgeChecks(checks);
}

}  // namespace

void AddDoctorCommand(CLI::App& root, Chosen& chosen) {
  AddCommand(root, "doctor", "look at everything that a backup and a restore need", "lc2 doctor")
      ->callback([&chosen] { chosen.action = RunDoctor; });
}

}  // namespace lc2::cli
