// Several controllers decide at once, each stopped between any two requests, with answers lost on
// the way: what the vault then says must still be one story. The same seed gives the same run.
#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "base/file.h"
#include "vault/deletion.h"
#include "vault/tests/turns.h"
#include "vault/tests/vault_fixture.h"

namespace lc2::vault {
namespace {

// What really happened to keys, in order.
class Witness final : public Watch {
 public:
  void Put(const std::string& key, const std::string& body) override {
    effects_.emplace_back(key, body);
  }
  void Deleted(const std::string&) override {}
  const std::vector<std::pair<std::string, std::string>>& effects() const { return effects_; }

 private:
  std::vector<std::pair<std::string, std::string>> effects_;
};

using Script = std::function<void(const Context&, const Vault&)>;

// Runs all scripts at once, each with a store and randomness of its own. `die`: as in Pace.
void RunAll(VaultFixture& fixture, std::uint64_t seed, const std::vector<Script>& scripts,
            Witness& witness, int die, Trouble trouble) {
  Turns turns(seed, static_cast<int>(scripts.size()), {.die = die});
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < scripts.size(); ++i) {
    threads.emplace_back([&, i] {
      const int actor = static_cast<int>(i);
      TurnStore store(*fixture.store, turns, witness, actor, trouble);
      SeededRandom random(seed * 100 + i);
      const Vault vault{
          .store = store, .file = fixture.file, .random = random, .signing_key = &fixture.key};
      scripts[i](fixture.ctx, vault);
      turns.Leave(actor);
    });
  }
}

constexpr int kSeeds = 150;
constexpr int kPatience = 6;  // tries of each controller
const By kBy{.who = "test", .why = "test"};

// Commit, abandon and delete the same run.
TEST(Interleaving, OneRunEndsOneWay) {
  int committed = 0, abandoned = 0, deleted = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    VaultFixture fixture(seed);
    const MakeOptions options{.files = SomeFiles(3)};
    const StartedRun run = fixture.Start(options).value();
    const AttemptId a1 = fixture.Work(run, options).value();
    // A second candidate, of another attempt: two committers may disagree.
    fixture.clock.Advance(std::chrono::seconds(5));
    const AttemptId a2 = fixture.Work(run, options).value();
    const BackupId id = *run.facts.opened->backup_id;
    bool said_abandoned = false, said_deleted = false;
    Witness witness;
    const auto commit = [&](const AttemptId& attempt, bool& said) {
      return [&, attempt](const Context& ctx, const Vault& vault) {
        for (int i = 0; i < kPatience; ++i) {
          const auto checked = CheckCandidate(ctx, vault.store, kRetail, run.run, attempt);
          if (!checked.has_value()) continue;
          const auto done = Commit(ctx, vault, kRetail, run.run, *checked, "c");
          if (done.has_value()) said = true;
          if (done.has_value() || done.error().kind == ErrorKind::kConflict) return;
        }
      };
    };
    bool said_first = false, said_second = false;
    const std::vector<Script> scripts = {
        commit(a1, said_first), commit(a2, said_second),
        [&](const Context& ctx, const Vault& vault) {
          // A commit takes many requests; look away for a while, so that either may win.
          for (std::uint64_t i = 0; i < seed % 20; ++i)
            (void)ReadControlLog(ctx, vault.store, kRetail, run.run);
          for (int i = 0; i < kPatience; ++i) {
            const auto done = AbandonRun(ctx, vault, kRetail, run.run,
                                         {.reason = AbandonReason::kLost}, "b", "lost");
            if (done.has_value()) said_abandoned = true;
            if (done.has_value() || done.error().kind == ErrorKind::kConflict) return;
          }
        },
        [&](const Context& ctx, const Vault& vault) {
          for (int i = 0; i < 4 * kPatience; ++i) {
            if (!RequestDeletion(ctx, vault, kRetail, run.run, fixture.clock.Now(), kBy)
                     .has_value())
              continue;
            const auto done = ExecuteDeletion(ctx, vault, kRetail, run.run, kBy);
            if (done.has_value()) said_deleted = true;
            if (done.has_value()) return;
          }
        },
        [&](const Context& ctx, const Vault& vault) {
          for (int i = 0; i < kPatience; ++i) (void)FinishCommit(ctx, vault, kRetail, run.run);
        }};
    RunAll(fixture, seed, scripts, witness, 100,
           {.fail_before = seed % 3 == 0 ? 0 : 8, .fail_after = 8});
    const bool said_committed = said_first || said_second;

    // The log is one story: reading it checks that each entry may follow the one before.
    const auto log = ReadControlLog(fixture.ctx, *fixture.store, kRetail, run.run);
    ASSERT_TRUE(IsOk(log));
    RunFacts facts = Fold(*log);
    ASSERT_FALSE(facts.committed && facts.abandoned);
    ASSERT_TRUE(!said_committed || facts.committed.has_value());
    ASSERT_TRUE(!said_abandoned || facts.abandoned.has_value());
    ASSERT_TRUE(!said_deleted || facts.deleted);
    ASSERT_FALSE(said_first && facts.committed->attempt != a1);
    ASSERT_FALSE(said_second && facts.committed->attempt != a2);

    // Whoever wrote the manifest wrote the same bytes, those that the log names.
    for (const auto& [key, body] : witness.effects()) {
      if (key == ManifestKey(kRetail, id)) {
        ASSERT_EQ(Sha256Tagged(body), facts.committed->manifest_digest);
      }
    }
    // Whoever comes later finishes what was begun.
    if (facts.committed) {
      ASSERT_TRUE(IsOk(FinishCommit(fixture.ctx, fixture.vault(), kRetail, run.run)));
      ASSERT_EQ(fixture.Exists(ManifestKey(kRetail, id)), !facts.deleted);
      ASSERT_EQ(fixture.Exists(TrackerKey(id)), !facts.deleted);
      ASSERT_EQ(fixture.Open(id).has_value(), !facts.deleted);
    } else {
      ASSERT_FALSE(fixture.Exists(ManifestKey(kRetail, id)));
    }
    committed += facts.committed ? 1 : 0;
    abandoned += facts.abandoned ? 1 : 0;
    deleted += facts.deleted ? 1 : 0;
  }
  // The seeds reach all ends.
  EXPECT_GT(committed, kSeeds / 10);
  EXPECT_GT(abandoned, kSeeds / 10);
  EXPECT_GT(deleted, kSeeds / 20);
}

