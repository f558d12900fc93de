#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "storage/stores.h"
#include "testing/fake_clock.h"
#include "vault/audit.h"
#include "vault/backup.h"
#include "vault/candidate.h"
#include "vault/commit.h"
#include "vault/entries.h"
#include "vault/request_record.h"
#include "vault/run.h"
#include "vault/vault.h"

namespace lc2::vault {

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
inline const std::string kSpecDigest = "sha256:" + std::string(64, 'a');

// Key -> content: what a library holds.
using Files = std::map<std::string, std::string>;

struct MakeOptions {
  std::string name = "retail-prd-backup-20251109-143000";
  Files files;
  std::optional<BackupId> base;
  std::optional<RunId> inherits;
  Layout layout = Layout::kPool;
  std::int64_t inline_limit = kMaxInlineFiles;
  std::int64_t shard_entries = kMaxShardEntries;
};

// A vault in memory, and a small backup engine that does what a worker does.
class VaultFixture {
 public:
  explicit VaultFixture(std::uint64_t seed = 1, MemoryStoreOptions options = {})
      : store(MakeMemoryStore(clock, options)),
        random(seed),
        key(SigningKey::Generate()),
        file(OpenVault(ctx, *store, random, {.create = true, .single_writer = true}).value()),
        audit(*store, file.vault_id, random) {}

  Vault vault() {
    return {.store = *store, .file = file, .random = random, .audit = &audit, .signing_key = &key};
  }

  StartRunRequest RunRequest(const RunId& first_run, const std::string& name) {
    return {.first_run = first_run,
            .request = {.name_space = "proj-retail-prd", .name = name},
            .spec_digest = kSpecDigest,
            .backup_id = BackupId(name),
            .initiator = "alice",
            .timestamp = clock.Now(),
            .expires_at = clock.Now() + std::chrono::hours(24 * 30),
            .who = "control"};
  }

  Result<StartedRun> Start(const MakeOptions& options) {
    LC2_ASSIGN_OR_RETURN(
        const AcceptedRequest accepted,
        AcceptRequest(ctx, vault(), kRetail, RunKind::kBackup,
                      {.name_space = "proj-retail-prd", .name = options.name}, kSpecDigest));
    return StartRun(ctx, vault(), kRetail, RunRequest(accepted.record.run_id, options.name),
                    [&](const Context&) -> Result<RunChoice> {
                      RunChoice choice{.inherits = options.inherits};
                      if (options.base) choice.base = Base{.backup_id = options.base};
                      return choice;
                    });
  }

  // Everything up to candidate.json.
  Result<AttemptId> Work(const StartedRun& started, const MakeOptions& options) {
    const BackupId id = *started.facts.opened->backup_id;
    LC2_ASSIGN_OR_RETURN(const AttemptId attempt,
                         StartAttempt(ctx, vault(), kRetail, started.run, "control"));
    LC2_ASSIGN_OR_RETURN(const Candidate candidate, Propose(started, id, attempt, options));
    LC2_RETURN_IF_ERROR(WriteCandidate(ctx, *store, candidate));
    return attempt;
  }

  Result<OpenedBackup> Make(const MakeOptions& options) {
    LC2_ASSIGN_OR_RETURN(const StartedRun started, Start(options));
    LC2_ASSIGN_OR_RETURN(const AttemptId attempt, Work(started, options));
    LC2_ASSIGN_OR_RETURN(const CheckedCandidate checked,
                         CheckCandidate(ctx, *store, kRetail, started.run, attempt));
    LC2_RETURN_IF_ERROR(Commit(ctx, vault(), kRetail, started.run, checked, "control"));
    return Open(*started.facts.opened->backup_id);
  }

  Result<OpenedBackup> Open(const BackupId& id) {
    return OpenBackup(ctx, *store, kRetail, id, {.trusted = {key.public_key()}});
  }

  Result<std::vector<Entry>> ReadEntries(const LibraryFacts& library) {
    LC2_ASSIGN_OR_RETURN(const auto reader, OpenEntries(ctx, *store, kRetail, library));
    std::vector<Entry> all;
    while (true) {
      LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, reader->Read());
      if (batch.empty()) return all;
      all.insert(all.end(), batch.begin(), batch.end());
    }
  }

  Result<ListFacts> PutList(const std::string& path, const std::string& bytes, std::int64_t count) {
    LC2_RETURN_IF_ERROR(store->Put(ctx, {.key = path, .body = bytes}));
    return ListFacts{.path = path, .count = count, .sha256 = Sha256Hex(bytes)};
  }

