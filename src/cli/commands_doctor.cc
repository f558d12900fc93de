#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "base/time_format.h"
#include "cli/commands_internal.h"
#include "cli/table.h"
#include "database/client_tools.h"
#include "database/references.h"
#include "database/restore.h"
#include "engine/facts.h"

namespace lc2::cli {

namespace {

// One thing that was looked at. `bad` makes the command fail.
struct Finding {
  std::string what;
  bool bad = false;
  std::string detail;
  std::string hint;
};

class Doctor {
 public:
  explicit Doctor(Session& session) : session_(session) {}

  Result<void> Run() {
    LC2_ASSIGN_OR_RETURN(home_, session_.home());
    Good("home", fmt::format("{}, signing key {}", home_->folder().native(),
                             home_->signing_key().public_key().id()));
    LC2_RETURN_IF_ERROR(CheckTools());
    LC2_ASSIGN_OR_RETURN(const auto locations, ListAs<api::BackupLocation>(
                                                   session_.ctx(), home_->deps().resources));
    for (const api::BackupLocation& location : locations) CheckLocation(location);
    LC2_ASSIGN_OR_RETURN(const auto environments, ListAs<api::LiferayEnvironment>(
                                                      session_.ctx(), home_->deps().resources));
    if (environments.empty()) {
      Bad("environment", "none is known yet", "write one with `lc2 env init`");
    }
    for (const api::LiferayEnvironment& environment : environments) {
      CheckLibrary(environment, locations);
      CheckDatabase(environment);
    }
    return Show();
  }

 private:
  void Good(std::string what, std::string detail) {
    findings_.push_back({std::move(what), false, std::move(detail), {}});
  }
  void Bad(std::string what, std::string detail, std::string hint) {
    findings_.push_back({std::move(what), true, std::move(detail), std::move(hint)});
  }
  void Bad(std::string what, const Error& error) {
    Bad(std::move(what), lc2::Describe(error), HintOf(error));
  }

  Result<void> CheckTools() {
    const database::ToolSearch search = database::ToolSearch::FromEnvironment();
    for (const char* name : {"pg_dump", "pg_restore", "psql"}) {
      LC2_ASSIGN_OR_RETURN(const auto found,
                           database::FindTools(session_.ctx(), search, name));
      std::string versions;
      for (const database::ClientTool& tool : found) {
        versions += fmt::format("{}{} ({})", versions.empty() ? "" : ", ", tool.version.str(),
                                tool.path.native());
      }
      if (found.empty()) {
        Bad(name, "not found", "install the PostgreSQL client, or set LC2_CLIENT_PATH");
      } else {
        Good(name, versions);
      }
    }
    return {};
  }

  void CheckLocation(const api::BackupLocation& location) {
    const std::string what = "location " + location.metadata.name;
    const auto store = home_->deps().provider.OpenVault(location, provider::VaultAccess::kWrite);
    if (!store.has_value()) {
      if (store.error().kind == ErrorKind::kNotFound) {
        return Good(what, "its folder will be made by the first backup");
      }
      return Bad(what, store.error());
    }
    const StoreFeatures features = (*store)->features();
    std::string detail = fmt::format(
        "{}, create-only {}, protection None", (*store)->root_name(),
        features.create_only ? "yes" : "no");
    const auto free = (*store)->FreeBytes(session_.ctx());
    if (free.has_value() && *free) detail += ", " + FormatBytes(**free) + " free";
    const auto file = vault::OpenVault(session_.ctx(), **store, home_->deps().random, {});
    if (!file.has_value() && file.error().kind != ErrorKind::kNotFound) {
      return Bad(what, file.error());
    }
    Good(what, detail);
  }

  void CheckLibrary(const api::LiferayEnvironment& environment,
                    const std::vector<api::BackupLocation>& locations) {
    const std::string what = "library of " + environment.metadata.name;
    for (const api::BackupLocation& location : locations) {
      if (location.metadata.name != environment.spec.backup_location) continue;
      const auto apart = home_->deps().provider.CheckApart(environment, location);
      if (!apart.has_value()) return Bad(what, apart.error());
    }
    const auto store =
        home_->deps().provider.OpenLibrary(environment, provider::LibraryAccess::kRead);
    if (!store.has_value()) return Bad(what, store.error());
    const auto listing = (*store)->List(session_.ctx(), {});
    if (!listing.has_value()) return Bad(what, listing.error());
    const auto first = (*listing)->Read();
    if (!first.has_value()) return Bad(what, first.error());
    Good(what, (*store)->root_name() + (first->empty() ? ", empty" : ", readable") +
                   ((*store)->features().versions ? "" : ", keeps no versions: level Ordered"));
  }

  void CheckDatabase(const api::LiferayEnvironment& environment) {
    const std::string what = "database of " + environment.metadata.name;
    const auto target = engine::ResolveDatabase(home_->deps().provider, environment);
    if (!target.has_value()) return Bad(what, target.error());
    const auto facts = database::InspectTarget(session_.ctx(), *target);
    if (!facts.has_value()) return Bad(what, facts.error());
    if (facts->state == database::TargetState::kAbsent) {
      return Good(what, fmt::format("{}: absent", target->Describe()));
    }
    Good(what, fmt::format("{}: PostgreSQL {}, {}, {}", target->Describe(), facts->server_version,
                           FormatBytes(facts->size_bytes),
                           facts->can_create_database ? "restores possible"
                                                      : "role may not create databases: no restores"));
  }

  Result<void> Show() {
    Table table({"CHECK", "RESULT", "DETAIL"});
    int bad = 0;
    for (const Finding& finding : findings_) {
      table.Add({finding.what, finding.bad ? "FAILED" : "ok",
                 finding.detail + (finding.hint.empty() ? "" : ". HINT: " + finding.hint)});
      bad += finding.bad ? 1 : 0;
    }
    session_.Print(table.str());
    if (bad == 0) return {};
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "doctor.failed",
                 .message = fmt::format("{} checks failed", bad)};
  }

  Session& session_;
  Home* home_ = nullptr;
  std::vector<Finding> findings_;
};

}  // namespace

void AddDoctorCommand(CLI::App& root, Chosen& chosen) {
  AddCommand(root, "doctor", "look at everything that a backup and a restore need", "lc2 doctor")
      ->callback(
          [&chosen] { chosen.action = [](Session& session) { return Doctor(session).Run(); }; });
}

}  // namespace lc2::cli
