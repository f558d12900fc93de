#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/signing.h"
#include "codec/described.h"
#include "engine/backup.h"
#include "engine/restore.h"
#include "engine/tests/fake_provider.h"
#include "engine/verify.h"
#include "provider/provider.h"
#include "storage/entry_json.h"
#include "storage/stores.h"
#include "testing/fake_clock.h"
#include "vault/audit.h"
#include "vault/backup.h"
#include "vault/commit.h"
#include "vault/entries.h"
#include "vault/request_record.h"
#include "vault/run.h"
#include "vault/step_records.h"
#include "vault/vault.h"

namespace lc2::engine {

template <class T>
::testing::AssertionResult IsOk(const Result<T>& result) {
  if (result.has_value()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << result.error().code << ": " << Describe(result.error());
}
template <class T>
std::string CodeOf(const Result<T>& result) {
  return result.has_value() ? "ok" : result.error().code;
}

inline const EnvironmentId kRetail{.project = ProjectId("retail"),
                                   .environment = EnvironmentName("prd")};
inline constexpr const char* kFirstBackup = "retail-prd-backup-20251109-143000";
inline constexpr const char* kSecondBackup = "retail-prd-backup-20251110-143000";
inline constexpr const char* kThirdBackup = "retail-prd-backup-20251111-143000";

// Key -> content: what a library holds.
using Files = std::map<std::string, std::string>;

inline Files FilesOf(ObjectStore& store, const Context& ctx, const std::string& prefix = "") {
  Files files;
  const auto listing = store.List(ctx, {.prefix = prefix}).value();
  while (true) {
    const std::vector<Entry> batch = listing->Read().value();
    if (batch.empty()) return files;
    for (const Entry& object : batch) files[object.key] = store.Get(ctx, object.key).value();
  }
}

// An environment with its vault: what the control plane does around attempts of the engine.
class World {
 public:
  World(const Context& ctx, ObjectStore& vault, provider::Provider& provider)
      : ctx_(ctx),
        vault_(vault),
        provider_(provider),
        key_(SigningKey::Generate()),
        file_(
            vault::OpenVault(ctx, vault, random_, {.create = true, .single_writer = true}).value()),
        audit_(vault, file_.vault_id, random_) {
    environment.metadata.name = "retail-prd";
    environment.spec.project_id = "retail";
    environment.spec.environment = "prd";
    environment.spec.backup_location = "here";
    environment.spec.document_library.bucket = "/srv/library";
    environment.spec.database.backup_type = api::BackupType::kNone;
    location.metadata.name = "here";
    location.spec.bucket = "/srv/vault";
  }

  vault::Vault vault() {
    return {
        .store = vault_, .file = file_, .random = random_, .audit = &audit_, .signing_key = &key_};
  }

  // Opens a backup's run.
  vault::StartedRun Open(const std::string& name, std::optional<vault::Base> base = {}) {
    const vault::RequestRef request{.name_space = "proj-retail-prd", .name = name};
    const auto accepted =
        vault::AcceptRequest(ctx_, vault(), kRetail, vault::RunKind::kBackup, request, kSpec);
    return vault::StartRun(ctx_, vault(), kRetail,
                           {.first_run = accepted.value().record.run_id,
                            .request = request,
                            .spec_digest = kSpec,
                            .backup_id = BackupId(name),
                            .initiator = "alice",
                            .timestamp = ctx_.clock().Now(),
                            .expires_at = ctx_.clock().Now() + std::chrono::days(30),
                            .who = "control"},
                           [&](const Context&) -> Result<vault::RunChoice> {
                             return vault::RunChoice{.base = base, .inherits = {}};
                           })
        .value();
  }

  // The next attempt of a run, as an attempt is told of it.
  BackupRun NextAttempt(const vault::StartedRun& started) {
    const vault::RunFacts facts =
        vault::Fold(vault::ReadControlLog(ctx_, vault_, kRetail, started.run).value());
    return {.run = started.run,
            .attempt = vault::StartAttempt(ctx_, vault(), kRetail, started.run, "control").value(),
            .earlier = facts.attempts,
            .backup_id = *started.facts.opened->backup_id,
            .spec_digest = kSpec,
            .base = started.facts.opened->base,
            .inherited = started.inherited,
            .environment = environment,
            .location = location,
            .database = database,
            .exclude_generated = true,
            .verify = verify};
  }

  Result<std::string> Attempt(const BackupRun& run) { return RunBackup(ctx_, provider_, run); }

  Result<vault::CheckedCandidate> Check(const BackupRun& run) {
    return vault::CheckCandidate(ctx_, vault_, kRetail, run.run, run.attempt);
  }

  Result<vault::OpenedBackup> Commit(const BackupRun& run) {
    LC2_ASSIGN_OR_RETURN(const vault::CheckedCandidate checked, Check(run));
    LC2_RETURN_IF_ERROR(vault::Commit(ctx_, vault(), kRetail, run.run, checked, "control"));
    return OpenBackup(run.backup_id);
  }

  Result<vault::OpenedBackup> BackUp(const std::string& name,
                                     std::optional<vault::Base> base = {}) {
    const BackupRun run = NextAttempt(Open(name, std::move(base)));
    LC2_RETURN_IF_ERROR(Attempt(run));
    return Commit(run);
  }

  Result<vault::OpenedBackup> OpenBackup(const BackupId& id) {
    return vault::OpenBackup(ctx_, vault_, kRetail, id, {.trusted = {key_.public_key()}});
  }
  static vault::Base BaseOf(const vault::OpenedBackup& backup) {
    return {.backup_id = backup.manifest.backup_id, .backup_run = backup.manifest.run_id};
  }

  // What an earlier attempt left that finished its database step; a later one takes it over, so
  // that tests have references without a server. The dump is only bytes: verify with `Exists`.
  void FinishDatabase(const BackupRun& run, const std::vector<Reference>& rows) {
    const std::string folder = vault::DumpFolder(kRetail, run.backup_id, run.attempt);
    StringSink bytes;
    NdjsonWriter<Reference> writer(bytes);
    for (const Reference& row : rows) ASSERT_TRUE(IsOk(writer.Write(row)));
    const codec::ZstdSummary stored = writer.Finish().value();
    ASSERT_TRUE(
        IsOk(vault_.Put(ctx_, {.key = folder + "references.ndjson.zst", .body = bytes.text()})));
    const std::string dump = "not really a dump";
    ASSERT_TRUE(IsOk(vault_.Put(ctx_, {.key = folder + "lportal.dump.zst", .body = dump})));
    const vault::DatabaseFacts facts{
        .type = "dump",
        .engine = "postgres",
        .engine_version = "15.8",
        .dump = vault::DumpFacts{.path = folder + "lportal.dump.zst",
                                 .format = "pg-custom+zstd",
                                 .tool = "pg_dump 15.8",
                                 .size_bytes = static_cast<std::int64_t>(dump.size()),
                                 .raw_bytes = 100,
                                 .sha256 = Sha256Hex(dump)},
        .references = vault::ListFacts{.path = folder + "references.ndjson.zst",
                                       .count = writer.count(),
                                       .sha256 = stored.sha256}};
    const codec::Json record =
        codec::JsonObject{{"window", {"2025-11-09T14:29:00Z", "2025-11-09T14:29:09Z"}},
                          {"database", codec::Encode(facts)}};
    ASSERT_TRUE(IsOk(vault::PutRecord(ctx_, vault_, RecordOf(run, "steps/database.json"), record)));
  }
  // A backup whose references are these.
  Result<vault::OpenedBackup> BackUpWithRows(const std::string& name,
                                             const std::vector<Reference>& rows,
                                             std::optional<vault::Base> base = {}) {
    const vault::StartedRun started = Open(name, std::move(base));
    FinishDatabase(NextAttempt(started), rows);
    BackupRun run = NextAttempt(started);
    run.database = api::BackupType::kDump;
    run.verify = api::VerifyLevel::kExists;
    run.safeguard = safeguard;
    LC2_RETURN_IF_ERROR(Attempt(run));
    return Commit(run);
  }

  static vault::RecordName RecordOf(const BackupRun& run, const std::string& name) {
    return {.env = kRetail, .run = run.run, .attempt = run.attempt, .name = name};
  }
  codec::Json Record(const BackupRun& run, const std::string& name) {
    return vault::ReadRecord(ctx_, vault_, RecordOf(run, name)).value();
  }

  std::vector<Entry> Entries(const vault::Manifest& manifest) {
    const auto reader = vault::OpenEntries(ctx_, vault_, manifest).value();
    std::vector<Entry> all;
    while (true) {
      const std::vector<Entry> batch = reader->Read().value();
      if (batch.empty()) return all;
      all.insert(all.end(), batch.begin(), batch.end());
    }
  }
  // What the backup holds, by key.
  Files Held(const vault::Manifest& manifest) {
    Files files;
    for (const Entry& entry : Entries(manifest)) {
      files[entry.key] = vault_.Get(ctx_, entry.path).value();
    }
    return files;
  }

  Result<VerifyReport> Verify(const vault::Manifest& manifest, api::VerifyLevel level) {
    return VerifyContents(ctx_, vault_,
                          {.env = kRetail,
                           .database = manifest.database,
                           .library = manifest.document_library,
                           .consistency = manifest.consistency},
                          level, manifest.run_id.str());
  }

  RestoreWish Wish(api::RestoreType type) const {
    return {.environment = environment,
            .location = location,
            .type = type,
            .overwrite = overwrite,
            .database = {},
            .library = restore_library};
  }
  Result<RestorePlan> Plan(const vault::OpenedBackup& backup, api::RestoreType type) {
    return PlanRestore(ctx_, provider_, vault_, backup, Wish(type));
  }
  RestoreRun MakeRestore(const vault::OpenedBackup& backup, api::RestoreType type) {
    return {.run = vault::NewRunId(random_),
            .attempt = AttemptId("a1"),
            .backup_id = backup.manifest.backup_id,
            .manifest_digest = backup.manifest_digest,
            .environment = environment,
            .location = location,
            .type = type,
            .overwrite = overwrite,
            .database = {},
            .library = restore_library};
  }
  Result<RestoreReport> Restore(const vault::OpenedBackup& backup, api::RestoreType type) {
    return RunRestore(ctx_, provider_, MakeRestore(backup, type));
  }
  // A restore as the control plane drives it, so that its map can be a base.
  Result<vault::Base> RestoreAsRun(const vault::OpenedBackup& backup, api::RestoreType type) {
    RestoreRun restore = MakeRestore(backup, type);
    const vault::RequestRef request{.name_space = "proj-retail-prd", .name = "restore-1"};
    LC2_ASSIGN_OR_RETURN(
        const vault::AcceptedRequest accepted,
        vault::AcceptRequest(ctx_, vault(), kRetail, vault::RunKind::kRestore, request, kSpec));
    LC2_ASSIGN_OR_RETURN(
        const vault::StartedRun started,
        vault::StartRun(
            ctx_, vault(), kRetail,
            {.first_run = accepted.record.run_id,
             .kind = vault::RunKind::kRestore,
             .request = request,
             .spec_digest = kSpec,
             .backup_id = {},
             .source = vault::RestoreSource{.project_id = kRetail.project,
                                            .environment = kRetail.environment,
                                            .backup_id = backup.manifest.backup_id,
                                            .run_id = backup.manifest.run_id},
             .initiator = "alice",
             .timestamp = ctx_.clock().Now(),
             .expires_at = {},
             .who = "control"},
            [](const Context&) { return Result<vault::RunChoice>(vault::RunChoice{}); }));
    restore.run = started.run;
    LC2_ASSIGN_OR_RETURN(restore.attempt,
                         vault::StartAttempt(ctx_, vault(), kRetail, started.run, "control"));
    LC2_ASSIGN_OR_RETURN(const RestoreReport report, RunRestore(ctx_, provider_, restore));
    LC2_RETURN_IF_ERROR(vault::FinishRestore(
        ctx_, vault(), kRetail, started.run,
        {.attempt = restore.attempt, .map_digest = report.map_digest}, "control"));
    return vault::Base{.backup_id = {}, .backup_run = {}, .restore_run = started.run};
  }

  api::LiferayEnvironment environment;
  api::BackupLocation location;
  api::BackupType database = api::BackupType::kNone;
  api::VerifyLevel verify = api::VerifyLevel::kSample;
  bool safeguard = false;
  bool overwrite = false;
  api::RestoreLibrary restore_library;

 private:
  inline static const std::string kSpec = "sha256:" + std::string(64, 'a');

  const Context& ctx_;
  ObjectStore& vault_;
  provider::Provider& provider_;
  SeededRandom random_{1};
  SigningKey key_;
  vault::VaultFile file_;
  vault::AuditLog audit_;
};

// A row that refers to a file.
inline Reference RowOf(const std::string& key, const std::string& content, std::int64_t id = 1) {
  return {.key = key, .size = static_cast<std::int64_t>(content.size()), .row_id = id};
}
inline std::vector<Reference> RowsOf(const Files& files) {
  std::vector<Reference> rows;
  for (const auto& [key, content] : files) {
    rows.push_back(RowOf(key, content, static_cast<std::int64_t>(rows.size()) + 1));
  }
  return rows;
}

// Both stores in memory, time that stands still: whatever a test plans happens at the same place
// every time.
class MemoryWorld {
 public:
  explicit MemoryWorld(MemoryStoreOptions library_options = {})
      : library(MakeMemoryStore(clock, library_options)) {}

  void Put(const std::string& key, const std::string& content) {
    ASSERT_TRUE(IsOk(library->Put(ctx, {.key = key, .body = content})));
  }
  void PutAll(const Files& files) {
    for (const auto& [key, content] : files) Put(key, content);
  }
  void Remove(const std::string& key) { ASSERT_TRUE(IsOk(library->Delete(ctx, key))); }
  // Long enough for what was written to count as settled.
  void Settle() { clock.Advance(std::chrono::seconds(60)); }
  Files Library() { return FilesOf(*library, ctx); }
  bool InVault(const std::string& path) { return vault->Head(ctx, path).has_value(); }
  // Replaces an object of the vault behind its back.
  void Flip(const std::string& path) {
    std::string bytes = vault->Get(ctx, path).value();
    ASSERT_FALSE(bytes.empty()) << path;
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    Replace(path, bytes);
  }
  void Replace(const std::string& path, const std::string& bytes) {
    ASSERT_TRUE(IsOk(vault->Delete(ctx, path)));
    ASSERT_TRUE(IsOk(vault->Put(ctx, {.key = path, .body = bytes})));
  }

  testing::FakeClock clock;
  Context ctx{clock};
  std::unique_ptr<MemoryStore> vault = MakeMemoryStore(clock);
  std::unique_ptr<MemoryStore> library;
  FakeProvider provider{*vault, *library};
  World site{ctx, *vault, provider};
};

}  // namespace lc2::engine
