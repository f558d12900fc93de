#pragma once

#include <string>

#include "cli/session.h"
#include "vault/manifest.h"

// Getting documents out of a backup by hand. Every byte is compared with its recorded SHA-256.
namespace lc2::cli {

// Reads are on record (design.md section 12).
Result<void> AuditRead(Session& session, control::EnvironmentVault& at, const std::string& action,
                       const std::string& backup_id, const std::string& detail);

// Writes one document to standard output. kNotFound "backup.no_document"; kCorrupt
// "backup.document_damaged" once the damage is known: the bytes before it are out by then.
Result<void> CopyDocument(Session& session, ObjectStore& vault, const vault::Manifest& manifest,
                          const std::string& key);

// Copies a backup into <folder>/<backupId>/: manifest.json, database/, document_library/. What is
// there already and equal is left.
Result<void> Download(Session& session, const std::string& id, const std::string& folder);

}  // namespace lc2::cli
