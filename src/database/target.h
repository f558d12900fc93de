#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "base/secret_source.h"

namespace lc2::database {

enum class Engine { kPostgres, kMysql };

// One database and as whom to reach it.
struct DatabaseTarget {
  Engine engine = Engine::kPostgres;
  std::string host;  // name, address, or a folder with a Unix socket
  int port = 5432;
  std::string name;  // of the database: "lportal"
  std::string user;
  Secret password;
  // Whom clients that load a dump act as, if not as the user: what they make is that role's.
  std::string role;
  std::string sslmode;      // empty: prefer
  std::string sslrootcert;  // PEM text, an absolute path, or "system"
  std::chrono::milliseconds connect_timeout{10'000};

  // "database 'lportal' on 'db.example:5432'", for people.
  std::string Describe() const;
};

// From a database secret (design.md section 4): `host` or `address`, `port`, `username`,
// `password`, optionally `sslmode`, `sslrootcert`. `secret_name` is for messages. Error: kInvalid
// "database.bad_secret" naming the key, never its value.
Result<DatabaseTarget> TargetFromSecret(Engine engine, std::string name, const SecretValues& values,
                                        const std::string& secret_name);

}  // namespace lc2::database
