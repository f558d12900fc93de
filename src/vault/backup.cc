#include "vault/backup.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/hash.h"
#include "vault/bulk.h"
#include "vault/reservation.h"
#include "vault/run.h"

namespace lc2::vault {
namespace {

Error NoSuchBackup(const EnvironmentId& env, const BackupId& id, std::string_view why) {
  return Error{
      .kind = ErrorKind::kNotFound,
      .code = "backup.not_found",
      .message = fmt::format("environment '{}' has no backup '{}': {}", env.str(), id.str(), why),
      .hint = "'lc2 backup list' shows those it has"};
}

Result<void> CheckAlive(const EnvironmentId& env, const BackupId& id, const RunFacts& facts) {
  if (facts.deleted) {
    return Error{.kind = ErrorKind::kNotFound,
                 .code = "backup.deleted",
                 .message = fmt::format("backup '{}' was deleted", id.str()),
                 .hint = "'lc2 backup list' shows those that exist"};
  }
  if (facts.committed) return {};
  return NoSuchBackup(
      env, id,
      facts.abandoned ? "its run ended without result" : "its run has not committed it yet");
}

Result<std::string> ReadManifest(const Context& ctx, ObjectStore& store, const std::string& key,
                                 const RunFacts& facts) {
  Result<std::string> bytes = store.Get(ctx, key, kMaxManifestBytes);
  if (!bytes.has_value() && bytes.error().kind == ErrorKind::kNotFound) {
    return Error{.kind = ErrorKind::kUnavailable,
                 .code = "backup.unfinished",
                 .message = fmt::format("the manifest '{}' is not there, though its backup is "
                                        "committed",
                                        key),
                 .hint = "'lc2 backup verify' writes it again",
                 .cause = Share(std::move(bytes).error())};
  }
  if (!bytes.has_value()) return bytes;
  const std::string digest = Sha256Tagged(*bytes);
  if (digest == facts.committed->manifest_digest) return bytes;
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "backup.digest",
               .message = fmt::format("manifest '{}' is damaged: the control log says {}, found {}",
                                      key, facts.committed->manifest_digest, digest),
               .hint = "restore an older version of this object"};
}

struct Signature {
  SignatureState state = SignatureState::kUnsigned;
  std::string key_id;
};

// The vault's own keys: a directory, not trust.
Result<std::vector<PublicKey>> ReadPublishedKeys(const Context& ctx, ObjectStore& store) {
  std::vector<PublicKey> keys;
  LC2_ASSIGN_OR_RETURN(const auto listing, store.List(ctx, {.prefix = PublicKeysPrefix()}));
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, listing->Read());
    if (batch.empty()) return keys;
    for (const Entry& object : batch) {
      const Result<std::string> pem = store.Get(ctx, object.key, 64 << 10);
      if (!pem.has_value()) continue;
      if (Result<PublicKey> key = PublicKey::FromPem(*pem); key.has_value())
        keys.push_back(std::move(key).value());
    }
  }
}

Result<Signature> CheckSignature(const Context& ctx, ObjectStore& store, const std::string& key,
                                 const std::string& manifest,
                                 const std::vector<PublicKey>& trusted) {
  const Result<std::string> signature = store.Get(ctx, key, 64 << 10);
  if (!signature.has_value() && signature.error().kind == ErrorKind::kNotFound) return Signature{};
  if (!signature.has_value()) return signature.error();
  for (const PublicKey& by : trusted) {
    if (by.Verifies(manifest, *signature))
      return Signature{.state = SignatureState::kTrusted, .key_id = by.id()};
  }
  LC2_ASSIGN_OR_RETURN(const std::vector<PublicKey> published, ReadPublishedKeys(ctx, store));
  for (const PublicKey& by : published) {
    if (by.Verifies(manifest, *signature))
      return Signature{.state = SignatureState::kUntrustedKey, .key_id = by.id()};
  }
  return Error{
      .kind = ErrorKind::kCorrupt,
      .code = "backup.bad_signature",
      .message = fmt::format("signature '{}' ({} bytes) fits no known key: {} are trusted, "
                             "{} lie in the vault",
                             key, signature->size(), trusted.size(), published.size()),
      .hint =
          "restore an older version of this object, or trust the right key: "
          "'lc2 location trust --key FILE'"};
}

