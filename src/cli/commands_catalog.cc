#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/commands_internal.h"
#include "cli/table.h"
#include "control/rebuild.h"

namespace lc2::cli {

namespace {

Result<void> Rebuild(Session& session) {
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const auto locations,
                       ListAs<api::BackupLocation>(session.ctx(), home->deps().resources));
  std::string damaged;
  codec::JsonArray items;
  for (const api::BackupLocation& location : locations) {
    const std::string& name = location.metadata.name;
    LC2_ASSIGN_OR_RETURN(const auto opened,
                         control::VaultSession::Open(session.ctx(), home->deps(), location,
                                                     provider::VaultAccess::kWrite));
    LC2_ASSIGN_OR_RETURN(const catalog::RebuildReport report,
                         control::RebuildCatalog(session.ctx(), home->deps(), *opened));
    items.push_back(codec::JsonObject{
        {"location", name}, {"environments", report.environments}, {"runs", report.runs}});
    if (!IsForMachines(session.format())) {
      session.Print(fmt::format("{}: {} of {}\n", name, Counted(report.runs, "run"),
                                Counted(report.environments, "environment")));
    }
    for (const std::string& what : report.damaged) damaged += "\n  " + what;
  }
  if (IsForMachines(session.format())) session.PrintList(std::move(items));
  if (damaged.empty()) return {};
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "catalog.damaged_sources",
               .message = "the catalogue was rebuilt, but these could not be read:" + damaged,
               .hint = "verify the backups they belong to; everything else is listed"};
}

}  // namespace

void AddCatalogCommands(CLI::App& root, Chosen& chosen) {
  CLI::App* catalog =
      AddCommand(root, "catalog", "the SQL index over the vaults", "lc2 catalog rebuild");
  catalog->require_subcommand(1);
  AddCommand(*catalog, "rebuild", "make the catalogue anew from the vaults alone",
             "lc2 catalog rebuild")
      ->callback([&chosen] { chosen.action = [](Session& session) { return Rebuild(session); }; });
}

}  // namespace lc2::cli
