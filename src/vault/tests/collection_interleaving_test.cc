// Controllers, workers, deleters and two collectors at once, each stopped between any two requests
// or for ever: no committed backup that nobody deleted may lose an object, whatever the order. The
// same seed gives the same run. LC2_INTERLEAVINGS sets the number of seeds.
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include <boost/json.hpp>

#include "vault/collection.h"
#include "vault/deletion.h"
#include "vault/tests/vault_fixture.h"

namespace lc2::vault {
namespace {

namespace json = boost::json;

// Lets one actor run at a time; the same goes on for a while, or another one is chosen.
class Scheduler {
 public:
  Scheduler(std::uint64_t seed, int actors) : random_(seed), live_(actors) {}

  bool Take(int actor) {  // false: the actor is dead
    std::unique_lock lock(mutex_);
    if (dead_.contains(actor)) return false;
    waiting_.insert(actor);
    Choose();
    changed_.wait(lock, [&] { return turn_ == actor; });
    turn_ = kNobody;
    waiting_.erase(actor);
    if (random_.Between(1, 4000) == 1) dead_.insert(actor);
    return !dead_.contains(actor);
  }
  void Leave(int actor) {
    const std::lock_guard lock(mutex_);
    waiting_.erase(actor);
    --live_;
    Choose();
  }

 private:
  static constexpr int kNobody = -1;
  void Choose() {
    if (turn_ != kNobody || waiting_.empty() || static_cast<int>(waiting_.size()) < live_) return;
    if (!waiting_.contains(last_) || random_.Between(1, 100) > 85) {
      auto chosen = waiting_.begin();
      std::advance(chosen, random_.Between(0, static_cast<std::int64_t>(waiting_.size()) - 1));
      last_ = *chosen;
    }
    turn_ = last_;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  SeededRandom random_;
  std::set<int> waiting_;
  std::set<int> dead_;
  int turn_ = kNobody;
  int last_ = kNobody;
  int live_;
};

// Sees every write as it happens and knows what must be there. Reads bytes by itself and shares
// nothing with the code under test but the store.
class Judge {
 public:
  explicit Judge(ObjectStore& store, const Context& ctx) : store_(store), ctx_(ctx) {}

  void Put(const std::string& key, const std::string& body) {
    if (key.find("/control/runs/") == std::string::npos) return;
    const json::value entry = json::parse(body);
    const std::string run(entry.at("runId").as_string());
    const json::string& event = entry.at("event").as_string();
    const std::lock_guard lock(mutex_);
    if (event == "deleted") living_.erase(run);
    if (event != "committed") return;
    ++commits_;
    const std::string attempt(entry.at("committed").at("attempt").as_string());
    const auto bytes =
        store_.Get(ctx_, "retail/prd/runs/" + run + "/" + attempt + "/candidate.json");
    if (!bytes.has_value()) return Complain("a committed candidate is not there");
    const json::value candidate = json::parse(*bytes);
    for (const json::value& file : candidate.at("documentLibrary").at("files").as_array()) {
      const std::string path(file.at("path").as_string());
      living_[run].insert(path);
      if (!store_.Head(ctx_, path).has_value()) Complain("committed without " + path);
    }
  }
  void Deleted(const std::string& key) {
    const std::lock_guard lock(mutex_);
    if (key.find("/pool/") != std::string::npos) ++deletions_;
    for (const auto& [run, paths] : living_) {
      if (paths.contains(key)) Complain("the backup of run " + run + " lost " + key);
    }
  }
  const std::string& complaint() const { return complaint_; }
  int commits() const { return commits_; }
  int deletions() const { return deletions_; }

 private:
  void Complain(const std::string& what) {
    if (complaint_.empty()) complaint_ = what;
  }
  ObjectStore& store_;
  const Context& ctx_;
  std::mutex mutex_;
  std::map<std::string, std::set<std::string>> living_;
  std::string complaint_;
  int commits_ = 0;
  int deletions_ = 0;
};

// A listing that asks for its turn at each object, as pages of a real store come one by one.
class SlowListing final : public EntryReader {
 public:
  SlowListing(const Context& ctx, ObjectStore& store, ListQuery query, Scheduler& turns, int actor)
      : ctx_(ctx), store_(store), query_(std::move(query)), turns_(turns), actor_(actor) {}
  Result<std::vector<Entry>> Read() override {
    if (!turns_.Take(actor_)) return Error{.kind = ErrorKind::kUnavailable, .code = "test.dead"};
    LC2_ASSIGN_OR_RETURN(const auto listing, store_.List(ctx_, query_));
    LC2_ASSIGN_OR_RETURN(std::vector<Entry> batch, listing->Read());
    if (batch.size() > 1) batch.resize(1);
    if (!batch.empty()) query_.start_after = batch.front().key;
    return batch;
  }

