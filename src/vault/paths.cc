#include "vault/paths.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/time_format.h"
#include "storage/object_store.h"

namespace lc2::vault {
namespace {

constexpr std::string_view kLowerDigits = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdef";

bool ConsistsOf(std::string_view text, std::string_view letters) {
  return text.find_first_not_of(letters) == std::string_view::npos;
}

Error BadName(std::string_view what, std::string_view value, std::string_view rule) {
  // The value may be anything: only its beginning is shown, and nothing that a terminal obeys.
  std::string shown(value.substr(0, 80));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return Error{.kind = ErrorKind::kInvalid,
               .code = "vault.bad_name",
               .message = fmt::format("'{}' is no {}", shown, what),
               .hint = fmt::format("a {} is {}", what, rule)};
}

std::string Numbered(std::string folder, std::int64_t number) {
  return fmt::format("{}{:06}.json", folder, number);
}

}  // namespace

std::string_view KindWord(RunKind kind) { return kind == RunKind::kBackup ? "backup" : "restore"; }

Result<void> CheckEnvironment(const EnvironmentId& env) {
  const std::string& project = env.project.str();
  const std::string& name = env.environment.str();
  if (project.empty() || project.size() > 30 ||
      !ConsistsOf(project.substr(0, 30), std::string(kLowerDigits) + "-") ||
      project.front() == '-' || project.back() == '-')
    return BadName("project id", project, "1 to 30 of a-z, 0-9 and '-', not at its ends");
  if (IsVaultFolder(project))
    return BadName("project id", project,
                   "none of the vault's own names audit, keys, backup-metadata");
  if (name.empty() || name.size() > 16 || !ConsistsOf(name, kLowerDigits))
    return BadName("environment", name, "1 to 16 of a-z and 0-9");
  return {};
}

Result<void> CheckBackupId(const BackupId& id) {
  const std::string& text = id.str();
  const bool good = !text.empty() && text.size() <= 128 && text.front() != '.' &&
                    text.front() != '-' && std::all_of(text.begin(), text.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
                    });
  if (good) return {};
  return BadName("backup id", text,
                 "1 to 128 of A-Z, a-z, 0-9, '.', '_' and '-', not starting with '.' or '-'");
}

Result<void> CheckRunId(const RunId& run) {
  if (run.str().size() == 32 && ConsistsOf(run.str(), kHexDigits)) return {};
  return BadName("run id", run.str(), "32 lower-case hex digits");
}

Result<void> CheckAttemptId(const AttemptId& attempt) {
  const std::string& text = attempt.str();
  if (text.size() >= 2 && text.size() <= 7 && text[0] == 'a' && text[1] != '0' &&
      ConsistsOf(std::string_view(text).substr(1), "0123456789"))
    return {};
  return BadName("attempt id", text, "'a' and a number from 1 to 999999");
}

Result<void> CheckRequestName(std::string_view name) {
  const auto alphanumeric = [](char c) { return kLowerDigits.find(c) != std::string_view::npos; };
  if (!name.empty() && name.size() <= 240 && alphanumeric(name.front()) &&
      alphanumeric(name.back()) && ConsistsOf(name, std::string(kLowerDigits) + "-."))
    return {};
  return BadName("request name", name,
                 "1 to 240 of a-z, 0-9, '-' and '.', alphanumeric at both ends");
}

AttemptId MakeAttemptId(std::int64_t number) { return AttemptId(fmt::format("a{}", number)); }

BackupId MakeBackupId(const EnvironmentId& env, Time time) {
  return BackupId(fmt::format("{}-backup-{}", env.str(), FormatCompactTime(time)));
}

std::optional<std::string> TimePartOf(const EnvironmentId& env, const BackupId& id) {
  constexpr std::size_t kTimeSize = 15;   // YYYYMMDD-HHMMSS
  constexpr std::size_t kSuffixSize = 5;  // -12ab
  const std::string start = env.str() + "-backup-";
  const std::string_view text = id.str();
  if (!text.starts_with(start)) return std::nullopt;
  const std::string_view rest = text.substr(start.size());
  if (rest.size() != kTimeSize && rest.size() != kTimeSize + kSuffixSize) return std::nullopt;
  if (!ParseCompactTime(rest.substr(0, kTimeSize)).has_value()) return std::nullopt;
  if (rest.size() > kTimeSize &&
      (rest[kTimeSize] != '-' || !ConsistsOf(rest.substr(kTimeSize + 1), kHexDigits)))
    return std::nullopt;
  return std::string(rest);
}

bool IsVaultFolder(std::string_view name) {
  return name == "audit" || name == "keys" || name == "backup-metadata";
}

std::string EnvironmentPrefix(const EnvironmentId& env) {
  return fmt::format("{}/{}/", env.project.str(), env.environment.str());
}

bool IsInside(const EnvironmentId& env, std::string_view key) {
  const std::string prefix = EnvironmentPrefix(env);
  return key.size() > prefix.size() && key.starts_with(prefix) && CheckKey(key).has_value();
}

std::string VaultFileKey() { return "vault.json"; }
std::string PublicKeysPrefix() { return "keys/"; }
std::string PublicKeyKey(std::string_view key_id) { return fmt::format("keys/{}.pem", key_id); }
std::string TrackerKey(const BackupId& id) {
  return fmt::format("backup-metadata/{}.json", id.str());
}
std::string AuditPrefix(std::string_view vault_id) { return fmt::format("audit/{}/", vault_id); }
std::string AuditKey(std::string_view vault_id, std::int64_t number) {
  return Numbered(AuditPrefix(vault_id), number);
}