Result<void> RequireTrust(const BackupId& id, const Signature& signature) {
  if (signature.state == SignatureState::kTrusted) return {};
  const bool unsigned_one = signature.state == SignatureState::kUnsigned;
  return Error{
      .kind = ErrorKind::kDenied,
      .code = "backup.untrusted",
      .message = unsigned_one
                     ? fmt::format("backup '{}' is not signed", id.str())
                     : fmt::format("backup '{}' is signed by key '{}', which is not trusted",
                                   id.str(), signature.key_id),
      .hint = unsigned_one ? "the environment's restore.requireSignature asks for a signature"
                           : "if the key is right, 'lc2 location trust --key FILE'"};
}

Result<void> CheckIds(const Manifest& manifest, const BackupId& id, const RunFacts& facts,
                      const std::string& key) {
  if (manifest.backup_id == id && manifest.run_id == facts.run) return {};
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "manifest.invalid",
               .message = fmt::format("manifest '{}' is that of backup '{}' and run '{}'", key,
                                      manifest.backup_id.str(), manifest.run_id.str()),
               .hint = "restore an older version of this object"};
}

// The logs of one listing, each from the bytes that were read in bulk.
class LogReader {
 public:
  LogReader(const Context& ctx, ObjectStore& store, const EnvironmentId& env, bool superseded_too)
      : ctx_(ctx), store_(store), env_(env), superseded_too_(superseded_too) {}

  Result<RunList> Read() {
    const std::string runs = RunsPrefix(env_);
    LC2_ASSIGN_OR_RETURN(const auto listing, store_.List(ctx_, {.prefix = runs}));
    while (true) {
      LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, listing->Read());
      if (batch.empty()) break;
      for (const Entry& object : batch) {
        const std::string_view rest = std::string_view(object.key).substr(runs.size());
        LC2_RETURN_IF_ERROR(Add(RunId(std::string(rest.substr(0, rest.find('/')))), object.key));
      }
    }
    LC2_RETURN_IF_ERROR(Flush());
    return std::move(list_);
  }

 private:
  // A run's entries stand together in the listing; some hundred logs are read at a time.
  Result<void> Add(const RunId& run, const std::string& key) {
    constexpr std::size_t kBatch = 1000;
    if (keys_.size() >= kBatch && runs_.back() != run) LC2_RETURN_IF_ERROR(Flush());
    keys_.push_back(key);
    runs_.push_back(run);
    return {};
  }

  Result<void> Flush() {
    LC2_RETURN_IF_ERROR(ctx_.Check());
    std::vector<Result<std::string>> bytes = GetMany(ctx_, store_, keys_, kMaxLogEntryBytes);
    for (std::size_t begin = 0; begin < keys_.size();) {
      std::size_t end = begin;
      while (end < keys_.size() && runs_[end] == runs_[begin]) ++end;
      LC2_RETURN_IF_ERROR(Finish(runs_[begin], Parse(begin, end, bytes)));
      begin = end;
    }
    keys_.clear();
    runs_.clear();
    return {};
  }

  // Nothing if something is odd: then the log is read alone, which says what.
  std::optional<RunFacts> Parse(std::size_t begin, std::size_t end,
                                const std::vector<Result<std::string>>& bytes) const {
    ControlLog log{.env = env_, .run = runs_[begin]};
    RunFacts facts;
    facts.run = log.run;
    for (std::size_t i = begin; i < end; ++i) {
      const auto number = static_cast<std::int64_t>(i - begin);
      if (keys_[i] != ControlEntryKey(env_, log.run, number) || !bytes[i].has_value() ||
          !AddEntry(log, facts, *bytes[i]).has_value())
        return std::nullopt;
    }
    return facts;
  }

  Result<void> Finish(const RunId& run, std::optional<RunFacts> facts) {
    if (!facts) {
      const Result<ControlLog> log = ReadControlLog(ctx_, store_, env_, run);
      const bool damaged = !log.has_value() && (log.error().kind == ErrorKind::kCorrupt ||
                                                log.error().kind == ErrorKind::kInvalid);
      if (damaged) list_.damaged.push_back(log.error());
      if (damaged) return {};
      // Anything else passes: a list that is short for want of an answer would be a lie.
      if (!log.has_value()) return log.error();
      facts = Fold(*log);
    }
    const bool superseded =
        facts->abandoned && facts->abandoned->reason == AbandonReason::kSuperseded;
    if (facts->opened && (superseded_too_ || !superseded)) list_.runs.push_back(*std::move(facts));
    return {};
  }

  const Context& ctx_;
  ObjectStore& store_;
  const EnvironmentId& env_;
  const bool superseded_too_;
  std::vector<std::string> keys_;
  std::vector<RunId> runs_;  // of the keys, one for one
  RunList list_;
};

}  // namespace

