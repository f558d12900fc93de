#include "database/server_disk.h"

#include <fmt/core.h>
#include <sys/statvfs.h>

#include <cstring>

#include "base/file.h"

namespace lc2::database {

namespace {

bool IsHere(const std::string& host) {
  return host.substr(0, 1) == "/" || host == "localhost" || host == "::1" ||
         host.substr(0, 4) == "127.";
}

// The first field of the control file (PostgreSQL's pg_control.h), in the machine's byte order.
std::optional<std::int64_t> IdentifierIn(const std::filesystem::path& data_folder) {
  const Result<std::string> control = ReadFile(data_folder / "global/pg_control", 64 << 10);
  std::int64_t identifier = 0;
  if (!control.has_value() || control->size() < sizeof identifier) return std::nullopt;
  std::memcpy(&identifier, control->data(), sizeof identifier);
  return identifier;
}

}  // namespace

std::optional<std::int64_t> FreeBytesBelow(const std::filesystem::path& data_folder,
                                           std::int64_t system_identifier,
                                           std::int64_t tablespace) {
  const std::filesystem::path place =
      data_folder /
      (tablespace == kDefaultTablespace ? "base" : fmt::format("pg_tblspc/{}", tablespace));
  struct statvfs facts {};
  if (IdentifierIn(data_folder) != system_identifier || ::statvfs(place.c_str(), &facts) != 0) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(facts.f_bavail) * static_cast<std::int64_t>(facts.f_frsize);
}

Result<std::optional<std::int64_t>> FreeServerBytes(const Context& ctx,
                                                    sql::PostgresConnection& connection,
                                                    const std::string& host,
                                                    std::int64_t tablespace) {
  constexpr std::optional<std::int64_t> kUnknown;
  if (!IsHere(host)) return kUnknown;
  // Roles that may not read a setting do not see its row.
  LC2_ASSIGN_OR_RETURN(
      const std::optional<sql::Row> folder,
      connection.QueryOne(ctx, "select setting from pg_settings where name = 'data_directory'"));
  if (!folder.has_value()) return kUnknown;
  LC2_ASSIGN_OR_RETURN(
      const std::optional<sql::Row> server,
      connection.QueryOne(ctx, "select system_identifier from pg_control_system()"));
  LC2_CHECK(server.has_value());
  return FreeBytesBelow(folder->Text(0), server->Int(0), tablespace);
}

}  // namespace lc2::database
