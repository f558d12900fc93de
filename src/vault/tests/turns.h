#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "storage/object_store.h"

// Several actors at one store, one request at a time, in an order that a seed decides. The same
// seed gives the same order, whatever the machine does.
namespace lc2::vault {

// How actors go on. What is rare in a fair order needs an unfair one: an actor that stands still
// before a decision, or in the middle of its reading, while others do all that they have to do.
struct Pace {
  int stay = 0;         // percent of requests after which the same actor goes on
  int die = 0;          // per 10,000 requests: the actor stops for ever
  int hesitate = 0;     // percent of decisive requests before which an actor stands still
  int stand = 0;        // per 1,000 requests before which it does
  int for_steps = 100;  // at most so many requests of others long
};

class Turns {
 public:
  Turns(std::uint64_t seed, int actors, Pace pace = {})
      : random_(seed), pace_(pace), live_(actors) {}

  // Waits for this actor's turn; false if the actor is dead. `decides`: others act upon what it
  // does now, or it acts upon what it reads.
  bool Take(int actor, bool decides = false) {
    std::unique_lock lock(mutex_);
    if (dead_.contains(actor)) return false;
    waiting_[actor] = {.decides = decides};
    Choose();
    changed_.wait(lock, [&] { return turn_ == actor; });
    turn_ = kNobody;
    waiting_.erase(actor);
    if (random_.Between(1, 10'000) <= pace_.die) dead_.insert(actor);
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
    return Percent(percent);
  }

 private:
  static constexpr int kNobody = -1;
  struct Waiting {
    bool decides = false;
    bool asked = false;      // whether it stands still
    std::int64_t until = 0;  // the step at which it goes on
  };

  bool Percent(int percent) { return random_.Between(1, 100) <= percent; }

  // Called when all live actors wait, so that only the seed decides.
  void Choose() {
    if (turn_ != kNobody || waiting_.empty() || static_cast<int>(waiting_.size()) < live_) return;
    while (true) {
      const int next = Next();
      Waiting& chosen = waiting_[next];
      if (!std::exchange(chosen.asked, true) && StandsStill(chosen)) {
        chosen.until = step_ + random_.Between(1, pace_.for_steps);
        continue;
      }
      turn_ = last_ = next;
      ++step_;
      changed_.notify_all();
      return;
    }
  }
  bool StandsStill(const Waiting& waiting) {
    return (waiting.decides && Percent(pace_.hesitate)) || random_.Between(1, 1000) <= pace_.stand;
  }
  int Next() {
    std::vector<int> awake;
    for (const auto& [actor, waiting] : waiting_) {
      if (waiting.until <= step_) awake.push_back(actor);
    }
    if (awake.empty()) {
      for (const auto& [actor, waiting] : waiting_) awake.push_back(actor);
    }
    for (const int actor : awake) {
      if (actor == last_ && Percent(pace_.stay)) return actor;
    }
    return awake[static_cast<std::size_t>(
        random_.Between(0, static_cast<std::int64_t>(awake.size()) - 1))];
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  SeededRandom random_;
  const Pace pace_;
  std::map<int, Waiting> waiting_;
  std::set<int> dead_;
  std::int64_t step_ = 0;
  int turn_ = kNobody;
  int last_ = kNobody;
  int live_;
};

// Sees what really happens to the store, in order; called by one thread at a time.
class Watch {
 public:
  virtual ~Watch() = default;
  virtual void Put(const std::string& key, const std::string& body) = 0;
  virtual void Deleted(const std::string& key) = 0;
};

struct Trouble {
  int fail_before = 0;    // percent of requests
  int fail_after = 0;     // percent of writes: done, but the answer is lost
  bool replaces = false;  // create-only puts replace what is there
};

// One actor's way to the shared store.
class TurnStore final : public ObjectStore {
 public:
  TurnStore(ObjectStore& store, Turns& turns, Watch& watch, int actor, Trouble trouble = {})
      : store_(store), turns_(turns), watch_(watch), actor_(actor), trouble_(trouble) {}

  StoreFeatures features() const override { return store_.features(); }
  const std::string& root_name() const override { return store_.root_name(); }
  void Submit(const Context& ctx, Operation operation, Completion done) override {
    auto* put = std::get_if<PutOperation>(&operation);
    const auto* get = std::get_if<GetOperation>(&operation);
    const bool creates = put != nullptr && put->mode == PutMode::kCreateOnly;
    const bool reads_list = get != nullptr && get->key.ends_with("/candidate.json");
    if (const auto failed = Before(creates || reads_list)) return done(*failed);
    if (creates && trouble_.replaces) put->mode = PutMode::kRunOwned;
    const Operation asked = operation;
    store_.Submit(ctx, std::move(operation), [&](Result<OperationResult> answer) {
      if (answer.has_value() && Tell(asked) && turns_.Chance(trouble_.fail_after))
        return done(Lost());
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
    if (query.prefix.ends_with("/control/runs/"))
      return std::unique_ptr<EntryReader>(std::make_unique<SlowListing>(ctx, *this, query));
    if (const auto failed = Before()) return *failed;
    return store_.List(ctx, query);
  }
  Result<void> Barrier(const Context& ctx) override { return store_.Barrier(ctx); }
  Result<Time> Now(const Context& ctx) override { return store_.Now(ctx); }
  Result<std::optional<std::int64_t>> FreeBytes(const Context& ctx) override {
    return store_.FreeBytes(ctx);
  }

 private:
  // Asks for its turn at each object, as pages of a real store come one by one.
  class SlowListing final : public EntryReader {
   public:
    SlowListing(const Context& ctx, TurnStore& store, ListQuery query)
        : ctx_(ctx), store_(store), query_(std::move(query)) {}
    Result<std::vector<Entry>> Read() override {
      if (const auto failed = store_.Before()) return *failed;
      LC2_ASSIGN_OR_RETURN(const auto listing, store_.store_.List(ctx_, query_));
      LC2_ASSIGN_OR_RETURN(std::vector<Entry> batch, listing->Read());
      if (batch.size() > 1) batch.resize(1);
      if (!batch.empty()) query_.start_after = batch.front().key;
      return batch;
    }

   private:
    const Context& ctx_;
    TurnStore& store_;
    ListQuery query_;
  };

  static Error Lost() { return Error{.kind = ErrorKind::kUnavailable, .code = "test.lost"}; }
  std::optional<Error> Before(bool decides = false) {
    if (!turns_.Take(actor_, decides) || turns_.Chance(trouble_.fail_before)) return Lost();
    return std::nullopt;
  }
  // Whether it was a write.
  bool Tell(const Operation& done) {
    if (const auto* put = std::get_if<PutOperation>(&done)) {
      watch_.Put(put->key, put->body);
    } else if (const auto* gone = std::get_if<DeleteOperation>(&done)) {
      watch_.Deleted(gone->key);
    } else {
      return false;
    }
    return true;
  }

  ObjectStore& store_;
  Turns& turns_;
  Watch& watch_;
  const int actor_;
  const Trouble trouble_;
};

}  // namespace lc2::vault