Result<RunFacts> FindRun(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                         const BackupId& id) {
  LC2_ASSIGN_OR_RETURN(const RunId first, ReadReservation(ctx, store, env, id));
  LC2_ASSIGN_OR_RETURN(const ControlLog log, CurrentRun(ctx, store, env, first));
  RunFacts facts = Fold(log);
  if (!facts.opened) return NoSuchBackup(env, id, "its run was never opened");
  if (facts.opened->backup_id != id) return NoSuchBackup(env, id, "its run made another one");
  return facts;
}

Result<OpenedBackup> OpenBackup(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                                const BackupId& id, const OpenBackupOptions& options) {
  LC2_ASSIGN_OR_RETURN(RunFacts facts, FindRun(ctx, store, env, id));
  LC2_RETURN_IF_ERROR(CheckAlive(env, id, facts));
  const std::string key = ManifestKey(env, id);
  LC2_ASSIGN_OR_RETURN(const std::string bytes, ReadManifest(ctx, store, key, facts));
  LC2_ASSIGN_OR_RETURN(Signature signature,
                       CheckSignature(ctx, store, SignatureKey(env, id), bytes, options.trusted));
  if (options.require_trusted) LC2_RETURN_IF_ERROR(RequireTrust(id, signature));
  LC2_ASSIGN_OR_RETURN(Manifest manifest, ParseManifest(bytes, env, key));
  LC2_RETURN_IF_ERROR(CheckIds(manifest, id, facts, key));
  return OpenedBackup{.manifest = std::move(manifest),
                      .manifest_digest = facts.committed->manifest_digest,
                      .facts = std::move(facts),
                      .signature = signature.state,
                      .key_id = std::move(signature.key_id)};
}

Result<RunList> ListRuns(const Context& ctx, ObjectStore& store, const EnvironmentId& env) {
  LC2_RETURN_IF_ERROR(CheckEnvironment(env));
  return LogReader(ctx, store, env, false).Read();
}

Result<RunList> ListAllRuns(const Context& ctx, ObjectStore& store, const EnvironmentId& env) {
  LC2_RETURN_IF_ERROR(CheckEnvironment(env));
  return LogReader(ctx, store, env, true).Read();
}

Result<RunList> ListBackups(const Context& ctx, ObjectStore& store, const EnvironmentId& env) {
  LC2_ASSIGN_OR_RETURN(RunList list, ListRuns(ctx, store, env));
  std::erase_if(list.runs,
                [](const RunFacts& run) { return run.opened->kind != RunKind::kBackup; });
  std::sort(list.runs.begin(), list.runs.end(), [](const RunFacts& a, const RunFacts& b) {
    return std::tie(b.opened->timestamp, b.run) < std::tie(a.opened->timestamp, a.run);
  });
  return list;
}

// Jumps from environment to environment: one short listing each, however many objects they hold.
Result<std::vector<EnvironmentId>> ListEnvironments(const Context& ctx, ObjectStore& store) {
  std::vector<EnvironmentId> found;
  std::string after;
  while (true) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    LC2_ASSIGN_OR_RETURN(const auto listing, store.List(ctx, {.start_after = after}));
    LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, listing->Read());
    if (batch.empty()) return found;
    const std::string& key = batch.front().key;
    const std::size_t first = key.find('/');
    if (first != std::string::npos && IsVaultFolder(std::string_view(key).substr(0, first))) {
      after = key.substr(0, first) + '0';  // '0' follows '/': past all that lies in this folder
      continue;
    }
    const std::size_t second = first == std::string::npos ? first : key.find('/', first + 1);
    if (second == std::string::npos) {  // an object beside the environments
      after = key;
      continue;
    }
    const EnvironmentId env{
        .project = ProjectId(key.substr(0, first)),
        .environment = EnvironmentName(key.substr(first + 1, second - first - 1))};
    if (CheckEnvironment(env).has_value()) found.push_back(env);
    after = key.substr(0, second) + '0';
  }
}

}  // namespace lc2::vault