  Result<Candidate> Propose(const StartedRun& started, const BackupId& id, const AttemptId& attempt,
                            const MakeOptions& options) {
    std::map<std::string, Entry> base;
    if (started.facts.opened->base) {
      LC2_ASSIGN_OR_RETURN(const auto reader,
                           OpenBaseEntries(ctx, *store, kRetail, *started.facts.opened->base));
      while (true) {
        LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, reader->Read());
        if (batch.empty()) break;
        for (const Entry& entry : batch) base[entry.key] = entry;
      }
    }
    const auto writer = LibraryWriter::Make(ctx, *store,
                                            {.env = kRetail,
                                             .backup_id = id,
                                             .run = started.run,
                                             .attempt = attempt,
                                             .inherited = started.inherited,
                                             .inline_limit = options.inline_limit,
                                             .shard_entries = options.shard_entries});
    for (const auto& [name, content] : options.files) {
      const std::string hash = Sha256Hex(content);
      Entry entry{.key = name,
                  .size = static_cast<std::int64_t>(content.size()),
                  .last_modified = clock.Now(),
                  .checksum = Checksum{.alg = "sha256", .value = hash, .by = "lc2"}};
      if (options.layout == Layout::kFolder) {
        entry.path = FolderLayoutPrefix(kRetail, id, attempt) + name;
        LC2_RETURN_IF_ERROR(store->Put(ctx, {.key = entry.path, .body = content}));
      } else if (base.contains(name) && base[name].checksum == entry.checksum) {
        entry.path = base[name].path;
      } else {
        entry.path = PoolKey(kRetail, hash, started.run);
        if (started.inherited) {
          const std::string theirs = PoolKey(kRetail, hash, *started.inherited);
          if (store->Head(ctx, theirs).has_value()) entry.path = theirs;
        }
        if (entry.path == PoolKey(kRetail, hash, started.run))
          LC2_RETURN_IF_ERROR(store->Put(ctx, {.key = entry.path, .body = content}));
      }
      LC2_RETURN_IF_ERROR(writer->Write(entry));
    }
    Candidate candidate{.run_id = started.run,
                        .attempt = attempt,
                        .backup_id = id,
                        .project_id = kRetail.project,
                        .environment = kRetail.environment,
                        .spec_digest = kSpecDigest,
                        .provider = "local"};
    LC2_ASSIGN_OR_RETURN(
        candidate.document_library,
        writer->Finish(
            {.store = "FileSystem", .source_bucket = "/srv/library", .layout = options.layout}));
    const std::string folder = DumpFolder(kRetail, id, attempt);
    const std::string dump = "the dump of " + id.str();
    LC2_RETURN_IF_ERROR(store->Put(ctx, {.key = folder + "lportal.dump.zst", .body = dump}));
    candidate.database = {.type = "dump",
                          .engine = "postgres",
                          .engine_version = "15.8",
                          .dump = DumpFacts{.path = folder + "lportal.dump.zst",
                                            .format = "pg-custom+zstd",
                                            .tool = "pg_dump 15.8",
                                            .size_bytes = static_cast<std::int64_t>(dump.size()),
                                            .raw_bytes = 100,
                                            .sha256 = Sha256Hex(dump)}};
    LC2_ASSIGN_OR_RETURN(candidate.database.references,
                         PutList(folder + "references.ndjson.zst", "references", 2));
    LC2_ASSIGN_OR_RETURN(candidate.consistency.findings,
                         PutList(folder + "findings.ndjson.zst", "findings", 0));
    candidate.consistency.window = MakeWindow(clock.Now(), clock.Now());
    candidate.consistency.references = 2;
    return candidate;
  }

  // Replaces an object's bytes behind the vault's back.
  void Overwrite(const std::string& path, const std::string& bytes) {
    ASSERT_TRUE(IsOk(store->Delete(ctx, path)));
    ASSERT_TRUE(IsOk(store->Put(ctx, {.key = path, .body = bytes})));
  }
  bool Exists(const std::string& path) { return store->Head(ctx, path).has_value(); }

  testing::FakeClock clock;
  Context ctx{clock};
  std::unique_ptr<MemoryStore> store;
  SeededRandom random;
  SigningKey key;
  VaultFile file;
  AuditLog audit;
};

// Everything in the fixture's store, put into another one.
inline void CopyAll(VaultFixture& from, ObjectStore& to) {
  const auto listing = from.store->List(from.ctx, {}).value();
  while (true) {
    const std::vector<Entry> batch = listing->Read().value();
    if (batch.empty()) return;
    for (const Entry& object : batch) {
      ASSERT_TRUE(IsOk(to.Put(
          from.ctx, {.key = object.key, .body = from.store->Get(from.ctx, object.key).value()})));
    }
  }
}

inline Files SomeFiles(int count, const std::string& salt = "") {
  Files files;
  for (int i = 0; i < count; ++i)
    files["20097/20123/" + std::to_string(1000 + i) + "/1.0"] =
        "content " + std::to_string(i) + salt;
  return files;
}

}  // namespace lc2::vault