 private:
  const Context& ctx_;
  ObjectStore& store_;
  ListQuery query_;
  Scheduler& turns_;
  const int actor_;
};

class TurnStore final : public ObjectStore {
 public:
  TurnStore(ObjectStore& store, Scheduler& turns, Judge& judge, int actor)
      : store_(store), turns_(turns), judge_(judge), actor_(actor) {}
  StoreFeatures features() const override { return store_.features(); }
  const std::string& root_name() const override { return store_.root_name(); }
  void Submit(const Context& ctx, Operation operation, Completion done) override {
    if (!turns_.Take(actor_)) return done(Dead());
    const auto* put = std::get_if<PutOperation>(&operation);
    const auto* gone = std::get_if<DeleteOperation>(&operation);
    const std::string key = put != nullptr ? put->key : gone != nullptr ? gone->key : "";
    const std::string body = put != nullptr ? put->body : "";
    store_.Submit(ctx, std::move(operation), [&](Result<OperationResult> answer) {
      if (put != nullptr && answer.has_value()) judge_.Put(key, body);
      if (gone != nullptr && answer.has_value()) judge_.Deleted(key);
      done(std::move(answer));
    });
  }
  Result<std::unique_ptr<ObjectReader>> OpenReader(const Context& ctx, const std::string& key,
                                                   std::optional<ByteRange> range,
                                                   const std::string& version) override {
    if (!turns_.Take(actor_)) return Dead();
    return store_.OpenReader(ctx, key, range, version);
  }
  Result<std::unique_ptr<ObjectWriter>> OpenWriter(const Context& ctx, const std::string& key,
                                                   PutMode mode) override {
    if (!turns_.Take(actor_)) return Dead();
    return store_.OpenWriter(ctx, key, mode);
  }
  Result<std::unique_ptr<EntryReader>> List(const Context& ctx, const ListQuery& query) override {
    if (query.prefix.ends_with("/control/runs/"))
      return std::unique_ptr<EntryReader>(
          std::make_unique<SlowListing>(ctx, store_, query, turns_, actor_));
    if (!turns_.Take(actor_)) return Dead();
    return store_.List(ctx, query);
  }
  Result<void> Barrier(const Context& ctx) override { return store_.Barrier(ctx); }
  Result<Time> Now(const Context& ctx) override { return store_.Now(ctx); }
  Result<std::optional<std::int64_t>> FreeBytes(const Context& ctx) override {
    return store_.FreeBytes(ctx);
  }

 private:
  static Error Dead() { return Error{.kind = ErrorKind::kUnavailable, .code = "test.dead"}; }
  ObjectStore& store_;
  Scheduler& turns_;
  Judge& judge_;
  const int actor_;
};

// What is left out on purpose; nothing is, unless a test says so.
struct Defect {
  CollectionRules rules;
  bool adopt_own_only = true;  // whether a worker adopts the objects of its own kin only
};

const By kBy{.who = "test", .why = "test"};
constexpr int kRuns = 3;  // the first is committed before anything begins

class World {
 public:
  World(std::uint64_t seed, const Defect& defect)
      : fixture_(seed), judge_(*fixture_.store, fixture_.ctx), defect_(defect), seed_(seed) {
    for (int i = 0; i < kRuns; ++i) first_.push_back(NewRunId(fixture_.random));
    Scheduler alone(seed, 1);
    Act(alone, 0, [this](const Vault& vault) { BackUp(vault, 0, 0); });
  }

  void Run() {
    const std::vector<std::function<void(const Vault&)>> actors = {
        [this](const Vault& vault) { BackUp(vault, 1, 1); },
        [this](const Vault& vault) { BackUp(vault, 2, 2); },
        [this](const Vault& vault) { BackUp(vault, 2, 3); },  // a second controller
        [this](const Vault& vault) { Abandon(vault); },
        [this](const Vault& vault) { Delete(vault, 0); },
        [this](const Vault& vault) { Delete(vault, 1); },
        [this](const Vault& vault) { Collect(vault, false); },
        [this](const Vault& vault) { Collect(vault, true); }};
    Scheduler turns(seed_, static_cast<int>(actors.size()));
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < actors.size(); ++i)
      threads.emplace_back([&, i] { Act(turns, static_cast<int>(i), actors[i]); });
  }
  const Judge& judge() const { return judge_; }

 private:
  void Act(Scheduler& turns, int actor, const std::function<void(const Vault&)>& what) {
    TurnStore store(*fixture_.store, turns, judge_, actor);
    SeededRandom random(seed_ * 100 + static_cast<std::uint64_t>(actor));
    what({.store = store, .file = fixture_.file, .random = random, .lcp_trackers = false});
    turns.Leave(actor);
  }

