#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/strong.h"

// Where everything in a vault lies (design.md section 5). Pure; every key is relative to the
// location's prefix, so it is a key of the ObjectStore that a vault is opened on. Builders expect
// names that have passed the checks below.
namespace lc2::vault {

// What a run does; also the <kind> folder of request records.
enum class RunKind { kBackup, kRestore };
std::string_view KindWord(RunKind kind);  // "backup", "restore"

// Names that come from outside, made safe once. Errors: kInvalid "vault.bad_name".
// A project is [a-z0-9-]{1,30} and none of the vault's own top names (audit, keys,
// backup-metadata); an environment [a-z0-9]{1,16}.
Result<void> CheckEnvironment(const EnvironmentId& env);
// 1 to 128 of [A-Za-z0-9._-], not starting with "." or "-" (domain.md 2.2).
Result<void> CheckBackupId(const BackupId& id);
Result<void> CheckRunId(const RunId& run);              // 32 lower-case hex digits
Result<void> CheckAttemptId(const AttemptId& attempt);  // "a1" to "a999999"
// A Kubernetes object name of at most 240 characters: [a-z0-9.-], alphanumeric at both ends.
Result<void> CheckRequestName(std::string_view name);

// "a<number>", counted from 1.
AttemptId MakeAttemptId(std::int64_t number);
// "<project>-<environment>-backup-<YYYYMMDD-HHMMSS>".
BackupId MakeBackupId(const EnvironmentId& env, Time time);
// The time and suffix of an id made by LC2 for this environment ("20251109-143000",
// "20251109-143000-12ab"); nothing for a foreign id.
std::optional<std::string> TimePartOf(const EnvironmentId& env, const BackupId& id);

// The vault's own top names, which no project may have.
bool IsVaultFolder(std::string_view name);
// "retail/prd/"
std::string EnvironmentPrefix(const EnvironmentId& env);
// A valid key below the environment's prefix. Whatever path a candidate, manifest or shard names
// passes through here before anybody acts on it.
bool IsInside(const EnvironmentId& env, std::string_view key);

// --- of the vault ---
std::string VaultFileKey();                          // vault.json
std::string PublicKeysPrefix();                      // keys/
std::string PublicKeyKey(std::string_view key_id);   // keys/<keyId>.pem
std::string TrackerKey(const BackupId& id);          // backup-metadata/<backupId>.json
std::string AuditPrefix(std::string_view vault_id);  // audit/<vaultId>/
std::string AuditKey(std::string_view vault_id, std::int64_t number);

// --- of one backup ---
// "retail/prd/20251109-143000": the id's time part with its suffix; "retail/prd/id-<id>" for ids
// that LC2 did not make (imports keep theirs). No "/" at the end.
std::string BackupFolder(const EnvironmentId& env, const BackupId& id);
std::string ManifestKey(const EnvironmentId& env, const BackupId& id);
std::string SignatureKey(const EnvironmentId& env, const BackupId& id);
// Folders of one attempt, ending in "/": dumps, references and findings; index and shards; the
// copy of the library in layout Folder.
std::string DumpFolder(const EnvironmentId& env, const BackupId& id, const AttemptId& attempt);
std::string LibraryFolder(const EnvironmentId& env, const BackupId& id, const AttemptId& attempt);
std::string FolderLayoutPrefix(const EnvironmentId& env, const BackupId& id,
                               const AttemptId& attempt);

// --- the pool ---
// The part of a run's id that its pool names carry.
std::string Run8(const RunId& run);
// retail/prd/pool/<hh>/<hash>-<run8>; `identity_hash` is 64 lower-case hex digits.
std::string PoolKey(const EnvironmentId& env, std::string_view identity_hash, const RunId& run);
std::string PoolPrefix(const EnvironmentId& env);  // "retail/prd/pool/"
// "retail/prd/pool/<hh>/" for 0 <= hh < 256.
std::string PoolFolder(const EnvironmentId& env, int hh);
struct PoolName {
  std::string hash;  // 64 hex digits
  std::string run8;
  int hh = 0;
};
// Nothing if the key is no pool object of this environment.
std::optional<PoolName> ParsePoolKey(const EnvironmentId& env, std::string_view key);

// --- a worker's records: claims, not facts ---
std::string RunFoldersPrefix(const EnvironmentId& env);             // retail/prd/runs/
std::string RunFolder(const EnvironmentId& env, const RunId& run);  // retail/prd/runs/<run>/
std::string AttemptFolder(const EnvironmentId& env, const RunId& run, const AttemptId& attempt);
std::string CandidateKey(const EnvironmentId& env, const RunId& run, const AttemptId& attempt);
// Target object -> pool object, of a restore within its environment: the base of its next backup.
std::string RestoreMapKey(const EnvironmentId& env, const RunId& run, const AttemptId& attempt);
// "<attempt folder>written/"
std::string WrittenFolder(const EnvironmentId& env, const RunId& run, const AttemptId& attempt);

// --- control/: the control plane alone writes here ---
std::string ReservationKey(const EnvironmentId& env, const BackupId& id);
std::string RequestRecordKey(const EnvironmentId& env, RunKind kind, std::string_view name);
std::string RunsPrefix(const EnvironmentId& env);                          // .../control/runs/
std::string ControlLogPrefix(const EnvironmentId& env, const RunId& run);  // .../<run>/
std::string ControlEntryKey(const EnvironmentId& env, const RunId& run, std::int64_t number);
std::string KnownLossesPrefix(const EnvironmentId& env);
std::string KnownLossesKey(const EnvironmentId& env, std::int64_t number);
std::string CollectionsPrefix(const EnvironmentId& env);  // .../control/collections/
// What collection `number` may delete; and that it has deleted all of it.
std::string CollectionListKey(const EnvironmentId& env, std::int64_t number);
std::string CollectionDoneKey(const EnvironmentId& env, std::int64_t number);
// "000012.json" -> 12; nothing for another name.
std::optional<std::int64_t> ParseNumberedName(std::string_view name);

}  // namespace lc2::vault
