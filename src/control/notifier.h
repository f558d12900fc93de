#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "api/notification.h"
#include "base/secret_source.h"
#include "control/deps.h"
#include "control/notifications.h"
#include "control/service.h"
#include "net/transport.h"

namespace lc2::control {

// Events for webhooks since the process began, by the state that they entered. Thread-safe.
class NotificationTotals {
 public:
  using Key = std::pair<std::string, std::string>;  // event, state: "Failed", "Delivered"

  // Counts how `after` differs from `before`.
  void Count(const std::vector<api::Delivery>& before, const std::vector<api::Delivery>& after);
  std::map<Key, std::int64_t> totals() const;

 private:
  mutable std::mutex mutex_;
  std::map<Key, std::int64_t> totals_;
};

// All of it must outlive the task, the transport last of all.
struct NotifierDeps {
  const Deps& deps;
  SecretSource& secrets;  // of the control plane
  net::Transport& transport;
  NotificationTotals& totals;
};

// Tells webhooks. Each look at an environment writes what is new and what calls came to into its
// status, and begins the calls that are due; it waits for none of them, so a receiver that hangs
// delays nobody. At most `kCallsAtOnce` of an environment are under way.
PeriodicTask NotifyTask(const NotifierDeps& deps);
inline constexpr std::size_t kCallsAtOnce = 10;

}  // namespace lc2::control