std::string BackupFolder(const EnvironmentId& env, const BackupId& id) {
  return EnvironmentPrefix(env) + TimePartOf(env, id).value_or("id-" + id.str());
}
std::string ManifestKey(const EnvironmentId& env, const BackupId& id) {
  return BackupFolder(env, id) + "/manifest.json";
}
std::string SignatureKey(const EnvironmentId& env, const BackupId& id) {
  return BackupFolder(env, id) + "/manifest.sig";
}
std::string DumpFolder(const EnvironmentId& env, const BackupId& id, const AttemptId& attempt) {
  return fmt::format("{}/database/{}/", BackupFolder(env, id), attempt.str());
}
std::string LibraryFolder(const EnvironmentId& env, const BackupId& id, const AttemptId& attempt) {
  return fmt::format("{}/library/{}/", BackupFolder(env, id), attempt.str());
}
std::string FolderLayoutPrefix(const EnvironmentId& env, const BackupId& id,
                               const AttemptId& attempt) {
  return fmt::format("{}/dl/{}/", BackupFolder(env, id), attempt.str());
}

std::string Run8(const RunId& run) { return run.str().substr(0, 8); }

std::string PoolKey(const EnvironmentId& env, std::string_view identity_hash, const RunId& run) {
  return fmt::format("{}pool/{}/{}-{}", EnvironmentPrefix(env), identity_hash.substr(0, 2),
                     identity_hash, Run8(run));
}

std::string PoolPrefix(const EnvironmentId& env) { return EnvironmentPrefix(env) + "pool/"; }
std::string PoolFolder(const EnvironmentId& env, int hh) {
  return fmt::format("{}pool/{:02x}/", EnvironmentPrefix(env), hh);
}

std::optional<PoolName> ParsePoolKey(const EnvironmentId& env, std::string_view key) {
  constexpr std::size_t kHash = 64, kName = kHash + 1 + 8;
  const std::string pool = EnvironmentPrefix(env) + "pool/";
  if (!key.starts_with(pool) || key.size() != pool.size() + 3 + kName) return std::nullopt;
  const std::string_view folder = key.substr(pool.size(), 2);
  const std::string_view name = key.substr(pool.size() + 3);
  if (key[pool.size() + 2] != '/' || name[kHash] != '-' || !name.starts_with(folder) ||
      !ConsistsOf(name.substr(0, kHash), kHexDigits) ||
      !ConsistsOf(name.substr(kHash + 1), kHexDigits))
    return std::nullopt;
  int hh = 0;
  std::from_chars(folder.data(), folder.data() + folder.size(), hh, 16);
  return PoolName{.hash = std::string(name.substr(0, kHash)),
                  .run8 = std::string(name.substr(kHash + 1)),
                  .hh = hh};
}

std::string RunFoldersPrefix(const EnvironmentId& env) { return EnvironmentPrefix(env) + "runs/"; }
std::string RunFolder(const EnvironmentId& env, const RunId& run) {
  return RunFoldersPrefix(env) + run.str() + "/";
}
std::string AttemptFolder(const EnvironmentId& env, const RunId& run, const AttemptId& attempt) {
  return fmt::format("{}runs/{}/{}/", EnvironmentPrefix(env), run.str(), attempt.str());
}
std::string CandidateKey(const EnvironmentId& env, const RunId& run, const AttemptId& attempt) {
  return AttemptFolder(env, run, attempt) + "candidate.json";
}
std::string RestoreMapKey(const EnvironmentId& env, const RunId& run, const AttemptId& attempt) {
  return AttemptFolder(env, run, attempt) + "map.ndjson.zst";
}
std::string WrittenFolder(const EnvironmentId& env, const RunId& run, const AttemptId& attempt) {
  return AttemptFolder(env, run, attempt) + "written/";
}

std::string ReservationKey(const EnvironmentId& env, const BackupId& id) {
  return fmt::format("{}control/ids/{}", EnvironmentPrefix(env), id.str());
}
std::string RequestRecordKey(const EnvironmentId& env, RunKind kind, std::string_view name) {
  return fmt::format("{}control/requests/{}/{}.json", EnvironmentPrefix(env), KindWord(kind), name);
}
std::string RunsPrefix(const EnvironmentId& env) {
  return EnvironmentPrefix(env) + "control/runs/";
}
std::string ControlLogPrefix(const EnvironmentId& env, const RunId& run) {
  return fmt::format("{}{}/", RunsPrefix(env), run.str());
}
std::string ControlEntryKey(const EnvironmentId& env, const RunId& run, std::int64_t number) {
  return Numbered(ControlLogPrefix(env, run), number);
}
std::string KnownLossesPrefix(const EnvironmentId& env) {
  return EnvironmentPrefix(env) + "control/known/";
}
std::string KnownLossesKey(const EnvironmentId& env, std::int64_t number) {
  return Numbered(KnownLossesPrefix(env), number);
}

std::string CollectionsPrefix(const EnvironmentId& env) {
  return EnvironmentPrefix(env) + "control/collections/";
}
std::string CollectionListKey(const EnvironmentId& env, std::int64_t number) {
  return fmt::format("{}{:06}.ndjson.zst", CollectionsPrefix(env), number);
}
std::string CollectionDoneKey(const EnvironmentId& env, std::int64_t number) {
  return fmt::format("{}{:06}.done.json", CollectionsPrefix(env), number);
}

std::optional<std::int64_t> ParseNumberedName(std::string_view name) {
  constexpr std::string_view kTail = ".json";
  if (!name.ends_with(kTail)) return std::nullopt;
  const std::string_view digits = name.substr(0, name.size() - kTail.size());
  if (digits.size() < 6 || digits.size() > 12 || !ConsistsOf(digits, "0123456789") ||
      (digits.size() > 6 && digits[0] == '0'))
    return std::nullopt;
  std::int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace lc2::vault