// Two controllers open runs on one base and on one stale run, each request twice, while the base is
// deleted.
TEST(Interleaving, OpeningsLookAfterwards) {
  int superseded = 0, inherited = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    VaultFixture fixture(seed);
    const OpenedBackup base = fixture.Make({.files = SomeFiles(3)}).value();
    const StartedRun stale = fixture.Start({.name = "retail-prd-backup-20251109-150000"}).value();
    const RunId first[] = {NewRunId(fixture.random), NewRunId(fixture.random)};
    const std::string names[] = {"retail-prd-backup-20251110-000001",
                                 "retail-prd-backup-20251110-000002"};
    std::mutex mutex;
    std::map<int, std::set<std::string>> ids;  // backup ids that each request was told
    std::set<std::string> heirs;
    Witness witness;
    const auto start = [&](int request) {
      return [&, request](const Context& ctx, const Vault& vault) {
        for (int i = 0; i < kPatience; ++i) {
          const auto run = StartRun(
              ctx, vault, kRetail, fixture.RunRequest(first[request], names[request]),
              [&](const Context& c) -> Result<RunChoice> {
                LC2_ASSIGN_OR_RETURN(const ControlLog log,
                                     ReadControlLog(c, vault.store, kRetail, base.facts.run));
                RunChoice choice{.inherits = stale.run};
                if (Fold(log).alive()) choice.base = Base{.backup_id = base.manifest.backup_id};
                return choice;
              });
          if (!run.has_value()) continue;
          const auto attempt = StartAttempt(ctx, vault, kRetail, run->run, "c");
          const std::lock_guard lock(mutex);
          ids[request].insert(run->facts.opened->backup_id->str());
          if (run->inherited) heirs.insert(run->run.str());
          if (attempt.has_value()) return;
        }
      };
    };
    RunAll(fixture, seed,
           {start(0), start(1), start(0), start(1),
            [&](const Context& ctx, const Vault& vault) {
              for (int i = 0; i < kPatience; ++i) {
                if (RequestDeletion(ctx, vault, kRetail, base.facts.run, fixture.clock.Now(), kBy)
                        .has_value() &&
                    ExecuteDeletion(ctx, vault, kRetail, base.facts.run, kBy).has_value())
                  return;
              }
            }},
           witness, 25, {.fail_before = 5, .fail_after = 5});

    for (const auto& [request, told] : ids) ASSERT_EQ(told.size(), 1U) << "one request, one id";
    ASSERT_LE(heirs.size(), 1U) << "one stale run, one heir";
    inherited += heirs.empty() ? 0 : 1;

    // A run that was opened after its base was deleted never starts an attempt.
    std::map<std::string, std::size_t> opened_at;
    std::size_t deleted_at = SIZE_MAX;
    const auto effects = witness.effects();
    for (std::size_t i = 0; i < effects.size(); ++i) {
      const auto& [key, body] = effects[i];
      if (key.find("/control/runs/") == std::string::npos) continue;
      if (key.starts_with(ControlLogPrefix(kRetail, base.facts.run)) &&
          body.find("\"event\":\"deleted\"") != std::string::npos)
        deleted_at = i;
      if (key.ends_with("/000000.json")) opened_at[key] = i;
    }
    const RunList runs = ListRuns(fixture.ctx, *fixture.store, kRetail).value();
    ASSERT_TRUE(runs.damaged.empty());
    for (const RunFacts& run : runs.runs) {
      if (!run.opened->base || run.attempts.empty() || run.run == base.facts.run) continue;
      const auto at = opened_at.find(ControlEntryKey(kRetail, run.run, 0));
      if (at == opened_at.end()) continue;
      ASSERT_LT(at->second, deleted_at) << run.run.str();
    }
    for (const RunId& run : first) {
      const RunFacts facts =
          Fold(ReadControlLog(fixture.ctx, *fixture.store, kRetail, run).value());
      if (facts.abandoned && facts.abandoned->reason == AbandonReason::kSuperseded) {
        ++superseded;
        ASSERT_TRUE(facts.attempts.empty());
      }
    }
  }
  EXPECT_GT(inherited, kSeeds / 10);
  EXPECT_GT(superseded, 0);
}

