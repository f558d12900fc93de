// Several controllers decide at once, each stopped between any two requests, with answers lost on
// the way: what the vault then says must still be one story. The same seed gives the same run.
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "base/file.h"
#include "vault/deletion.h"
#include "vault/tests/vault_fixture.h"

namespace lc2::vault {
namespace {

// Lets one actor run at a time, chosen anew at each request.
class Turns {
 public:
  Turns(std::uint64_t seed, int actors) : random_(seed), waiting_(), live_(actors) {}

  // Waits for this actor's turn; false if the actor is dead.
  bool Take(int actor) {
    std::unique_lock lock(mutex_);
    if (dead_.contains(actor)) return false;
    waiting_.insert(actor);
    Choose();
    changed_.wait(lock, [&] { return turn_ == actor; });
    turn_ = kNobody;
    waiting_.erase(actor);
    return !dead_.contains(actor);
  }
  void Leave(int actor) {
    const std::lock_guard lock(mutex_);
    waiting_.erase(actor);
    --live_;
    Choose();
  }
  bool Chance(int percent) {
    const std::lock_guard lock(mutex_);
    return random_.Between(1, 100) <= percent;
  }
  void Kill(int actor) {
    const std::lock_guard lock(mutex_);
    dead_.insert(actor);
  }

 private:
  static constexpr int kNobody = -1;
  void Choose() {
    if (turn_ != kNobody || waiting_.empty() || static_cast<int>(waiting_.size()) < live_) return;
    auto chosen = waiting_.begin();
    std::advance(chosen, random_.Between(0, static_cast<std::int64_t>(waiting_.size()) - 1));
    turn_ = *chosen;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  SeededRandom random_;
  std::set<int> waiting_;
  std::set<int> dead_;
  int turn_ = kNobody;
  int live_;
};

// What really happened to keys, in order.
class Witness {
 public:
  void Saw(const std::string& key, const std::string& body) {
    const std::lock_guard lock(mutex_);
    effects_.emplace_back(key, body);
  }
  std::vector<std::pair<std::string, std::string>> effects() const { return effects_; }

 private:
  std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> effects_;
};

struct Trouble {
  int fail_before = 0;  // percent of requests
  int fail_after = 0;   // percent of writes
  int die = 0;          // per mille of requests
};

// One actor's way to the shared store.
class TurnStore final : public ObjectStore {
 public:
  TurnStore(ObjectStore& store, Turns& turns, Witness& witness, int actor, Trouble trouble)
      : store_(store), turns_(turns), witness_(witness), actor_(actor), trouble_(trouble) {}

  StoreFeatures features() const override { return store_.features(); }
  const std::string& root_name() const override { return store_.root_name(); }
  void Submit(const Context& ctx, Operation operation, Completion done) override {
    if (const auto failed = Before()) return done(*failed);
    const auto* put = std::get_if<PutOperation>(&operation);
    const bool writes = put != nullptr || std::holds_alternative<DeleteOperation>(operation);
    const std::string key = put != nullptr ? put->key : std::string();
    const std::string body = put != nullptr ? put->body : std::string();
    store_.Submit(ctx, std::move(operation), [&](Result<OperationResult> answer) {
      if (put != nullptr && answer.has_value()) witness_.Saw(key, body);
      if (writes && turns_.Chance(trouble_.fail_after)) return done(Lost());
      done(std::move(answer));
    });
  }
  Result<std::unique_ptr<ObjectReader>> OpenReader(const Context& ctx, const std::string& key,
                                                   std::optional<ByteRange> range,
                                                   const std::string& version) override {
    if (const auto failed = Before()) return *failed;
    return store_.OpenReader(ctx, key, range, version);
  }
  Result<std::unique_ptr<ObjectWriter>> OpenWriter(const Context& ctx, const std::string& key,
                                                   PutMode mode) override {
    if (const auto failed = Before()) return *failed;
    return store_.OpenWriter(ctx, key, mode);
  }
  Result<std::unique_ptr<EntryReader>> List(const Context& ctx, const ListQuery& query) override {
    if (const auto failed = Before()) return *failed;
    return store_.List(ctx, query);
  }
  Result<void> Barrier(const Context& ctx) override { return store_.Barrier(ctx); }
  Result<Time> Now(const Context& ctx) override { return store_.Now(ctx); }
  Result<std::optional<std::int64_t>> FreeBytes(const Context& ctx) override {
    return store_.FreeBytes(ctx);
  }

 private:
  static Error Lost() { return Error{.kind = ErrorKind::kUnavailable, .code = "test.lost"}; }
  std::optional<Error> Before() {
    if (!turns_.Take(actor_)) return Lost();
    if (turns_.Chance(trouble_.die) && turns_.Chance(10)) turns_.Kill(actor_);
    if (turns_.Chance(trouble_.fail_before)) return Lost();
    return std::nullopt;
  }

  ObjectStore& store_;
  Turns& turns_;
  Witness& witness_;
  const int actor_;
  const Trouble trouble_;
};

using Script = std::function<void(const Context&, const Vault&)>;

// Runs all scripts at once, each with a store, randomness and context of its own.
void RunAll(VaultFixture& fixture, std::uint64_t seed, const std::vector<Script>& scripts,
            Witness& witness, Trouble trouble) {
  Turns turns(seed, static_cast<int>(scripts.size()));
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
    RunAll(fixture, seed, scripts, witness,
           {.fail_before = seed % 3 == 0 ? 0 : 8, .fail_after = 8, .die = 10});
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
           witness, {.fail_before = 5, .fail_after = 5, .die = 5});

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
