#include "database/client_login.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace lc2::database {

namespace {

constexpr std::size_t kMessageBytes = 500;

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

template <std::size_t N>
bool ContainsAny(std::string_view text, const std::array<std::string_view, N>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return Contains(text, part); });
}

constexpr std::array<std::string_view, 3> kNoSpace = {"No space left on device",
                                                      "could not extend file", "disk full"};
constexpr std::array<std::string_view, 2> kTooOld = {"server version mismatch",
                                                     "unsupported version ("};
constexpr std::array<std::string_view, 2> kDenied = {"permission denied", "must be owner of"};
constexpr std::array<std::string_view, 8> kLost = {
    "connection to server",   "server closed the connection",
    "terminating connection", "SSL connection has been closed",
    "connection not open",    "no connection to the server",
    "SSL SYSCALL error",      "could not receive data from server"};

// With a backslash before each of `special`.
std::string Escaped(std::string_view text, std::string_view special) {
  std::string escaped;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// Lines that quote data or the text of statements; what follows them indented belongs to them.
constexpr std::array<std::string_view, 6> kQuoting = {
    "DETAIL:", "CONTEXT:", "STATEMENT:", "Command was:", "QUERY:", "LINE "};

}  // namespace

std::string PasswordFileLine(std::string_view password) {
  return "*:*:*:*:" + Escaped(password, ":\\") + '\n';
}

Result<ClientLogin> MakeClientLogin(const DatabaseTarget& target) {
  ClientLogin login;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(target.connect_timeout).count();
  login.environment = {{"PATH", "/usr/bin:/bin"},
                       {"LC_ALL", "C"},
                       {"PGHOST", target.host},
                       {"PGPORT", std::to_string(target.port)},
                       {"PGUSER", target.user},
                       {"PGSSLMODE", target.sslmode.empty() ? "prefer" : target.sslmode},
                       {"PGCONNECT_TIMEOUT", std::to_string(std::max<std::int64_t>(seconds, 2))},
                       {"PGAPPNAME", "lc2"},
                       {"PGPASSFILE", "/dev/null/none"}};  // not somebody's ~/.pgpass
  const auto hand_over = [&](const char* variable, UniqueFd& fd) {
    login.inherited.push_back(fd.get());
    login.environment[variable] = fmt::format("/proc/self/fd/{}", fd.get());
  };
  if (!target.password.empty()) {
    const Secret line(PasswordFileLine(target.password.Expose()));
    LC2_ASSIGN_OR_RETURN(login.password_file, MakeMemoryFile("pgpass", line.Expose()));
    hand_over("PGPASSFILE", login.password_file);
  }
  constexpr std::string_view kPem = "-----BEGIN";
  if (target.sslrootcert.compare(0, kPem.size(), kPem) == 0) {
    LC2_ASSIGN_OR_RETURN(login.root_cert_file, MakeMemoryFile("rootcert", target.sslrootcert));
    hand_over("PGSSLROOTCERT", login.root_cert_file);
  } else if (!target.sslrootcert.empty()) {
    login.environment["PGSSLROOTCERT"] = target.sslrootcert;
  }
  return login;
}

std::string ConnectionString(const DatabaseTarget& target) {
  std::string text =
      fmt::format("dbname='{}' keepalives_idle=30 keepalives_interval=10 keepalives_count=6",
                  Escaped(target.name, "'\\"));
  if (!target.role.empty()) {
    // The server splits its options at blanks.
    const std::string options = "-c role=" + Escaped(target.role, " \t\\");
    text += fmt::format(" options='{}'", Escaped(options, "'\\"));
  }
  return text;
}

std::string CleanToolMessage(std::string_view stderr_text) {
  std::string clean;
  bool quoting = false;
  while (!stderr_text.empty()) {
    const std::size_t end = stderr_text.find('\n');
    std::string_view line = stderr_text.substr(0, end);
    stderr_text.remove_prefix(end == std::string_view::npos ? stderr_text.size() : end + 1);
    // A line that no program's name starts goes on with what the one before it said.
    const bool fresh = line.substr(0, 3) == "pg_" || line.substr(0, 4) == "psql";
    if (fresh) quoting = false;
    quoting = quoting || ContainsAny(line, kQuoting);
    if (quoting || line.empty()) continue;
    if (!clean.empty()) clean += "; ";
    for (const char c : line) clean += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  if (clean.size() > kMessageBytes) {
    clean.resize(kMessageBytes);
    clean += " ...";
  }
  return clean;
}

Error ToolError(const ClientTool& tool, std::string_view doing, const ExitStatus& status,
                std::string_view stderr_text, std::string_view code, ErrorKind otherwise) {
  const std::string said = CleanToolMessage(stderr_text);
  Error error{.kind = otherwise,
              .code = std::string(code),
              .message = fmt::format("cannot {}: {} ended with {}{}{}", doing, tool.str(),
                                     status.str(), said.empty() ? "" : ": ", said),
              .provider = ProviderFacts{.service = tool.name, .code = status.str()}};
  if (ContainsAny(stderr_text, kNoSpace)) {
    error.kind = ErrorKind::kUnavailable;
    error.code = "database.no_space";
    error.hint = "free disk space on the database server";
  } else if (ContainsAny(stderr_text, kTooOld)) {
    error.kind = ErrorKind::kInvalid;
    error.code = "database.tool_too_old";
    error.hint = "install newer client programs, or name their folder in LC2_CLIENT_PATH";
  } else if (ContainsAny(stderr_text, kDenied)) {
    error.kind = ErrorKind::kDenied;
    error.code = "database.tool_denied";
    error.hint = "use the role that owns the portal's tables, or one that is a member of it";
  } else if (status.signal.has_value()) {
    error.kind = ErrorKind::kUnavailable;
    error.hint = "was it killed for lack of memory?";
  } else if (ContainsAny(stderr_text, kLost)) {
    error.kind = ErrorKind::kUnavailable;
    error.hint = "did the server restart?";
  } else {
    error.hint = fmt::format("does '{}' work by hand, and what does the server's log say?",
                             tool.path.native());
  }
  return error;
}

}  // namespace lc2::database
