#include "testing/private_postgres.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/context.h"

namespace lc2::testing {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kStartTime{60};
constexpr std::int64_t kOutputLimit = 256 << 20;

Error Missing(std::string message) {
  return Error{.kind = ErrorKind::kNotFound, .code = "test.missing", .message = std::move(message)};
}

Result<fs::path> FindPrograms() {
  if (const char* given = std::getenv("LC2_TEST_POSTGRES_BIN")) return fs::path(given);
  std::vector<std::pair<int, fs::path>> found;
  std::error_code ignored;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    const fs::path bin = version.path() / "bin";
    if (fs::exists(bin / "initdb", ignored)) {
      found.emplace_back(std::atoi(version.path().filename().c_str()), bin);
    }
  }
  if (found.empty()) return Missing("no PostgreSQL server programs below /usr/lib/postgresql");
  return std::max_element(found.begin(), found.end())->second;
}

// Whom the server runs as: nobody in particular unless we are root, whom it refuses.
struct ServerUser {
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
};
Result<ServerUser> FindServerUser() {
  if (::geteuid() != 0) return ServerUser{};
  const passwd* user = ::getpwnam("postgres");
  if (user == nullptr) return Missing("no user 'postgres' to run a server as (root may not)");
  return ServerUser{.uid = user->pw_uid, .gid = user->pw_gid};
}

// `argv` as that user. The signal makes a server end when this program does, however that ends.
std::vector<std::string> As(const ServerUser& user, std::vector<std::string> argv) {
  if (!user.uid) return argv;
  std::vector<std::string> whole = {"/usr/bin/setpriv",
                                    fmt::format("--reuid={}", *user.uid),
                                    fmt::format("--regid={}", *user.gid),
                                    "--clear-groups",
                                    "--pdeathsig=QUIT",
                                    "--"};
  whole.insert(whole.end(), argv.begin(), argv.end());
  return whole;
}

int FreePort() {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return 0;
  }
  return ntohs(address.sin_port);
}

std::map<std::string, std::string> Environment() {
  return {{"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C.UTF-8"}, {"TZ", "UTC"}};
}

struct SharedServer {
  std::unique_ptr<PrivatePostgres> server;
  std::string why_not;
  SharedServer() {
    auto started = PrivatePostgres::Start();
    if (started.has_value()) {
      server = std::move(started).value();
    } else {
      why_not = "needs a PostgreSQL server: " + Describe(started.error());
    }
  }
};
SharedServer& SharedInstance() {
  static SharedServer instance;
  return instance;
}

}  // namespace

PrivatePostgres* PrivatePostgres::Shared() { return SharedInstance().server.get(); }
const std::string& PrivatePostgres::WhyNotShared() { return SharedInstance().why_not; }

Result<std::unique_ptr<PrivatePostgres>> PrivatePostgres::Start() {
  LC2_ASSIGN_OR_RETURN(fs::path bin, FindPrograms());
  LC2_ASSIGN_OR_RETURN(TemporaryFolder folder, TemporaryFolder::Create("lc2-test-pg"));
  std::unique_ptr<PrivatePostgres> server(new PrivatePostgres(std::move(folder)));
  server->bin_ = std::move(bin);
  LC2_RETURN_IF_ERROR(server->Launch());
  return server;
}

