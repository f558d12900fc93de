#include "catalog/record.h"

#include <boost/json.hpp>

#include "codec/described.h"
#include "vault/paths.h"

namespace lc2::catalog {

namespace {

BackupState StateOf(const vault::RunFacts& facts) {
  if (facts.deleted) return BackupState::kDeleted;
  if (facts.committed) {
    return facts.delete_not_before ? BackupState::kDeleting : BackupState::kSucceeded;
  }
  if (!facts.abandoned) return BackupState::kInProgress;
  return facts.abandoned->reason == vault::AbandonReason::kCancelled ? BackupState::kCancelled
                                                                     : BackupState::kFailed;
}

std::string Text(const codec::Json& json, std::string_view member) {
  if (!json.is_object()) return {};
  const codec::Json* value = json.get_object().if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

void FillFromManifest(BackupRecord& record, const vault::Manifest& manifest) {
  record.backup_type = manifest.lcp.backup_type;
  if (manifest.base) record.base = manifest.base->str();
  record.database_type = manifest.database.type;
  record.engine = manifest.database.engine.value_or("");
  record.engine_version = manifest.database.engine_version.value_or("");
  if (manifest.database.dump) record.database_bytes = manifest.database.dump->size_bytes;
  record.object_count = manifest.document_library.object_count;
  record.library_bytes = manifest.document_library.total_size_bytes;
  record.level = codec::Word(manifest.consistency.level);
  record.references = manifest.consistency.references;
  record.missing = manifest.consistency.missing;
  record.orphans = manifest.consistency.orphans;
  record.size_mismatches = manifest.consistency.size_mismatches;
  // A provider's snapshot does not leave the provider (design.md, the promise).
  record.portable = manifest.database.dump.has_value() || manifest.database.type == "none";
  record.manifest_path = vault::ManifestKey(manifest.env(), manifest.backup_id);
}

}  // namespace

BackupRecord MakeRecord(const std::string& location, const EnvironmentId& env,
                        const vault::RunFacts& facts, const vault::Manifest* manifest) {
  const vault::Opened& opened = *facts.opened;
  BackupRecord record{.location = location,
                      .project_id = env.project.str(),
                      .environment = env.environment.str(),
                      .backup_id = opened.backup_id ? opened.backup_id->str() : std::string(),
                      .run_id = facts.run.str(),
                      .state = StateOf(facts),
                      .initiator = opened.initiator,
                      .timestamp = opened.timestamp,
                      .completed_at = facts.closed_at,
                      .expires_at = facts.expires_at,
                      .hold_reason = facts.hold.value_or("")};
  if (facts.verified) {
    record.verified_level = facts.verified->level;
    record.verified_result = facts.verified->result;
    record.verified_at = facts.verified_at;
  }
  if (facts.abandoned) {
    record.error_code = Text(facts.abandoned->error, "code");
    record.error_message = Text(facts.abandoned->error, "message");
  }
  if (manifest != nullptr) FillFromManifest(record, *manifest);
  return record;
}

}  // namespace lc2::catalog
