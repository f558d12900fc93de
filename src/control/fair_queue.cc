#include "control/fair_queue.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace lc2::control {

namespace {

// What the requests that run take up.
class Places {
 public:
  explicit Places(std::int64_t global_limit) : global_limit_(global_limit) {}

  void Take(const QueueItem& item) {
    ++all_;
    if (!item.restore) ++projects_[item.project];
    ++environments_[item.environment];
    ++locations_[item.location];
  }

  bool full() const { return global_limit_ > 0 && all_ >= global_limit_; }

  // Why the item cannot begin; nothing if it can.
  std::optional<WaitReason> Blocked(const QueueItem& item) const {
    if (full()) return WaitReason::kGlobalLimit;
    if (!item.restore && Reached(projects_, item.project, item.project_limit)) {
      return WaitReason::kProjectLimit;
    }
    if (Reached(environments_, item.environment, item.database_limit)) {
      return WaitReason::kDatabaseLimit;
    }
    if (Reached(locations_, item.location, item.location_limit)) return WaitReason::kLocationLimit;
    return std::nullopt;
  }

 private:
  using Counts = std::map<std::string, std::int64_t>;

  static bool Reached(const Counts& counts, const std::string& name, std::int64_t limit) {
    const auto found = counts.find(name);
    return limit > 0 && found != counts.end() && found->second >= limit;
  }

  const std::int64_t global_limit_;
  std::int64_t all_ = 0;
  Counts projects_, environments_, locations_;
};

bool GoesBefore(const QueueItem& a, const QueueItem& b) {
  const auto rank = [](const QueueItem& item) {
    return std::tuple(!item.restore, -static_cast<int>(item.priority), item.created);
  };
  return std::pair(rank(a), a.request) < std::pair(rank(b), b.request);
}

// The requests of one project, in their order, with a mark on those that were started.
struct Line {
  std::vector<QueueItem> items;
  std::vector<bool> started;
};

std::optional<std::size_t> NextOf(const Line& line, const Places& places) {
  for (std::size_t i = 0; i < line.items.size(); ++i) {
    if (!line.started[i] && !places.Blocked(line.items[i])) return i;
  }
  return std::nullopt;
}

}  // namespace

std::string WordOf(WaitReason reason) {
  switch (reason) {
    case WaitReason::kTurn:
      break;
    case WaitReason::kGlobalLimit:
      return "GlobalLimit";
    case WaitReason::kProjectLimit:
      return "ProjectLimit";
    case WaitReason::kDatabaseLimit:
      return "DatabaseLimit";
    case WaitReason::kLocationLimit:
      return "LocationLimit";
  }
  return "Turn";
}

QueuePlan PlanQueue(const std::vector<QueueItem>& running, std::vector<QueueItem> waiting,
                    std::int64_t global_limit, TurnRecord record) {
  Places places(global_limit);
  for (const QueueItem& item : running) places.Take(item);
  std::map<std::string, Line> lines;
  for (QueueItem& item : waiting) lines[item.project].items.push_back(std::move(item));
  // Whose last turn is longest ago comes first; a project that has nothing left to start drops out.
  std::set<std::pair<std::uint64_t, std::string>> turns;
  for (auto& [project, line] : lines) {
    std::sort(line.items.begin(), line.items.end(), GoesBefore);
    line.started.resize(line.items.size());
    turns.emplace(record.last[project], project);
  }

  QueuePlan plan;
  while (!turns.empty() && !places.full()) {
    const std::string project = turns.begin()->second;
    turns.erase(turns.begin());
    Line& line = lines[project];
    const std::optional<std::size_t> next = NextOf(line, places);
    if (!next) continue;
    line.started[*next] = true;
    places.Take(line.items[*next]);
    plan.start.push_back(line.items[*next].request);
    record.last[project] = ++record.turns;
    turns.emplace(record.turns, project);
  }

  for (const auto& [project, line] : lines) {
    std::int64_t position = 0;
    for (std::size_t i = 0; i < line.items.size(); ++i) {
      if (line.started[i]) continue;
      const std::optional<WaitReason> blocked = places.Blocked(line.items[i]);
      plan.waiting[line.items[i].request] = {.position = ++position,
                                             .reason = blocked.value_or(WaitReason::kTurn)};
    }
  }
  plan.record = std::move(record);
  return plan;
}

}  // namespace lc2::control