  static std::string Name(int run) {
    return "retail-prd-backup-2025111" + std::to_string(run) + "-000000";
  }

  // What a run would be incremental to, from what is seen now.
  Result<RunChoice> Choose(const Context& ctx, const Vault& vault, int number) {
    RunChoice choice;
    for (int i = 0; i < number; ++i) {
      LC2_ASSIGN_OR_RETURN(const ControlLog log, CurrentRun(ctx, vault.store, kRetail, first_[i]));
      const RunFacts facts = Fold(log);
      if (facts.alive() && vault.random.Between(0, 3) > 0)
        choice.base = Base{.backup_id = BackupId(Name(i)), .backup_run = facts.run};
      if (facts.open() && vault.random.Between(0, 1) == 1) choice.inherits = facts.run;
    }
    return choice;
  }

  Result<StartedRun> Start(const Vault& vault, int number) {
    const StartRunRequest request = fixture_.RunRequest(first_[number], Name(number));
    return StartRun(fixture_.ctx, vault, kRetail, request,
                    [&](const Context& ctx) { return Choose(ctx, vault, number); });
  }

  // One attempt of a run, from `opened` to `committed`, as far as it gets.
  Result<void> TryBackUp(const Vault& vault, int number, int actor) {
    const Context& ctx = fixture_.ctx;
    LC2_ASSIGN_OR_RETURN(const StartedRun started, Start(vault, number));
    if (started.facts.closed()) return {};
    LC2_ASSIGN_OR_RETURN(const AttemptId attempt,
                         StartAttempt(ctx, vault, kRetail, started.run, "c"));
    std::map<std::string, Entry> base;
    if (started.facts.opened->base) {
      LC2_ASSIGN_OR_RETURN(const auto reader,
                           OpenBaseEntries(ctx, vault.store, kRetail, *started.facts.opened->base));
      while (true) {
        LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, reader->Read());
        if (batch.empty()) break;
        for (const Entry& entry : batch) base[entry.key] = entry;
      }
    }
    const auto writer = LibraryWriter::Make(ctx, vault.store,
                                            {.env = kRetail,
                                             .backup_id = *started.facts.opened->backup_id,
                                             .run = started.run,
                                             .attempt = attempt,
                                             .inherited = started.inherited});
    // "b" and "c" have the same content; later runs lack "a" sometimes.
    Files files{{"b", "same"}, {"c", "same"}};
    if ((seed_ >> actor) % 2 == 0) files["a"] = "alone";
    if ((seed_ >> (actor + 3)) % 2 == 0) files.erase("b");
    for (const auto& [name, content] : files) {
      LC2_ASSIGN_OR_RETURN(const std::string path, PathOf(vault, started, base, name, content));
      LC2_RETURN_IF_ERROR(writer->Write({.key = name,
                                         .size = static_cast<std::int64_t>(content.size()),
                                         .last_modified = fixture_.clock.Now(),
                                         .path = path}));
    }
    Candidate candidate{.run_id = started.run,
                        .attempt = attempt,
                        .backup_id = *started.facts.opened->backup_id,
                        .project_id = kRetail.project,
                        .environment = kRetail.environment,
                        .spec_digest = kSpecDigest,
                        .provider = "local",
                        .database = {.type = "none"}};
    LC2_ASSIGN_OR_RETURN(candidate.document_library,
                         writer->Finish({.store = "FileSystem", .source_bucket = "/srv/library"}));
    candidate.consistency.window = MakeWindow(fixture_.clock.Now(), fixture_.clock.Now());
    LC2_RETURN_IF_ERROR(WriteCandidate(ctx, vault.store, candidate));
    LC2_ASSIGN_OR_RETURN(const CheckedCandidate checked,
                         CheckCandidate(ctx, vault.store, kRetail, started.run, attempt));
    LC2_RETURN_IF_ERROR(Commit(ctx, vault, kRetail, started.run, checked, "c"));
    return {};
  }

  Result<std::string> PathOf(const Vault& vault, const StartedRun& started,
                             const std::map<std::string, Entry>& base, const std::string& name,
                             const std::string& content) {
    const auto carried = base.find(name);
    if (carried != base.end()) return carried->second.path;
    const std::string hash = Sha256Hex(content);
    std::vector<RunId> kin;
    if (started.inherited) kin.push_back(*started.inherited);
    if (!defect_.adopt_own_only) kin = first_;
    for (const RunId& run : kin) {
      const std::string theirs = PoolKey(kRetail, hash, run);
      if (vault.store.Head(fixture_.ctx, theirs).has_value()) return theirs;
    }
    const std::string own = PoolKey(kRetail, hash, started.run);
    LC2_RETURN_IF_ERROR(vault.store.Put(fixture_.ctx, {.key = own, .body = content}));
    return own;
  }

