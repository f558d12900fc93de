#include "database/target.h"

#include <fmt/core.h>

#include <charconv>
#include <string_view>

namespace lc2::database {

namespace {

constexpr int kPostgresPort = 5432;
constexpr int kMysqlPort = 3306;

class SecretReader {
 public:
  SecretReader(const SecretValues& values, const std::string& name)
      : values_(values), name_(name) {}

  const Secret* Find(const std::string& key) const {
    const auto at = values_.find(key);
    return at == values_.end() || at->second.empty() ? nullptr : &at->second;
  }

  std::string Text(const std::string& key) const {
    const Secret* value = Find(key);
    return value == nullptr ? std::string() : value->Expose();
  }

  Error Bad(std::string_view key, std::string_view why) const {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "database.bad_secret",
                 .message = fmt::format("key '{}' of database secret '{}' {}", key, name_, why),
                 .hint =
                     "a database secret has the keys host (or address), port, username and "
                     "password"};
  }

  // A name or address: one line without control characters.
  Result<std::string> Line(const std::string& key) const {
    std::string text = Text(key);
    for (const char c : text) {
      if (static_cast<unsigned char>(c) < ' ') return Bad(key, "holds a control character");
    }
    return text;
  }

  Result<int> Port(int standard) const {
    const Secret* value = Find("port");
    if (value == nullptr) return standard;
    const std::string& text = value->Expose();
    int port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port < 1 || port > 65'535) {
      return Bad("port", "is no port number");
    }
    return port;
  }

 private:
  const SecretValues& values_;
  const std::string& name_;
};

}  // namespace

std::string DatabaseTarget::Describe() const {
  return fmt::format("database '{}' on '{}:{}'", name, host, port);
}

Result<DatabaseTarget> TargetFromSecret(Engine engine, std::string name, const SecretValues& values,
                                        const std::string& secret_name) {
  const SecretReader secret(values, secret_name);
  DatabaseTarget target{.engine = engine, .name = std::move(name)};
  LC2_ASSIGN_OR_RETURN(target.host, secret.Line("host"));
  if (target.host.empty()) {
    LC2_ASSIGN_OR_RETURN(target.host, secret.Line("address"));
  }
  if (target.host.empty()) return secret.Bad("host", "is missing or empty, and so is 'address'");
  LC2_ASSIGN_OR_RETURN(target.port,
                       secret.Port(engine == Engine::kPostgres ? kPostgresPort : kMysqlPort));
  LC2_ASSIGN_OR_RETURN(target.user, secret.Line("username"));
  if (target.user.empty()) return secret.Bad("username", "is missing or empty");
  if (const Secret* password = secret.Find("password")) {
    // The file through which clients get it has one line a password.
    if (password->Expose().find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos) {
      return secret.Bad("password", "holds a line break or a null byte");
    }
    target.password = *password;
  }
  LC2_ASSIGN_OR_RETURN(target.sslmode, secret.Line("sslmode"));
  target.sslrootcert = secret.Text("sslrootcert");
  return target;
}

}  // namespace lc2::database
