#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/result.h"
#include "base/signing.h"
#include "base/strong.h"
#include "storage/object_store.h"
#include "vault/control_log.h"
#include "vault/entries.h"
#include "vault/manifest.h"

// Reading what a vault holds. The control logs are the truth; a manifest counts only if its run's
// log says `committed` with its digest.
namespace lc2::vault {

enum class SignatureState {
  kTrusted,       // by a trusted key
  kUntrustedKey,  // by a key that lies in the vault's keys/, which proves nothing
  kUnsigned,
};

struct OpenBackupOptions {
  std::vector<PublicKey> trusted;
  bool require_trusted = false;  // the environment's restore.requireSignature
};

struct OpenedBackup {
  Manifest manifest;
  std::string manifest_digest;
  RunFacts facts;  // of the run that made it
  SignatureState signature = SignatureState::kUnsigned;
  std::string key_id;  // of the key that signed; empty if unsigned
};

// Reads a backup and proves it: the manifest's bytes against the log's digest, its checksum, its
// ids, its paths, its signature. Errors: kNotFound "backup.not_found" (never was, or failed),
// "backup.deleted"; kUnavailable "backup.unfinished" (committed, manifest not there yet:
// FinishCommit); kCorrupt "backup.digest", "backup.bad_signature" (no known key verifies it), those
// of ParseManifest; kDenied "backup.untrusted" (require_trusted).
Result<OpenedBackup> OpenBackup(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                                const BackupId& id, const OpenBackupOptions& options = {});
inline Result<std::unique_ptr<EntryReader>> OpenEntries(const Context& ctx, ObjectStore& store,
                                                        const Manifest& manifest) {
  return OpenEntries(ctx, store, manifest.env(), manifest.document_library);
}

// The run that made a backup id, superseded runs followed. kNotFound "backup.not_found".
Result<RunFacts> FindRun(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                         const BackupId& id);

struct RunList {
  std::vector<RunFacts> runs;  // by run id
  std::vector<Error> damaged;  // logs that cannot be read, named; the others are listed
};
// Every run with an `opened`, superseded ones left out: what a catalogue is rebuilt from.
Result<RunList> ListRuns(const Context& ctx, ObjectStore& store, const EnvironmentId& env);
// The same with the superseded ones: what a collection has to know.
Result<RunList> ListAllRuns(const Context& ctx, ObjectStore& store, const EnvironmentId& env);
// The backup runs, committed or not, newest first.
Result<RunList> ListBackups(const Context& ctx, ObjectStore& store, const EnvironmentId& env);

// The environments that have something in the vault, by name.
Result<std::vector<EnvironmentId>> ListEnvironments(const Context& ctx, ObjectStore& store);

}  // namespace lc2::vault
