#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "api/tests/samples.h"
#include "base/file.h"
#include "base/hash.h"
#include "codec/described.h"
#include "codec/gzip_stream.h"
#include "control/backup_reconciler.h"
#include "control/restore_reconciler.h"
#include "control/tests/control_stores.h"
#include "control/tests/scripted_platform.h"
#include "control/vault_session.h"
#include "engine/backup.h"
#include "engine/restore.h"
#include "resources/embedded_store.h"
#include "storage/entry_json.h"
#include "testing/fake_clock.h"
#include "vault/deletion.h"
#include "vault/request_record.h"
#include "vault/run.h"
#include "vault/step_records.h"

namespace lc2::control::testing {

using lc2::testing::FakeClock;

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
inline constexpr const char* kNamespace = "proj-retail-prd";
inline constexpr const char* kName = "retail-prd-backup-20251109-143000";

// A text for each condition: "Accepted=True/Accepted".
inline std::string Text(const api::Conditions& conditions, std::string_view type) {
  const api::Condition* found = api::FindCondition(conditions, type);
  if (found == nullptr) return "absent";
  return codec::Word(found->status) + "/" + found->reason;
}
inline std::string MessageOf(const api::Conditions& conditions, std::string_view type) {
  const api::Condition* found = api::FindCondition(conditions, type);
  return found == nullptr ? "" : found->message;
}

// A control plane with everything in memory: vault, library, resources, catalogue, and a platform
// on which the test runs the engine's own attempts.
class ControlFixture : public ::testing::Test {
 protected:
  ControlFixture() {
    api::BackupLocation location = api::testing::SampleLocation();
    EXPECT_TRUE(IsOk(CreateAs(ctx, *resources, location)));
    api::LiferayEnvironment environment = api::testing::SampleEnvironment();
    // No database: backups and restores of the library alone need none.
    environment.spec.database.backup_type = api::BackupType::kNone;
    EXPECT_TRUE(IsOk(CreateAs(ctx, *resources, environment)));
    // Older than the time in which a listing's entries are not settled yet.
    for (const auto& [key, content] : kFiles) PutFile(key, content);
    clock.Advance(std::chrono::minutes(1));
    clock.JumpTo("2025-11-09T14:30:00Z");
  }

  static inline const std::map<std::string, std::string> kFiles = {
      {"20097/20123/1001/1.0", "one"},
      {"20097/20123/1002/1.0", "two"},
      {"20097/20123/1003/1.0", "three"}};

  void PutFile(const std::string& key, const std::string& content) {
    ASSERT_TRUE(IsOk(library->Put(ctx, {.key = key, .body = content})));
  }
  void RemoveFile(const std::string& key) { ASSERT_TRUE(IsOk(library->Delete(ctx, key))); }

  Deps deps() {
    return {.resources = *resources_used,
            .provider = provider,
            .platform = platform,
            .catalog = *catalog,
            .random = random,
            .signing_key = &signing_key,
            .trusted = {signing_key.public_key()},
            .who = "alice@host"};
  }

  // --- requests ---
  api::BackupRequest Backup(const std::string& name = kName) {
    api::BackupRequest request = api::testing::SampleBackup(name);
    request.spec.verify = api::VerifyLevel::kExists;
    return request;
  }
  api::RestoreRequest Restore(const std::string& backup = kName, const std::string& name = "back") {
    api::RestoreRequest request = api::testing::SampleRestore();
    request.metadata.name = name;
    request.spec.backup_id = backup;
    request.spec.restore_type = api::RestoreType::kStorageOnly;
    return request;
  }
  template <class T>
  T Create(const T& request) {
    Result<T> created = CreateAs(ctx, *resources, request);
    EXPECT_TRUE(IsOk(created));
    return created.has_value() ? *created : request;
  }
  // Changes what is stored.
  template <class T, class Change>
  void Change_(const std::string& name_space, const std::string& name, const Change& change) {
    Result<T> object = GetAs<T>(ctx, *resources, name_space, name);
    ASSERT_TRUE(IsOk(object));
    change(*object);
    ASSERT_TRUE(IsOk(UpdateAs(ctx, *resources, *object)));
  }
  template <class F>
  void ChangeBackup(const std::string& name, const F& change) {
    Change_<api::BackupRequest>(kNamespace, name, change);
  }
  template <class F>
  void ChangeRestore(const std::string& name, const F& change) {
    Change_<api::RestoreRequest>(kNamespace, name, change);
  }
  template <class F>
  void ChangeEnvironment(const F& change) {
    Change_<api::LiferayEnvironment>("", "retail-prd", change);
  }
  template <class F>
  void ChangeLocation(const F& change) {
    Change_<api::BackupLocation>("", "disk", change);
  }
  api::BackupRequestStatus BackupStatus(const std::string& name = kName) {
    return GetAs<api::BackupRequest>(ctx, *resources, kNamespace, name).value().status;
  }
  api::RestoreRequestStatus RestoreStatus(const std::string& name = "back") {
    return GetAs<api::RestoreRequest>(ctx, *resources, kNamespace, name).value().status;
  }