// Real threads on a real file system: link(2) decides.
TEST(Interleaving, OneRunEndsOneWayInAFolder) {
  VaultFixture fixture;
  const MakeOptions options{.files = SomeFiles(3)};
  const StartedRun run = fixture.Start(options).value();
  const AttemptId attempt = fixture.Work(run, options).value();
  for (int round = 0; round < 5; ++round) {
    SCOPED_TRACE(round);
    const TemporaryFolder folder = TemporaryFolder::Create("lc2-vault-test").value();
    const auto store = OpenFolderStore(folder.path()).value();
    CopyAll(fixture, *store);
    SystemRandom random;
    AuditLog audit(*store, fixture.file.vault_id, random);
    const Vault vault{.store = *store,
                      .file = fixture.file,
                      .random = random,
                      .audit = &audit,
                      .signing_key = &fixture.key};
    std::atomic<int> committed = 0, abandoned = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
          const auto checked = CheckCandidate(fixture.ctx, *store, kRetail, run.run, attempt);
          if (checked.has_value() &&
              Commit(fixture.ctx, vault, kRetail, run.run, *checked, "c").has_value())
            ++committed;
        });
        threads.emplace_back([&] {
          if (AbandonRun(fixture.ctx, vault, kRetail, run.run, {}, "a", "failed").has_value())
            ++abandoned;
        });
      }
    }
    const RunFacts facts = Fold(ReadControlLog(fixture.ctx, *store, kRetail, run.run).value());
    ASSERT_NE(facts.committed.has_value(), facts.abandoned.has_value());
    ASSERT_EQ(committed > 0, facts.committed.has_value());
    ASSERT_EQ(abandoned, facts.abandoned ? 2 : 0);
    ASSERT_EQ(OpenBackup(fixture.ctx, *store, kRetail, *run.facts.opened->backup_id).has_value(),
              facts.committed.has_value());
    ASSERT_TRUE(IsOk(VerifyAudit(fixture.ctx, *store, fixture.file.vault_id)));
  }
}

}  // namespace
}  // namespace lc2::vault
