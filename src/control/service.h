#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "codec/json.h"
#include "control/backup_reconciler.h"
#include "control/deps.h"

namespace lc2::control {

// Work that belongs to each environment and comes back: schedules, retention, collection. Each task
// has a thread of its own, so that a slow one delays no other; an error of one environment is
// logged and counted, and the next one has its turn.
struct PeriodicTask {
  std::string name;
  std::chrono::milliseconds every{std::chrono::minutes(1)};
  std::function<Result<void>(const Context&, const api::LiferayEnvironment&)> run;
};

struct ServiceOptions {
  int workers = 4;                       // looks at once; attempts have threads of their own
  std::int64_t max_concurrent = 4;       // requests that run at once, of all projects; 0: no limit
  std::chrono::milliseconds look{1000};  // how often a running request is looked at
  std::chrono::milliseconds first_pause{500};  // after a failed look, doubled with each more
  std::chrono::milliseconds longest_pause{300'000};
  std::vector<PeriodicTask> tasks;
  // Called once when a request came to its end, from the thread that looked; must be quick.
  std::function<void(const codec::Json& request, const Reconciled& ended)> on_end;
};

// What the service did since it began, and what it has in hand.
struct ServiceFacts {
  std::map<std::string, std::int64_t> waiting;  // requests by project
  std::int64_t running = 0;
  std::int64_t looks = 0;
  std::map<std::string, std::int64_t> errors;  // failed looks and tasks, by kind of error
  std::chrono::milliseconds queue_wait{0};     // of all requests that were started, added up
  std::int64_t started = 0;
  bool synced = false;  // every request that the store holds was seen
};

// The loop of `lc2 serve`: watches the requests of a store, lets them begin in fair turns, looks at
// each until it is terminal, and runs the periodic tasks. It holds no state that is not in the
// store or the vault: whoever runs the next service goes on where this one ended.
class Service {
 public:
  // `deps` must outlive it.
  static std::unique_ptr<Service> Make(const Deps& deps, ServiceOptions options);
  virtual ~Service() = default;

  // Until `ctx` is stopped, which is success: looks that have begun are ended, attempts go on or
  // end with the platform, and their runs stay open. Errors: those of a store that cannot be read
  // at the start.
  virtual Result<void> Run(const Context& ctx) = 0;
  // From any thread.
  virtual ServiceFacts facts() const = 0;
};

}  // namespace lc2::control
