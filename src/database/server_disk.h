#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/context.h"
#include "sql/postgres.h"

namespace lc2::database {

inline constexpr std::int64_t kDefaultTablespace = 1663;  // pg_default (pg_tablespace.dat)

// Free space below a server's data folder, where the databases of a tablespace lie. Nothing if this
// process cannot see the folder, or if it is not that of the server with this system identifier: a
// tunnel and a container's port look like a local server, and their folder may exist here, too.
std::optional<std::int64_t> FreeBytesBelow(const std::filesystem::path& data_folder,
                                           std::int64_t system_identifier, std::int64_t tablespace);

// The same for a server. Nothing if it is elsewhere, or if the role may not read the name of its
// data folder.
Result<std::optional<std::int64_t>> FreeServerBytes(const Context& ctx,
                                                    sql::PostgresConnection& connection,
                                                    const std::string& host,
                                                    std::int64_t tablespace);

}  // namespace lc2::database
