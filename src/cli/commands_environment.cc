#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "api/documents.h"
#include "base/file.h"
#include "cli/commands_internal.h"
#include "cli/table.h"
#include "codec/yaml.h"

namespace lc2::cli {

namespace {

constexpr std::int64_t kMaxSmallFile = 64 * 1024;

struct InitOptions {
  std::string library;
  std::string vault;
  std::string location = "local";
  std::string db_host = "127.0.0.1";
  int db_port = 5432;
  std::string db_user = "liferay";
  std::string db_name = "lportal";
  std::string password_file;
};

codec::Json MakeLocation(const InitOptions& options) {
  return codec::JsonObject{
      {"apiVersion", std::string(api::kApiVersion)},
      {"kind", "BackupLocation"},
      {"metadata", codec::JsonObject{{"name", options.location}}},
      {"spec", codec::JsonObject{{"provider", "local"},
                                 {"bucket", std::filesystem::absolute(options.vault).native()}}}};
}

codec::Json MakeEnvironment(const EnvironmentId& id, const InitOptions& options) {
  const std::string name = id.str();
  return codec::JsonObject{
      {"apiVersion", std::string(api::kApiVersion)},
      {"kind", "LiferayEnvironment"},
      {"metadata", codec::JsonObject{{"name", name}}},
      {"spec",
       codec::JsonObject{
           {"projectId", id.project.str()},
           {"environment", id.environment.str()},
           {"provider", "local"},
           {"backupLocation", options.location},
           {"database",
            codec::JsonObject{{"engine", "postgres"},
                              {"name", options.db_name},
                              {"connectionSecret", codec::JsonObject{{"name", name + "-db"}}}}},
           {"documentLibrary",
            codec::JsonObject{{"store", "FileSystem"},
                              {"bucket", std::filesystem::absolute(options.library).native()}}}}}};
}

Result<void> Init(Session& session, const InitOptions& options) {
  const EnvironmentId id{ProjectId(session.options().project),
                         EnvironmentName(session.options().environment)};
  if (id.project.empty() || id.environment.empty()) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "cli.usage",
                 .message = "'lc2 env init' needs to know the environment",
                 .hint = "name it with --project and --environment"};
  }
  const std::string yaml = codec::PrintYaml(MakeLocation(options)) + "---\n" +
                           codec::PrintYaml(MakeEnvironment(id, options));
  // What `lc2 apply` would refuse is not written in the first place.
  if (const auto loaded = api::LoadManifests("env init", yaml); !loaded.has_value()) {
    return loaded.error();
  }
  const std::string secret = id.str() + "-db";
  if (!options.password_file.empty()) {
    LC2_ASSIGN_OR_RETURN(std::string password, ReadFile(options.password_file, kMaxSmallFile));
    while (password.ends_with('\n') || password.ends_with('\r')) password.pop_back();
    LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
    LC2_RETURN_IF_ERROR(
        home->WriteSecret(secret, {{"host", Secret(options.db_host)},
                                   {"port", Secret(std::to_string(options.db_port))},
                                   {"username", Secret(options.db_user)},
                                   {"password", Secret(std::move(password))}}));
    session.Remark(fmt::format("secret '{}' written to '{}'", secret,
                               (home->folder() / "secrets" / secret).native()));
  } else {
    session.Remark(
        fmt::format("put host, port, username and password into files of these names in "
                    "'{}', or name a --db-password-file",
                    (session.home_folder() / "secrets" / secret).native()));
  }
  session.Print(yaml);
  return {};
}

void ListKeys(Session& session, const Home& home) {
  Table table({"KEY", "OWN"});
  codec::JsonArray items;
  for (const PublicKey& key : home.trusted()) {
    const bool own = key.id() == home.signing_key().public_key().id();
    table.Add({key.id(), own ? "yes" : ""});
    items.push_back(codec::JsonObject{{"keyId", key.id()}, {"own", own}});
  }
  if (IsForMachines(session.format())) return session.PrintList(std::move(items));
  session.Print(table.str());
}

Result<void> TrustKey(Session& session, const std::string& file) {
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  if (file.empty()) {
    ListKeys(session, *home);
    return {};
  }
  LC2_ASSIGN_OR_RETURN(const std::string pem, ReadFile(file, kMaxSmallFile));
  LC2_ASSIGN_OR_RETURN(const std::string id, home->Trust(pem));
  session.Print(fmt::format("key {} is trusted: its backups may be restored\n", id));
  return {};
}

}  // namespace

void AddEnvironmentCommands(CLI::App& root, Chosen& chosen) {
  CLI::App* env = AddCommand(root, "env", "environments", "lc2 env init --help");
  env->require_subcommand(1);
  auto options = std::make_shared<InitOptions>();
  CLI::App* init = AddCommand(
      *env, "init", "write the YAML of an environment and its location",
      "lc2 env init --project retail --environment prd --library "
      "/opt/liferay/data/document_library "
      "--vault /srv/lc2 --db-host 127.0.0.1 --db-port 5432 --db-user liferay --db-name lportal "
      "--db-password-file pw > env.yaml");
  init->add_option("--library", options->library, "folder of the document library")
      ->required()
      ->type_name("DIR");
  init->add_option("--vault", options->vault, "folder for backups")->required()->type_name("DIR");
  init->add_option("--location", options->location, "name of the location");
  init->add_option("--db-host", options->db_host, "database host, or folder of its socket");
  init->add_option("--db-port", options->db_port, "database port");
  init->add_option("--db-user", options->db_user, "database user");
  init->add_option("--db-name", options->db_name, "database");
  init->add_option("--db-password-file", options->password_file,
                   "file with the password; the connection is then kept as a secret of the home");
  init->callback([&chosen, options] {
    chosen.action = [options](Session& session) { return Init(session, *options); };
  });
}

void AddLocationCommands(CLI::App& root, Chosen& chosen) {
  CLI::App* location = AddCommand(root, "location", "backup locations", "lc2 location trust");
  location->require_subcommand(1);
  auto file = std::make_shared<std::string>();
  CLI::App* trust = AddCommand(
      *location, "trust", "let backups that a key signed be restored; without --key: list keys",
      "lc2 location trust --key other-home.pem");
  trust->add_option("--key", *file, "PEM file with an Ed25519 public key")->type_name("FILE");
  trust->callback([&chosen, file] {
    chosen.action = [file](Session& session) { return TrustKey(session, *file); };
  });
}

}  // namespace lc2::cli
