#include "api/liferay_environment.h"

namespace lc2::api {

EnvironmentId IdOf(const LiferayEnvironment& environment) {
  return {ProjectId(environment.spec.project_id), EnvironmentName(environment.spec.environment)};
}

std::string NamespaceOf(const LiferayEnvironment& environment) {
  return environment.spec.namespace_.empty() ? DefaultNamespace(IdOf(environment))
                                             : environment.spec.namespace_;
}

std::string RunNamespaceOf(const LiferayEnvironment& environment) {
  return environment.spec.run_namespace.empty() ? DefaultRunNamespace(IdOf(environment))
                                                : environment.spec.run_namespace;
}

BackupType DefaultBackupType(const LiferayEnvironment& environment) {
  if (environment.spec.database.backup_type) return *environment.spec.database.backup_type;
  return environment.spec.provider == Provider::kLocal ? BackupType::kDump : BackupType::kBoth;
}

}  // namespace lc2::api
