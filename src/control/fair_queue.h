#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "api/backup_request.h"
#include "base/clock.h"
#include "resources/resource_store.h"

// Whose turn it is: which of the requests that wait may begin now. Pure.
namespace lc2::control {

// A request that waits or runs, and the limits that its environment and location set. 0: no limit.
struct QueueItem {
  ResourceRef request;
  std::string project;
  std::string environment;  // "retail-prd": one database
  std::string location;
  bool restore = false;
  api::Priority priority = api::Priority::kNormal;
  Time created{};
  std::int64_t project_limit = 0;   // backups of the project
  std::int64_t database_limit = 0;  // backups and restores of the environment
  std::int64_t location_limit = 0;  // backups and restores that use the location
};

enum class WaitReason { kTurn, kGlobalLimit, kProjectLimit, kDatabaseLimit, kLocationLimit };
// "ProjectLimit": the reason of the condition Queued.
std::string WordOf(WaitReason reason);

struct QueuePlace {
  std::int64_t position = 0;  // 1 is next, counted within the project
  WaitReason reason = WaitReason::kTurn;
  auto operator<=>(const QueuePlace&) const = default;
};

// When each project last got its turn; grows by one a start. Projects that are absent come first.
struct TurnRecord {
  std::uint64_t turns = 0;
  std::map<std::string, std::uint64_t> last;
};

struct QueuePlan {
  std::vector<ResourceRef> start;             // in this order
  std::map<ResourceRef, QueuePlace> waiting;  // all others
  TurnRecord record;                          // for the next plan
};

// Fills the free places. Projects take turns, whatever the number of their requests; within a
// project restores go before backups, then High before Normal before Low, then the oldest. A
// request whose own limit is reached lets the project's next one by. `global_limit` counts all.
QueuePlan PlanQueue(const std::vector<QueueItem>& running, std::vector<QueueItem> waiting,
                    std::int64_t global_limit, TurnRecord record);

}  // namespace lc2::control
