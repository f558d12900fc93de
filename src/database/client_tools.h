#pragma once

#include <compare>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/result.h"

// PostgreSQL's client programs, found at run time (design.md section 10).
namespace lc2::database {

struct ToolVersion {
  int major = 0;
  int minor = 0;
  std::string str() const;  // "16.11"
  auto operator<=>(const ToolVersion&) const = default;
};
// From "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "pg_dump 16.11" or "16.11". A
// development version ("18beta1") counts as minor 0. Error: kInvalid "database.bad_tool_version".
Result<ToolVersion> ParseToolVersion(std::string_view text);

struct ClientTool {
  std::filesystem::path path;
  std::string name;  // "pg_dump", "pg_restore", "psql"
  ToolVersion version;
  // "pg_dump 16.11"
  std::string str() const { return name + " " + version.str(); }
};

struct ToolSearch {
  // Folders in order of preference.
  std::vector<std::filesystem::path> folders;
  // $LC2_CLIENT_PATH (folders split by ':'), /usr/lib/postgresql/*/bin, $PATH.
  static ToolSearch FromEnvironment();
};

// Every program `name` of the search that runs and says its version. None found is an empty list.
Result<std::vector<ClientTool>> FindTools(const Context& ctx, const ToolSearch& search,
                                          std::string_view name);

// The program of the oldest major version that is at least `server_major`; of those the newest
// minor version, of equal ones the one found first. Pure. Errors: kInvalid "database.tool_missing"
// (none at all), "database.tool_too_old".
Result<ClientTool> ChooseForDump(const std::vector<ClientTool>& found, std::string_view name,
                                 int server_major);
// The same for a reader: an archive is read only by what is at least of its writer's major version.
// Pure. Errors as above.
Result<ClientTool> ChooseForRestore(const std::vector<ClientTool>& found, std::string_view name,
                                    const ToolVersion& needed);

}  // namespace lc2::database
