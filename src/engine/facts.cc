#include "engine/facts.h"

namespace lc2::engine {

vault::DumpFacts ToManifest(const database::DumpFacts& facts) {
  vault::DumpFacts dump{.path = facts.path,
                        .format = facts.format,
                        .tool = facts.tool,
                        .size_bytes = facts.size_bytes,
                        .raw_bytes = facts.raw_bytes,
                        .sha256 = facts.sha256};
  if (!facts.index_path.empty()) {
    dump.index = vault::DumpIndexFacts{.path = facts.index_path, .sha256 = facts.index_sha256};
  }
  return dump;
}

database::DumpFacts FromManifest(const vault::DumpFacts& facts) {
  database::DumpFacts dump{.path = facts.path,
                           .format = facts.format,
                           .tool = facts.tool,
                           .size_bytes = facts.size_bytes,
                           .raw_bytes = facts.raw_bytes.value_or(0),
                           .sha256 = facts.sha256};
  if (facts.index) {
    dump.index_path = facts.index->path;
    dump.index_sha256 = facts.index->sha256;
  }
  return dump;
}

Result<database::DatabaseTarget> ResolveDatabase(provider::Provider& provider,
                                                 const api::LiferayEnvironment& environment) {
  LC2_ASSIGN_OR_RETURN(const SecretValues secret, provider.DatabaseSecret(environment));
  const api::EnvironmentDatabase& database = environment.spec.database;
  const auto engine = database.engine == api::DatabaseEngine::kPostgres
                          ? database::Engine::kPostgres
                          : database::Engine::kMysql;
  return database::TargetFromSecret(engine, database.name, secret, database.connection_secret.name);
}

}  // namespace lc2::engine