  // --- looks at them ---
  Result<Reconciled> Look(const std::string& name = kName) {
    return ReconcileBackup(ctx, deps(), kNamespace, name);
  }
  Result<Reconciled> LookAtRestore(const std::string& name = "back") {
    return ReconcileRestore(ctx, deps(), kNamespace, name);
  }

  // --- attempts ---
  // Runs the attempt to its end, as a worker does, with the vault for its own.
  AttemptStatus Work(const AttemptWork& work) {
    if (const auto* backup = std::get_if<engine::BackupRun>(&work)) {
      const auto digest = engine::RunBackup(ctx, worker_provider, WithReferences(*backup));
      if (!digest.has_value()) {
        return {.phase = AttemptPhase::kFailed, .error = digest.error()};
      }
      return {.phase = AttemptPhase::kSucceeded};
    }
    const auto report =
        engine::RunRestore(ctx, worker_provider, std::get<engine::RestoreRun>(work));
    if (!report.has_value()) return {.phase = AttemptPhase::kFailed, .error = report.error()};
    return {.phase = AttemptPhase::kSucceeded, .result = codec::Encode(*report)};
  }
  void WorkOnLaunch() {
    platform.on_launch = [this](const AttemptWork& work) {
      platform.End(NameOf(work), Work(work));
    };
  }
  // Drives a backup to its end with attempts that simply work.
  Reconciled Make(const std::string& name = kName) {
    WorkOnLaunch();
    for (int looks = 0; looks < 10; ++looks) {
      const Result<Reconciled> look = Look(name);
      EXPECT_TRUE(IsOk(look));
      if (!look.has_value() || look->terminal) return look.value_or(Reconciled{});
    }
    ADD_FAILURE() << "never terminal";
    return {};
  }
  Reconciled MakeRestore(const std::string& name = "back") {
    WorkOnLaunch();
    for (int looks = 0; looks < 10; ++looks) {
      const Result<Reconciled> look = LookAtRestore(name);
      EXPECT_TRUE(IsOk(look));
      if (!look.has_value() || look->terminal) return look.value_or(Reconciled{});
    }
    ADD_FAILURE() << "never terminal";
    return {};
  }
  // A backup of an own name, made and committed.
  Reconciled MakeBackup(const std::string& name = kName) {
    Create(Backup(name));
    return Make(name);
  }

