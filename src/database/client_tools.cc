#include "database/client_tools.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <set>

#include "base/process.h"

namespace lc2::database {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kVersionTime{10};
constexpr std::int64_t kVersionBytes = 4096;

std::vector<fs::path> SplitPath(const char* text) {
  std::vector<fs::path> folders;
  std::string_view rest = text == nullptr ? "" : text;
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    // An empty or relative entry would mean the current folder: never run programs from there.
    if (rest.front() == '/') folders.emplace_back(rest.substr(0, colon));
    rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
  }
  return folders;
}

std::optional<int> LeadingNumber(std::string_view& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::string List(const std::vector<ClientTool>& tools) {
  std::string text;
  for (const ClientTool& tool : tools) {
    text += fmt::format("{}{} ('{}')", text.empty() ? "" : ", ", tool.str(), tool.path.native());
  }
  return text;
}

Error MissingTool(std::string_view name) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "database.tool_missing",
               .message = fmt::format("no '{}' in $LC2_CLIENT_PATH, /usr/lib/postgresql/*/bin or "
                                      "$PATH",
                                      name),
               .hint =
                   "install PostgreSQL's client programs, or name their folder in "
                   "LC2_CLIENT_PATH"};
}

// The oldest that `fits`, the first found of equals.
template <class Fits>
const ClientTool* Oldest(const std::vector<ClientTool>& found, Fits fits) {
  const ClientTool* best = nullptr;
  for (const ClientTool& tool : found) {
    if (fits(tool) &&
        (best == nullptr || tool.version.major < best->version.major ||
         (tool.version.major == best->version.major && tool.version.minor > best->version.minor))) {
      best = &tool;
    }
  }
  return best;
}

}  // namespace

std::string ToolVersion::str() const { return fmt::format("{}.{}", major, minor); }

Result<ToolVersion> ParseToolVersion(std::string_view text) {
  std::string_view rest = text.substr(0, text.find('\n'));
  // The first word that starts with a digit: names and brackets may stand before it.
  while (!rest.empty() && (rest[0] < '0' || rest[0] > '9')) {
    const std::size_t blank = rest.find(' ');
    rest.remove_prefix(blank == std::string_view::npos ? rest.size() : blank + 1);
  }
  ToolVersion version;
  const std::optional<int> major = LeadingNumber(rest);
  if (!major) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "database.bad_tool_version",
                 .message = fmt::format("'{}' holds no version of a PostgreSQL program",
                                        text.substr(0, 80))};
  }
  version.major = *major;
  if (!rest.empty() && rest[0] == '.') {
    rest.remove_prefix(1);
    version.minor = LeadingNumber(rest).value_or(0);
  }
  return version;
}

ToolSearch ToolSearch::FromEnvironment() {
  ToolSearch search{.folders = SplitPath(std::getenv("LC2_CLIENT_PATH"))};
  std::vector<fs::path> installed;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    installed.push_back(entry.path() / "bin");
  }
  std::sort(installed.begin(), installed.end());
  search.folders.insert(search.folders.end(), installed.begin(), installed.end());
  const std::vector<fs::path> path = SplitPath(std::getenv("PATH"));
  search.folders.insert(search.folders.end(), path.begin(), path.end());
  return search;
}

Result<std::vector<ClientTool>> FindTools(const Context& ctx, const ToolSearch& search,
                                          std::string_view name) {
  std::vector<ClientTool> found;
  std::set<fs::path> seen;
  for (const fs::path& folder : search.folders) {
    const fs::path path = folder / name;
    if (::access(path.c_str(), X_OK) != 0 || !seen.insert(path).second) continue;
    const Result<std::string> said = RunForOutput(
        ctx.WithTimeout(kVersionTime),
        {.argv = {path, "--version"}, .environment = {{"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C"}}},
        kVersionBytes);
    LC2_RETURN_IF_ERROR(ctx.Check());
    // A program that does not run here is one that was not found.
    if (!said.has_value()) continue;
    const Result<ToolVersion> version = ParseToolVersion(*said);
    if (!version.has_value()) continue;
    found.push_back({.path = path, .name = std::string(name), .version = *version});
  }
  return found;
}

Result<ClientTool> ChooseForDump(const std::vector<ClientTool>& found, std::string_view name,
                                 int server_major) {
  if (found.empty()) return MissingTool(name);
  const ClientTool* best =
      Oldest(found, [&](const ClientTool& tool) { return tool.version.major >= server_major; });
  if (best != nullptr) return *best;
  return Error{.kind = ErrorKind::kInvalid,
               .code = "database.tool_too_old",
               .message = fmt::format("the server is PostgreSQL {}, but there is only {}",
                                      server_major, List(found)),
               .hint = fmt::format("install the client programs of PostgreSQL {} or newer, or name "
                                   "their folder in LC2_CLIENT_PATH",
                                   server_major)};
}

Result<ClientTool> ChooseForRestore(const std::vector<ClientTool>& found, std::string_view name,
                                    const ToolVersion& needed) {
  if (found.empty()) return MissingTool(name);
  // The archive's format changes with major versions only.
  const ClientTool* best =
      Oldest(found, [&](const ClientTool& tool) { return tool.version.major >= needed.major; });
  if (best != nullptr) return *best;
  return Error{.kind = ErrorKind::kInvalid,
               .code = "database.tool_too_old",
               .message = fmt::format("the dump was made by PostgreSQL {}, but there is only {}",
                                      needed.str(), List(found)),
               .hint = fmt::format("install the client programs of PostgreSQL {} or newer, or name "
                                   "their folder in LC2_CLIENT_PATH",
                                   needed.major)};
}

}  // namespace lc2::database