Result<void> PrivatePostgres::Launch() {
  const SystemClock clock;
  const Context ctx = Context(clock).WithTimeout(kStartTime);
  LC2_ASSIGN_OR_RETURN(const ServerUser user, FindServerUser());
  const fs::path data = folder_.path() / "data";
  const fs::path password_file = folder_.path() / "password";
  LC2_RETURN_IF_ERROR(WriteFileAtomically(password_file, password(), 0600));
  for (const fs::path& path : {folder_.path(), password_file}) {
    if (user.uid && ::chown(path.c_str(), *user.uid, *user.gid) != 0) {
      return ErrnoError(errno, "hand over", path.native());
    }
  }
  LC2_RETURN_IF_ERROR(RunForOutput(
      ctx,
      {.argv = As(user, {bin_ / "initdb", "-D", data, "-U", this->user(), "--pwfile", password_file,
                         "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"}),
       .environment = Environment()},
      kOutputLimit));
  LC2_ASSIGN_OR_RETURN(const std::string version, ReadFile(data / "PG_VERSION", 16));
  major_ = std::atoi(version.c_str());

  port_ = FreePort();
  LC2_ASSIGN_OR_RETURN(
      server_,
      ChildProcess::Start(
          {.argv =
               As(user, {bin_ / "postgres", "-D", data, "-p", std::to_string(port_), "-c",
                         "listen_addresses=127.0.0.1", "-c",
                         fmt::format("unix_socket_directories={}", folder_.path().native()), "-c",
                         "fsync=off", "-c", "full_page_writes=off", "-c", "timezone=UTC"}),
           .environment = Environment()}));
  while (true) {  // the last line of postmaster.pid says how far it is
    const Result<std::string> state = ReadFile(data / "postmaster.pid", 4096);
    if (state.has_value() && state->find("ready") != std::string::npos) return {};
    if (!ctx.Check().has_value() || ::access(data.c_str(), F_OK) != 0) {
      return Missing(fmt::format("the server did not start: {}", server_->stderr_tail()));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

PrivatePostgres::~PrivatePostgres() {
  if (server_ == nullptr) return;
  const SystemClock clock;
  const Context ctx = Context(clock).WithTimeout(std::chrono::seconds(20));
  const Result<ServerUser> user = FindServerUser();
  if (user.has_value()) {
    (void)RunForOutput(ctx,
                       {.argv = As(*user, {bin_ / "pg_ctl", "stop", "-m", "immediate", "-D",
                                           folder_.path() / "data"}),
                        .environment = Environment()},
                       kOutputLimit);
  }
  (void)server_->Wait(ctx);
}

std::string PrivatePostgres::Psql(std::string_view database, std::string_view sql) const {
  const SystemClock clock;
  const Context ctx = Context(clock).WithTimeout(std::chrono::minutes(5));
  std::map<std::string, std::string> environment = Environment();
  environment.insert({{"PGHOST", host()},
                      {"PGPORT", std::to_string(port_)},
                      {"PGUSER", user()},
                      {"PGPASSWORD", password()},
                      {"PGDATABASE", std::string(database)},
                      {"PGOPTIONS", "-c client_min_messages=warning"}});
  Result<std::string> output = RunForOutput(ctx,
                                            {.argv = {bin_ / "psql", "-X", "-q", "-A", "-t", "-v",
                                                      "ON_ERROR_STOP=1", "-c", std::string(sql)},
                                             .environment = std::move(environment)},
                                            kOutputLimit);
  if (!output.has_value()) {
    std::fprintf(stderr, "psql: %s\n", Describe(output.error()).c_str());
    std::abort();
  }
  if (!output->empty() && output->back() == '\n') output->pop_back();
  return std::move(output).value();
}

Result<std::string> PrivatePostgres::RequireTls() const {
  const SystemClock clock;
  const Context ctx = Context(clock).WithTimeout(kStartTime);
  const fs::path data = folder_.path() / "data";
  const fs::path certificate = data / "server.crt";
  const fs::path key = data / "server.key";
  LC2_RETURN_IF_ERROR(RunForOutput(
      ctx,
      {.argv = {"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=lc2 test",
                "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate},
       .environment = Environment()},
      kOutputLimit));
  LC2_ASSIGN_OR_RETURN(const ServerUser user, FindServerUser());
  for (const fs::path& path : {certificate, key}) {
    if (user.uid && ::chown(path.c_str(), *user.uid, *user.gid) != 0) {
      return ErrnoError(errno, "hand over", path.native());
    }
  }
  LC2_ASSIGN_OR_RETURN(std::string access, ReadFile(data / "pg_hba.conf", kOutputLimit));
  for (std::size_t at = 0; (at = access.find("\nhost ", at)) != std::string::npos; ++at) {
    access.replace(at, 6, "\nhostssl ");
  }
  std::ofstream(data / "pg_hba.conf") << access;
  (void)Psql("postgres", "alter system set ssl = on");
  (void)Psql("postgres", "select pg_reload_conf()");
  // The server reads its files when it gets round to it.
  while (Psql("postgres",
              "select count(*) from pg_stat_ssl where pid = pg_backend_pid() and ssl") != "1") {
    LC2_RETURN_IF_ERROR(ctx.Check());
  }
  return ReadFile(certificate, kOutputLimit);
}

std::string PrivatePostgres::NewDatabase(std::string_view prefix) {
  const std::string name = fmt::format("{}{}", prefix, ++databases_);
  (void)Psql("postgres", fmt::format("create database \"{}\" template template0", name));
  return name;
}

}  // namespace lc2::testing
