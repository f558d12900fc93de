#include "control/request_table.h"

#include <algorithm>

#include "api/backup_request.h"
#include "api/documents.h"
#include "api/restore_request.h"
#include "control/safeguard.h"

namespace lc2::control {

namespace {

using std::chrono::milliseconds;

// A request that began gives its place to others after so many looks in a row that failed.
constexpr int kPatience = 3;

// What matters of a request, of either kind.
struct RequestFacts {
  QueueItem item;
  bool terminal = false;
  bool settled = false;  // the status shows the present spec
  bool begun = false;
  bool cancel = false;
  std::string safeguard_of;
};

template <class Request>
RequestFacts CommonFacts(const Request& request, const ResourceRef& ref) {
  RequestFacts facts;
  facts.item.request = ref;
  facts.item.created = request.metadata.creation_timestamp.value_or(Time{});
  facts.terminal = api::IsTerminal(request);
  facts.settled = request.status.observed_generation == request.metadata.generation;
  facts.begun = request.status.start_time.has_value();
  facts.cancel = request.spec.cancel;
  if (const auto found = request.metadata.annotations.find(kSafeguardAnnotation);
      found != request.metadata.annotations.end()) {
    facts.safeguard_of = found->second;
  }
  return facts;
}

std::optional<RequestFacts> FactsOfRequest(const codec::Json& object) {
  const ResourceRef ref = RefOf(object);
  if (ref.kind == api::BackupRequest::kKind) {
    const auto request = api::DecodeResource<api::BackupRequest>(object);
    if (!request.has_value()) return std::nullopt;
    RequestFacts facts = CommonFacts(*request, ref);
    facts.item.priority = request->spec.priority;
    return facts;
  }
  if (ref.kind == api::RestoreRequest::kKind) {
    const auto request = api::DecodeResource<api::RestoreRequest>(object);
    if (!request.has_value()) return std::nullopt;
    RequestFacts facts = CommonFacts(*request, ref);
    facts.item.restore = true;
    return facts;
  }
  return std::nullopt;
}

}  // namespace

bool RequestTable::Counts(const Entry& entry) const {
  return entry.stage == Stage::kRunning && entry.failures < kPatience;
}

void RequestTable::Put(const codec::Json& object, SteadyTime now) {
  const std::optional<RequestFacts> facts = FactsOfRequest(object);
  if (!facts) return;
  const ResourceRef& ref = facts->item.request;
  const auto known = entries_.find(ref);
  const bool finished = facts->terminal && facts->settled;
  if (known == entries_.end() && finished) return;
  // The restore itself looks at its safeguard, within its own place.
  if (known == entries_.end() && !facts->safeguard_of.empty() &&
      entries_.contains(
          {std::string(api::RestoreRequest::kKind), ref.namespace_, facts->safeguard_of})) {
    return;
  }
  if (known != entries_.end() && finished && !known->second.looking) {
    entries_.erase(known);
    wants_plan_ = true;
    return;
  }
  const auto [place, fresh] = entries_.try_emplace(ref);
  Entry& entry = place->second;
  if (fresh) {
    entry.item = facts->item;
    entry.since = now;
    entry.due = now;
  }
  entry.begun = entry.begun || facts->begun;
  entry.item.priority = facts->item.priority;
  if (entry.stage == Stage::kWaiting) {
    if (facts->terminal || facts->cancel) {
      entry.stage = Stage::kTouched;
      entry.due = now;
    } else if (entry.begun) {
      entry.stage = Stage::kRunning;
      entry.due = now;
    }
    wants_plan_ = true;
  } else if (!facts->settled) {
    entry.due = std::min(entry.due, now);
  }
  if (entry.looking && !facts->settled) entry.again = true;
}

void RequestTable::Remove(const ResourceRef& ref) {
  wants_plan_ = entries_.erase(ref) > 0 || wants_plan_;
}

void RequestTable::Begin(Entry& entry, SteadyTime now) {
  entry.stage = Stage::kRunning;
  entry.due = now;
  entry.place.reset();
  entry.turn = ++started_;
  queue_wait_ += std::chrono::duration_cast<milliseconds>(now - entry.since);
}

void RequestTable::Plan(const std::vector<api::LiferayEnvironment>& environments,
                        const std::map<std::string, std::int64_t>& location_limits,
                        std::int64_t global_limit, SteadyTime now) {
  wants_plan_ = false;
  std::map<std::string, const api::LiferayEnvironment*> by_namespace;
  for (const auto& environment : environments) {
    by_namespace.emplace(api::NamespaceOf(environment), &environment);
  }
  std::vector<QueueItem> running, waiting;
  for (auto& [ref, entry] : entries_) {
    if (entry.stage == Stage::kTouched) continue;
    const auto found = by_namespace.find(ref.namespace_);
    if (found == by_namespace.end()) {
      if (entry.stage == Stage::kWaiting && entry.due <= now) Begin(entry, now);
      continue;
    }
    const api::LiferayEnvironmentSpec& spec = found->second->spec;
    entry.item.project = spec.project_id;
    entry.item.environment = api::IdOf(*found->second).str();
    entry.item.location = spec.backup_location;
    entry.item.project_limit = spec.limits.max_concurrent_backups;
    entry.item.database_limit = spec.limits.max_concurrent_per_database;
    const auto limit = location_limits.find(spec.backup_location);
    entry.item.location_limit = limit == location_limits.end() ? 0 : limit->second;
    if (Counts(entry)) running.push_back(entry.item);
    // Whose look failed waits for its own time.
    if (entry.stage == Stage::kWaiting && entry.due <= now) waiting.push_back(entry.item);
  }
  QueuePlan plan = PlanQueue(running, std::move(waiting), global_limit, std::move(turns_));
  turns_ = std::move(plan.record);
  for (const ResourceRef& ref : plan.start) Begin(entries_.at(ref), now);
  for (const auto& [ref, place] : plan.waiting) entries_.at(ref).place = place;
}

std::optional<ResourceRef> RequestTable::TakeDue(SteadyTime now) {
  const auto order = [](const Entry& entry) { return std::pair(entry.due, entry.turn); };
  auto first = entries_.end();
  for (auto one = entries_.begin(); one != entries_.end(); ++one) {
    const Entry& entry = one->second;
    if (entry.stage == Stage::kWaiting || entry.looking || entry.due > now) continue;
    if (first == entries_.end() || order(entry) < order(first->second)) first = one;
  }
  if (first == entries_.end()) return std::nullopt;
  first->second.looking = true;
  first->second.again = false;
  return first->first;
}

std::optional<SteadyTime> RequestTable::NextDue() const {
  std::optional<SteadyTime> next;
  for (const auto& [ref, entry] : entries_) {
    if (entry.looking) continue;
    // A waiting one without a pause of its own waits for a place, not for time.
    if (entry.stage == Stage::kWaiting && entry.failures == 0) continue;
    next = next ? std::min(*next, entry.due) : entry.due;
  }
  return next;
}

void RequestTable::Looked(const ResourceRef& ref, Outcome outcome, SteadyTime now) {
  const auto found = entries_.find(ref);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  entry.looking = false;
  switch (outcome) {
    case Outcome::kTerminal:
    case Outcome::kGone:
      wants_plan_ = true;
      if (entry.again && outcome == Outcome::kTerminal) {
        entry.stage = Stage::kTouched;
        entry.due = now;
        return;
      }
      entries_.erase(found);
      return;
    case Outcome::kGoesOn:
      entry.failures = 0;
      entry.begun = true;
      entry.stage = Stage::kRunning;
      entry.due = entry.again ? now : now + pauses_.look;
      return;
    case Outcome::kFailed:
      break;
  }
  const int doublings = std::min(entry.failures, 16);
  entry.due = now + std::min(pauses_.longest, pauses_.first * (1 << doublings));
  ++entry.failures;
  if (entry.stage == Stage::kRunning && !entry.begun) entry.stage = Stage::kWaiting;
  wants_plan_ = true;
}

void RequestTable::LookAtRunning(SteadyTime now) {
  for (auto& [ref, entry] : entries_) {
    if (entry.stage == Stage::kRunning && entry.failures == 0) entry.due = now;
  }
}

std::vector<std::pair<ResourceRef, QueuePlace>> RequestTable::TakeChangedPlaces(std::size_t limit) {
  std::vector<std::pair<ResourceRef, QueuePlace>> changed;
  // Those that were never shown come first, so that a long queue shows all of itself.
  for (const bool fresh : {true, false}) {
    for (auto& [ref, entry] : entries_) {
      if (changed.size() >= limit) return changed;
      if (entry.stage != Stage::kWaiting || !entry.place || entry.shown == entry.place) continue;
      if (fresh != !entry.shown.has_value()) continue;
      entry.shown = entry.place;
      changed.emplace_back(ref, *entry.place);
    }
  }
  return changed;
}

std::map<std::string, std::int64_t> RequestTable::waiting_by_project() const {
  std::map<std::string, std::int64_t> waiting;
  for (const auto& [ref, entry] : entries_) {
    if (entry.item.project.empty()) continue;
    waiting[entry.item.project] += entry.stage == Stage::kWaiting ? 1 : 0;
  }
  return waiting;
}

std::int64_t RequestTable::running() const {
  return std::count_if(entries_.begin(), entries_.end(),
                       [](const auto& known) { return known.second.stage == Stage::kRunning; });
}

}  // namespace lc2::control
