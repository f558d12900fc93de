#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/liferay_environment.h"
#include "base/clock.h"
#include "codec/json.h"
#include "control/fair_queue.h"

namespace lc2::control {

struct LookPauses {
  std::chrono::milliseconds look{1000};
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds longest{300'000};
};

// Which requests are known, and when each is to be looked at: the state of a service, moved by
// events and by nothing else; it reads no clock and no store. Terminal requests that show their
// present spec are forgotten. Not thread-safe.
class RequestTable {
 public:
  explicit RequestTable(const LookPauses& pauses) : pauses_(pauses) {}

  // The request as it is now. What cannot be read is ignored: whoever stored it was refused.
  void Put(const codec::Json& object, SteadyTime now);
  void Remove(const ResourceRef& ref);

  // Lets waiting requests begin. `environments` and `location_limits` as they are now. A request
  // whose namespace belongs to no environment begins at once: its look says what is wrong.
  void Plan(const std::vector<api::LiferayEnvironment>& environments,
            const std::map<std::string, std::int64_t>& location_limits, std::int64_t global_limit,
            SteadyTime now);
  bool wants_plan() const { return wants_plan_; }

  // The request that is due for longest and at which nobody looks now; of those that were let begin
  // together, the one whose turn came first. It counts as looked at until Looked().
  std::optional<ResourceRef> TakeDue(SteadyTime now);
  // When the next one is due, if any is.
  std::optional<SteadyTime> NextDue() const;

  // What a look came to. `failed`: it could not be made and is repeated after a growing pause; a
  // request that did not begin yet gives up its place meanwhile, one that began does so after
  // three failures.
  enum class Outcome { kTerminal, kGoesOn, kFailed, kGone };
  void Looked(const ResourceRef& ref, Outcome outcome, SteadyTime now);
  // Attempts may have changed: what runs is looked at now.
  void LookAtRunning(SteadyTime now);

  // Requests that wait and whose place is another than was shown last, at most `limit`; they count
  // as shown.
  std::vector<std::pair<ResourceRef, QueuePlace>> TakeChangedPlaces(std::size_t limit);

  std::map<std::string, std::int64_t> waiting_by_project() const;
  std::int64_t running() const;
  std::size_t size() const { return entries_.size(); }
  // Requests that were let begin, and how long they had waited in all.
  std::int64_t started() const { return started_; }
  std::chrono::milliseconds queue_wait() const { return queue_wait_; }

 private:
  enum class Stage { kWaiting, kRunning, kTouched };
  struct Entry {
    QueueItem item;
    Stage stage = Stage::kWaiting;
    bool begun = false;  // a run is open
    bool looking = false;
    bool again = false;  // changed while it was looked at
    int failures = 0;
    std::int64_t turn = 0;  // counts those that were let begin
    SteadyTime due{};
    SteadyTime since{};
    std::optional<QueuePlace> place;
    std::optional<QueuePlace> shown;
  };

  void Begin(Entry& entry, SteadyTime now);
  bool Counts(const Entry& entry) const;

  const LookPauses pauses_;
  std::map<ResourceRef, Entry> entries_;
  TurnRecord turns_;
  bool wants_plan_ = false;
  std::int64_t started_ = 0;
  std::chrono::milliseconds queue_wait_{0};
};

}  // namespace lc2::control
