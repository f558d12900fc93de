#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "vault/collection_list.h"
#include "vault/deletion.h"
#include "vault/rules_internal.h"
#include "vault/tests/turns.h"
#include "vault/tests/vault_fixture.h"

// A small environment in which controllers, workers, deleters and two collectors are at work at
// once, through the code's own decisions: the worlds of test/model/ with random orders instead of
// all of them.
namespace lc2::vault {

// Sees every write as it happens and knows what must be there. Reads bytes by itself and shares
// nothing with the code under test but the store.
class Judge final : public Watch {
 public:
  explicit Judge(ObjectStore& store, const Context& ctx) : store_(store), ctx_(ctx) {}

  void Put(const std::string& key, const std::string& body) override {
    story_.Update("put " + key + " " + body + "\n");
    if (key.find("/control/runs/") == std::string::npos) return;
    const boost::json::value entry = boost::json::parse(body);
    const std::string run(entry.at("runId").as_string());
    const std::string event(entry.at("event").as_string());
    if (event == "deleted") living_.erase(run);
    if (event != "committed" && event != "abandoned") return;
    const auto [end, first] = ends_.emplace(run, event);
    if (!first && end->second != event) Complain("run " + run + " is committed and abandoned");
    if (event == "committed") Committed(run, entry);
  }
  void Deleted(const std::string& key) override {
    story_.Update("delete " + key + "\n");
    if (key.find("/pool/") != std::string::npos) ++deletions_;
    for (const auto& [run, paths] : living_) {
      if (paths.contains(key)) Complain("the backup of run " + run + " lost " + key);
    }
  }
  const std::string& complaint() const { return complaint_; }
  int commits() const { return commits_; }
  int deletions() const { return deletions_; }
  // A digest of all writes in their order.
  std::string Story() { return story_.FinishHex(); }

 private:
  void Committed(const std::string& run, const boost::json::value& entry) {
    ++commits_;
    const std::string attempt(entry.at("committed").at("attempt").as_string());
    const auto bytes =
        store_.Get(ctx_, "retail/prd/runs/" + run + "/" + attempt + "/candidate.json");
    if (!bytes.has_value()) return Complain("a committed candidate is not there");
    const boost::json::value candidate = boost::json::parse(*bytes);
    for (const auto& file : candidate.at("documentLibrary").at("files").as_array()) {
      const std::string path(file.at("path").as_string());
      living_[run].insert(path);
      if (!store_.Head(ctx_, path).has_value()) Complain("committed without " + path);
    }
  }
  void Complain(const std::string& what) {
    if (complaint_.empty()) complaint_ = what;
  }
  ObjectStore& store_;
  const Context& ctx_;
  std::map<std::string, std::set<std::string>> living_;
  std::map<std::string, std::string> ends_;
  Sha256 story_;
  std::string complaint_;
  int commits_ = 0;
  int deletions_ = 0;
};

// What is wrong on purpose; nothing is, unless a test says so.
struct Defect {
  internal::Rules rules;
  bool adopt_any = false;  // a worker takes objects of runs that are not its own kin
  bool replaces = false;   // the store replaces what create-only puts find
};

class CollectionWorld {
 public:
  CollectionWorld(std::uint64_t seed, const Defect& defect)
      : fixture_(seed), judge_(*fixture_.store, fixture_.ctx), defect_(defect), seed_(seed) {
    for (int i = 0; i < kRuns; ++i) first_.push_back(NewRunId(fixture_.random));
    Turns alone(seed, 1);
    Act(alone, 0, [this](const Vault& vault) {
      for (int i = 0; i < made(); ++i) BackUp(vault, i, i);
    });
  }

  void Run() {
    std::vector<std::function<void(const Vault&)>> actors;
    for (int run = made(); run < kRuns; ++run)
      actors.emplace_back([this, run](const Vault& vault) { BackUp(vault, run, run); });
    const std::vector<std::function<void(const Vault&)>> others = {
        [this](const Vault& vault) { BackUp(vault, 2, 3); },  // a second controller
        [this](const Vault& vault) { Abandon(vault); },
        [this](const Vault& vault) { Delete(vault, 0); },
        [this](const Vault& vault) { Delete(vault, 1); },
        [this](const Vault& vault) { Collect(vault, false); },
        [this](const Vault& vault) { Collect(vault, true); }};
    // Rare things need others to keep away: not every world has all actors.
    const int present = OneOf({50, 70, 90});
    for (const auto& other : others) {
      if (Percent(present)) actors.push_back(other);
    }
    Turns turns(seed_, static_cast<int>(actors.size()), ChoosePace());
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < actors.size(); ++i)
      threads.emplace_back([&, i] { Act(turns, static_cast<int>(i), actors[i]); });
  }
  Judge& judge() { return judge_; }

 private:
  static constexpr int kRuns = 3;
  // So many backups are there before anything begins, the second on the first.
  int made() const { return seed_ % 3 == 0 ? 2 : 1; }
  bool Percent(int percent) { return fixture_.random.Between(1, 100) <= percent; }
  int OneOf(const std::vector<int>& values) {
    return values[static_cast<std::size_t>(
        fixture_.random.Between(0, static_cast<std::int64_t>(values.size()) - 1))];
  }
  Pace ChoosePace() {
    return {.stay = OneOf({50, 85, 95}),
            .die = 3,
            .hesitate = OneOf({0, 15, 40}),
            .stand = OneOf({0, 5, 15}),
            .for_steps = OneOf({30, 200, 1500})};
  }

  void Act(Turns& turns, int actor, const std::function<void(const Vault&)>& what) {
    TurnStore store(*fixture_.store, turns, judge_, actor, {.replaces = defect_.replaces});
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
    return internal::StartRun(
        fixture_.ctx, vault, kRetail, request,
        [&](const Context& ctx) { return Choose(ctx, vault, number); }, defect_.rules);
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
                         internal::CheckCandidate(ctx, vault.store, kRetail, started.run, attempt,
                                                  {}, defect_.rules));
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
    if (defect_.adopt_any) kin = first_;
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
      (void)RequestDeletion(fixture_.ctx, vault, kRetail, log->run, fixture_.clock.Now(), by_);
      (void)ExecuteDeletion(fixture_.ctx, vault, kRetail, log->run, by_);
      return;
    }
  }
  void Collect(const Vault& vault, bool full) {
    for (int i = 0; i < 5; ++i) {
      const auto plan = internal::PlanCollection(fixture_.ctx, vault.store, kRetail,
                                                 {.full = full, .pool_names = 2}, defect_.rules);
      if (!plan.has_value() || plan->items.empty()) continue;
      const auto number = WriteCollection(fixture_.ctx, vault.store, kRetail, plan->items);
      if (number.has_value()) (void)CarryOutCollection(fixture_.ctx, vault.store, kRetail, *number);
    }
  }

  const By by_{.who = "test", .why = "test"};
  VaultFixture fixture_;
  Judge judge_;
  const Defect defect_;
  const std::uint64_t seed_;
  std::vector<RunId> first_;
};

}  // namespace lc2::vault