  void BackUp(const Vault& vault, int number, int actor) {
    for (int i = 0; i < 2; ++i) {
      if (TryBackUp(vault, number, actor).has_value()) return;
    }
  }
  void Abandon(const Vault& vault) {
    for (int i = 0; i < 8; ++i) {
      const int number = static_cast<int>(vault.random.Between(1, kRuns - 1));
      const auto log = CurrentRun(fixture_.ctx, vault.store, kRetail, first_[number]);
      if (!log.has_value() || !Fold(*log).open()) continue;
      if (vault.random.Between(0, 2) > 0) continue;
      (void)AbandonRun(fixture_.ctx, vault, kRetail, log->run, {.reason = AbandonReason::kLost},
                       "x", "lost");
    }
  }
  void Delete(const Vault& vault, int number) {
    for (int i = 0; i < 12; ++i) {
      const auto log = CurrentRun(fixture_.ctx, vault.store, kRetail, first_[number]);
      if (!log.has_value() || !Fold(*log).committed) continue;
      if (vault.random.Between(0, 1) == 0) continue;
      (void)RequestDeletion(fixture_.ctx, vault, kRetail, log->run, fixture_.clock.Now(), kBy);
      (void)ExecuteDeletion(fixture_.ctx, vault, kRetail, log->run, kBy);
      return;
    }
  }
  void Collect(const Vault& vault, bool full) {
    for (int i = 0; i < 3; ++i) {
      const CollectionOptions options{
          .full = full, .pool_names = 2, .abandoned_before = Time::max(), .rules = defect_.rules};
      const auto plan = PlanCollection(fixture_.ctx, vault.store, kRetail, options);
      if (!plan.has_value() || plan->items.empty()) continue;
      const auto number = WriteCollection(fixture_.ctx, vault.store, kRetail, plan->items);
      if (number.has_value()) (void)CarryOutCollection(fixture_.ctx, vault.store, kRetail, *number);
    }
  }

  VaultFixture fixture_;
  Judge judge_;
  const Defect defect_;
  const std::uint64_t seed_;
  std::vector<RunId> first_;
};

std::uint64_t Seeds() {
  const char* wanted = std::getenv("LC2_INTERLEAVINGS");
  return wanted == nullptr ? 100 : std::strtoull(wanted, nullptr, 10);
}

// The first seed at which a backup loses something; 0 if none does.
std::uint64_t FirstViolation(const Defect& defect, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    World world(seed, defect);
    world.Run();
    if (!world.judge().complaint().empty()) return seed;
  }
  return 0;
}

TEST(CollectionInterleaving, NoBackupLosesAnObject) {
  std::int64_t commits = 0, deletions = 0;
  for (std::uint64_t seed = 1; seed <= Seeds(); ++seed) {
    World world(seed, {});
    world.Run();
    ASSERT_EQ(world.judge().complaint(), "") << "seed " << seed;
    commits += world.judge().commits();
    deletions += world.judge().deletions();
  }
  std::printf("interleavings %llu, commits %lld, pool objects deleted %lld, violations 0\n",
              static_cast<unsigned long long>(Seeds()), static_cast<long long>(commits),
              static_cast<long long>(deletions));
  EXPECT_GT(commits, static_cast<std::int64_t>(Seeds()));
  EXPECT_GT(deletions, static_cast<std::int64_t>(Seeds()) / 10);
}

// Each rule is needed: without it some order of things loses an object.
constexpr std::uint64_t kPatience = 20'000;
TEST(CollectionInterleaving, OnePassOverTheLogsIsFound) {
  EXPECT_NE(FirstViolation({.rules = {.second_pass = false}}, kPatience), 0U);
}
TEST(CollectionInterleaving, DeletionsReadAfterOpeningsAreFound) {
  EXPECT_NE(FirstViolation({.rules = {.closings_first = false}}, kPatience), 0U);
}
TEST(CollectionInterleaving, OpenRunsThatProtectNothingAreFound) {
  EXPECT_NE(FirstViolation({.rules = {.open_runs_protect = false}}, kPatience), 0U);
}
// A worker that adopts what is not its own proposes it in vain: the commit refuses.
TEST(CollectionInterleaving, AWorkerThatAdoptsAnythingIsRefused) {
  EXPECT_EQ(FirstViolation({.adopt_own_only = false}, 40), 0U);
}

}  // namespace
}  // namespace lc2::vault
