#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/process.h"
#include "base/result.h"
#include "database/client_tools.h"
#include "database/target.h"

namespace lc2::database {

// How a client program is told where to connect and as whom: an environment without secrets, and
// the password in a file in memory that only this child is handed.
struct ClientLogin {
  std::map<std::string, std::string> environment;
  std::vector<int> inherited;
  UniqueFd password_file;
  UniqueFd root_cert_file;
};
Result<ClientLogin> MakeClientLogin(const DatabaseTarget& target);

// "dbname='lportal' keepalives_idle=30 ...": for an option of a client that takes a connection
// string. A server that is gone without a word is noticed within two minutes, as in our own
// sessions; nothing in the environment can say that. With the target's role, if it has one. Pure.
std::string ConnectionString(const DatabaseTarget& target);

// The line of a password file (PostgreSQL manual, "The Password File") for every server. Pure.
std::string PasswordFileLine(std::string_view password);

// What a client program wrote to standard error, fit for a message: without the lines that quote
// rows or whole statements, in one line of at most 500 bytes. Pure.
std::string CleanToolMessage(std::string_view stderr_text);

// Why a client program failed. `doing` is for people: "dump database 'x' on 'y'". Pure.
// Codes: "database.no_space", "database.tool_too_old", "database.tool_denied" and, if it is none of
// these, `code` with kUnavailable for a lost connection or a killed program, else `otherwise`.
Error ToolError(const ClientTool& tool, std::string_view doing, const ExitStatus& status,
                std::string_view stderr_text, std::string_view code, ErrorKind otherwise);

}  // namespace lc2::database