  // The documents that the database says must exist; without: backups hold no database.
  std::optional<std::map<std::string, std::int64_t>> references;
  // With references, a dump and their list lie in the vault as a finished database step of an
  // attempt before would have left them; no database runs here.
  engine::BackupRun WithReferences(engine::BackupRun run) {
    if (!references) return run;
    const std::string folder = vault::DumpFolder(kRetail, run.backup_id, run.attempt);
    const std::string text = "--\n-- PostgreSQL database dump\n--\n\n-- " + run.backup_id.str() +
                             "\n\n--\n-- PostgreSQL database dump complete\n--\n\n";
    StringSink zipped;
    codec::GzipSink gzip(zipped);
    EXPECT_TRUE(IsOk(gzip.Write(text)));
    EXPECT_TRUE(IsOk(gzip.Finish()));
    const std::string dump = zipped.text();
    EXPECT_TRUE(IsOk(vault->Put(ctx, {.key = folder + "lportal.sql.gz", .body = dump})));
    StringSink bytes;
    NdjsonWriter<Reference> writer(bytes);
    for (const auto& [name, size] : *references) {
      EXPECT_TRUE(IsOk(writer.Write({.key = name, .size = size})));
    }
    EXPECT_TRUE(writer.Finish().has_value());
    EXPECT_TRUE(
        IsOk(vault->Put(ctx, {.key = folder + "references.ndjson.zst", .body = bytes.text()})));
    const vault::DatabaseFacts facts{
        .type = "dump",
        .engine = "postgres",
        .engine_version = "15.8",
        .dump = vault::DumpFacts{.path = folder + "lportal.sql.gz",
                                 .format = "plain+gzip",
                                 .tool = "pg_dump 15.8",
                                 .size_bytes = static_cast<std::int64_t>(dump.size()),
                                 .raw_bytes = static_cast<std::int64_t>(text.size()),
                                 .sha256 = Sha256Hex(dump)},
        .references = vault::ListFacts{.path = folder + "references.ndjson.zst",
                                       .count = writer.count(),
                                       .sha256 = Sha256Hex(bytes.text())}};
    EXPECT_TRUE(IsOk(vault::PutRecord(
        ctx, *vault,
        {.env = kRetail, .run = run.run, .attempt = run.attempt, .name = "steps/database.json"},
        codec::JsonObject{
            {"window", codec::JsonArray{"2025-11-09T14:29:58Z", "2025-11-09T14:30:02Z"}},
            {"database", codec::Encode(facts)}})));
    run.earlier = {run.attempt};
    run.database = api::BackupType::kDump;
    return run;
  }

  // --- what the vault says ---
  vault::RunFacts RunOf(const std::string& backup = kName) {
    return vault::FindRun(ctx, *vault, kRetail, BackupId(backup)).value();
  }
  vault::RunFacts RestoreRunOf(const std::string& name = "back") {
    const auto record =
        vault::ReadRequestRecord(ctx, *vault, kRetail, vault::RunKind::kRestore, name).value();
    return vault::Fold(vault::CurrentRun(ctx, *vault, kRetail, record.run_id).value());
  }
  bool InVault(const std::string& path) { return vault->Head(ctx, path).has_value(); }
  std::string Manifest(const std::string& backup = kName) {
    return vault->Get(ctx, vault::ManifestKey(kRetail, BackupId(backup))).value();
  }
  EnvironmentVault OpenVaultOf() {
    return OpenEnvironment(ctx, deps(), kRetail, provider::VaultAccess::kWrite).value();
  }
  std::vector<std::string> KeysOf(ObjectStore& store, const std::string& prefix = "") {
    std::vector<std::string> keys;
    const auto listing = store.List(ctx, {.prefix = prefix}).value();
    while (true) {
      const std::vector<Entry> batch = listing->Read().value();
      if (batch.empty()) return keys;
      for (const Entry& entry : batch) keys.push_back(entry.key);
    }
  }
  // From now on the catalogue is a file that is none.
  void BreakCatalogue() {
    const std::filesystem::path file = home.path() / "broken.db";
    ASSERT_TRUE(IsOk(WriteFileAtomically(file, "no database, it never was one")));
    catalog = catalog::Catalog::Open(ctx, file).value();
  }
  // Replaces an object's bytes behind the vault's back.
  void Damage(const std::string& path) {
    std::string bytes = vault->Get(ctx, path).value();
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    ASSERT_TRUE(IsOk(vault->Delete(ctx, path)));
    ASSERT_TRUE(IsOk(vault->Put(ctx, {.key = path, .body = bytes})));
  }

  FakeClock clock;
  Context ctx{clock};
  SeededRandom random{1};
  std::unique_ptr<MemoryStore> vault = MakeMemoryStore(clock);
  std::unique_ptr<MemoryStore> library = MakeMemoryStore(clock);
  Gate gate;
  MemoryProvider provider{*vault, *library, &gate};
  MemoryProvider worker_provider{*vault, *library};
  ScriptedPlatform platform;
  TemporaryFolder home = TemporaryFolder::Create("lc2-control").value();
  std::unique_ptr<ResourceStore> resources =
      OpenEmbeddedStore(ctx, home.path() / "store.db", random).value();
  ResourceStore* resources_used = resources.get();
  std::unique_ptr<catalog::Catalog> catalog =
      catalog::Catalog::Open(ctx, home.path() / "catalog.db").value();
  SigningKey signing_key = SigningKey::Generate();
};

}  // namespace lc2::control::testing
