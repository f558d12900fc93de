#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "sql/connection.h"

namespace lc2::sql {

// Where a server is and as whom to speak to it. Kept as parts: a connection string would hold the
// password and end up in a message one day.
struct PostgresParams {
  std::string host;  // name, address, or a folder with a Unix socket ("/run/postgresql")
  int port = 5432;
  std::string user;
  Secret password;       // empty: the server must ask for none
  std::string database;  // taken as a name, never as a connection string
  // disable | allow | prefer | require | verify-ca | verify-full (libpq, "SSL Mode Descriptions")
  std::string sslmode;  // empty: prefer
  // Root certificates for verify-*: PEM text, an absolute path, or "system"; empty: libpq's
  // default.
  std::string sslrootcert;
  std::string application_name = "lc2";
  std::chrono::milliseconds connect_timeout{10'000};
};

// A column of a COPY row; nothing for null.
using CopyField = std::optional<std::string>;

// Splits one line of COPY's text format (PostgreSQL manual, COPY, "Text Format") without its line
// break. Error: kCorrupt "sql.bad_copy_line".
Result<std::vector<CopyField>> ParseCopyLine(std::string_view line);

// Rows of a running COPY ... TO STDOUT, as they come.
class CopyReader {
 public:
  virtual ~CopyReader() = default;
  // Nothing only after the server said that the copy is complete.
  virtual Result<std::optional<std::vector<CopyField>>> Next() = 0;
};

class PostgresConnection : public Connection {
 public:
  // As number: 150018 is 15.18, 160014 is 16.14.
  virtual int server_version() const = 0;
  // "16.14"
  std::string server_version_text() const;
  int server_major() const { return server_version() / 10'000; }
  virtual int backend_pid() const = 0;

  // Runs "COPY (...) TO STDOUT" in text format and streams its rows in constant memory. The rules
  // of Connection::Stream apply.
  virtual Result<std::unique_ptr<CopyReader>> CopyOut(const Context& ctx,
                                                      std::string_view statement) = 0;
};

// Connects; server-side time limits of statements, locks and idle transactions are switched off for
// the session (a context's deadline stands in for them), search_path is empty but for pg_catalog,
// texts are UTF-8 and times UTC.
// Errors: kUnavailable "sql.unreachable", kDenied "sql.wrong_password" and "sql.not_allowed",
// kNotFound "sql.no_database", kThrottled "sql.too_many_connections", kInvalid "sql.bad_parameter".
Result<std::unique_ptr<PostgresConnection>> ConnectPostgres(const Context& ctx,
                                                            const PostgresParams& params);

// `name` as an SQL identifier, with double quotes; for names that come from the database itself.
std::string QuoteIdentifier(std::string_view name);

}  // namespace lc2::sql
